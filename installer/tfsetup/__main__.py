"""`python -m tfsetup` and the `tfsetup` console script."""

from __future__ import annotations

import gc
import sys

_ALLOCATIONS = 20_000
"""Values made between two searches for cycles: nearly all that a run makes is data it keeps, which has none."""


def main() -> None:
    """Run the command line and exit with its documented status."""
    gc.set_threshold(_ALLOCATIONS)
    from tfsetup.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
