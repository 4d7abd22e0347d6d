"""Whether another process is still there."""

from __future__ import annotations

import os
import sys


def alive(number: int) -> bool:
    """Tell whether a process has this number; where that cannot be told (Windows), yes.

    Nothing is sent: signal 0 only asks (kill(2)).
    """
    if sys.platform == "win32" or number <= 0:
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True  # somebody else's, or a number that no process here can have: not ours to judge
    return True
