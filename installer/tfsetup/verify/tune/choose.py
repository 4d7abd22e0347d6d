"""What there is to try on a machine and a build, from what a first process says of both. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from tfsetup.ground.values import value
from tfsetup.matrix.switches import Kind, Switch
from tfsetup.verify.tune.model import State

MOST_THREADS = 2  # numbers of threads that are tried
PROCESS_BYTES = 1 << 30  # what a process with TensorFlow and these workloads may take
TOGETHER = 3  # processes beside the one without a switch
STARTS = 1 / 6  # of the time may go by while a group starts


@value
class Candidate:
    """A switch as it is tried: with variables `set`, or in a variant."""

    switch: Switch
    set: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """It as people type it: `TF_ENABLE_ONEDNN_OPTS=1`, or the line of a program."""
        return ", ".join(f"{name}={content}" for name, content in self.set.items()) or self.switch.program


def candidates(switches: Iterable[Switch], state: State, fixed: Iterable[str] = ()) -> tuple[Candidate, ...]:
    """Return what to try, those of the device that programs use by themselves first.

    Variables that are `fixed` (they cure a defect) are left alone. What is set already is not tried again.
    """
    kept = [one for one in switches if one.device in state.devices and one.variable not in {*fixed}]
    found = [each for one in kept for each in _of(one, state)]
    return tuple(sorted(found, key=lambda each: not state.device.startswith(each.switch.device)))


def _of(switch: Switch, state: State) -> Iterator[Candidate]:
    if switch.variant:
        yield Candidate(switch=switch)
        return
    now = state.settings.get(switch.variable)
    if switch.needs == "compiler" and (now is not None or not _compiles(switch.device, state)):
        return  # whoever has set flags of XLA has set more than one of them
    for content in _values(switch, state):
        if content != now:
            yield Candidate(switch=switch, set={switch.variable: content})


def _compiles(device: Kind, state: State) -> bool:
    return bool(state.compiler) and state.device.startswith(device)


def _values(switch: Switch, state: State) -> tuple[str, ...]:
    if switch.threads is not None:
        return tuple(map(str, threads(state) if switch.threads == "intra" else _inter(state)))
    if switch.shown_by == "onednn" and state.onednn is not None:
        return tuple(one for one in switch.values if (one != "0") != state.onednn)
    return switch.values


def threads(state: State) -> tuple[int, ...]:
    """Return the numbers of threads worth trying: TensorFlow starts one for each processor that it may use.

    Fewer may be faster where two of those share a core, some are slow, or a container may use less of their time.
    """
    if state.usable is None:
        return ()
    whole = None if state.quota is None else max(1, int(state.quota))
    found = {one for one in (state.cores, state.fast, whole) if one is not None and 0 < one < state.usable}
    return tuple(sorted(found, reverse=True)[:MOST_THREADS])


def _inter(state: State) -> tuple[int, ...]:
    return (1,) if state.usable is not None and state.usable > 1 else ()


def together(state: State, start_s: float, budget_s: float) -> int:
    """Return how many processes are started at once beside the one without a switch; at least one.

    As many as fit into memory, and only one where a start takes long: what is tried first is then decided first.
    """
    room = TOGETHER if state.free_bytes is None else int(state.free_bytes // PROCESS_BYTES) - 1
    quick = int(budget_s * STARTS / max(start_s, 0.1))
    return max(1, min(TOGETHER, room, quick))
