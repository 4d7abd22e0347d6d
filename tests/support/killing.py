"""Runs of tfsetup in a sandbox of its own, killed at a moment, and what must hold afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.envs import make_receipt
from support.process import ROOT
from tfsetup.envs.store import Store, layout_for

SAY = "import six, tensorflow; print(tensorflow.__version__)"
TEAM = "environments"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a run is killed: some seconds after its start, or after the prefix was switched.

    `alone`: only tfsetup itself dies, and what it had started goes on; otherwise the whole process group.
    """

    seconds: float
    after_switch: bool = False
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A project folder with an environment, and variables that keep everything inside of `home`."""

    home: Path
    variables: Mapping[str, str]
    say: str = SAY
    started: list[int] = field(default_factory=list)

    @property
    def project(self) -> Path:
        return self.home / "project"

    @property
    def prefix(self) -> Path:
        return self.project / ".venv"

    @property
    def store(self) -> Store:
        return Store(layout_for(self.prefix))

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        """Start tfsetup as the leader of a process group of its own."""
        temporary = self.home / "tmp"
        temporary.mkdir(exist_ok=True)
        environ = {"PYTHONPATH": str(ROOT / "installer"), "HOME": str(self.home), "TMPDIR": str(temporary)}
        return subprocess.Popen(
            [sys.executable, "-m", "tfsetup", *argv],
            cwd=self.project,
            env=os.environ | environ | dict(self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *argv: str) -> float:
        """Run tfsetup to its end, which must be a good one; return how many seconds it took."""
        began = time.monotonic()
        with self.start(*argv) as running:
            said = running.communicate()[0].decode()
        assert running.returncode == 0, f"{argv}: {said}"
        return time.monotonic() - began

    def kill(self, moment: Moment, *argv: str) -> bool:
        """Run tfsetup and kill it at a moment; tell whether it was still at work."""
        place = self._place()
        with self.start(*argv) as running:
            due = time.monotonic() + moment.seconds
            waiting = moment.after_switch
            while True:
                try:
                    running.communicate(timeout=0.002 if waiting else max(0.0, due - time.monotonic()))
                    break
                except subprocess.TimeoutExpired:
                    if waiting and self._place() != place:
                        waiting, due = False, time.monotonic() + moment.seconds
                    elif not waiting:
                        (os.kill if moment.alone else os.killpg)(running.pid, signal.SIGKILL)
                        running.communicate()
                        break
        return running.returncode == -signal.SIGKILL

    def _place(self) -> str | None:
        """Return where the prefix leads; None where it is no link."""
        try:
            return str(self.prefix.readlink())
        except OSError:
            return None

    def answer(self) -> str | None:
        """Return what a program in the environment says; None where there is no environment."""
        if not os.path.lexists(self.prefix):
            return None
        python = self.prefix / "bin" / "python"
        done = subprocess.run([python, "-c", self.say], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"the environment does not work: {done.stderr}"
        return done.stdout.strip()

    def left_over(self) -> list[str]:
        """Return what is neither a finished generation, nor a lock file, nor anything that belongs here."""
        store = self.store
        finished = store.numbers()
        fine = {".gitignore", "lock", *map(str, finished), *(f"{number}.json" for number in finished)}
        inside = [path.name for path in store.layout.root.glob("*") if path.name not in fine]
        beside = [path.name for path in self.project.iterdir() if path.name not in {".venv", ".venv.generations", TEAM}]
        drafts = [path.name for path in self.project.glob(f"{TEAM}/**/.*")]
        temporary = [path.name for path in (self.home / "tmp").iterdir()]
        return inside + beside + drafts + temporary

    def clone_generation(self, source: int, number: int) -> None:
        """Make another finished generation out of one: files and receipt."""
        layout = self.store.layout
        shutil.copytree(layout.folder(source), layout.folder(number), symlinks=True)
        known = self.store.receipt(source)
        kept = {name: getattr(known, name) for name in ("row", "digest", "python", "requirements", "packages")}
        self.store.write_receipt(make_receipt(number, **kept))


@dataclass(frozen=True, kw_only=True)
class Action:
    """A command to be killed: what prepares for it, its arguments, and what the environment says before and after."""

    name: str
    argv: Sequence[str]
    before: str | None
    after: str | None
    prepare: Callable[[Sandbox], None] = lambda _sandbox: None
    check: Callable[[Sandbox], None] = lambda _sandbox: None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came of one kill: whether it hit, and on which side of the change the environment was."""

    action: str
    hit: bool
    changed: bool
    unfinished: bool


def try_once(action: Action, box: Sandbox, moment: Moment) -> Trial:
    """Kill an action at a moment and check all that is promised."""
    action.prepare(box)
    assert box.answer() == action.before
    hit = box.kill(moment, *action.argv)
    said = box.answer()
    assert said in {action.before, action.after}, f"{said} is neither {action.before} nor {action.after}"
    for number in box.store.numbers():
        assert box.store.receipt(number).generation == number
    action.check(box)
    unfinished = bool(box.left_over())
    box.run(*action.argv)
    assert box.answer() == action.after
    box.run("gc", "--keep", "1")
    left = box.left_over()
    assert left == [], f"left over: {left}"
    assert set(box.store.numbers()) - {0} == {box.store.current()}
    assert box.answer() == action.after
    return Trial(action=action.name, hit=hit, changed=said != action.before, unfinished=unfinished)


def lock_versions(box: Sandbox) -> list[str]:
    """Return the versions of TensorFlow that the lock files in the project name; each file must be whole."""
    from tfsetup.locks.files import read_lock

    folder = box.project / TEAM / "locks"
    locks = [read_lock(path) for path in sorted(folder.glob("requirements.*.txt"))]
    proof = folder / "proof.json"
    assert not proof.exists() or json.loads(proof.read_text())
    return [package.version for lock in locks for package in lock.packages if package.name.startswith("tensorflow")]
