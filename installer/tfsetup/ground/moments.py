"""A moment as people write it: a date, a time, or how long ago. Pure; the clock is the caller's.

The words are uv's for `exclude-newer`: `2026-01-31` (that whole day counts as before), `2026-01-31T12:00:00Z`,
`7 days`, `36 hours`, `2 weeks`, `P7D`. A day is one of UTC, so that the same word means the same moment on every
machine; months and years have no fixed length and are no spans.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?")
_ZONED: Final = re.compile(rf"(?P<bare>{_TIME.pattern})(?P<zone>[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})")
_SPAN: Final = re.compile(r"(?P<number>[0-9]{1,7}) *(?P<unit>hour|day|week)s?")
_ISO_SPAN: Final = re.compile(r"P(?=.)((?P<week>[0-9]{1,7})W)?((?P<day>[0-9]{1,7})D)?(T(?P<hour>[0-9]{1,7})H)?")
_UNSTEADY: Final = re.compile(r"[0-9]+ *(month|year)s?|P[0-9]+[MY].*")
_LONGEST: Final = timedelta(days=36500)
_HOURS: Final = {"hour": 1, "day": 24, "week": 168}


def problem(text: str) -> str:
    """Return what is wrong with a moment; "" when nothing is."""
    if _UNSTEADY.fullmatch(text):
        return "a month or a year has no fixed length: count days or weeks"
    if _TIME.fullmatch(text):
        return "a time without its zone is another one on every machine: write a Z behind it for UTC"
    if span(text) is None and _moment(text) is None:
        return "neither a date, a time, nor a span back from now"
    if span(text) == timedelta():
        return "a span of nothing leaves nothing out"
    return "" if (span(text) or timedelta()) < _LONGEST else "longer ago than there is anything to install"


def span(text: str) -> timedelta | None:
    """Return how long ago a moment is; None: it is a date or a time, or none at all."""
    if found := _SPAN.fullmatch(text):
        return timedelta(hours=int(found["number"]) * _HOURS[found["unit"]])
    if found := _ISO_SPAN.fullmatch(text):
        return timedelta(hours=sum(int(found[unit] or 0) * hours for unit, hours in _HOURS.items()))
    return None


def words(text: str) -> str:
    """Return a moment in one way of writing it: `P1W` and `7 days` are `7 days`, `…T12:00:00+02:00` is `…T10:00:00Z`.

    Raises:
        ValueError: it is none (`problem`).
    """
    if (back := span(text)) is not None:
        hours = int(back.total_seconds()) // 3600
        number, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
        return f"{number} {unit}{'' if number == 1 else 's'}"
    return text if _DATE.fullmatch(text) and _moment(text) else written(before(text, datetime.min.replace(tzinfo=UTC)))


def before(text: str, now: datetime) -> datetime:
    """Return the first moment that is no longer before what a text says; spans count back from `now`.

    Raises:
        ValueError: it is none (`problem`).
    """
    back, moment = span(text), _moment(text)
    if back is not None:
        return now - back
    if moment is None:
        raise ValueError(f"{text!r}: {problem(text)}")
    return moment


def written(moment: datetime) -> str:
    """Return a moment as RFC 3339 writes it, in UTC: `2026-01-31T12:00:00Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC, which one without a zone is taken to be in."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=1)
        found = _ZONED.fullmatch(text)
        return datetime.fromisoformat(text.upper()).astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None
