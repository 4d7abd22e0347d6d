"""The two commands, and how they end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bootstrap import environment, place
from bootstrap.failure import Failure, shown
from bootstrap.lock import alone

ROOT = Path(__file__).resolve().parents[2]
_USAGE = "usage: python3 -I -B scripts/bootstrap uv | environment FOLDER REQUIREMENTS\n"


def main(words: list[str]) -> int:
    """Do what `words` say in the clone that this file lies in, and return the exit code."""
    try:
        return _do(words)
    except Failure as failure:
        sys.stderr.write(shown(failure))
        return 1


def _do(words: list[str]) -> int:
    if words == ["uv"]:
        with alone(ROOT):
            sys.stdout.write(f"{place.usable_uv(ROOT, os.environ)}\n")
        return 0
    if len(words) == 3 and words[0] == "environment":  # noqa: PLR2004
        with alone(ROOT):
            environment.make(ROOT, Path(words[1]), Path(words[2]), os.environ)
        return 0
    sys.stderr.write(_USAGE)
    return 2
