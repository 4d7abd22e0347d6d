"""A log without the notices that every run prints: what they say is no sign of any cause but of their own. Pure.

A strong signal of a harmless cause that depends on nothing else is such a notice. Their words (`numerical results`,
`cuDNN`, `tensorflow/core`) would otherwise be heard as what somebody says, or tell a log of another framework as ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tfsetup.doctor.model import Cause
from tfsetup.doctor.pattern import anchor_of, compile_pattern
from tfsetup.doctor.text import LogText, of_lines

# A longer line is more than a notice: whole logs are pasted without their line breaks.
_LONGEST: Final = 400
_WORD: Final = re.compile(r"(?<!\S)[A-Za-z']++(?!\S)")
_WORDS: Final = 2


def without_notices(log: LogText, causes: Iterable[Cause]) -> LogText:
    """Return `log` without the lines that are notices."""
    patterns = [pattern for pattern in _notices(causes) if anchor_of(pattern) in log.stream]
    places = (hit.start for one in patterns for hit in compile_pattern(one).hits(log.stream))
    notices = {log.line_at(at) for at in places if is_printed(log, at)}
    if not notices:
        return log
    return of_lines([line for number, line in enumerate(log.lines) if number not in notices], unread=log.unread)


def is_printed(log: LogText, at: int) -> bool:
    """Return whether a program printed the line in which something stands at `at`, and nobody quotes it in a sentence.

    Before a message stand a time, a level and a file; whoever tells of it uses words.
    """
    number = log.line_at(at)
    before = log.lines[number][: max(0, at - log.starts[number])]
    return len(log.lines[number]) <= _LONGEST and len(_WORD.findall(before)) < _WORDS


def _notices(causes: Iterable[Cause]) -> list[str]:
    return [
        pattern
        for cause in causes
        if cause.kind == "harmless"
        for signal in cause.signals
        if signal.weight == "strong" and not (signal.also or signal.without or signal.when)
        for pattern in signal.log
    ]
