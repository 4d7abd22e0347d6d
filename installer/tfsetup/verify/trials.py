"""Runs the programs and imports of an environment in children: a few at once, each for a limited time.

One thread waits for all, so that an interrupt ends every child before it goes on. What they print goes to files of a
folder that nobody else may enter, and that is their home and working folder too: nothing is written to the user's.
(Touches the world.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfsetup.host.temporary import temporary_folder
from tfsetup.verify.model import Ended, Event, ProbeOutcome
from tfsetup.verify.programs import (
    MODULE_LIMIT_S,
    PROGRAM_LIMIT_S,
    WHOLE_LIMIT_S,
    Imports,
    ProgramsTried,
    Task,
    Trial,
    judged,
    sentence,
    summary,
    tasks,
)
from tfsetup.verify.run import PROBE, child_environment, kill_group, signal_name

_PAUSE_S = 0.05
_MOST = 16 << 20  # bytes that a child may print
AT_ONCE = 2  # TensorFlow alone takes half a gigabyte of memory for each
_HOMES = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
_NOWHERE = "http://127.0.0.1:9"  # the discard port: a program that asks a proxy is refused at once
_QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "HF_HUB_OFFLINE": "1",
    "NO_PROXY": "",
    "no_proxy": "",
}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def try_programs(
    python: Path,
    requirements: Iterable[str],
    *,
    told: Callable[[str], object],
    program_s: float = PROGRAM_LIMIT_S,
    module_s: float = MODULE_LIMIT_S,
) -> ProgramsTried:
    """Import every package of the environment of `python` and start each of its programs.

    `requirements` are the row's: what they bring must work. `program_s` and `module_s` are the longest that one may
    take, in seconds. On KeyboardInterrupt all children are killed before the exception goes on.
    """
    from tfsetup.loader.files.sources import LocalTree, find_environment
    from tfsetup.loader.python.survey import survey

    began = time.monotonic()
    found = find_environment(python.parents[1])
    if found is None:
        return ProgramsTried(because=f"{python.parents[1]} is no environment")
    wanted = tasks(survey(LocalTree(found.site), found.site.as_posix()), requirements)
    modules = Imports(waiting=[task for task in wanted if task.what == "module"])
    programs = [task for task in wanted if task.what == "program"]
    told(f"Trying    {len(modules.waiting)} packages and {len(programs)} programs, each in a fresh process")
    with temporary_folder() as folder:
        bench = _Bench(python=python.absolute(), folder=folder, until=began + WHOLE_LIMIT_S)
        outcomes = _import_all(bench, modules, module_s)
        limits = [*((task, module_s) for task in modules.alone), *((task, program_s) for task in programs)]
        last = bench.run([_Work(task=task, options=task.options, limit=limit) for task, limit in limits])
    trials = [judged(task, outcome) for task, outcome in (*modules.late, *last)]
    _tell(trials, told)
    return summary(wanted, trials, [*outcomes, *(outcome for _, outcome in last)], time.monotonic() - began)


def _import_all(bench: _Bench, modules: Imports, limit: float) -> list[ProbeOutcome]:
    outcomes: list[ProbeOutcome] = []
    while modules.waiting:
        work = _Work(task=modules.waiting[0], options=modules.options(), limit=limit, patient=True)
        ((_, outcome),) = bench.run([work])
        outcomes.append(outcome)
        modules.heard(outcome)
    return outcomes


def _tell(trials: Iterable[Trial], told: Callable[[str], object]) -> None:
    for one in trials:
        if one.status != "works":
            told(f"Note      {sentence(one)}: {one.message}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    """What a child is to do. `limit` counts from its start, or (`patient`) from the last that was heard from it."""

    task: Task
    options: Mapping[str, object]
    limit: float
    patient: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Child:
    """A child that runs, and the files that what it says goes to. `began` is a time of the clock, in seconds."""

    work: _Work
    process: subprocess.Popen[bytes]
    events: Path
    log: Path
    began: float

    def ended(self) -> Ended | None:
        """Return how it ended; None: it still runs, and may."""
        if self.process.poll() is not None:
            return "finished"
        heard, log = self.events.stat(), self.log.stat()
        since = max(heard.st_mtime, self.began) if self.work.patient else self.began
        late = time.time() - since > self.work.limit
        return "timeout" if late or max(heard.st_size, log.st_size) > _MOST else None

    def outcome(self, python: Path, ended: Ended) -> ProbeOutcome:
        """Return what became of it, once it is no longer there."""
        status = self.process.returncode
        name = signal_name(status) if ended == "finished" else None
        return ProbeOutcome(
            python=str(python),
            ended="signal" if name else ended,
            events=tuple(_events(self.events)),
            exit_status=status,
            signal=name,
            seconds=time.time() - self.began,
        )


@dataclass(kw_only=True, slots=True)
class _Bench:
    """Children with one interpreter and one folder, a few at a time."""

    python: Path
    folder: Path
    until: float
    count: int = 0

    def run(self, work: Sequence[_Work]) -> list[tuple[Task, ProbeOutcome]]:
        """Run children to their ends, and return what each came to, in the order they were asked for."""
        waiting, alive, done = list(enumerate(work)), dict[int, _Child](), dict[int, ProbeOutcome]()
        try:
            while waiting or alive:
                if time.monotonic() > self.until:
                    done |= {place: _no_time(self.python) for place in (*alive, *(place for place, _ in waiting))}
                    break
                while waiting and len(alive) < AT_ONCE:
                    place, item = waiting.pop(0)
                    alive[place] = self._start(item)
                time.sleep(_PAUSE_S)
                for place, child in list(alive.items()):
                    if (ended := child.ended()) is not None:
                        kill_group(child.process)
                        done[place] = alive.pop(place).outcome(self.python, ended)
        finally:
            for child in alive.values():
                kill_group(child.process)
        return [(item.task, done[place]) for place, item in enumerate(work)]

    def _start(self, work: _Work) -> _Child:
        self.count += 1
        home = self.folder / str(self.count)
        home.mkdir()
        events, log = home.with_suffix(".events"), home.with_suffix(".log")
        with events.open("wb") as said, log.open("wb") as rest:
            process = subprocess.Popen(
                [str(self.python), str(PROBE), json.dumps(work.options)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=rest,
                env=_surroundings(self.python, home),
                cwd=home,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                start_new_session=sys.platform != "win32",  # a group of its own, so that all of it can be ended
            )
        return _Child(work=work, process=process, events=events, log=log, began=time.time())


def _no_time(python: Path) -> ProbeOutcome:
    return ProbeOutcome(python=str(python), ended="timeout", message="there was no time left to try it")


def _surroundings(python: Path, home: Path) -> dict[str, str]:
    """Return the variables of a child: at home nowhere, and with no way to the network."""
    homes = dict.fromkeys(_HOMES, str(home))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}  # they follow the home
    return child_environment(kept, python) | homes | dict.fromkeys(_PROXIES, _NOWHERE) | _QUIET


def _events(file: Path) -> Iterator[Event]:
    with file.open("rb") as lines:
        for line in lines.read(_MOST).splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                yield event
