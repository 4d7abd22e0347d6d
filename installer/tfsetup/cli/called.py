"""How this program was called, and from where."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tfsetup.report.shells import Terminal, shell_of


def called() -> str:
    """Return what to type to call this program again: its name if the shell finds it, else its path."""
    path = Path(sys.argv[0])
    if shutil.which("tfsetup") or path.name != "tfsetup":
        return "tfsetup"
    return os.path.relpath(path)


def terminal() -> Terminal:
    """Return where the user types: the hints of the end are written for that shell and that folder."""
    windows = sys.platform == "win32"
    shell = shell_of(os.environ, windows=windows)
    return Terminal(command=called(), folder=str(Path.cwd()), dialect=shell, windows=windows)
