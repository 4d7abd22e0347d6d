"""What installers refuse, as signals of causes: as strong as the share of it that a reason explains. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Final, get_args

from tfsetup.doctor.facts import Facts
from tfsetup.doctor.model import Signal, Weight
from tfsetup.doctor.refusals.judge import explained
from tfsetup.doctor.refusals.model import Explanation
from tfsetup.doctor.seen import Seen
from tfsetup.doctor.text import LogText

# From which share on a reason is worth a weight.
_LEVELS: Final[tuple[tuple[float, Weight], ...]] = (
    (0.93, "proof"), (0.75, "strong"), (0.5, "likely"), (0.25, "possible"), (0.08, "hint"),
)  # fmt: skip
# Of sentences only what leaves little else counts.
_TOLD: Final = 0.8
_ORDER: Final = get_args(Weight)
# Others' code: what is said of TensorFlow's wheels is not said of theirs.
_FOREIGN: Final = ("nvidia-", "jax", "torch")


class Refused:
    """The refusals of a log, read when the first signal asks for them, and what explains each."""

    def __init__(self, log: LogText, facts: Facts, signals: Iterable[Signal]) -> None:
        """Remember the log, and of which distributions some of `signals` speak."""
        self._log = log
        self._facts = facts
        self._own = tuple(one for one in signals if one.subject and one.refusal)

    def seen(self, signal: Signal) -> Seen | None:
        """Return the signal as the log shows it: what it names explains some of what was refused."""
        fitting = [one for one in self._explained if self._speaks(signal, one)] if signal.refusal else []
        answers = [(one, self._facts.holds(signal.when, one.captures)) for one in fitting]
        held = [(one, holds) for one, holds in answers if holds is not False]
        share = math.fsum(one.share for one, _ in held)
        if not held or (level := next((weight for least, weight in _LEVELS if share >= least), None)) is None:
            return None
        best = max((one for one, _ in held), key=lambda one: one.share)
        if best.refusal.speaker == "somebody":
            if share < _TOLD:
                return None
            level = "likely"
        return Seen(
            weight=max(level, signal.weight, key=_ORDER.index),
            decided=any(holds is True for _, holds in held),
            proof=self._log.quote(best.refusal.start),
            offset=best.refusal.start,
            places=tuple(one.refusal.start for one, _ in held),
            captures=best.captures,
            decisive=best.decisive,
        )

    @cached_property
    def _explained(self) -> tuple[Explanation, ...]:
        if self._facts.elsewhere:
            return ()
        return explained(self._log.stream, self._facts.host, self._facts.guessed)

    def _speaks(self, signal: Signal, one: Explanation) -> bool:
        if one.why not in signal.refusal:
            return False
        own = [name for name in one.names if any(self._claims(other, one, name) for other in self._own)]
        if signal.subject:
            return signal.subject in own[:1]
        return not own and not one.refusal.name.startswith(_FOREIGN)

    def _claims(self, signal: Signal, one: Explanation, name: str) -> bool:
        """Return whether a signal speaks of the very distribution `name`, and what it needs is so."""
        mine = one.why in signal.refusal and signal.subject == name
        return mine and self._facts.holds(signal.when, one.captures) is True
