"""Runs the probe in a child of the target interpreter. The one module of this room that touches the world."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from tfsetup.ground.environ import scrub
from tfsetup.verify.model import Ended, Event, Mode, ProbeOutcome
from tfsetup.verify.observed import Observed
from tfsetup.verify.workers import is_cpu, left, overdue, plan

Progress = Callable[[str], object]
Work = Callable[[Mapping[str, object], float], ProbeOutcome]
"""Runs one more worker, with these options, for at most so many seconds."""

PROBE = Path(__file__).parent / "probes" / "__main__.py"

ADDED: Mapping[str, str] = {
    "TF_CPP_MIN_LOG_LEVEL": "0",  # TensorFlow's own start-up messages are evidence
    "TF_CPP_VMODULE": "dso_loader=1",  # from 2.12 on, which GPU library could not be loaded is said only when asked
    "KERAS_BACKEND": "tensorflow",  # another one, from the environment or ~/.keras, would not train with TensorFlow
    "PYTHONUTF8": "1",  # whatever the locale, messages arrive whole
}

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 128 * 1024
GRACE_S = 5.0
AFTERMATH_S = 120.0
AFTER = {"damaged", "cpu"}
# What the CPU alone may take after another device has hung: it is not given that device's time once more.
ALONE_S: Mapping[Mode, float] = {"quick": 120.0, "full": 300.0, "thorough": 600.0}
TIME_LIMIT_S: Mapping[Mode, float] = {"quick": 300.0, "full": 900.0, "thorough": 2700.0}
LOOK_S = 0.1  # how often the time of the check that is under way is looked at


def child_environment(base: Mapping[str, str], python: Path) -> dict[str, str]:
    """Return the probe's variables: `base` scrubbed, with ADDED, and the interpreter's folder first on PATH."""
    kept, _ = scrub(base)
    kept.update(ADDED)
    folders = [python.parent, python.parent / "Library" / "bin"]  # the second is where conda on Windows keeps its DLLs
    kept["PATH"] = os.pathsep.join([*map(str, folders), kept.get("PATH", os.defpath)])
    return kept


def run_probe(
    python: Path,
    *,
    mode: Mode = "quick",
    sizes: Sequence[int] | None = None,
    dtypes: Sequence[str] | None = None,
    on_progress: Progress | None = None,
    timeout_s: float | None = None,
    command: Sequence[str] | None = None,
    asked: Sequence[str] = (),
    patience_s: float | None = None,
) -> ProbeOutcome:
    """Run the probe with the interpreter `python` and return what was seen of it; every way to fail is a value.

    `command` replaces `[python]` (an emulator and its arguments before the interpreter). `asked` are variables whose
    values in the child are wanted. A check hangs after `patience_s`; None: after as long as it says itself. On
    KeyboardInterrupt the whole process group of the child is killed before the
    exception goes on.
    """
    limit = timeout_s if timeout_s is not None else TIME_LIMIT_S[mode]
    until = time.monotonic() + limit + min(limit, ALONE_S[mode])
    options: dict[str, object] = {"mode": mode, "sizes": sizes and list(sizes), "dtypes": dtypes and list(dtypes)}
    options |= {"dump_after_s": 0.8 * limit if sys.platform == "win32" else None, "ours": list(ADDED)}
    options |= {"asked": list(asked), "patience_s": patience_s}
    python = python.absolute()
    start = list(command or [str(python)])
    outcome = _run(python, start, options, limit, on_progress)
    if outcome.ended == "not-started":
        return outcome
    if any(event["event"] == "imported" for event in outcome.events):

        def work(more: Mapping[str, object], seconds: float) -> ProbeOutcome:
            return _run(python, start, {**options, **more}, seconds, on_progress)

        if not spares_the_cpu(outcome):
            return followed(outcome, work, until)
        # Another device has ended or stopped the process: whether the CPU works is another question.
        alone = work({"only": "CPU"}, min(limit, ALONE_S[mode]))
        return replace(outcome, cpu=followed(alone, work, until))
    # TensorFlow did not load: are its files whole, and which instructions has the child's CPU (it may be emulated)?
    second = _run(python, start, {"mode": "aftermath"}, AFTERMATH_S, None)
    return replace(outcome, events=outcome.events + tuple(event for event in second.events if event["event"] in AFTER))


def followed(outcome: ProbeOutcome, work: Work, until: float) -> ProbeOutcome:
    """Return `outcome` with the workers that went on behind the checks it ended in, until this time of the clock."""
    done = [outcome]
    while (pairs := left(done)) and (seconds := until - time.monotonic()) > 0:
        only = "CPU" if all(map(is_cpu, pairs)) else None
        done.append(work({"pairs": [list(pair) for pair in pairs], "only": only}, seconds))
    return replace(outcome, more=tuple(done[1:]))


def run_course(python: Path, options: Mapping[str, object], limit: float) -> ProbeOutcome:
    """Run one course of the probe, which `options` name by their `mode`, for at most `limit` seconds."""
    python = python.absolute()
    return _run(python, [str(python)], options, limit, None)


def spares_the_cpu(outcome: ProbeOutcome) -> bool:
    """Tell whether a process ended, or stopped, at another device than the CPU.

    It has then listed its devices, and the step it was at is not the CPU's; or it came to no step, while setting up.
    """
    seen = Observed(outcome=outcome)
    listed = seen.last("devices").get("devices") or ()
    if seen.last("done") or all(entry.get("type") == "CPU" for entry in listed):
        return False
    if plan(outcome):
        return False  # it came to the checks: the next worker goes on with them
    step = seen.open_step()
    return seen.open_phase() == "devices" or (bool(step) and not str(step.get("device")).startswith("CPU"))


def _run(
    python: Path, command: list[str], options: Mapping[str, object], limit: float, on_progress: Progress | None
) -> ProbeOutcome:
    started = time.monotonic()
    try:
        child = _start(python, [*command, str(PROBE), json.dumps(options)])
    except (OSError, ValueError) as error:
        return ProbeOutcome(python=str(python), ended="not-started", message=str(error))
    events, log = _Events(on_progress), _Log()
    readers = [_reader(events.add, child.stdout), _reader(log.add, child.stderr)]
    try:
        ended, late = _wait(child, limit, events.late)
    finally:
        kill_group(child)
        for reader in readers:
            reader.join(timeout=5.0)
    return replace(_outcome(python, child, ended, events, log, time.monotonic() - started), message=late)


def _start(python: Path, arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment(os.environ, python),
        # A `random.py` or `tensorflow` folder where the user stands is not the environment's.
        cwd=python.anchor,
        # A group of its own: Ctrl-C reaches tfsetup first, and everything the child starts can be ended with it.
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        start_new_session=sys.platform != "win32",
    )


def _outcome(
    python: Path, child: subprocess.Popen[bytes], ended: Ended, events: _Events, log: _Log, seconds: float
) -> ProbeOutcome:
    name = signal_name(child.returncode)
    if ended == "finished" and child.returncode != 0:
        ended = "signal" if name else "exit"
    return ProbeOutcome(
        python=str(python),
        ended=ended,
        events=tuple(events.received),
        stderr=log.text(),
        exit_status=child.returncode,
        signal=name if ended == "signal" else None,
        seconds=seconds,
    )


def signal_name(status: int | None) -> str | None:
    """Return the signal (POSIX) or exception (Windows NTSTATUS) that ended a process; None for an ordinary exit status.

    128 + N is what shells and emulators such as qemu report for a program that died of signal N.
    """
    if status is None or status == 0:
        return None
    windows = {0xC000001D: "SIGILL", 0xC0000005: "SIGSEGV", 0xC0000409: "SIGABRT", 0xC0000135: "DLL_NOT_FOUND"}
    number = -status if status < 0 else status - 128
    if status & 0xFFFFFFFF in windows:
        return windows[status & 0xFFFFFFFF]
    known = {int(item): item.name for item in signal.Signals}
    return known.get(number) if status < 0 or number in _CRASHES else None


_CRASHES = (4, 6, 7, 8, 9, 11)  # SIGILL SIGABRT SIGBUS SIGFPE SIGKILL SIGSEGV


def _wait(child: subprocess.Popen[bytes], limit: float, late: Callable[[], str]) -> tuple[Ended, str]:
    """Wait for its end, for at most `limit` seconds, and no longer than the check under way may take."""
    until = time.monotonic() + limit
    while not (words := late()) and (seconds := until - time.monotonic()) > 0:
        try:
            child.wait(timeout=min(LOOK_S, seconds))
        except subprocess.TimeoutExpired:
            continue
        return "finished", ""
    if sys.platform != "win32":
        child.send_signal(signal.SIGABRT)  # faulthandler writes down every thread's stack on its way out
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=GRACE_S)
    return "timeout", words


def kill_group(child: subprocess.Popen[bytes]) -> None:
    """End the child and everything it started; the group outlives its leader, so this is done after a clean end too."""
    if sys.platform == "win32":
        if child.poll() is None:
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], capture_output=True, check=False)  # noqa: S607
    else:
        # Nobody may be left (macOS answers EPERM for a group of zombies).
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _reader(add: Callable[[bytes], None], stream: IO[bytes] | None) -> threading.Thread:
    def read() -> None:
        if stream is None:
            return
        with stream:
            for line in iter(stream.readline, b""):
                add(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


class _Events:
    """Parses the probe's lines; whatever else reaches its standard output (a `.pth` file that prints) is ignored."""

    def __init__(self, on_progress: Progress | None) -> None:
        self.received: list[Event] = []
        self._on_progress = on_progress
        self._open: tuple[float, Event] | None = None

    def add(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            return
        self.received.append(event)
        if event["event"] in {"step", "check"}:
            self._open = (time.monotonic(), event)
        words = progress(event)
        if words and self._on_progress:
            self._on_progress(words)

    def late(self) -> str:
        """Return in words which check has had its time; empty: none."""
        return overdue(*self._open, time.monotonic()) if self._open else ""


class _Log:
    """Keeps the first and the last part of the child's log: TensorFlow speaks at start, a crash at the end."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = False

    def add(self, line: bytes) -> None:
        if len(self._head) < HEAD_BYTES:
            self._head += line[:HEAD_BYTES]
            return
        self._tail += line
        if len(self._tail) > TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]
            self._cut = True

    def text(self) -> str:
        gap = b"\n[...]\n" if self._cut else b""
        return bytes(self._head + gap + self._tail).decode("utf-8", "replace")


def progress(event: Event) -> str | None:
    """Return what to show while the probe is at `event`; None for events nobody waits for."""
    match event:
        case {"event": "begin", "phase": "import"}:
            return "importing tensorflow"
        case {"event": "begin", "phase": "blas"}:
            return "timing NumPy"
        case {"event": "step", "what": str(what), "device": str(device)}:
            return f"{what} on {device}"
        case _:
            return None
