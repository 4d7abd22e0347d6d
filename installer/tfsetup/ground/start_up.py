"""The file by which an environment's own Python sets variables at every start: its text, and reading it back. Pure.

Activating is not enough: Jupyter, editors, cron and `.venv/bin/python script.py` never do it. A `.pth` file in
site-packages is read by every start of the interpreter, before anything is imported, also under -I, -E and -s and in a
child with an emptied environment; -S has no site-packages, hence no TensorFlow either. Source: the documentation of
Python's `site` module: a line that begins with `import` is executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Final, Literal

START_UP: Final = "tfsetup_cures.pth"
"""Its name in site-packages, whoever put it there: an installation, or the wheel that a lock carries."""

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What a variable that is set may be called."""

State = Literal["whole", "edited", "missing"]
"""What became of a start-up file."""

_LINE = re.compile(r'import os; os\.environ\.setdefault\(("[A-Za-z0-9_]+"), ("(?:[^"\\]|\\.)*")\)')


def start_up_text(variables: Mapping[str, str]) -> str:
    r"""Return the file that sets `variables`, one line each: the same text for the same variables, in ASCII.

    A variable that is there already keeps its value, also an empty one. ASCII, because up to Python 3.12 the file is
    read in the encoding of the user's locale.

    Raises:
        ValueError: a name is none for a variable (`NAME`), or a value holds a NUL, which no environment can hold.
    """
    for name, value in variables.items():
        if not NAME.fullmatch(name) or "\0" in value:
            raise ValueError(f"{name}={value!r} cannot be set as a variable")
    lines = (f"import os; os.environ.setdefault({_literal(n)}, {_literal(v)})\n" for n, v in sorted(variables.items()))
    return "".join(lines)


def variables_in(text: str) -> dict[str, str] | None:
    """Return what a start-up file sets; None: it holds anything that `start_up_text` does not write."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        try:
            found[ast.literal_eval(match[1])] = ast.literal_eval(match[2])
        except (ValueError, SyntaxError):
            return None
    return found


def state(text: str | None, variables: Mapping[str, str]) -> State:
    """Tell whether a start-up file (None: there is none) is the one that sets `variables`."""
    if text is None:
        return "missing"
    return "whole" if text == start_up_text(variables) else "edited"


def _literal(text: str) -> str:
    r"""Return `text` as a Python string in double quotes, on one line, in ASCII."""
    return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
