"""Processes that wait for their turn to compute, each with variables of its own. The one module here that acts."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from tfsetup.host.temporary import temporary_folder
from tfsetup.verify.model import Event
from tfsetup.verify.run import PROBE, child_environment, kill_group, signal_name
from tfsetup.verify.tune.course import Lane, Order
from tfsetup.verify.tune.model import BUDGET_S, State, Timed, Took

TURN_LIMIT_S: Final = 20.0
"""What a turn, of a tenth of a second, may take before it is called a hang."""
START_LIMIT_S: Final = 60.0
"""What a process may take to be ready, at the least; three times as long as the first one, if that is more."""
SITES: Final = ("lib/python3*/site-packages", "Lib/site-packages")
LAST_LINES: Final = 5  # of what a process says beside its answers
GROWS: Final = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # several processes share a GPU; the first would take all of it


class Processes:
    """A bench of real processes with the interpreter `python`; leaving the context ends every one.

    `command` replaces `[python]`. `variables` are what the environment will set at every start, where it does not yet.
    """

    def __init__(
        self,
        python: Path,
        *,
        command: Sequence[str] | None = None,
        variables: Mapping[str, str] | None = None,
        limit_s: float = BUDGET_S,
    ) -> None:
        """Begin to count the seconds; the first process may take `limit_s` of them to be ready."""
        self.python = python.absolute()
        self.command = [*(command or [str(self.python)])]
        self.variables = variables or {}
        self.limit_s = limit_s
        self.began = time.monotonic()
        self.alive: list[_Process] = []
        self.bytecode: dict[str, str] = {}
        self._leaving = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Let the processes share what the first one compiles, where the user has Python write no bytecode.

        Compiling TensorFlow's sources takes longer than all the rest of its import.
        """
        folders = (self.python.parents[1].glob(f"{each}/tensorflow/__pycache__") for each in SITES)
        if os.environ.get("PYTHONDONTWRITEBYTECODE") and not any(map(any, folders)):
            folder = self._leaving.enter_context(temporary_folder())
            self.bytecode = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)}
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close(list(self.alive))
        self._leaving.close()

    def seconds(self) -> float:
        """Return how long it has been since the beginning."""
        return time.monotonic() - self.began

    def open(self, orders: Sequence[Order]) -> list[Lane]:
        """Start processes side by side, and return them in that order when each is ready or lost."""
        began = time.monotonic()
        started = [self._started(order) for order in orders]
        for one in started:
            one.get_ready(began + self.limit_s)
        self.limit_s = max(START_LIMIT_S, 3 * (time.monotonic() - began), self.limit_s if not started else 0.0)
        return [*started]

    def close(self, lanes: Iterable[Lane]) -> None:
        """End processes."""
        given = {id(lane) for lane in lanes}
        ending = [one for one in self.alive if id(one) in given]
        for one in ending:
            one.end()
        self.alive = [one for one in self.alive if one not in ending]

    def _started(self, order: Order) -> _Process:
        base = {**self.variables, **GROWS, **os.environ, **self.bytecode, **order.set}
        made = _Process(order, child_environment(base, self.python), self.command, self.python.anchor)
        self.alive.append(made)
        return made


class _Process:
    """One process; a `Lane`."""

    def __init__(self, order: Order, environ: Mapping[str, str], command: Sequence[str], folder: str) -> None:
        self.state, self.lost = State(), ""
        self.timed: tuple[Timed, ...] = ()
        self.scale = order.scale or 0
        self.phase = ""
        self._said: deque[bytes] = deque(maxlen=LAST_LINES)
        self._readers: list[threading.Thread] = []
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        options = {"mode": "tune", "device": order.device, "scale": order.scale, "asks_compiler": order.device is None}
        self._child: subprocess.Popen[bytes] | None = None
        try:
            self._child = subprocess.Popen(
                [*command, str(PROBE), json.dumps(options)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**environ}, cwd=folder,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                start_new_session=sys.platform != "win32",  # Ctrl-C reaches tfsetup, which ends all of them
            )  # fmt: skip
        except (OSError, ValueError) as error:
            self.lost = str(error)
            return
        for read, stream in ((self._read, self._child.stdout), (self._listen, self._child.stderr)):
            self._readers.append(threading.Thread(target=read, args=[stream], daemon=True))
            self._readers[-1].start()

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            self._said.extend(line for line in iter(stream.readline, b"") if line.strip())

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in iter(stream.readline, b""):
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    if isinstance(event, dict) and isinstance(event.get("event"), str):
                        self._events.put(event)
        self._events.put(None)

    def get_ready(self, until: float) -> None:
        """Wait until it can be given turns, or is lost."""
        while not self.lost:
            event = self._next(until)
            if event is None:
                return
            match event["event"]:
                case "begin":
                    self.phase = str(event.get("phase"))
                case "error":
                    self._lose(f"{event.get('type')}: {event.get('message')}"[:300])
                case "state":
                    self.state = state_of(event)
                case "ready":
                    self.scale = int(event["scale"])
                    self.timed = tuple(map(timed_of, event["workloads"]))
                    return

    def turn(self, timed: Timed) -> Took | None:
        """Return what one run took; None: it could not be computed, or the process was lost."""
        if self.lost or self._child is None or self._child.stdin is None:
            return None
        self.phase = timed.name
        try:
            request = json.dumps({"workload": timed.name, "variant": timed.variant})
            self._child.stdin.write(request.encode() + b"\n")
            self._child.stdin.flush()
        except OSError:
            self._lose(self._how())
            return None
        event = self._next(time.monotonic() + TURN_LIMIT_S)
        return None if event is None else took_of(event)

    def end(self) -> None:
        """End the process and all that it started."""
        if self._child is not None:
            kill_group(self._child)
            if self._child.stdin is not None:
                with contextlib.suppress(OSError):
                    self._child.stdin.close()
            for reader in self._readers:
                reader.join(timeout=5.0)

    def _next(self, until: float) -> Event | None:
        """Return the next event; None: there is none any more, and it is lost."""
        try:
            event = self._events.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            self._lose(f"it hangs in {self.phase}" if self.phase else "it does not start")
            return None
        if event is None:
            self._lose(self._how())
        return event

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why
        if self._child is not None:
            kill_group(self._child)

    def _how(self) -> str:
        """Return how the process ended, in words, with the last line of its log where it did by itself."""
        if self._child is None:
            return self.lost
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=5.0)
        where = f" in {self.phase}" if self.phase else ""
        name = signal_name(self._child.returncode)
        if name:
            return f"it died of {name}{where}"
        return f"it ended with status {self._child.returncode}{where}{self._last_line()}"

    def _last_line(self) -> str:
        self._readers[-1].join(timeout=5.0)
        return f": {self._said[-1].decode('utf-8', 'replace').strip()[:200]}" if self._said else ""


def state_of(event: Event) -> State:
    """Return what a process says of itself, as a value."""
    threads = event.get("threads") or {}
    return State(
        version=event.get("version"),
        device=str(event.get("device")),
        devices=tuple(dict.fromkeys(str(one.get("type")) for one in event.get("devices") or ())),
        onednn=event.get("onednn"),
        compiler=event.get("compiler"),
        settings=event.get("settings") or {},
        usable=threads.get("usable"),
        cores=threads.get("cores"),
        fast=threads.get("fast"),
        quota=threads.get("quota"),
        free_bytes=event.get("free_bytes"),
    )


def took_of(event: Event) -> Took | None:
    """Return what a run took; None: it failed."""
    seconds, work = event.get("seconds"), event.get("work")
    if not isinstance(seconds, int | float) or seconds <= 0:
        return None
    return Took(seconds=seconds, work=work if isinstance(work, int | float) and work > 0 else None)


def timed_of(event: Event) -> Timed:
    """Return what a process can time, as a value."""
    error = event.get("max_rel_error")
    finite = isinstance(error, int | float)
    return Timed(name=str(event.get("name")), variant=str(event.get("variant") or ""), error=error if finite else None)
