"""Each pair really built and really imported on this machine, and preflight asked about the very same files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tfsetup.errors import TfsetupError
from tfsetup.ground.children import run_child
from tfsetup.ground.looking import find
from tfsetup.host.model import Host
from tfsetup.loader.report import Report
from tfsetup.matrix.choose.pythons import usable
from tfsetup.upkeep.onsite.compare import Compared, Happened, Predicted, agrees, predicted, same_words
from tfsetup.upkeep.onsite.pairs import Trial, Wanted

_BUILD_S: Final = 1800.0
_IMPORT_S: Final = 600.0
_WORDS: Final = 8000
_IMPORT: Final = "import tensorflow"

Told = Callable[[str], object]


class NotBuiltError(Exception):
    """An environment could not be made, in uv's last words."""


class Tools(Protocol):
    """What touches the world, and what stands in for it."""

    def foretell(self, wanted: Wanted) -> Report:
        """Judge requirements from the index, without installing them."""

    def build(self, wanted: Wanted, prefix: Path) -> tuple[str, ...]:
        """Make an environment; return what is in it, as pins.

        Raises:
            NotBuiltError: it cannot be made.
        """

    def judge(self, prefix: Path, python: str) -> Report:
        """Judge an environment for this machine."""

    def load(self, prefix: Path) -> Happened:
        """Import TensorFlow of an environment in a fresh process."""


def tried(trial: Trial, tools: Tools, told: Told) -> Compared | None:
    """Ask this machine's loader one question; None: none of the candidates is what the question is about."""
    wanted = _chosen(trial, tools, told)
    if wanted is None:
        return None
    with tempfile.TemporaryDirectory(prefix="onsite-") as folder:
        return _compared(trial, wanted, Path(folder) / "env", tools, told)


def _chosen(trial: Trial, tools: Tools, told: Told) -> Wanted | None:
    """Return the first candidate of which holds what is expected; one that loads by the matrix is not asked about."""
    if trial.expects == "loads":
        return trial.candidates[0]
    for wanted in trial.candidates:
        told(f"{', '.join(wanted.requirements)}: asking preflight")
        try:
            if tools.foretell(wanted).verdict == trial.expects:
                return wanted
        except TfsetupError as error:
            told(f"{', '.join(wanted.requirements)}: {error.message}")
    return None


def _compared(trial: Trial, wanted: Wanted, prefix: Path, tools: Tools, told: Told) -> Compared:
    told(f"{', '.join(wanted.requirements)}: building and importing")
    installed: tuple[str, ...] = ()
    said: Predicted | None = None
    try:
        installed = tools.build(wanted, prefix)
        said = predicted(tools.judge(prefix, wanted.python))
        happened = tools.load(prefix)
    except (NotBuiltError, TfsetupError) as error:
        happened = Happened(ended="not-built", words=str(error)[-_WORDS:])
    return Compared(
        row=trial.row, about=trial.about, expects=trial.expects, requirements=wanted.requirements,
        python=wanted.python, installed=installed, predicted=said, happened=happened,
        agrees=agrees(said, happened), same_words=same_words(said, happened),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Here:
    """This machine: uv builds, its own loader loads."""

    host: Host

    def foretell(self, wanted: Wanted) -> Report:
        """Judge requirements from the index."""
        from tfsetup.workflows.preflight import judge

        return judge(wanted.requirements, self.host, python=wanted.python, replayed=True).report

    def build(self, wanted: Wanted, prefix: Path) -> tuple[str, ...]:
        """Make an environment with uv, of wheels alone."""
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

    def judge(self, prefix: Path, python: str) -> Report:
        """Judge an environment as this machine's loader would see it."""
        from tfsetup.workflows.preflight import judge

        return judge([prefix], self.host, python=python).report

    def load(self, prefix: Path) -> Happened:
        """Import TensorFlow in a fresh process, without the caller's variables, away from the caller's files."""
        started = time.monotonic()
        try:
            done = run_child([find(prefix).python, "-c", _IMPORT], limit_s=_IMPORT_S, cwd=prefix)
        except subprocess.TimeoutExpired:
            return Happened(ended="hung", seconds=_IMPORT_S)
        spent = round(time.monotonic() - started, 2)
        if done.returncode == 0:
            return Happened(ended="imported", seconds=spent)
        # A Python exception ends with 1; everything else is the process's own death.
        words = done.stderr[-_WORDS:]
        if done.returncode == 1:
            return Happened(ended="raised", words=words, seconds=spent)
        return Happened(ended="died", words=f"exit status {done.returncode}\n{words}", seconds=spent)


def _uv(arguments: Sequence[str]) -> str:
    """Run uv with the machine's own settings."""
    command = [sys.executable, "-m", "uv", *arguments]
    try:
        done = run_child(command, limit_s=_BUILD_S)
    except subprocess.TimeoutExpired as late:
        raise NotBuiltError(f"uv {arguments[0]} took more than {_BUILD_S:.0f} s") from late
    if done.returncode != 0:
        raise NotBuiltError(done.stderr.strip() or f"uv {arguments[0]} ended with {done.returncode}")
    return done.stdout
