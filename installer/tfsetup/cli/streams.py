"""The streams of a run. Whatever becomes of stdout and stderr, the work goes on and the exit status says what was done.

`taken_over` puts a guarded stream in the place of `sys.stdout` and of `sys.stderr`, so that everything that prints
(ourselves, Rich, Typer, the screen of uv) goes through it: it replaces what its encoding cannot spell, never raises,
and remembers the first thing that went wrong. What that means for the exit status is `ending`, which is pure.

A reader who went away (`tfsetup … | head`) has seen what he wanted; it is no error. A stream that is full or closed is
one, because somebody counts on what should be in it.
"""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Final, TextIO, cast

from tfsetup.ground.values import value

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Raw = io.RawIOBase | io.BufferedIOBase
_READER_LEFT: Final = {errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN}
_OUT_SPELLING: Final = "replace"
_ERR_SPELLING: Final = "backslashreplace"  # as Python has it: a path in an error stays recognizable


@value
class Loss:
    """What became of a stream: the system's words, and whether it is only that nobody reads it any more."""

    reason: str
    reader_left: bool = False


@value
class Ending:
    """How a run ends: its exit status, and a last line for either stream ("": none)."""

    status: int
    on_stderr: str = ""
    on_stdout: str = ""


def ending(status: int, *, changes: bool, json: bool, out: Loss | None, err: Loss | None) -> Ending:
    """Return how a run ends whose work came to `status` and whose streams were lost like this. Pure.

    `changes`: the command changes something; otherwise its answer on stdout is all it is for. `json`: stdout holds one
    document and takes no further line.
    """
    if out is not None and not out.reader_left:
        if not changes:
            what = f"error: Could not write the answer to stdout: {out.reason}."
            hint = f" hint: Send it where there is room for it. The answer itself would have ended with {status}."
            return Ending(status=1, on_stderr=f"{what}\n{hint}")
        told = f"Note      the result could not be written to stdout: {out.reason}; {_meaning(status)}"
        return Ending(status=status, on_stderr=told)
    if err is not None and not err.reader_left and changes and not json:
        told = f"Note      nothing more could be written to stderr: {err.reason}; {_meaning(status)}"
        return Ending(status=status, on_stdout=told)
    return Ending(status=status)


def _meaning(status: int) -> str:
    return "the work itself is done" if status == 0 else f"the exit status, {status}, is that of the work"


class Guarded(io.RawIOBase):
    """The raw end of a stream: takes everything, writes it as long as it can, and keeps the first failure."""

    def __init__(self, raw: Raw | None, name: str) -> None:
        """Guard `raw`; None: the stream was closed before tfsetup began."""
        super().__init__()
        self._raw = raw
        self.name = name
        self._terminal = raw is not None and _is_terminal(raw)
        self.loss: Loss | None = None

    def writable(self) -> bool:
        """Say yes, always."""
        return True

    def isatty(self) -> bool:
        """Tell whether it was a terminal at the start; one that was hung up no longer says so itself."""
        return self._terminal

    def fileno(self) -> int:
        """Return the descriptor beneath.

        Raises:
            OSError: there is none.
        """
        if self._raw is None:
            raise io.UnsupportedOperation("fileno")
        return int(self._raw.fileno())

    def write(self, block: ReadableBuffer) -> int:
        """Write all of a block, or note why not; say that all of it is written."""
        with memoryview(block) as view:
            if self.loss is None:
                try:
                    self._write_all(view.cast("B"))
                except (OSError, ValueError) as error:
                    self.loss = _loss(error, terminal=self._terminal)
            return view.nbytes

    def _write_all(self, rest: memoryview) -> None:
        if self._raw is None:
            raise OSError(errno.EBADF, "it is closed")
        while rest:
            written = self._raw.write(rest)
            if written is None:  # somebody made the pipe one that does not wait (Node.js does)
                select.select([], [self._raw], [])
                continue
            rest = rest[written:]


def _is_terminal(raw: Raw) -> bool:
    with suppress(OSError, ValueError, AttributeError):
        return bool(raw.isatty())
    return False


def _loss(error: OSError | ValueError, *, terminal: bool) -> Loss:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EBADF:
        return Loss(reason="it is closed")
    hung_up = terminal and number == errno.EIO
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return Loss(reason=reason, reader_left=number in _READER_LEFT or hung_up)


@value
class Streams:
    """The guarded ends of stdout and stderr; None: that stream could not be guarded (a test's own)."""

    out: Guarded | None = None
    err: Guarded | None = None

    @property
    def out_loss(self) -> Loss | None:
        """What became of stdout, as far as it has been written to; None: all went well."""
        sys.stdout.flush()
        return self.out.loss if self.out else None

    @property
    def err_loss(self) -> Loss | None:
        """What became of stderr, as far as it has been written to; None: all went well."""
        sys.stderr.flush()
        return self.err.loss if self.err else None

    def settle(self, status: int, *, changes: bool, json: bool) -> int:
        """Flush both streams, say on either what the other did not take, and return the exit status (`ending`)."""
        end = ending(status, changes=changes, json=json, out=self.out_loss, err=self.err_loss)
        for stream, text in ((sys.stderr, end.on_stderr), (sys.stdout, end.on_stdout)):
            if text:
                stream.write(text + "\n")
                stream.flush()
        return end.status


@contextmanager
def taken_over() -> Iterator[Streams]:
    """Guard stdout and stderr until the end of the block, and see that no file gets the number of a closed stream."""
    _fill_descriptors()
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = before[0] or io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    sys.stdout, out = _guarded(before[1], "<stdout>", _OUT_SPELLING)
    sys.stderr, err = _guarded(before[2], "<stderr>", _ERR_SPELLING)
    try:
        yield Streams(out=out, err=err)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def _fill_descriptors() -> None:
    """Open the null device in the place of closed descriptors 0, 1 and 2.

    The first file opened would get the number otherwise, and some program's words would end up in it. These are not
    inherited: the command of `tfsetup run` gets the very streams that tfsetup was given.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)  # the lowest free number, which is this


def _guarded(stream: TextIO | None, name: str, errors: str) -> tuple[TextIO, Guarded | None]:
    """Return a stream to where `stream` leads (None: it was closed), and its guarded end; one without bytes stays."""
    buffer = getattr(stream, "buffer", None)
    if stream is not None and buffer is None:
        return stream, None
    if stream is not None:
        with suppress(OSError, ValueError):
            stream.flush()
    end = Guarded(getattr(buffer, "raw", buffer), name)
    text = io.TextIOWrapper(
        # PYTHONUNBUFFERED has no buffer between, and then there shall be none here.
        cast("BinaryIO", end if buffer is not None and not hasattr(buffer, "raw") else io.BufferedWriter(end)),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors=errors,
        line_buffering=getattr(stream, "line_buffering", True),
        write_through=getattr(stream, "write_through", False),
    )
    return text, end


@contextmanager
def handed_over() -> Iterator[None]:
    """Give the streams and the signal of a broken pipe to the program that takes this one's place within the block.

    Python ignores SIGPIPE, and a program that is executed would inherit that: `tfsetup run -- yes | head` would end in
    an error message of `yes`. When the program does not start after all, everything is as before.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    number = getattr(signal, "SIGPIPE", None)
    before = signal.signal(number, signal.SIG_DFL) if number is not None else None
    try:
        yield
    finally:
        if number is not None:
            signal.signal(number, before)
