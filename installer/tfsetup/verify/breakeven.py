"""From which size on a small model is faster on a device than on the CPU. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log

from tfsetup.verify.model import BreakEven, Event, SmallStep
from tfsetup.verify.observed import Observed, number

NAME = "break-even"
MODELS = {"dense": "a model of Dense layers", "recurrent": "a recurrent model"}
PLAIN = tuple(step << power for power in range(14) for step in (2, 3))
"""Numbers of units that one says: 2, 3, 4, 6, 8, 12, 16 …"""


def break_evens(seen: Observed) -> tuple[BreakEven, ...]:
    """Return what was measured on each device, one for each kind of model."""
    found: list[BreakEven] = []
    for outcome in (seen.outcome, *seen.outcome.more):
        for event in Observed(outcome=outcome).all("check"):
            if event.get("name") == NAME:
                found.extend(_of(str(event.get("device")), event))
    return tuple(found)


def _of(device: str, event: Event) -> Iterator[BreakEven]:
    steps = event.get("steps")
    for kind in MODELS:
        times = [
            SmallStep(units=int(step["units"]), cpu_s=cpu, device_s=own)
            for step in (steps if isinstance(steps, list) else ())
            if step.get("kind") == kind and (cpu := number(step.get("cpu_s"))) and (own := number(step.get("own_s")))
        ]
        if times:
            units = from_units(times)
            says = sentence(device, kind, units, times)
            yield BreakEven(device=device, model=kind, from_units=units, steps=tuple(times), says=says)


def from_units(steps: Sequence[SmallStep]) -> int | None:
    """Return about how many units a layer must have for the device to win, at every larger size too; None: never.

    Between a size at which it loses and the next, at which it wins, the ratio of times is taken for a power of it.
    """
    behind = [place for place, step in enumerate(steps) if step.device_s >= step.cpu_s]
    if not behind:
        return steps[0].units
    last = behind[-1]
    if last == len(steps) - 1:
        return None
    low, high = steps[last], steps[last + 1]
    before, after = log(low.device_s / low.cpu_s), log(high.device_s / high.cpu_s)
    exactly = exp(log(low.units) + log(high.units / low.units) * before / (before - after))
    return min(PLAIN, key=lambda units: abs(log(units / exactly)))


def sentence(device: str, kind: str, units: int | None, steps: Sequence[SmallStep]) -> str:
    """Say it in a sentence, for people."""
    what = MODELS[kind]
    if units is None:
        return f"up to {steps[-1].units} units a layer {what} is faster on the CPU than on {device}"
    if units == steps[0].units and steps[0].device_s < steps[0].cpu_s:
        return f"from {units} units a layer on, or fewer, {what} is faster on {device} than on the CPU"
    return f"below about {units} units a layer {what} is faster on the CPU than on {device}"
