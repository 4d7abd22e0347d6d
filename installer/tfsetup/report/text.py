"""Small text helpers for everything that prints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# C0 and C1 controls except tab and newline, and the bidirectional overrides that make text read as something else.
_UNSAFE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"


def printable(text: str) -> str:
    """Return `text` with control characters spelt out in hex, so that nothing from outside drives the terminal."""
    return re.sub(_UNSAFE, lambda found: f"\\x{ord(found[0]):02x}", text)


def as_html(value: object) -> str:
    """Return a value as text that HTML and terminals alike show as it is."""
    from html import escape

    return escape(printable("" if value is None else str(value)))


def aligned(pairs: Iterable[tuple[str, str]], *, indent: int, width: int) -> Iterator[str]:
    """Yield name and text side by side, the texts in one column and folded at `width`; nothing is cut off."""
    from textwrap import wrap

    known = [(printable(name), printable(text)) for name, text in pairs]
    column = indent + max((len(name) for name, _ in known), default=0) + 2
    for name, text in known:
        folded = wrap(text, max(width - column, 30), break_long_words=False, break_on_hyphens=False) or [""]
        yield f"{' ' * indent}{name}".ljust(column) + folded[0]
        yield from (" " * column + line for line in folded[1:])
