"""Patterns written the way programs print: a format string with holes, compiled to a scan that cannot backtrack.

    dlopen({library:path}, {mode}): Symbol not found: {symbol}{..}Referenced from

* ``{name}`` or ``{name:type}`` captures; types are the keys of `CLASSES`, default ``word``.
* ``{a|b|}`` is one of the literals (the empty one makes it optional).
* ``{..}`` skips at most 200 characters, ``{...}`` at most 1500.
* everything else is literal; one blank stands for any white space, ``'`` for any single quote.

A pattern begins with a literal (its anchor), or with one capture and then a literal; the anchor is found with
`str.find`, and what follows is one atomic match of bounded length. So a scan is linear in the text, whatever the text.
Most patterns of most runs are never found: `anchor_of` reads the anchor alone, and only where that is found is the
pattern compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import Final

# The characters each capture type may hold. None of them can hold what ends it, so no capture is ever given back.
CLASSES: Final = {
    "word": r"[^\s'\"<>(),;:\[\]]",
    "path": r"[^'\"<>(),;\n]",
    "file": r"[^\s'\"<>(),;]",
    "name": r"[A-Za-z0-9_]",
    "version": r"[0-9A-Za-z.+_!*-]",
    "req": r"[^\s'\"();]",
    "num": r"[0-9]",
    "text": r"[\s\S]",
}
_LONGEST_CAPTURE = 400
_LONGEST_TEXT = 3000  # pip lists every version there is
_GAPS = {"..": 200, "...": 1500}
SHORTEST_ANCHOR = 4
# A log that says a thing a million times says it as well in its first and last few dozen places.
_TRIES_FROM_EACH_END = 30
_PIECE = re.compile(r"\{([^{}]*+)\}")
_NAME = re.compile(r"[a-z][a-z_]*+(?>:[a-z]++)?+")


class PatternError(ValueError):
    """The pattern is not of the form the module's text describes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A place where a pattern matched: offsets in the stream and what the holes held."""

    start: int
    end: int
    captures: dict[str, str]


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that must stand there: one of `options`."""

    options: tuple[str, ...]

    def regex(self) -> str:
        """Return what matches one of the options that are not empty."""
        return "|".join(re.escape(option) for option in self.options if option)


@dataclass(frozen=True, slots=True)
class Capture:
    """A named hole of a type of `CLASSES`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Gap:
    """At most `longest` characters of anything."""

    longest: int


Piece = Literal | Capture | Gap


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """A compiled pattern. `anchor` is searched, `body` matched right behind it, `lead` (if any) right before it."""

    anchor: str
    body: str
    names: tuple[str, ...] = ()
    lead: Capture | None = None

    def hits(self, stream: str, places: Sequence[int] | None = None) -> Iterator[Hit]:
        """Yield the matches in `stream` in order; `places` are the `candidates` of the anchor, if they are known."""
        for at in candidates(stream, self.anchor) if places is None else places:
            found = re.compile(self.body).match(stream, at + len(self.anchor))
            if found is None:
                continue
            captures = {name: value.strip(" .:") for name, value in found.groupdict().items() if value is not None}
            start = at
            if self.lead is not None:
                value = _behind(stream, at, self.lead.type)
                if not value:
                    continue
                captures[self.lead.name] = value
                start = at - len(value)
            yield Hit(start=start, end=found.end(), captures=captures)


@cache
def anchor_of(source: str) -> str:
    """Return the anchor of a pattern that compiles."""
    first, *rest = _PIECE.split(source, maxsplit=2)
    return first or rest[1]


@cache
def compile_pattern(source: str) -> Pattern:
    """Compile `source`.

    Raises:
        PatternError: it has no anchor of at least four characters, an unknown hole, or a gap nothing ends.
    """
    lead: Capture | None
    match list(_pieces(source)):
        case [Capture() as lead, Literal((anchor,)), *rest]:
            pass
        case [Literal((anchor,)), *rest]:
            lead = None
        case _:
            anchor, lead, rest = "", None, []
    if len(anchor.strip()) < SHORTEST_ANCHOR:
        raise PatternError(f"must begin with at least {SHORTEST_ANCHOR} literal characters")
    if lead is not None and lead.type in {"text", "path"}:
        raise PatternError("a leading capture must be of a type without blanks")
    names = tuple(piece.name for piece in (lead, *rest) if isinstance(piece, Capture))
    body = "".join(_regex(piece, rest[n + 1] if n + 1 < len(rest) else None) for n, piece in enumerate(rest))
    return Pattern(anchor=anchor, body=body, names=names, lead=lead)


def _pieces(source: str) -> Iterator[Piece]:
    for place, text in enumerate(_PIECE.split(source)):  # text and the insides of holes take turns
        if place % 2:
            yield _hole(text)
        elif text:
            yield Literal((text,))


def _hole(inside: str) -> Piece:
    if inside in _GAPS:
        return Gap(_GAPS[inside])
    if "|" in inside:
        return Literal(tuple(inside.split("|")))
    if not _NAME.fullmatch(inside):
        raise PatternError(f"{{{inside}}} is no capture, gap or choice")
    name, _, kind = inside.partition(":")
    if (kind or "word") not in CLASSES:
        raise PatternError(f"{{{inside}}}: the type must be one of {', '.join(CLASSES)}")
    return Capture(name, kind or "word")


def _regex(piece: Piece, following: Piece | None) -> str:
    match piece:
        case Literal(options):
            # Atomic: the first literal that fits is kept, so a longer one must be written first.
            return f"(?>{'|'.join(re.escape(option) for option in options)})"
        case Gap(longest):
            if not isinstance(following, Literal):
                raise PatternError("a gap must be followed by literal text")
            return f"(?>(?!{following.regex()})[\\s\\S]){{0,{longest}}}+"
        case Capture(name, kind):
            stop = f"(?!{following.regex()})" if isinstance(following, Literal) else ""
            if kind == "text" and not stop:
                raise PatternError(f"{{{name}:text}} must be followed by literal text")
            longest = _LONGEST_TEXT if kind == "text" else _LONGEST_CAPTURE
            # Atomic, as only such groups are repeated rightly by CPython 3.11.0 to 3.11.4 (gh-106052).
            one = f"(?>{stop}{CLASSES[kind]})" if stop else CLASSES[kind]
            return f"(?P<{name}>{one}{{1,{longest}}}+)"


def candidates(stream: str, anchor: str) -> list[int]:
    """Return where `anchor` stands in `stream`: of more than 60 places the first and last 30."""
    front: list[int] = []
    at = stream.find(anchor)
    while at >= 0 and len(front) < _TRIES_FROM_EACH_END:
        front.append(at)
        at = stream.find(anchor, at + len(anchor))
    if at < 0:
        return front
    back = [len(stream)]
    while len(back) <= _TRIES_FROM_EACH_END and (found := stream.rfind(anchor, at, back[-1])) >= 0:
        back.append(found)
    return front + back[:0:-1]


def _behind(stream: str, at: int, kind: str) -> str:
    window = stream[max(0, at - _LONGEST_CAPTURE) : at]
    return "".join(takewhile(re.compile(CLASSES[kind]).match, reversed(window)))[::-1]
