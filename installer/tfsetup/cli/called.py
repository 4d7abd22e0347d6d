"""How this program was called."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def called() -> str:
    """Return what to type to call this program again: its name if the shell finds it, else its path."""
    path = Path(sys.argv[0])
    if shutil.which("tfsetup") or path.name != "tfsetup":
        return "tfsetup"
    return os.path.relpath(path)
