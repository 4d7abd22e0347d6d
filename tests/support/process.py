"""Running tfsetup as a user does: as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def tfsetup(*argv: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `tfsetup ARGV…` in `cwd`."""
    return subprocess.run(
        [sys.executable, "-m", "tfsetup", *argv],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT / "installer")} | environ,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def data(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the `data` of the JSON document that a run printed."""
    document = json.loads(done.stdout)
    assert document["error"] is None, document["error"]
    found = document["data"]
    assert isinstance(found, dict)
    return found
