"""What tuning produces, as `tfsetup verify --tune --json` prints it and a receipt keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from tfsetup.ground.values import value

Status = Literal["faster", "slower", "same", "mixed", "no-effect", "undecided", "not-tried"]

Clock = Literal["clock", "processor"]

BUDGET_S = 120.0
"""Seconds that all trials together may take, if nobody says otherwise."""


@value
class Tried:
    """One switch and one thing that was timed with and without it."""

    set: Mapping[str, str]
    """The variables that were set; empty: the user's program must ask for it."""
    what: str
    """What was timed, as `matmul 2048 float32 graph`."""
    ratio: float | None
    """How many times as fast it is with it: the median over the pairs; null: it was not timed."""
    spread: float | None
    """Half the width of the interval that this median lies in with a probability of 99.8 %."""
    max_rel_error: float | None
    """The largest error with it, against float64 and relative to the largest element."""
    worth_it: bool
    """Whether it is faster here beyond the spread and the floor, and the switch as a whole slows nothing down."""
    baseline_error: float | None
    """The error without it."""
    device: str
    """What it was timed on, as `CPU:0`."""
    pairs: int
    """How often it was timed, each time right before or after the same without it."""
    processes: int
    """In how many fresh processes."""
    status: Status
    """What came of it for this workload alone."""
    timed_by: Clock = "clock"
    """`processor`: others used the machine too much, and the times are those that processors worked on it."""
    program: str = ""
    """What the user's program must say to get it; empty: the variables do."""


@value
class Verdict:
    """What came of one switch over everything that was timed."""

    id: str
    """The switch, as `environments/switches.json` calls it."""
    set: Mapping[str, str]
    """The variables that were set; empty: the user's program must ask for it."""
    program: str
    """What the user's program must say to get it; empty: the variables do."""
    status: Status
    """`mixed`: it helps one thing and hurts another. `no-effect`: the build says that nothing changed."""
    ratio: float | None
    """How many times as fast: the median over the rounds of the geometric mean over what was timed."""
    spread: float | None
    """As in the single measurements."""
    timed_by: Clock
    """`processor`: others used the machine too much, and the times are those that processors worked on it."""
    sentence: str
    """The same for people: what to set, what it gives, what it costs."""
    source: str
    """Where its makers describe it."""


@value
class Tuning:
    """What was tried, and what to set: nothing, unless something was measured to be worth it."""

    set: Mapping[str, str]
    """The variables to set: those whose switch is faster and slows nothing down, as they were measured together."""
    settings: Mapping[str, str]
    """The variables that were set already: part of every measurement."""
    switches: tuple[Verdict, ...]
    """What came of each switch."""
    tried: tuple[Tried, ...]
    """Every measurement."""
    seconds: float
    """How long it took."""
    budget_s: float
    """How long it might have taken."""
    complete: bool = True
    """Whether everything was tried to its end before the time was over."""
    problem: str = ""
    """Why nothing could be measured; empty: it could."""


@value
class State:
    """What a process says of its build, its devices and its machine; None: it could not tell."""

    version: str | None = None
    device: str = "CPU:0"
    devices: tuple[str, ...] = ("CPU",)
    onednn: bool | None = None
    compiler: bool | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    usable: int | None = None
    cores: int | None = None
    fast: int | None = None
    quota: float | None = None
    free_bytes: int | None = None


@value
class Took:
    """What a run took: seconds by the clock, and of processors' time (None: not told, or a GPU does the work)."""

    seconds: float
    work: float | None = None


@value
class Timed:
    """One thing that a process can time; `variant`: in another way than by itself."""

    name: str
    variant: str = ""
    error: float | None = None
