"""`python -m tfsetup` and the `tfsetup` console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its documented status."""
    from tfsetup.cli.app import run  # noqa: PLC0415 - so that a broken install still reaches the interpreter's own error

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
