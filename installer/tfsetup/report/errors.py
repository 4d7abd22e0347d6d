"""An error as lines for people: what happened, where, what to do next."""

from __future__ import annotations

from tfsetup.errors import TfsetupError
from tfsetup.report.text import printable


def error_lines(error: TfsetupError) -> list[tuple[str, str]]:
    """Return `(line, style)` pairs. Text that came from outside is made printable: no escape sequence gets through."""
    lines = [(f"error: {printable(error.message)}", "bold red")]
    if error.where is not None:
        lines.append((f"   at: {printable(str(error.where))}", ""))
    lines += [
        (f" hint: {printable(line)}" if n == 0 else f"       {printable(line)}", "")
        for n, line in enumerate(error.hint.splitlines())
    ]
    return lines
