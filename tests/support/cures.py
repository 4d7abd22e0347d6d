"""A known defect of the stand-in TensorFlow: a matrix file that says so, and what a process of an environment sees."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

NAME = "TURN_OFF_REMAPPER"
ONE = {NAME: "1"}
MATRIX = f"""\
schema: 1
hazards:
  - id: stand-in-drops
    title: drops the activation of Dense layers
    distribution: tensorflow-cpu
    versions: ">=2.5"
    consequence: what fit and predict compute is silently wrong
    asked_by: [dense-relu-graph]
    cure:
      environment: {{{NAME}: "1"}}
      because: it keeps the product and the activation apart
    evidence: ["run: a stand-in for tests"]
    source: a stand-in for tests
"""
"""For `--matrix`: the stand-in distribution of `standin.py` has a defect, and this variable is its cure."""

SEEN = f"import os; print(os.environ.get('{NAME}'))"


def write_matrix(folder: Path) -> Path:
    """Write the matrix file and return where."""
    path = folder / "hazards.yaml"
    path.write_text(MATRIX, encoding="utf-8")
    return path


def seen_by(*argv: str | Path, environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """Return what a process prints that starts with these variables and no others."""
    plain = {"PATH": os.defpath} | dict(environ or {})
    done = subprocess.run([str(word) for word in argv], env=plain, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()
