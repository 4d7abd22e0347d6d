"""`python -m benchmarks [--baseline CHECKOUT] [NAME...]`: run all, or the named ones.

CHECKOUT is another work tree of this repository, at the commit to compare with (`git worktree add`, then
`make .tool/dev/ready` in it).
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks.timing import compare_with

HELPERS = {"__init__", "__main__", "timing"}


def main() -> None:
    """Run the benchmarks named on the command line, or all of them."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--baseline", type=Path, help="a checkout of an earlier commit to stand beside this one")
    parser.add_argument("names", nargs="*", help=", ".join(known))
    given = parser.parse_args()
    if given.baseline is not None:
        compare_with(given.baseline)
    for name in given.names or known:
        if name not in known:
            sys.exit(f"no benchmark `{name}`; there are: {', '.join(known)}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
