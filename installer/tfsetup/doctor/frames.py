"""Whose code raised an error: the last frame of the traceback above it. Pure; looks at a bounded piece of text.

"module 'tensorflow' has no attribute 'contrib'" says that a name is missing; who looked for it says what to do: the
user's own program, a library that was written for another TensorFlow, a stand-alone keras, or TensorFlow itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from packaging.utils import canonicalize_name

USER: Final = "user"
PYTHON: Final = "python"
NOBODY: Final = "nobody"
# How Python says that somebody looked for a name that is not there.
_MISSING: Final = ("has no attribute", "cannot import name", "No module named")
_KINDS: Final[Mapping[str, str]] = {
    USER: USER, PYTHON: PYTHON, NOBODY: NOBODY, "tensorflow": "tensorflow", "tensorflow-core": "tensorflow",
    "keras": "keras", "tf-keras": "keras",
}  # fmt: skip
# A traceback's frame and the source line below it are shorter than this.
_REACH: Final = 1500
# `File "…", line 3`, IPython's `File ~/x.py:3, in f(…)` and its older `~/x.py in f(…)`, and the cells of a notebook.
_FRAME: Final = re.compile(
    r"File ['\"](?P<quoted>[^'\"\n]{1,300})['\"], line [0-9]"
    r"|File (?P<plain>[^\s'\"]{1,300}):[0-9]{1,7}(?:,| in)"
    r"|(?P<old>[^\s'\"]{1,300}\.py) in [A-Za-z_<]"
    r"|(?P<cell><ipython-input-|Cell In ?\[|Input In ?\[|<stdin>|<string>)"
)
_OWNER: Final = re.compile(r"(?:site|dist)-packages[\\/](?P<top>[A-Za-z0-9_]{1,80})")
_LIBRARY: Final = re.compile(
    r"[\\/]lib[\\/]python[23]\.[0-9]{1,2}[\\/]|[\\/]Python3[0-9]{1,2}[\\/]lib[\\/]|<frozen ", re.IGNORECASE
)


def says_missing(text: str) -> bool:
    """Return whether `text`, a piece of an error, says that a name or a module is missing."""
    return any(words in text for words in _MISSING)


def raised(stream: str, at: int) -> dict[str, str]:
    """Return whose frame is the last one before offset `at`.

    `raised_in` is a package's normalised name, or what `raised_by` is: `user`, `python`, `tensorflow` (its own Keras
    too), `keras` (the stand-alone one), `library` for any other package, `nobody` where no frame stands.
    """
    frames = list(_FRAME.finditer(stream, max(0, at - _REACH), at))
    owner = _owner(frames[-1]) if frames else NOBODY
    kind = _KINDS.get(owner, "library")
    return {"raised_in": owner, "raised_by": kind}


def _owner(frame: re.Match[str]) -> str:
    if frame["cell"]:
        return USER
    path = frame["quoted"] or frame["plain"] or frame["old"]
    if path.startswith("<"):
        return PYTHON if path.startswith("<frozen") else USER
    found = _OWNER.search(path)
    if found is not None:
        return canonicalize_name(found["top"])
    return PYTHON if _LIBRARY.search(path) else USER
