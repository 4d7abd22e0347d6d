"""`python -m benchmarks [NAME...]`: run all, or the named ones."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HELPERS = {"__init__", "__main__", "timing"}


def main() -> None:
    """Run the benchmarks named on the command line, or all of them."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS)
    for name in sys.argv[1:] or known:
        if name not in known:
            sys.exit(f"no benchmark `{name}`; there are: {', '.join(known)}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
