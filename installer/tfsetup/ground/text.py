"""Reads the small texts that people and other programs write, or says why not, in one voice.

UTF-8 is read with and without a mark, and UTF-16 with one: PowerShell's `>` writes that, and Windows editors a mark.
Line ends become newlines. (Touches the world.)
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfsetup.errors import InvalidFileError, Where

MOST = 1_000_000
"""Bytes of a text that a person writes; files that programs write have limits of their own."""


def read(path: Path, what: str, *, hint: str = "", most: int = MOST) -> str:
    """Return the text of a file that must be there; `what` it is called, `hint` how to get a good one, `most` bytes.

    Raises:
        InvalidFileError: it is missing, a folder, larger, no text, a link to what is gone, or cannot be read.
    """
    text = find(path, what, hint=hint, most=most)
    if text is None:
        raise InvalidFileError(f"There is no such {what}.", where=Where(file=str(path)), hint=hint)
    return text


def find(path: Path, what: str, *, hint: str = "", most: int = MOST) -> str | None:
    """Return the text of a file, None when there is none. A link to what is gone is not nothing.

    Raises:
        InvalidFileError: as in `read`.
    """
    try:
        with _explained(path, what, hint), path.open("rb") as file:
            raw = file.read(most + 1)
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            message = f"The {what} is a link to {path.readlink()}, which is gone."
            raise InvalidFileError(message, where=Where(file=str(path)), hint=hint) from None
        return None
    return decoded(raw, str(path), what, hint=hint, most=most)


def find_regular(path: Path, what: str, *, most: int = MOST) -> str | None:
    """Return the text of a file that lies where one may lie; None for anything else, which is not waited for.

    Raises:
        InvalidFileError: as in `read`.
    """
    # Not to wait for somebody to write into a pipe that lies where the file belongs.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        # One read gives all of it: of a regular file read(2) gives less than was asked for only at its end.
        raw = os.read(descriptor, most + 1) if regular else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None if raw is None else decoded(raw, str(path), what, most=most)


@contextmanager
def _explained(path: Path, what: str, hint: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, ValueError) as error:
        reason = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        message = f"The {what} {'is a folder' if os.path.isdir(path) else reason}."  # noqa: PTH112 - takes any text
        raise InvalidFileError(message, where=Where(file=str(path)), hint=hint) from None


def decoded(raw: bytes, file: str, what: str, *, hint: str = "", most: int = MOST) -> str:
    """Return bytes as the text they are; `file` is their name in errors.

    Raises:
        InvalidFileError: there are more than `most`, or they are no text; with the place of the first that is none.
    """
    if len(raw) > most:
        message = f"The {what} is larger than {most / 1e6:.3g} MB; it is not one."
        raise InvalidFileError(message, where=Where(file=file), hint=hint)
    form = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return _plain_ends(raw.decode(form))
    except UnicodeDecodeError as error:
        before = _plain_ends(raw[: error.start].decode(form, "replace"))
        message = f"The {what} is not {form.upper()} text."
        where = Lines(before, file).where(len(before))
        raise InvalidFileError(message, where=where, hint="Save it as UTF-8.") from None


def _plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Lines:
    """The lines of a text, to say where an offset into it is."""

    def __init__(self, text: str, file: str) -> None:
        """Find the line ends."""
        self._file = file
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def where(self, offset: int) -> Where:
        """Return the place of an offset, line and column from 1."""
        from bisect import bisect_right  # for messages only

        line = bisect_right(self._starts, offset)
        return Where(file=self._file, line=line, column=offset - self._starts[line - 1] + 1)
