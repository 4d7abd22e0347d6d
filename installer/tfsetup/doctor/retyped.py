"""A step typed anew: the words of a command in it changed, all others as they were. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tfsetup.doctor.commands import Command
from tfsetup.doctor.judging import Passed

Edit = tuple[int, int, str]
"""From where to where in a text, and the words in between."""


def edits_of(text: str, command: Command, passed: Passed) -> list[Edit]:
    """Return what to change in a text, so that a command in it passes."""
    edits = [(command.verb_end, command.verb_end, f" {option}") for option in passed.options]
    if passed.removed:
        first = f"python -m pip uninstall -y {' '.join(passed.removed)} && "
        edits.append((command.start, command.start, first))
    added = []
    for need in passed.needs:
        one = need.wanted
        if one is None:
            added.append(need.text)
        elif (need.name, need.specifier) != (one.name, one.requirement.specifier):
            edits.append((one.start, one.end, quoted(need.text, like=text[one.start : one.end])))
    words = "".join(f" {quoted(one)}" for one in added)
    return [*edits, (command.end, command.end, words)] if words else edits


def quoted(text: str, *, like: str = "'") -> str:
    """Return a requirement as a shell takes it, in quotes where those before had them."""
    safe = shlex.quote(text)
    return f"'{text}'" if safe == text and like[:1] in {"'", '"'} else safe


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with its edits, which do not overlap."""
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text
