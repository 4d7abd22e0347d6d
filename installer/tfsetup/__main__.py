"""`python -m tfsetup` and the `tfsetup` console script."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

_ALLOCATIONS = 100_000
"""Values made between two searches for cycles: nearly all that a run makes is data it keeps, which has none."""

_TURN = 0.0005
"""Seconds after which a thread that computes lets another one on: those that inflate and fetch need Python briefly."""


def main() -> None:
    """Run the command line and exit with its documented status."""
    if not sys.flags.ignore_environment:
        sys.path[:] = own_first(sys.path, os.environ.get("PYTHONPATH", ""))
    gc.set_threshold(_ALLOCATIONS)
    sys.setswitchinterval(_TURN)
    from tfsetup.cli.app import run

    status = run(sys.argv[1:])
    gc.freeze()  # Python searches once more when it ends, a fifth of a short run, for memory that goes anyway
    sys.exit(status)


def own_first(path: Sequence[str], given: str) -> list[str]:
    """Return the folders of a search path with those that `given`, a PYTHONPATH, has put in front behind the others.

    They are meant for other programs, and may hold other releases of what this one imports. The variable itself stays:
    the doctor judges it, and what `tfsetup run` starts gets it.
    """
    theirs = {os.path.abspath(folder) for folder in given.split(os.pathsep) if folder}  # noqa: PTH100 - as Python does
    return sorted(path, key=lambda folder: os.path.abspath(folder) in theirs)  # noqa: PTH100


if __name__ == "__main__":
    main()
