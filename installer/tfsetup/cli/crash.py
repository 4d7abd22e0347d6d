"""Where the traceback of a bug goes, so that people see a sentence and we get the details; and what is no bug."""

from __future__ import annotations

import errno
import os
import tempfile
import traceback
from typing import Final

from tfsetup.errors import BuildError

_REMEDIES: Final = {
    errno.ENOSPC: "Free some space (`df -h`, and `df -i` for inodes), then run the same command again.",
    errno.EDQUOT: "Free some space (`quota` shows how much there is), then run the same command again.",
    errno.EROFS: "Choose a place that can be written with --prefix (and UV_CACHE_DIR for the cache).",
    errno.EMFILE: "Raise the limit (`ulimit -n 1024`), then run the same command again.",
    errno.ENFILE: "Too much is running on this machine; end something, then run the same command again.",
    errno.ENOMEM: "Free some memory, then run the same command again.",
    errno.EAGAIN: "Raise the limit (`ulimit -u`) or end something, then run the same command again.",
    errno.EIO: "The disk fails: look at the system's log, and choose another disk with --prefix.",
}


def write_crash_log(error: BaseException) -> str:
    """Write the traceback of `error` to a new file in the temporary folder; return a sentence that says where it is.

    Without a place for it (a full disk may be why we are here) the sentence has the innermost line instead.
    """
    try:
        handle, path = tempfile.mkstemp(prefix="tfsetup-crash-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exception(error, file=file)
    except OSError as problem:
        frames = traceback.extract_tb(error.__traceback__)
        last = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else "an unknown place"
        return f"It happened in {last} (the whole traceback could not be written: {problem.strerror or problem})"
    return f"The whole traceback is in {path}"


def refused_by_system(error: OSError) -> BuildError | None:
    """Return the error for what the operating system could not give, wherever it struck; None: it may be our fault.

    It says nothing of what was changed before: whoever raised this far does not know.
    """
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy is None:
        return None
    where = f": {error.filename}" if error.filename else ""
    return BuildError(f"The operating system refused{where}: {error.strerror}.", hint=remedy)
