"""Sizes and durations in words."""

from __future__ import annotations


def size(count: float) -> str:
    """Return a number of bytes in decimal units, as package indexes print them: `261.3 MB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004 - the step between decimal units
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


def seconds(duration: float) -> str:
    """Return a duration for people: `0.4 s`, `12 s`, `2 min 05 s`."""
    if duration < 10:  # noqa: PLR2004 - below ten seconds a decimal is worth reading
        return f"{duration:.1f} s"
    if duration < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{duration:.0f} s"
    return f"{int(duration) // 60} min {int(duration) % 60:02d} s"
