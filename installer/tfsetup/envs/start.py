"""Whether an interpreter starts: asked of the interpreter itself, with a limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LIMIT = 60.0
"""Seconds an interpreter may take to start. A cold network file system or a virus scanner takes some of them."""


def start_problem(python: Path, *, limit: float = LIMIT) -> str | None:
    """Start `python`, let it end at once, and return why that did not work, None when it did.

    `-I -S` keeps out variables, the user's packages and `.pth` files: the interpreter is asked, not what is installed.
    """
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", ""],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) if sys.platform == "win32" else 0,
        )
    except subprocess.TimeoutExpired:
        return f"did not start within {limit:g} s"
    except OSError as problem:
        return f"does not start: {problem.strerror or problem}"
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    ended = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    return f"does not start: it ends with {ended}" + (f" ({said[-1]})" if said else "")
