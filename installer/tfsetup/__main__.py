"""`python -m tfsetup` and the `tfsetup` console script."""

from __future__ import annotations

import gc
import sys

_ALLOCATIONS = 100_000
"""Values made between two searches for cycles: nearly all that a run makes is data it keeps, which has none."""


def main() -> None:
    """Run the command line and exit with its documented status."""
    gc.set_threshold(_ALLOCATIONS)
    from tfsetup.cli.app import run

    status = run(sys.argv[1:])
    gc.freeze()  # Python searches once more when it ends, a fifth of a short run, for memory that goes anyway
    sys.exit(status)


if __name__ == "__main__":
    main()
