"""One question to a machine's loader: which candidate it is asked about, and what the answer is compared with. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tfsetup.errors import TfsetupError
from tfsetup.loader.report import Report
from tfsetup.upkeep.onsite.compare import Compared, Happened, agrees, predicted, same_words
from tfsetup.upkeep.onsite.pairs import Trial, Wanted

Told = Callable[[str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """An environment that was built, and what its import came to."""

    installed: tuple[str, ...] = ()
    """What is in it, as pins."""
    report: Report | None = None
    """What preflight says of its files; None: it could not be built."""
    happened: Happened


class Machine(Protocol):
    """The machine that is asked, or what stands in for it."""

    def foretell(self, wanted: Wanted) -> Report:
        """Judge requirements from the index, without installing them.

        Raises:
            TfsetupError: there is nothing to judge, or the index does not answer.
        """

    def attempt(self, wanted: Wanted) -> Attempt:
        """Build an environment, judge its files, import TensorFlow in a fresh process, and leave nothing behind."""


def tried(trial: Trial, machine: Machine, told: Told) -> Compared | None:
    """Ask one question; None: none of the candidates is what the question is about."""
    wanted = _chosen(trial, machine, told)
    if wanted is None:
        return None
    told(f"{', '.join(wanted.requirements)}: building and importing")
    made = machine.attempt(wanted)
    said = None if made.report is None else predicted(made.report)
    return Compared(
        row=trial.row, about=trial.about, expects=trial.expects, requirements=wanted.requirements,
        python=wanted.python, installed=made.installed, predicted=said, happened=made.happened,
        agrees=agrees(said, made.happened), same_words=same_words(said, made.happened),
    )  # fmt: skip


def _chosen(trial: Trial, machine: Machine, told: Told) -> Wanted | None:
    """Return the first candidate of which holds what is expected; what loads by the matrix is not asked about."""
    if trial.expects == "loads":
        return trial.candidates[0]
    for wanted in trial.candidates:
        told(f"{', '.join(wanted.requirements)}: asking preflight")
        try:
            if machine.foretell(wanted).verdict == trial.expects:
                return wanted
        except TfsetupError as error:
            told(f"{', '.join(wanted.requirements)}: {error.message}")
    return None
