"""Reads *that* something failed, independent of knowing why: a text with such a line is never called healthy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tfsetup.doctor.pattern import candidates
from tfsetup.doctor.signs import SIGNS, Sign
from tfsetup.doctor.text import LogText, shape

MOST_SHOWN: Final = 5  # lines; the last errors stand at the end, and nobody reads more
_HEADING: Final = "Traceback (most recent call last)"
_LONGEST: Final = 600  # characters of a line are read; the rest is data
_PLAIN: Final = str.maketrans("\u2018\u2019\u201c\u201d`\u00b4", "''\"\"''")


def failed_lines(log: LogText) -> tuple[int, ...]:
    """Return the numbers of the lines of `log` that say that something failed, in order.

    Of a form that stands in more than sixty places the first and last thirty are looked at. The heading of a traceback
    is named only where no line below it says what was raised.
    """
    found = sorted({number for sign in SIGNS for number in _lines_of(log, sign)})
    return tuple(number for number in found if _HEADING not in log.lines[number] or number == found[-1])


def unread(log: LogText, failed: Iterable[int], explained: Iterable[int]) -> tuple[str, ...]:
    """Return those of the lines `failed` that none of the lines `explained` is, or is in all but its numbers."""
    known = {shape(log.lines[number][:_LONGEST]) for number in explained}
    texts = dict.fromkeys(
        log.quote_line(number) for number in failed if shape(log.lines[number][:_LONGEST]) not in known
    )
    return tuple(texts)


def _lines_of(log: LogText, sign: Sign) -> Iterator[int]:
    for word in sign.words:
        for number, at in {log.line_at(at): at for at in candidates(log.stream, word)}.items():
            if re.search(sign.form, _around(log.lines[number], at - log.starts[number]).translate(_PLAIN)):
                yield number


def _around(line: str, at: int) -> str:
    """Return what of a line decides: all of it, or of a long one what stands around `at`."""
    return line if len(line) <= _LONGEST else line[max(0, at - _LONGEST // 2) : at + _LONGEST // 2]
