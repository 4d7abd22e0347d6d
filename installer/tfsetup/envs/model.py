"""The values of this room: where generations live, what is planned, and the receipt of what was built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal

from tfsetup.ground.prefix import interpreter_name, site_packages
from tfsetup.ground.values import value
from tfsetup.locks.conda.model import PinnedWheel, PlatformLock
from tfsetup.matrix.pips import PipWheel

RECEIPT_SCHEMA = 1
ADOPTED = "adopted"
"""Stands for the row in the receipt of a folder that was there before tfsetup came."""
UNKNOWN = "unknown"
"""Stands for the row in a receipt that was lost, and written anew from what the files still tell."""


@value
class Layout:
    """Paths around one prefix. The prefix is a link; what it points to is a numbered folder beside it.

    `.venv` -> `.venv.generations/3`, with the receipt `.venv.generations/3.json`. A generation is built where it stays:
    neither a virtual environment nor a conda prefix survives being moved.
    """

    prefix: Path
    windows: bool = False

    @property
    def root(self) -> Path:
        """The folder of all generations."""
        return self.prefix.with_name(self.prefix.name + ".generations")

    def folder(self, generation: int) -> Path:
        """The environment of a generation."""
        return self.root / str(generation)

    def receipt(self, generation: int) -> Path:
        """The receipt of a generation; without one a folder is an unfinished build."""
        return self.root / f"{generation}.json"

    def python(self, folder: Path, backend: str = "venv") -> Path:
        """The interpreter inside an environment. On Windows a conda prefix has it at the top."""
        return folder / interpreter_name(windows=self.windows, conda=backend == "conda")

    def site_packages(self, folder: Path, minor: str) -> Path:
        """The folder of installed packages, for a Python `minor` such as `3.12`."""
        return Path(site_packages(str(folder), minor, windows=self.windows))


@value
class CreateVenv:
    """Make an empty virtual environment. `python` is a path, or a request uv understands when uv should bring one."""

    python: str
    download: bool


@value
class InstallWheels:
    """Install exactly the locked wheels, each checked against its hash. uv tells the form of a lock by `lock_name`.

    `beside` are wheels that the lock names by a path of their own: content by file name. `with_pip` is the same lock
    with the wheel of `AddPip`, where nothing is judged before that step; empty: pip comes by itself.
    """

    lock_name: str
    lock_text: str
    count: int
    size: int
    arguments: tuple[str, ...] = ()
    beside: Mapping[str, bytes] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    with_pip: str = ""


@value
class CreateCondaPrefix:
    """Link the conda packages of one platform of a lock into a prefix; `lock_text` is kept beside them."""

    lock_text: str
    platform: PlatformLock


@value
class AddWheels:
    """Put pinned wheels on top of a conda prefix, by its interpreter's path, and nothing they depend on."""

    wheels: tuple[PinnedWheel, ...]
    environ: Mapping[str, str] = field(default_factory=dict)


@value
class BuildFromSource:
    """Compile one requirement inside the environment, without build isolation, after everything else is in place."""

    requirement: str
    environ: Mapping[str, str] = field(default_factory=dict)


@value
class WriteCures:
    """Let every process of the environment see variables that the user did not set: they cure known defects."""

    environment: Mapping[str, str]


@value
class Tune:
    """Measure which switches make TensorFlow faster here; what is worth it is written with the cures."""


@value
class Preflight:
    """Predict the native load from the built files."""


@value
class Verify:
    """Load the runtime in a fresh interpreter and time a matmul on each device."""


@value
class TryPrograms:
    """Import every package and start every program, each for a limited time and without the network."""


@value
class AddPip:
    """Put a pip beside what was judged, so that whoever types `python -m pip` does not reach another Python's."""

    wheel: PipWheel
    environ: Mapping[str, str] = field(default_factory=dict)


@value
class Switch:
    """Point the prefix at the new generation, in one atomic step."""


Step = (
    CreateVenv | InstallWheels | CreateCondaPrefix | AddWheels | BuildFromSource | WriteCures
    | Preflight | Tune | Verify | TryPrograms | AddPip | Switch
)  # fmt: skip


Tuning = Literal["kept", "measured", "without"]
"""What is wanted of variables that were measured to be faster: those of an earlier `--tune`, measuring, or none."""


@value
class Tuned:
    """What measuring came to: the variables to set, and what the receipt keeps of it (None: nothing was measured)."""

    variables: Mapping[str, str] = field(default_factory=dict)
    found: object = None


def tuned(judged: Mapping[str, object]) -> Tuned:
    """Return what measuring came to, among what was judged; nothing, where nothing was measured."""
    found = judged.get("tune")
    return found if isinstance(found, Tuned) else Tuned()


@value
class Plan:
    """Everything an installation will do, in order; `--dry-run` prints it, the executor executes it.

    `pinned_lock` is `lock_sha256` when the user named the lock file: then only an environment built from that very file
    is up to date. Otherwise any lock of the same selection will do, and nothing is resolved to find that out. `cures`
    are the variables it sets; `without_cures`: what would be needed is left out, because the user said so. `together`
    is what was resolved together with the row. `tools` are the distributions that are there to work with, like pip:
    whatever becomes of those, the environment is whole. `tuning` is what is wanted of variables that make it faster.
    """

    row: str
    digest: str
    lock_sha256: str
    pinned_lock: str | None
    python: str
    requirements: tuple[str, ...]
    steps: tuple[Step, ...]
    backend: Literal["venv", "conda"] = "venv"
    cures: Mapping[str, str] = field(default_factory=dict)
    without_cures: bool = False
    together: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    tuning: Tuning = "kept"


@value
class Receipt:
    """What a generation is: written last, so that a folder with a receipt is a finished one.

    `packages` are the `*.dist-info` folder names found after the build, `tools` those of them that are there to
    work with (pip): they may be changed, and even removed, and the generation is whole nevertheless; `created` is
    UTC in ISO 8601. `tfsetup` is the version of this program that built it. `differing` are files that were not as
    their RECORD says right after the build (conda writes the prefix into some), None where nobody looked.
    `rebuilt`: the receipt was lost and written anew; what the files do not tell is empty then. `cures` are the
    variables that the start-up file sets: its text is known by them. `without_cures`: known defects of what is
    installed are not cured, because the user said so. `tuned` are those of `cures` that only make it faster.
    """

    generation: int
    """Its number."""
    row: str
    """The row of the matrix it was built from."""
    digest: str
    """The fingerprint of what was chosen, by which a later run knows it again."""
    python: str
    """The version of its Python."""
    requirements: tuple[str, ...]
    """What was asked of the index, each with its version."""
    packages: tuple[str, ...]
    """The names of the `*.dist-info` folders found after the build, but those of `tools`."""
    created: str
    """UTC in ISO 8601."""
    tfsetup: str
    """The version of tfsetup that built it."""
    lock_sha256: str
    """The fingerprint of the lock it was built from, in hex."""
    verify: dict[str, object] | None = None
    """What the verification found; None: there was none."""
    preflight: dict[str, object] | None = None
    """What the prediction found; None: there was none."""
    programs: dict[str, object] | None = None
    """What its programs and packages came to when they were tried; None: they were not."""
    backend: Literal["venv", "conda"] = "venv"
    """The kind of environment."""
    differing: tuple[str, ...] | None = None
    """Files that were not as their RECORD says right after the build; None: nobody looked."""
    rebuilt: bool = False
    """The receipt was lost and written anew: what the files do not tell is empty."""
    cures: Mapping[str, str] = field(default_factory=dict)
    """Variables that the start-up file sets."""
    tuned: Mapping[str, str] = field(default_factory=dict)
    """Those of them that cure nothing and were measured to make it faster on the machine it was built on."""
    tune: dict[str, object] | None = None
    """What was measured then; None: nothing was."""
    without_cures: bool = False
    """Known defects are not cured, because the user said so."""
    together: tuple[str, ...] = ()
    """What else was asked for, and resolved together with the row."""
    tools: tuple[str, ...] = ()
    """The `*.dist-info` folders of what is there to work with (pip) and no part of what must stay as it was built."""
    schema: int = RECEIPT_SCHEMA
    """The form of the receipt."""
