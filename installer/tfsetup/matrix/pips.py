"""The pip of an environment: which one goes into it where no lock names one.

`environments/pip.json` has the newest release for each range of Pythons, by its hash, as `scripts/record-pip` found it
on the index.
"""

from __future__ import annotations

from typing import Final

from tfsetup.ground.values import value
from tfsetup.ground.versions import asked

PIPS: Final = "pip.json"
PIP: Final = "pip"


@value
class PipWheel:
    """One release of pip, which is one wheel for every platform. `size` is in bytes, the hash in hex."""

    version: str
    requires_python: str
    size: int
    sha256: str

    @property
    def requirement(self) -> str:
        """The line of a requirements file that installs it and nothing else (`--require-hashes`)."""
        return f"{PIP}=={self.version} --hash=sha256:{self.sha256}"


@value
class Pips:
    """The wheels, the newest first."""

    wheels: tuple[PipWheel, ...]
    schema: int = 1


def pip_for(pips: Pips, minor: str) -> PipWheel | None:
    """Return the newest pip that runs on a Python such as `3.12`; None: none of them does."""
    return next((wheel for wheel in pips.wheels if asked(wheel.requires_python, minor)), None)
