"""The line of an error that says the cause. Pure.

TensorFlow's error of a graph begins with "Graph execution error:", goes on with the program's own stack, and says what
happened near the end; Keras puts the layer's name first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfsetup.verify.model import Event

# Lines around the cause: where the node was made, how many nodes failed, which nodes they are.
AROUND = re.compile(
    r"Graph execution error:|Detected at node|Node: |<stack traces unavailable>|File \"|\[\.\.\.\]"
    r"|\d+ root error\(s\) found|\d+ successful operations|\d+ derived errors ignored|\[\[|Additional GRAPH|"
    r"Errors? may have originated|Input Source operations|Operation defined at|Original stack trace|Function call stack"
    r"|Exception encountered when calling|Arguments received by|Call arguments received"
)
WRAPPED = ("Graph execution error", "Exception encountered when calling")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TAIL = re.compile(r"\s*\[Op:[^\]]*\]\s*$")
ROOT = re.compile(r"\(0\)\s+")
LONGEST = 300


def told(error: Event) -> str:
    """Return an `error` of the probe in a line: the exception's name and the cause."""
    return f"{error.get('type')}: {cause_line(str(error.get('message') or ''))}"[:LONGEST]


def cause_line(message: str) -> str:
    """Return the line of an error's text that says what happened; the first one of a text without a frame around it."""
    lines = list(_lines(message))
    if not lines:
        return ""
    if not lines[0].startswith(WRAPPED):
        return lines[0]
    root = next((line for line in lines if ROOT.match(line)), None)
    if root is not None:
        return ROOT.sub("", root)
    meaningful = list(_meaningful(message))
    return (meaningful[0] if lines[0].startswith(WRAPPED[1]) else meaningful[-1]) if meaningful else lines[0]


def _lines(message: str) -> Iterator[str]:
    for line in COLOURS.sub("", message).splitlines():
        clean = TAIL.sub("", line.strip())
        if clean:
            yield clean


def _meaningful(message: str) -> Iterator[str]:
    """Leave out the frame, and the code that a stack quotes: four blanks under its `File`; Keras lists arguments so."""
    for raw in COLOURS.sub("", message).splitlines():
        line = TAIL.sub("", raw.strip())
        if line and not raw.startswith(("    ", "  •")) and not AROUND.match(line):
            yield line
