"""Reads the events of a probe: what was found, which phase was open at the end, which library was touched last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfsetup.verify.model import Event, ProbeOutcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """The events of one probe run, by kind."""

    outcome: ProbeOutcome

    def all(self, kind: str) -> Iterator[Event]:
        """Return the events of one kind in the order they were sent."""
        return (event for event in self.outcome.events if event["event"] == kind)

    def last(self, kind: str) -> Event:
        """Return the last event of a kind; an empty mapping if none was sent."""
        return next((event for event in reversed(self.outcome.events) if event["event"] == kind), {})

    def error(self, phase: str) -> Event | None:
        """Return the error that ended `phase`, if one did."""
        return next((event for event in self.all("error") if event.get("phase") == phase), None)

    def open_phase(self) -> str | None:
        """Return the phase that had begun and not ended: the one the process died in."""
        running: list[str] = []
        for event in self.outcome.events:
            match event:
                case {"event": "begin", "phase": str(name)}:
                    running.append(name)
                case {"event": "end" | "error", "phase": str(name)} if name in running:
                    running.remove(name)
                case _:
                    pass
        return running[-1] if running else None

    def open_step(self) -> Event:
        """Return the step (`what` on `device`) under way at the end; empty if the last step had sent its result."""
        pending: Event = {}
        for event in self.outcome.events:
            match event["event"]:
                case "step":
                    pending = event
                case "matmul" | "check" | "end":
                    pending = {}
                case _:
                    pass
        return pending

    def cpu(self) -> Observed | None:
        """Return what the run saw that measured the CPU alone; None if there was no need for one."""
        return None if self.outcome.cpu is None else Observed(outcome=self.outcome.cpu)

    def last_native(self) -> str | None:
        """Return the path of the native library whose loading began last."""
        path = self.last("native").get("path")
        return str(path) if path else None


def number(value: object) -> float | None:
    """Return a finite number; None for anything else, such as the `nan` the probe spells out."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def text(value: object) -> str | None:
    """Return a string that is not empty, else None."""
    return value if isinstance(value, str) and value else None
