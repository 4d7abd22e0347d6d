"""What of uv's own progress the user sees: everything but the list of packages it ends with. Pure."""

from __future__ import annotations

import re

_INSTALLED = re.compile(rb"^(?:\x1b\[[\d;]*m)*Installed ")


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
    bare = re.sub(rb"\x1b\[[\d;]*m?", b"", line)
    return b"Installed ".startswith(bare[:10])
