"""What of uv's progress the user sees: its bars and colours, not its last list, nor what drives a terminal. Pure."""

from __future__ import annotations

import re

_CONTROL = rb"\x1b\[[\d;?]*[A-Za-z]"  # a control sequence: colours, and what erases the bars before it
_LAST = (b"Installed ", b"error: ")  # how the lines begin that nothing is shown from on
_ENDING = re.compile(rb"^(?:%s)*(?:%s)" % (_CONTROL, b"|".join(_LAST)))
_CONTROLS = re.compile(_CONTROL + rb"|\x1b(?:\[[\d;?]*)?$")  # the last of them may be unfinished too


# What uv draws with (counted on a pseudo-terminal): colours, erasing a line, up and down, the cursor hidden and shown.
_DRAWING = rb"\x1b\[(?:[\d;]{0,12}m|[0-2]?K|\d{0,2}[AB]|\?25[hl])"
# C0 and C1 controls and bidirectional overrides, in UTF-8, as `report.text.printable` has them.
_DRIVING = rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])"
_TOKENS = re.compile(rb"(%s)|(%s)" % (_DRAWING, _DRIVING))
_CUT = re.compile(rb"(?:\x1b(?:\[[\d;?]{0,12})?|\xc2|\xe2[\x80\x81]?)\Z")  # what the next block may make one of them

_REPLACED = "\ufffd".encode()


class Tamed:
    """Pass on a stream of bytes as it comes, without controls other than those uv draws its bars with.

    uv prints what an index sends it (why a release was withdrawn, what a server answers): a title set, a screen cleared
    or text turned round by it must not reach the terminal. A replacement character stands for the byte that starts such
    a sequence (leaving it out could join two halves of another), and the rest of it is there to be read.
    """

    def __init__(self) -> None:
        self._held = b""

    def feed(self, block: bytes) -> bytes:
        """Return what can be shown now."""
        block = self._held + block
        cut = _CUT.search(block)
        block, self._held = (block[: cut.start()], cut[0]) if cut else (block, b"")
        return _TOKENS.sub(lambda found: found[1] or _REPLACED, block)


class Filter:
    """Pass on a stream of bytes as it comes, until the line that says `Installed N packages`, and nothing after it.

    uv lists every package it installed behind that line. What begins with `error: ` is not shown either: the message
    that is made of it says the same, and says it once. A line that may still become that one is held back; a bar
    that is being redrawn is not.
    """

    def __init__(self) -> None:
        self._held = b""
        self._ended = False

    def feed(self, block: bytes) -> bytes:
        """Return what of `block`, and of what was held back, can be shown now."""
        if self._ended:
            return b""
        shown = bytearray()
        for line in (self._held + block).splitlines(keepends=True):
            complete = line.endswith(b"\n")
            if not complete and _may_begin(line):
                self._held = line
                return bytes(shown)
            ending = _ENDING.match(line) if complete else None
            if ending is None or not ending[0].endswith(_LAST[1]):
                shown += line
            if ending is not None:
                self._ended = True
                break
        self._held = b""
        return bytes(shown)


def _may_begin(line: bytes) -> bool:
    """Tell whether an unfinished line may become the last one shown: only its beginning decides."""
    bare = _CONTROLS.sub(b"", line)
    return any(last.startswith(bare[: len(last)]) for last in _LAST)
