"""This machine: uv builds, its own loader loads. The one file of this room that touches the world."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tfsetup.errors import TfsetupError
from tfsetup.ground.children import run_child
from tfsetup.ground.looking import find
from tfsetup.host.model import Host
from tfsetup.loader.report import Report
from tfsetup.matrix.choose.pythons import usable
from tfsetup.upkeep.onsite.compare import Happened
from tfsetup.upkeep.onsite.pairs import Wanted
from tfsetup.upkeep.onsite.trying import Attempt

_BUILD_S: Final = 1800.0
_IMPORT_S: Final = 600.0
_WORDS: Final = 8000
_IMPORT: Final = "import tensorflow"


class _NotBuiltError(Exception):
    """An environment could not be made, in uv's last words."""


@dataclass(frozen=True, slots=True)
class Here:
    """This machine, with the facts that are known of it."""

    host: Host

    def foretell(self, wanted: Wanted) -> Report:
        """Judge requirements from the index, for the machine that is described.

        Raises:
            TfsetupError: there is nothing to judge, or the index does not answer.
        """
        from tfsetup.workflows.preflight import judge

        return judge(wanted.requirements, self.host, python=wanted.python, replayed=True).report

    def attempt(self, wanted: Wanted) -> Attempt:
        """Build an environment of wheels alone, judge its files, and import TensorFlow in a fresh process."""
        with tempfile.TemporaryDirectory(prefix="onsite-") as folder:
            prefix = Path(folder) / "env"
            try:
                installed = self._built(wanted, prefix)
                report = self._judged(prefix, wanted.python)
            except (_NotBuiltError, TfsetupError) as error:
                return Attempt(happened=Happened(ended="not-built", words=str(error)[-_WORDS:]))
            return Attempt(installed=installed, report=report, happened=_imported(prefix))

    def _built(self, wanted: Wanted, prefix: Path) -> tuple[str, ...]:
        _uv(["venv", "--quiet", "--no-project", "--python", self._interpreter(wanted.python), str(prefix)])
        python = str(find(prefix).python)
        _uv(["pip", "install", "--quiet", "--only-binary", ":all:", "--python", python, *wanted.requirements])
        return tuple(_uv(["pip", "freeze", "--quiet", "--python", python]).splitlines())

    def _interpreter(self, minor: str) -> str:
        """Return a Python of this machine of that version, or the version, for uv to bring one."""
        if self.host.arch is None:
            return minor
        found = (one.path for one in usable(self.host, self.host.arch) if one.minor == minor and one.path)
        return next(found, minor)

    def _judged(self, prefix: Path, python: str) -> Report:
        from tfsetup.workflows.preflight import judge

        return judge([prefix], self.host, python=python).report


def _imported(prefix: Path) -> Happened:
    """Import without the caller's variables, away from the caller's files."""
    started = time.monotonic()
    try:
        done = run_child([find(prefix).python, "-c", _IMPORT], limit_s=_IMPORT_S, cwd=prefix)
    except subprocess.TimeoutExpired:
        return Happened(ended="hung", seconds=_IMPORT_S)
    spent = round(time.monotonic() - started, 2)
    if done.returncode == 0:
        return Happened(ended="imported", seconds=spent)
    words = done.stderr[-_WORDS:]
    if done.returncode == 1:  # so ends an exception of Python's; everything else is the process's own death
        return Happened(ended="raised", words=words, seconds=spent)
    return Happened(ended="died", words=f"exit status {done.returncode}\n{words}", seconds=spent)


def _uv(arguments: Sequence[str]) -> str:
    """Run uv with the machine's own settings and return what it printed."""
    try:
        done = run_child([sys.executable, "-m", "uv", *arguments], limit_s=_BUILD_S)
    except subprocess.TimeoutExpired as late:
        raise _NotBuiltError(f"uv {arguments[0]} took more than {_BUILD_S:.0f} s") from late
    if done.returncode != 0:
        raise _NotBuiltError(done.stderr.strip() or f"uv {arguments[0]} ended with {done.returncode}")
    return done.stdout
