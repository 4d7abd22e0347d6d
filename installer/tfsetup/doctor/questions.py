"""What to ask or to try where a text alone cannot decide: the questions are then the answer. Pure.

Each is a command whose output tells causes apart, or a comparison that does; those come first that split what the
person complains of. What is known already is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tfsetup.doctor import weights
from tfsetup.doctor.claims import Claims
from tfsetup.doctor.facts import Facts
from tfsetup.doctor.model import Complaint, Finding

MOST: Final = 4

MACHINE: Final = (
    "Which Python, for which processor? "
    "`python -c 'import platform; print(platform.python_version(), platform.machine(), platform.platform())'`"
)
PACKAGES: Final = "Which versions? `python -m pip list | grep -i -E 'tensorflow|keras|numpy|metal|nvidia|protobuf'`"
PACKAGES_WINDOWS: Final = 'Which versions? `python -m pip list | findstr /i "tensorflow keras numpy nvidia protobuf"`'
DEVICES: Final = (
    "What does TensorFlow list, and what does it print before? "
    "`python -c 'import tensorflow as tf; print(tf.__version__, tf.config.list_physical_devices())'`"
)
DRIVER: Final = "Does the driver see the GPU? `nvidia-smi` (in WSL2 and in a container: inside it)"
NATIVE: Final = "Native Windows or WSL2? `python -c 'import sys; print(sys.platform)'` says win32 or linux"
ON_CPU: Final = "Does the same program give other numbers under `with tf.device('/CPU:0'):`?"
FASTER_ON_CPU: Final = "Is it faster under `with tf.device('/CPU:0'):`, and how many ms/step does Keras print for each?"
REPEATED: Final = "Do two runs after `tf.keras.utils.set_random_seed(1)` agree with each other?"
REMAPPER: Final = "Are the numbers right with `TURN_OFF_REMAPPER=1` in the environment of the process?"
LEGACY: Final = "Is it as slow with `tf.keras.optimizers.legacy.Adam()` (TensorFlow 2.11 to 2.15)?"
SIZE: Final = "How many parameters has the model, and how large is a batch? `model.summary()`"
TERMINAL: Final = "What are the last lines in a terminal, not in a notebook? `python -X faulthandler PROGRAM.py`"
SMALL: Final = "Does it still happen with `import tensorflow` alone, and with a batch of 1?"
LAST_LINE: Final = "What is the whole output of `python -c 'import tensorflow'`?"
WHICH: Final = (
    "Is it installed where it is run? "
    "`python -c 'import sys; print(sys.executable)'` and `python -m pip show tensorflow`"
)
INSTALLER: Final = (
    "What is the whole output of `python -m pip install -v tensorflow`, and of `python -m pip --version`?"
)
WRITTEN_WITH: Final = (
    "Which TensorFlow and Keras wrote the file, and which read it? `python -c 'import keras; print(keras.__version__)'`"
)
MEMORY: Final = "How much memory is in use when it happens (`free -h`, Activity Monitor, `nvidia-smi`)?"

_BY_COMPLAINT: Final[dict[Complaint, tuple[str, ...]]] = {
    "wrong": (ON_CPU, REPEATED, PACKAGES),
    "not-used": (DEVICES, PACKAGES, MACHINE),
    "not-found": (DEVICES, PACKAGES, MACHINE),
    "slower-by-numbers": (FASTER_ON_CPU, SIZE, PACKAGES),
    "slow": (DEVICES, FASTER_ON_CPU, SIZE),
    "no-import": (LAST_LINE, WHICH, MACHINE),
    "no-install": (INSTALLER, MACHINE),
    "no-load": (WRITTEN_WITH, LAST_LINE),
    "crash": (TERMINAL, SMALL, MACHINE, PACKAGES),
    "hang": (TERMINAL, SMALL, PACKAGES),
    "memory": (MEMORY, SMALL, PACKAGES),
}
_UNREAD: Final = (LAST_LINE, MACHINE, PACKAGES)


def questions(claims: Claims, facts: Facts, findings: Sequence[Finding], *, unread: bool) -> tuple[str, ...]:
    """Return what would decide, most telling first; nothing where a finding decides already.

    `unread`: something failed that nothing explains, so that there is something to ask though nobody complains.
    """
    if any(one.confidence >= weights.LIKELY for one in findings):
        return ()
    complaints = {one.complaint for one in claims.made}
    asked = (question for one in _BY_COMPLAINT if one in complaints for question in _about(one, facts))
    told = list(dict.fromkeys(asked)) or (list(_UNREAD) if unread else [])
    return tuple(question for question in told if not _known(question, facts))[:MOST]


def _about(complaint: Complaint, facts: Facts) -> Iterator[str]:
    mac, system = facts.host.get("mac") == "true" or facts.host.get("os") == "macos", facts.host.get("os")
    gpu = complaint in {"not-used", "not-found", "slow"}
    if gpu and not mac:
        yield DRIVER
    if gpu and system == "windows":
        yield NATIVE
    first, *rest = _BY_COMPLAINT[complaint]
    yield first
    if complaint == "wrong" and mac:
        yield REMAPPER
    if complaint == "slow" and mac:
        yield LEGACY
    yield from (PACKAGES_WINDOWS if one == PACKAGES and system == "windows" else one for one in rest)


def _known(question: str, facts: Facts) -> bool:
    if question == MACHINE:
        return {"python", "process"} <= facts.host.keys()
    return question in {PACKAGES, PACKAGES_WINDOWS} and bool(facts.packages)
