"""A short child of this process: it sees the scrubbed environment, is given nothing to read, and is ended in time.

(Touches the world.)
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tfsetup.ground.environ import scrub


def run_child(
    argv: Sequence[str | Path], *, limit_s: float | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it printed, undecodable bytes replaced; any exit status is an answer.

    Raises:
        OSError: it does not start.
        subprocess.TimeoutExpired: it took longer than `limit_s` seconds, and was ended.
    """
    return subprocess.run(
        list(map(str, argv)),
        env=scrub(os.environ)[0],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit_s,
        check=False,
    )
