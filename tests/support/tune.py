"""A bench for `verify --tune` without processes: a clock, a machine that others use, switches with an effect."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfsetup.verify.tune.course import Lane, Order
from tfsetup.verify.tune.model import State, Timed, Took

WHAT = ("matmul 2048 float32 graph", "matmul 2048 float32 eager", "conv 3x3 graph", "training step")
Effect = Callable[[Mapping[str, str], Timed], float]
"""How many times as fast a workload is with some variables set."""


def no_effect(_set: Mapping[str, str], _timed: Timed) -> float:
    """Switches that do nothing."""
    return 1.0


@dataclass(kw_only=True)
class Noise:
    """What else happens: `busy` is the share of time that others use the machine, for `burst_s` seconds on average.

    A turn takes up to `slowdown` times as long then. `turn` and `process` are the standard deviations of the logarithm
    of what one turn and one process (for all its turns) get by chance, `work` that of processors' time in a turn.
    """

    turn: float = 0.06
    work: float = 0.06
    process: float = 0.02
    busy: float = 0.4
    burst_s: float = 3.0
    slowdown: float = 3.0


@dataclass(kw_only=True)
class Machine:
    """A bench. `ends`: what becomes of processes with a variable: `at start`, `in a turn`, or `cannot` compute it.

    `follows`: the build says of oneDNN what the variable says. `broken`: no process gets ready.
    """

    seed: int = 0
    effect: Effect = no_effect
    noise: Noise = field(default_factory=Noise)
    state: State = field(default_factory=lambda: State(onednn=False, compiler=True, usable=8, cores=4))
    start_s: float = 5.0
    ends: Mapping[str, str] = field(default_factory=dict)
    what: Sequence[str] = WHAT
    variants: Mapping[str, float] = field(default_factory=dict)
    follows: bool = True
    broken: bool = False

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311
        self.clock, self.until, self.load = 0.0, 0.0, 1.0
        self.opened: list[FakeLane] = []
        self.orders: list[Order] = []

    def seconds(self) -> float:
        return self.clock

    def open(self, orders: Sequence[Order]) -> list[Lane]:
        self.clock += self.start_s * (1 + 0.3 * (len(orders) - 1))
        made = [FakeLane(self, order) for order in orders]
        self.orders += orders
        self.opened += made
        return [*made]

    def close(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            assert isinstance(lane, FakeLane)
            assert not lane.closed
            lane.closed = True

    def passes(self, seconds: float) -> float:
        """Let a turn take its time; others come and go meanwhile. Return what it took."""
        if self.clock >= self.until:
            idle = self.chance.random() > self.noise.busy
            self.load = 1.0 if idle else self.chance.uniform(1.0, self.noise.slowdown)
            self.until = self.clock + self.chance.expovariate(1 / self.noise.burst_s)
        took = seconds * self.load * self.chance.lognormvariate(0.0, self.noise.turn)
        self.clock += took
        return took


class FakeLane:
    """A process of the machine."""

    def __init__(self, machine: Machine, order: Order) -> None:
        self.machine, self.order, self.closed = machine, order, False
        onednn = order.set.get("TF_ENABLE_ONEDNN_OPTS")
        followed = machine.state.onednn if onednn is None or not machine.follows else onednn == "1"
        self.state = replace(machine.state, onednn=followed)
        plain = [Timed(name=name, error=2e-7) for name in machine.what]
        more = [Timed(name=machine.what[0], variant=variant, error=1e-3) for variant in machine.variants]
        self.timed: Sequence[Timed] = (*plain, *more)
        self.scale = order.scale or 2048
        self.luck = machine.chance.lognormvariate(0.0, machine.noise.process)
        self.fate = next((fate for name, fate in machine.ends.items() if name in order.set), "")
        dead = machine.broken or self.fate == "at start"
        self.lost = "it died of SIGSEGV in import" if dead else ""

    def turn(self, timed: Timed) -> Took | None:
        assert not self.closed
        if self.fate == "in a turn":
            self.lost = f"it hangs in {timed.name}"
            self.machine.clock += 20.0
        if self.lost or self.fate == "cannot":
            return None
        gain = self.machine.effect(self.order.set, timed) * self.machine.variants.get(timed.variant, 1.0)
        work = 0.2 * self.luck / gain * self.machine.chance.lognormvariate(0.0, self.machine.noise.work)
        return Took(seconds=self.machine.passes(0.1 * self.luck / gain), work=work)
