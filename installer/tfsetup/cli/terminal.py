"""Where this program was called from: the shell, the folder, and what calls it again there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tfsetup.cli.called import called
from tfsetup.report.shells import Terminal, shell_of


def terminal() -> Terminal:
    """Return where the user types, for the hints at the end of a command."""
    windows = sys.platform == "win32"
    dialect = shell_of(os.environ, windows=windows)
    command = called()
    if dialect == "powershell" and command.startswith(('"', "'")):  # which it would only show
        command = f"& {command}"
    return Terminal(command=command, folder=str(Path.cwd()), dialect=dialect, windows=windows)
