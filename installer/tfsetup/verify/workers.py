"""Which checks are left where a process ended in one of them, and which devices are still asked. Pure.

One worker asks the checks in their order. Where it hangs or dies in one, the next goes on behind it: a hang costs one
check and one import. The CPU's checks come first then, whatever becomes of the other devices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tfsetup.verify.model import Event, ProbeOutcome
from tfsetup.verify.observed import Observed, number

Pair = tuple[str, str]
"""A check and the device that is asked, by their names."""

GIVE_UP = 4
"""So many hangs or crashes of one device, and no more is asked of it: each costs its time and an import."""


def plan(outcome: ProbeOutcome) -> tuple[Pair, ...]:
    """Return what the process was going to ask; nothing where it did not come so far."""
    pairs = Observed(outcome=outcome).last("plan").get("pairs")
    return tuple((str(name), str(device)) for name, device in pairs) if isinstance(pairs, list) else ()


def answered(outcomes: Sequence[ProbeOutcome]) -> frozenset[Pair]:
    """Return the checks that came to an end, whatever their answers."""
    events = (event for outcome in outcomes for event in Observed(outcome=outcome).all("check"))
    return frozenset((str(event.get("name")), str(event.get("device"))) for event in events)


def broken(outcome: ProbeOutcome) -> Pair | None:
    """Return the check in which a process ended; None: it ended in none."""
    seen = Observed(outcome=outcome)
    step = seen.open_step()
    pair = (str(step.get("what")), str(step.get("device")))
    return pair if not seen.last("done") and pair in plan(outcome) else None


def given_up(outcomes: Sequence[ProbeOutcome]) -> frozenset[str]:
    """Return the devices that ended too many processes to be asked any more."""
    counts = Counter(pair[1] for outcome in outcomes if (pair := broken(outcome)) is not None)
    return frozenset(device for device, count in counts.items() if count >= GIVE_UP)


def left(outcomes: Sequence[ProbeOutcome]) -> tuple[Pair, ...]:
    """Return what is still to ask after these processes, the CPU's first; nothing where the last came to its end.

    A worker that died before its first check is not repeated: the CPU alone is asked from then on, and nothing after a
    second one.
    """
    last = outcomes[-1]
    if Observed(outcome=last).last("done") or not plan(outcomes[0]):
        return ()
    done = answered(outcomes) | {pair for outcome in outcomes if (pair := broken(outcome)) is not None}
    spent = given_up(outcomes)
    pairs = [pair for pair in plan(outcomes[0]) if pair not in done and pair[1] not in spent]
    stillborn = sum(broken(outcome) is None and not answered([outcome]) for outcome in outcomes)
    if stillborn:
        pairs = [pair for pair in pairs if is_cpu(pair)] if stillborn == 1 else []
    return tuple(sorted(pairs, key=lambda pair: not is_cpu(pair)))


def is_cpu(pair: Pair) -> bool:
    """Return whether it is the CPU that is asked."""
    return pair[1].startswith("CPU")


def overdue(begun: float, event: Event, now: float) -> str:
    """Return in words that a check which began then has had its time; empty: it has not, or `event` begins none."""
    patience = number(event.get("patience_s"))
    if patience is None or now < begun + patience:
        return ""
    return f"{event.get('what')} on {event.get('device')} did not come to its end within {patience:.0f} s"
