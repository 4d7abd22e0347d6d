"""Log text as people paste it, made readable: no escapes, one kind of blank, one kind of quote.

Patterns are matched against `LogText.stream`, in which line breaks are blanks, because terminals, uv and issue trackers
wrap lines where they like. `LogText.quote` gives back the line a match stood on, for people to see.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# ECMA-48 control sequences: CSI … final, OSC … terminator, and the two-byte ones. Possessive, so linear.
_ESCAPES = re.compile(
    "\x1b\\[[0-?]*+[ -/]*+[@-~]?|\x1b\\][^\x07\x1b\n]*+(?:\x07|\x1b\\\\)?|\x1b[PX^_][^\x1b\n]*+(?:\x1b\\\\)?|\x1b[ -~]?"
)
# C0 and C1 controls except newline and tab, bidirectional overrides, zero-width characters, the byte-order mark.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "`": "'", "\u00b4": "'"}
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'", "&amp;": "&"}
# Frames and arrows that pip (rich), uv and conda draw around their words.
_DRAWING = re.compile("[\u2500-\u257f\u25a0-\u25ff\u2190-\u21ff\u2022\u00d7\u2715\u2717\u2718]")
_LONGEST_QUOTE = 300
_WHOLE_END = 2000
# A log of which more is left when what it repeats is taken out is read at its ends: this is 8,000 different lines.
_MOST_AT_BEGIN = 300_000
_MOST_AT_END = 500_000
# Whole logs are pasted without their line breaks; what is longer than that is data.
_LONGEST_LINE = 60_000
_SAME_DIGIT = {ord(digit): "0" for digit in "123456789"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LogText:
    """A cleaned log: its `lines`, and the `stream` whose offset `starts[n]` is the beginning of line `n`."""

    lines: tuple[str, ...]
    stream: str
    starts: tuple[int, ...]
    unread: int = 0
    """So many characters of a very long text were left out; nothing can be said of them."""

    def line_at(self, offset: int) -> int:
        """Return the number (from 0) of the line the stream's `offset` belongs to."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def quote(self, offset: int) -> str:
        """Return the line at `offset`, cut to a readable length around it."""
        if not self.lines:
            return ""
        number = self.line_at(offset)
        return self._piece(number, max(0, offset - self.starts[number] - _LONGEST_QUOTE // 3))

    def quote_line(self, number: int) -> str:
        """Return line `number` (from 0), cut to a readable length."""
        return self._piece(number, 0)

    def _piece(self, number: int, at: int) -> str:
        line = self.lines[number]
        if len(line) <= _LONGEST_QUOTE:
            return line
        piece = line[at : at + _LONGEST_QUOTE].strip()
        return ("…" if at else "") + piece + ("…" if at + _LONGEST_QUOTE < len(line) else "")


def clean(text: str) -> LogText:
    """Return `text` without escape sequences, controls and drawing, in linear time."""
    text = plain(text)
    said = without_repeats(text.split("\n"))
    kept = ends(said)
    lines = (" ".join(line.split()) for line in kept)
    unread = sum(map(len, said)) - sum(map(len, kept)) if kept is not said else 0
    return of_lines([line for line in lines if line], unread=unread)


def of_lines(lines: Sequence[str], *, unread: int = 0) -> LogText:
    """Return the text of clean `lines`; `unread`: so many characters of it were left out."""
    starts, at = [], 1
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    stream = " " + " ".join(lines)  # so that a pattern may ask for a word's beginning with a blank
    for old, new in _QUOTES.items():
        stream = stream.replace(old, new)
    return LogText(lines=tuple(lines), stream=stream, starts=tuple(starts), unread=unread)


def ends(lines: list[str]) -> list[str]:
    """Return `lines`, of very many characters the first and, since the last error stands there, more of the last."""
    if max(map(len, lines), default=0) > _LONGEST_LINE:
        half = _LONGEST_LINE // 2
        lines = [line if len(line) <= _LONGEST_LINE else f"{line[:half]} {line[-half:]}" for line in lines]
    if sum(map(len, lines)) <= _MOST_AT_BEGIN + _MOST_AT_END:
        return lines
    head = _within(lines, _MOST_AT_BEGIN)
    tail = _within([line[::-1] for line in reversed(lines)], _MOST_AT_END)
    return head + [line[::-1] for line in reversed(tail)]


def _within(lines: Iterable[str], room: int) -> list[str]:
    """Return the first of `lines` that have room, the last of them cut."""
    kept = []
    for line in lines:
        kept.append(line[:room])
        room -= len(line)
        if room <= 0:
            break
    return kept


def without_repeats(lines: list[str]) -> list[str]:
    """Return `lines` without those said before in all but their numbers; the end is kept whole.

    Training prints one line a million times, and looking at it once is enough. The end is where the last error stands.
    """
    if len(lines) <= _WHOLE_END:
        return lines
    before = lines[:-_WHOLE_END]
    # All shapes at once, the first line of each: line by line would cost ten times as much.
    firsts = dict(zip(reversed(shape("\n".join(before)).split("\n")), reversed(range(len(before))), strict=True))
    return [before[number] for number in sorted(firsts.values())] + lines[-_WHOLE_END:]


def shape(line: str) -> str:
    """Return what `line` has in common with those that differ from it in nothing but their numbers."""
    return line.translate(_SAME_DIGIT)


def plain(text: str) -> str:
    """Return `text` with escape sequences, control characters and drawing removed; lines and blanks stay."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text)
    if not text.isascii():
        text = _DRAWING.sub(" ", text).replace("\u00a0", " ").replace("\u2028", "\n")
    if "&" in text:
        for entity, character in _ENTITIES.items():
            text = text.replace(entity, character)
    return text
