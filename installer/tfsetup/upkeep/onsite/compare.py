"""What preflight says of an environment beside what its import came to on the machine itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tfsetup.loader.model import Verdict
from tfsetup.loader.report import Report

Ended = Literal["imported", "raised", "died", "hung", "not-built"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Predicted:
    """What preflight said of the built environment."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """The loader's words for each thing that is refused, as they are predicted."""
    images: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """What an import in a fresh process came to."""

    ended: Ended
    """`not-built`: there was nothing to import."""
    words: str = ""
    """What it wrote last; of a death how it died."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One pair: what was installed, what was predicted, and what happened."""

    row: str
    about: str
    """The plugin, or TensorFlow itself where there is none."""
    expects: Verdict
    """What the matrix knows of it."""
    requirements: tuple[str, ...]
    python: str
    installed: tuple[str, ...]
    """Every distribution with its version."""
    predicted: Predicted | None
    """None: there was nothing to judge."""
    happened: Happened
    agrees: bool | None
    """Whether the verdict is what happened; None: one of both is open."""
    same_words: bool | None
    """Whether the first thing refused was refused in the words predicted; None: nothing was refused."""


def predicted(report: Report) -> Predicted:
    """Return what is kept of a report."""
    reasons = (*(one.message for one in report.failures), *(one.consequence for one in report.fatal))
    return Predicted(verdict=report.verdict, reasons=reasons, images=report.images)


def agrees(said: Predicted | None, happened: Happened) -> bool | None:
    """Return whether the verdict is what happened. What was left undecided, or not built, decides nothing."""
    if said is None or said.verdict == "undecided" or happened.ended in {"not-built", "hung"}:
        return None
    return (said.verdict == "loads") == (happened.ended == "imported")


def same_words(said: Predicted | None, happened: Happened) -> bool | None:
    """Return whether what was raised holds the first reason predicted, spaces and line ends apart."""
    if said is None or not said.reasons or happened.ended != "raised":
        return None
    return _plain(said.reasons[0]) in _plain(happened.words)


def _plain(text: str) -> str:
    return " ".join(text.split())


def sentence(one: Compared) -> str:
    """Return a line for people."""
    about = f"{', '.join(one.requirements)} on Python {one.python}"
    if one.predicted is None:
        return f"{about}: not built"
    verdict = {True: "agree", False: "DIFFER", None: "open"}[one.agrees]
    words = {True: ", in the same words", False: ", in other words", None: ""}[one.same_words]
    return f"{about}: preflight {one.predicted.verdict}, import {one.happened.ended}: {verdict}{words}"
