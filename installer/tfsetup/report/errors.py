"""An error as lines for people: what happened, where, what to do next."""

from __future__ import annotations

from tfsetup.errors import TfsetupError
from tfsetup.report.text import printable


def error_lines(error: TfsetupError) -> list[str]:
    """Return the lines to print. Text that came from outside is made printable: no escape sequence gets through."""
    lines = [f"error: {printable(error.message)}"]
    if error.where is not None:
        lines.append(f"   at: {printable(str(error.where))}")
    for number, line in enumerate(error.hint.splitlines()):
        lines.append(("       " if number else " hint: ") + printable(line))
    return lines
