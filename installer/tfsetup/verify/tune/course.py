"""The course of tuning: which processes next, whose turn it is, when it is decided. Pure but for the bench it is given.

A first process says what there is to try. Then groups: a fresh process without and one with each of a few switches, all
alive at once, which compute one thing in turn, forwards in one round and backwards in the next. What looks like a gain
goes into further groups of fresh processes until it is one, or is none. What wins is set, and the others that won are
measured again on top of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from tfsetup.ground.values import value
from tfsetup.matrix.switches import Switch
from tfsetup.verify.tune.choose import Candidate, candidates, together
from tfsetup.verify.tune.gain import Pair, found, promising
from tfsetup.verify.tune.model import BUDGET_S, State, Timed, Took, Tuning
from tfsetup.verify.tune.words import recommended, tried_of, verdict_of

FIRST_ROUNDS: Final = 6
"""Rounds after which what shows no sign of a gain is given up."""
LOOKS: Final = (FIRST_ROUNDS, 12)
"""Rounds after which is looked whether it is decided; whoever looks after each sees what he likes at some time."""
ROUNDS: Final = 20
"""Rounds of a group at the most."""
GROUPS: Final = 6
"""Groups of fresh processes that a switch takes part in at the most."""


@value
class Order:
    """What a process is to be: the variables it gets besides what is set, its device (None: the best), its scale."""

    set: Mapping[str, str] = field(default_factory=dict)
    device: str | None = None
    scale: int | None = None


class Lane(Protocol):
    """A process that computes when it is told to."""

    @property
    def state(self) -> State:
        """What it says of its build and machine."""

    @property
    def timed(self) -> Sequence[Timed]:
        """What it can time."""

    @property
    def scale(self) -> int:
        """The size of its products."""

    @property
    def lost(self) -> str:
        """Why it is no longer there, or never came to be; empty: it is."""

    def turn(self, timed: Timed) -> Took | None:
        """Return what one run took; None: it could not be computed, or the process was lost."""


class Bench(Protocol):
    """Where processes run."""

    def seconds(self) -> float:
        """Return how long it has been since the beginning."""

    def open(self, orders: Sequence[Order]) -> Sequence[Lane]:
        """Start processes side by side, and return them in that order when each is ready or lost."""

    def close(self, lanes: Iterable[Lane]) -> None:
        """End processes."""


@dataclass(kw_only=True, slots=True)
class Trial:
    """A candidate on the way: its pairs so far, in how many groups it was, and how it ended (empty: it has not)."""

    candidate: Candidate
    on: Mapping[str, str] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    errors: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    device: str = ""
    groups: int = 0
    lost: str = ""
    without_effect: bool = False

    @property
    def order(self) -> dict[str, str]:
        """The variables of its process."""
        return {**self.on, **self.candidate.set}

    @property
    def over(self) -> bool:
        """Whether nothing more needs to be measured."""
        if self.lost or self.without_effect or self.groups >= GROUPS:
            return True
        decided = found(self.pairs).status == "faster"
        return bool(self.groups) and (decided or not promising(self.pairs))


def tune(
    bench: Bench,
    switches: Iterable[Switch],
    *,
    fixed: Iterable[str] = (),
    budget_s: float = BUDGET_S,
    told: Callable[[str], object] = str,
) -> Tuning:
    """Try the switches that this machine and build have, and return what each gives and which are worth setting.

    Variables that are `fixed` are left alone. `told` gets a few words at each step.
    """
    (first,) = bench.open([Order()])
    if first.lost:
        return Tuning(set={}, settings={}, switches=(), tried=(), seconds=bench.seconds(), budget_s=budget_s,
                      complete=False, problem=first.lost)  # fmt: skip
    course = _Course(bench, first, budget_s, told)
    trials = [Trial(candidate=each) for each in candidates(switches, first.state, fixed)]
    course.measure(trials)
    chosen, winners = course.combined(trials)
    bench.close([course.spare] if course.spare else [])  # there was nothing to try
    verdicts = tuple(verdict_of(each, chosen, budget_s) for each in trials)
    return Tuning(
        set=chosen,
        settings=first.state.settings,
        switches=verdicts,
        tried=tuple(one for each in [*trials, *winners] for one in tried_of(each)),
        seconds=bench.seconds(),
        budget_s=budget_s,
        complete=all(each.over for each in trials),
    )


class _Course:
    def __init__(self, bench: Bench, first: Lane, budget_s: float, told: Callable[[str], object]) -> None:
        self.bench, self.first, self.budget_s, self.told = bench, first, budget_s, told
        self.start_s = bench.seconds()
        self.scales = {first.state.device.partition(":")[0]: first.scale}
        self.group = 0
        self.spare: Lane | None = first

    def measure(self, trials: Sequence[Trial]) -> None:
        """Take the trials through groups until each is over or the time is: a few new ones, then what promises."""
        size = together(self.first.state, self.start_s, self.budget_s)
        waiting = list(trials)
        while waiting:
            now = [each for each in waiting if self._kind(each) == self._kind(waiting[0])][:size]
            waiting = [each for each in waiting if each not in now]
            while now and self._time():
                self._group(now)
                now = [each for each in now if not each.over]

    def combined(self, trials: Sequence[Trial]) -> tuple[dict[str, str], list[Trial]]:
        """Return the variables of the best trial, with those of others that are a gain on top of it too."""
        chosen: dict[str, str] = {}
        again: list[Trial] = []
        left = recommended(trials)
        while left:
            best = left[0]
            chosen |= best.candidate.set
            left = [each for each in left[1:] if not chosen.keys() & each.candidate.set.keys()]
            anew = [Trial(candidate=each.candidate, on=dict(chosen)) for each in left]
            self.measure(anew)
            again += anew
            left = recommended(anew)
        return chosen, again

    @staticmethod
    def _kind(trial: Trial) -> tuple[str, tuple[tuple[str, str], ...]]:
        return trial.candidate.switch.device, tuple(sorted(trial.on.items()))

    def _time(self) -> bool:
        """Tell whether there is time for another group: about what the first process took, and some rounds."""
        return self.bench.seconds() + self.start_s < self.budget_s

    def _group(self, trials: Sequence[Trial]) -> None:
        """Measure some trials in fresh processes, against one without their switches."""
        self.group += 1
        words = " · ".join(each.candidate.words for each in trials)
        self.told(f"{words}: starting processes, {self._clock()}")
        opened: list[Lane] = []
        try:
            base, lanes = self._opened(trials, opened)
            pairs = [(each, lanes.pop(0) if each.candidate.set else base) for each in trials]
            self._rounds(base, [pair for pair in pairs if _begun(base, *pair)], words)
        finally:
            self.bench.close(opened)

    def _opened(self, trials: Sequence[Trial], opened: list[Lane]) -> tuple[Lane, list[Lane]]:
        """Return the process without the switches, and those with one that is a variable; all are put into `opened`.

        Its scale is found by the first process on a device; the others wait for it.
        """
        kind = trials[0].candidate.switch.device
        plain = Order(set=trials[0].on, device=kind, scale=self.scales.get(kind))
        spare, self.spare = self.spare, None
        if spare is not None:
            opened.append(spare)
        base = spare if spare is not None and not plain.set and spare.state.device.startswith(kind) else None
        if base is None and plain.scale is None:
            (base,) = self.bench.open([plain])
            opened.append(base)
            self.scales[kind] = base.scale
        orders = [replace(plain, set=each.order, scale=self.scales[kind]) for each in trials if each.candidate.set]
        lanes = list(self.bench.open(orders if base else [plain, *orders]))
        opened += lanes
        return base or lanes.pop(0), lanes

    def _rounds(self, base: Lane, trials: Sequence[tuple[Trial, Lane]], words: str) -> None:
        """Give everybody his turn, until enough is known of all or the time is over.

        A first group only finds out who promises something: whatever it shows, other processes must show it too.
        """
        alive = list(trials)
        for turn in range(FIRST_ROUNDS if all(each.groups == 1 for each, _lane in trials) else ROUNDS):
            if turn in LOOKS:
                alive = [(each, lane) for each, lane in alive if not each.over]
            alive = [(each, lane) for each, lane in alive if not each.lost]
            if not alive or self.bench.seconds() > self.budget_s:
                return
            self.told(f"{words}: round {turn + 1}, {self._clock()}")
            for plain in (one for one in base.timed if not one.variant):
                self._turns(base, plain, alive, turn)

    def _turns(self, base: Lane, plain: Timed, trials: Sequence[tuple[Trial, Lane]], turn: int) -> None:
        """Time one thing without and with each switch, forwards or backwards, so that no place in the row is better."""
        runs = [(base, plain)]
        timing = []
        for trial, lane in trials:
            for one in () if trial.lost else lane.timed:
                if (one.name, one.variant) == (plain.name, trial.candidate.switch.variant):
                    timing.append(trial)
                    runs.append((lane, one))
        if not timing:
            return
        order = range(len(runs)) if turn % 2 == 0 else reversed(range(len(runs)))
        took = {place: runs[place][0].turn(runs[place][1]) for place in order}
        for place, trial in enumerate(timing, 1):
            without, with_it = took[0], took[place]
            if without is None or with_it is None:
                trial.lost = base.lost or runs[place][0].lost or f"it could not compute {plain.name}"
            else:
                trial.pairs.append(self._pair(trial, plain.name, turn, without, with_it))

    def _pair(self, trial: Trial, what: str, turn: int, without: Took, with_it: Took) -> Pair:
        """Return a pair; processors' time says nothing where threads are what differs, or a GPU does the work."""
        says = trial.candidate.switch.threads is None and trial.device.startswith("CPU")
        works = (without.work, with_it.work) if says else (None, None)
        return Pair(
            what=what, process=self.group, turn=turn, base=without.seconds, trial=with_it.seconds,
            base_work=works[0], trial_work=works[1],
        )  # fmt: skip

    def _clock(self) -> str:
        return f"{self.bench.seconds():.0f} s of at most {self.budget_s:.0f}"


def _compared(base: Lane, lane: Lane, trial: Trial) -> list[tuple[Timed, Timed]]:
    """Return what is timed for a trial, each with what it is held against: the same without the switch."""
    plain = {one.name: one for one in base.timed if not one.variant}
    variant = trial.candidate.switch.variant
    return [(one, plain[one.name]) for one in lane.timed if one.variant == variant and one.name in plain]


def _begun(base: Lane, trial: Trial, lane: Lane) -> bool:
    """Note what the processes of a trial say of themselves; tell whether there is something to time."""
    trial.groups += 1
    trial.lost = base.lost or lane.lost
    shown = trial.candidate.switch.shown_by
    if trial.lost:
        return False
    if shown == "onednn" and base.state.onednn is not None and lane.state.onednn == base.state.onednn:
        trial.without_effect = True
        return False
    trial.device = lane.state.device
    for one, plain in _compared(base, lane, trial):
        trial.errors[one.name] = (plain.error, one.error)
    return True
