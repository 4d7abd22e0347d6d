"""What of uv's own progress the user sees: everything but the list of packages it ends with. Pure."""

from __future__ import annotations

import re

_CONTROL = rb"\x1b\[[\d;?]*[A-Za-z]"  # a control sequence: colours, and what erases the bars before it
_INSTALLED = re.compile(rb"^(?:%s)*Installed " % _CONTROL)
_CONTROLS = re.compile(_CONTROL + rb"|\x1b(?:\[[\d;?]*)?$")  # the last of them may be unfinished too


class Filter:
    """Pass on a stream of bytes as it comes, until the line that says `Installed N packages`, and nothing after it.

    uv lists every package it installed behind that line. A line that may still become that one is held back; a bar
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
            shown += line
            if complete and _INSTALLED.match(line):
                self._ended = True
                break
        self._held = b""
        return bytes(shown)


def _may_begin(line: bytes) -> bool:
    """Tell whether an unfinished line may become the last one shown: only its beginning decides."""
    bare = _CONTROLS.sub(b"", line)
    return b"Installed ".startswith(bare[:10])
