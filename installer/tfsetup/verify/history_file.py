"""Keeps the history of an environment: one JSON object a line, in the user's state folder, never in the environment.

An environment is known by its path, so the history outlives the generations behind it. Touches the disk.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tfsetup.errors import TfsetupError
from tfsetup.ground.files import write_whole
from tfsetup.ground.folders import state_folder
from tfsetup.verify.history import History, Run, compare, from_line, history_findings, run_of, to_line
from tfsetup.verify.model import Finding, Verification

KEPT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The comparison, findings about what became slower, and why the run could not be kept, if so."""

    history: History
    findings: tuple[Finding, ...]
    problem: str | None


def keep(prefix: Path, found: Verification, *, folder: Path | None = None, now: datetime | None = None) -> Kept:
    """Compare a verification of `prefix` with the earlier ones, and add it to them."""
    path, problem = _place(prefix, folder)
    earlier = read_history(path) if path else []
    run = run_of(found, (now or datetime.now(UTC)).isoformat(timespec="seconds"))
    history = compare(earlier, run)
    return Kept(
        history=history,
        findings=tuple(history_findings(history, run)),
        problem=append_history(path, run) if path else problem,
    )


def _place(prefix: Path, folder: Path | None) -> tuple[Path | None, str | None]:
    """Return the history file, or in words why there is none: what was verified stays verified without a history."""
    try:
        return history_path(prefix, folder), None
    except TfsetupError as error:
        return None, f"the history could not be kept: {error.message} {error.hint}"


def history_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return where histories are kept: in the folder for state.

    Raises:
        TfsetupError: there is no home, or a variable names no folder.
    """
    return state_folder(environ, platform) / "history"


def history_path(prefix: Path, folder: Path | None = None) -> Path:
    """Return the history file of the environment at `prefix`; links are not followed: it outlives its generations."""
    whole = os.path.abspath(prefix)  # noqa: PTH100 - Path.resolve would follow links
    digest = hashlib.sha256(os.fsencode(os.path.normcase(whole))).hexdigest()[:12]
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in Path(whole).name)
    return (folder or history_folder(os.environ)) / f"{name}-{digest}.jsonl"


def read_history(path: Path) -> list[Run]:
    """Return the runs of a history, oldest first; a line cut short, or of another tfsetup, is skipped."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    runs = []
    for line in lines:
        try:
            runs.append(from_line(line))
        except (msgspec.DecodeError, ValueError, IndexError):
            continue
    return sorted(runs, key=lambda run: run.when)


def append_history(path: Path, run: Run) -> str | None:
    """Add a run, dropping the oldest beyond KEPT; return in words why it could not be kept, or None.

    Not being able to keep it (a read-only home, a full disk) is no reason for a verification to fail.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(to_line(run) + "\n")
        _trim(path)
    except OSError as error:
        return f"the history in {path} could not be kept: {error.strerror or error}"
    return None


def _trim(path: Path) -> None:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) > KEPT:
        write_whole(path, "\n".join(lines[-KEPT:]) + "\n")
