"""Names as tools print them, made fit to be kept."""

from __future__ import annotations

_LONGEST = 200  # no processor, GPU or system has a longer name; a tool that went wild may print anything


def name_of(text: str | None) -> str | None:
    """Return a name on one line, without runs of blanks and not longer than 200 characters; None: there is none."""
    return " ".join((text or "").split())[:_LONGEST].rstrip() or None
