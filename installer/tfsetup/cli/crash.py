"""Where the traceback of a bug goes, so that people see a sentence and we get the details."""

from __future__ import annotations

import os
import tempfile
import traceback


def write_crash_log(error: BaseException) -> str:
    """Write the traceback of `error` to a new file in the temporary folder and return its path."""
    handle, path = tempfile.mkstemp(prefix="tfsetup-crash-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        traceback.print_exception(error, file=file)
    return path
