"""Running uv: the one place that starts it, shows its progress and ends it with us."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from tfsetup.host.environ import scrub
from tfsetup.locks.explain import explain_uv
from tfsetup.locks.progress import Filter

_TAIL = 64 * 1024  # bytes of uv's messages kept for the diagnosis of a failure
_GRACE = 5.0  # seconds uv gets to stop by itself


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """Where uv's own progress goes while it works.

    `write` takes the raw bytes; `terminal` says that they reach a terminal, so that uv may draw bars there. Unless
    `everything` is wanted, the list of installed packages that uv ends with is kept back.
    """

    write: Callable[[bytes], None]
    terminal: bool = False
    everything: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What a successful run of uv printed."""

    stdout: str
    stderr: str


def run_uv(
    arguments: Sequence[str],
    *,
    doing: str,
    environ: Mapping[str, str] | None = None,
    stdin: str = "",
    screen: Screen | None = None,
) -> Finished:
    """Run `uv ARGUMENTS` to its end and return what it printed.

    `environ` is added to the scrubbed environment. An interrupt ends uv before it is passed on.

    Raises:
        TfsetupError: uv failed; which kind is read from its messages (`explain_uv`).
    """
    variables = scrub(os.environ)[0] | dict(environ or {})
    reader = _Stderr(screen)
    child = subprocess.Popen(
        [_uv(), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=reader.child_end,
        env=variables,
    )
    try:
        reader.start()
        stdout, _ = child.communicate(stdin.encode())
    except BaseException:
        _end(child)
        raise
    finally:
        stderr = reader.finish()
    if child.returncode != 0:
        raise explain_uv(stderr, doing)
    return Finished(stdout=stdout.decode(errors="replace"), stderr=stderr)


def _uv() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class _Stderr:
    """uv's stderr: passed on while it runs, its tail kept. A pseudo-terminal where progress bars are wanted."""

    def __init__(self, screen: Screen | None) -> None:
        self._screen = screen
        self._tail = bytearray()
        self._filter = Filter()
        self._pty = screen is not None and screen.terminal and sys.platform != "win32"
        self._ours, self.child_end = _terminal_pair() if self._pty else os.pipe()
        self._thread = threading.Thread(target=self._pump, daemon=True)

    def start(self) -> None:
        os.close(self.child_end)
        self._thread.start()

    def finish(self) -> str:
        if self._thread.is_alive():
            self._thread.join()
        text = bytes(self._tail).decode(errors="replace")
        return _plain(text) if self._pty else text

    def _pump(self) -> None:
        with os.fdopen(self._ours, "rb", buffering=0) as pipe:
            while block := _read(pipe):
                self._tail = (self._tail + block)[-_TAIL:]
                self._show(block)

    def _show(self, block: bytes) -> None:
        if self._screen is not None:
            self._screen.write(block if self._screen.everything else self._filter.feed(block))


def _read(pipe: IO[bytes]) -> bytes:
    # Linux answers EIO when the other end of a pseudo-terminal is closed: the end of file, in other words.
    with suppress(OSError):
        return pipe.read(4096)
    return b""


def _terminal_pair() -> tuple[int, int]:
    import pty
    import termios

    ours, childs = pty.openpty()
    with suppress(OSError, termios.error):
        # Without the real width uv would draw its bars for 80 columns or none.
        size = os.get_terminal_size(sys.stderr.fileno())
        termios.tcsetwinsize(childs, (size.lines, size.columns))
    return ours, childs


def _plain(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return "\n".join(line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n"))
