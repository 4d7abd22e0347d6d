"""What programs answered before, kept as long as the program's file stays the same.

Starting every interpreter of a machine takes a tenth of a second, and what one says about itself changes only with its
file. An answer is kept under the file's real path and is good while modification time, size and inode are what they
were. Only successes are kept: whatever failed is asked again.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, TypeGuard

from tfsetup.ground.files import write_whole
from tfsetup.host.world import Output

_SCHEMA = 1
_MOST_ENTRIES = 300
_MOST_BYTES = 2_000_000


class _Entry(TypedDict):
    stamp: list[int]
    stdout: str


class Memory:
    """Answers of earlier runs. A memory that cannot be read or written is an empty one."""

    def __init__(self, folder: Path | None) -> None:
        """Keep the answers in `folder`; None: nowhere."""
        self._file = folder / "probe.json" if folder else None
        self._entries = self._load()
        self._changed = False

    def recall(self, argv: Sequence[str], program: str) -> Output | None:
        """Return what `argv` answered when the file `program` was as it is now."""
        entry = self._entries.get(_key(argv, program))
        if entry is None or entry["stamp"] != _stamp(program):
            return None
        return Output(status=0, stdout=entry["stdout"], remembered=True)

    def keep(self, argv: Sequence[str], program: str, output: Output) -> None:
        """Keep a success."""
        stamp = _stamp(program)
        if output.ok and not output.remembered and stamp is not None:
            self._entries[_key(argv, program)] = {"stamp": stamp, "stdout": output.stdout}
            self._changed = True

    def save(self) -> None:
        """Write what is new, in one step; a folder that may not be written is no error."""
        if not self._changed or self._file is None:
            return
        kept = dict(list(self._entries.items())[-_MOST_ENTRIES:])
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, json.dumps({"schema": _SCHEMA, "entries": kept}))

    def _load(self) -> dict[str, _Entry]:
        try:
            raw = self._file.read_bytes() if self._file else b""
            document = json.loads(raw) if 0 < len(raw) < _MOST_BYTES else {}
        except (OSError, ValueError, RecursionError):
            return {}
        entries = document.get("entries") if isinstance(document, dict) and document.get("schema") == _SCHEMA else {}
        return {key: entry for key, entry in entries.items() if _sound(entry)} if isinstance(entries, dict) else {}


def _sound(entry: object) -> TypeGuard[_Entry]:
    return isinstance(entry, dict) and isinstance(entry.get("stamp"), list) and isinstance(entry.get("stdout"), str)


def _key(argv: Sequence[str], program: str) -> str:
    # What was asked, in short: another question to the same file is another entry.
    return f"{zlib.crc32(chr(0).join(argv).encode('utf-8', 'surrogateescape')):08x} {os.path.realpath(program)}"


def _stamp(program: str) -> list[int] | None:
    try:
        found = os.stat(program)  # noqa: PTH116 - follows links, as the start of the program does
    except (OSError, ValueError):
        return None
    return [found.st_mtime_ns, found.st_size, found.st_ino]
