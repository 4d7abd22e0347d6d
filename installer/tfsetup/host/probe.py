"""The only part of the room that touches the machine: `probe` fills a `Host` from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tfsetup.ground.environ import scrub
from tfsetup.ground.folders import judge_folders, known_cache
from tfsetup.host import probe_windows
from tfsetup.host.gather import gather
from tfsetup.host.memory import Memory
from tfsetup.host.model import Host
from tfsetup.host.world import Later, Output, Process

_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows only
_MOST_OUTPUT = 4_000_000  # characters of a command's answer that are looked at


def probe(*, pythons: bool = True, downloads: bool = True) -> Host:
    """Return the facts about this machine, each with its source.

    `pythons` and `downloads` say whether interpreters are asked and whether the download server's name is looked up;
    False leaves those facts at None. No connection is made; nothing is written but a cache of what interpreters said.
    A detector that fails leaves None and says why in `sources`.

    Raises:
        TfsetupError: a variable that names a folder of tfsetup's is no absolute path.
    """
    with ThisMachine() as world:
        return gather(world, pythons=pythons, downloads=downloads)


class ThisMachine:
    """The `World` that is really there. Leaving it ends every command that is still running."""

    def __init__(self) -> None:
        """Look at the running interpreter and at what is remembered of earlier runs; nothing is started.

        Raises:
            TfsetupError: a variable that names a folder is no absolute path: said before anything is done.
        """
        judge_folders(os.environ)
        self._running: list[_Running] = []
        self._process = _process()
        self._memory = Memory(known_cache(os.environ))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Save what was learnt; end what still runs, for instance after Ctrl-C."""
        self._memory.save()
        for running in self._running:
            running.end()

    @property
    def process(self) -> Process:
        """The running interpreter."""
        return self._process

    @property
    def env(self) -> Mapping[str, str]:
        """The environment variables."""
        return os.environ

    def start(
        self,
        argv: Sequence[str],
        *,
        limit_s: float = 5.0,
        env: Mapping[str, str] | None = None,
        program: str | None = None,
    ) -> Later[Output]:
        """Start a command in the C locale, or remember what it said when `program` was the same file as now."""
        before = self._memory.recall(argv, program) if program else None
        if before is not None:
            return lambda: before
        seen = scrub(os.environ if env is None else env)[0]
        running = _Running(argv, limit_s, {**seen, "LC_ALL": "C", "LANGUAGE": "C"})
        self._running.append(running)
        return running.answer if program is None else lambda: self._kept(argv, program, running.answer())

    def _kept(self, argv: Sequence[str], program: str, output: Output) -> Output:
        self._memory.keep(argv, program, output)
        return output

    def read(self, path: str, *, limit: int = 4_000_000) -> bytes | None:
        """Return the first bytes of a file."""
        try:
            with Path(path).open("rb") as file:
                return file.read(limit)
        except (OSError, ValueError):
            return None

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for what cannot be a path

    def listdir(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a folder."""
        try:
            return tuple(sorted(os.listdir(path)))  # noqa: PTH208 - names are wanted, not paths
        except (OSError, ValueError):
            return ()

    def realpath(self, path: str) -> str:
        """Follow symbolic links to the end."""
        return os.path.realpath(path)

    def cwd(self) -> str:
        """Return the current folder; empty when it was deleted."""
        try:
            return str(Path.cwd())
        except OSError:
            return ""

    def find_uv(self) -> str | None:
        """Return the uv beside this interpreter (tfsetup depends on it), else the one on PATH."""
        beside = Path(sys.executable).with_name("uv.exe" if sys.platform == "win32" else "uv")
        return str(beside) if beside.is_file() else shutil.which("uv")

    def resolves(self, name: str, *, limit_s: float) -> Later[bool | None]:
        """Look a name up in a thread of its own: getaddrinfo has no time limit and cannot be interrupted."""
        import socket
        import threading

        answers: list[bool] = []

        def look_up() -> None:
            try:
                asked = name.encode() if name.isascii() else name  # a text would need a codec of its own
                answers.append(bool(socket.getaddrinfo(asked, 443, proto=socket.IPPROTO_TCP)))
            except (OSError, UnicodeError):
                answers.append(False)

        thread = threading.Thread(target=look_up, daemon=True)
        deadline = time.monotonic() + limit_s
        thread.start()

        def finish() -> bool | None:
            thread.join(max(0.0, deadline - time.monotonic()))
            return answers[0] if answers else None

        return finish


class _Running:
    """A command that was started, and its answer once somebody waited for it."""

    def __init__(self, argv: Sequence[str], limit_s: float, env: Mapping[str, str]) -> None:
        self._limit_s = limit_s
        self._deadline = time.monotonic() + limit_s
        self._output: Output | None = None
        self._child: subprocess.Popen[bytes] | None = None
        try:
            self._child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(env),
                creationflags=_NO_WINDOW,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._output = Output(problem=reason.lower())

    def answer(self) -> Output:
        if self._output is None:
            self._output = self._wait()
        return self._output

    def _wait(self) -> Output:
        child = self._child
        assert child is not None  # noqa: S101 - there is an output where there is no child
        try:
            stdout, stderr = child.communicate(timeout=max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.end()
            return Output(problem=f"no answer within {self._limit_s:g} s")
        return Output(status=child.returncode, stdout=_words(stdout), stderr=_words(stderr))

    def end(self) -> None:
        """Kill the command if it still runs, and let go of its pipes (a grandchild may hold the other ends)."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def _words(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # some Windows programs write UTF-16 into a pipe
        return raw.decode("utf-16", "replace")[:_MOST_OUTPUT]
    return raw.decode("utf-8", "backslashreplace")[:_MOST_OUTPUT]


def _process() -> Process:
    return Process(
        platform=sys.platform,
        machine=_machine(),
        bits=64 if sys.maxsize > 2**32 else 32,
        glibc=_glibc(),
        page_size=_page_size(),
        executable=getattr(sys, "_base_executable", None) or sys.executable or None,
        **probe_windows.facts(),
    )


def _machine() -> str:
    if sys.platform == "win32":
        return os.environ.get("PROCESSOR_ARCHITECTURE", "")
    return os.uname().machine


def _page_size() -> int | None:
    if sys.platform == "win32":
        return None
    try:
        return os.sysconf("SC_PAGESIZE")
    except (ValueError, OSError):
        return None


def _glibc() -> str | None:
    if sys.platform == "win32":
        return None
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):  # another C library does not know the name
        return None
