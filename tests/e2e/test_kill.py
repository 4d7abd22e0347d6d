"""SIGKILL at random moments over install, lock, rollback, remove and gc: always as before or as after, and tidy again.

The moments of an action are spread evenly over the time it takes, a random one in each interval, so that every part of
it is hit; some more fall right behind the switch, which is too short for chance to meet. Every third kill ends tfsetup
alone and leaves what it had started running. `pytest -s` prints the counts.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from support import standin
from support.faulty_index import Index, serve
from support.killing import Action, Moment, Sandbox, Trial, lock_versions, try_once

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(sys.platform == "win32", reason="process groups and SIGKILL")]

OLD, NEW = "2.20.0", "2.21.0"
INSTALL = ("install", "--no-lock", *standin.ASK)
LOCK = ("lock", "--platform", "linux-x86_64-cpu", "--format", "portable", "--python", standin.MINOR)
PLAIN = "import six, tensorflow; print(tensorflow.__version__)"
# How many kills of each action make a hundred.
SHARES = {
    "install": 34,
    "install and verify": 10,
    "install --replace": 14,
    "lock": 16,
    "rollback": 8,
    "remove": 6,
    "gc": 12,
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with stand-ins without NumPy, which is only there to verify with and takes time."""
    folder = tmp_path_factory.mktemp("index")
    for version in standin.VERSIONS:
        files = dict(standin.tensorflow_files(version))
        files["tensorflow/__init__.py"] = f"__version__ = '{version}'\n"
        standin.write_wheel(folder, "tensorflow-cpu", version, files, requires=["six"])
    standin.write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    standin.write_beside(folder)
    with serve(Index(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def whole_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with serve(Index(standin.write_index(tmp_path_factory.mktemp("whole")))) as running:
        yield running


@pytest.fixture(scope="module")
def template(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two generations, the newer one current, and a lock of the older one."""
    home = tmp_path_factory.mktemp("template")
    box = sandbox(home, index, home)
    box.project.mkdir()
    box.run(*INSTALL, "--no-verify", "--tensorflow", OLD)
    box.run(*INSTALL, "--no-verify", "--tensorflow", NEW)
    box.run(*LOCK, "--tensorflow", OLD)
    return home


def sandbox(home: Path, index: Index, cache: Path) -> Sandbox:
    variables = {"UV_DEFAULT_INDEX": index.url, "PIP_EXTRA_INDEX_URL": "", "UV_CACHE_DIR": str(cache / "uv")}
    return Sandbox(home=home, variables=variables | {"TFSETUP_CACHE_DIR": str(home / "cache")})


def to_be_adopted(box: Sandbox) -> None:
    """Put the current generation in the prefix's place, as if somebody else had made it there."""
    box.prefix.unlink()
    box.store.layout.folder(2).rename(box.prefix)
    shutil.rmtree(box.store.layout.root)


def four_generations(box: Sandbox) -> None:
    for number in (3, 4):
        box.clone_generation(1, number)


def lock_is_old_or_new(box: Sandbox) -> None:
    assert lock_versions(box) in ([OLD], [NEW])


def actions(index: Index, whole_index: Index) -> dict[str, Action]:
    older = ("--tensorflow", OLD)
    whole = {"UV_DEFAULT_INDEX": whole_index.url}
    found = [
        Action(name="install", argv=[*INSTALL, "--no-verify", *older], before=NEW, after=OLD),
        Action(name="install and verify", argv=[*INSTALL, *older], before=NEW, after=OLD, variables=whole),
        Action(
            name="install --replace",
            argv=[*INSTALL, "--no-verify", "--replace", *older],
            before=NEW,
            after=OLD,
            prepare=to_be_adopted,
        ),
        Action(name="lock", argv=[*LOCK, "--tensorflow", NEW], before=NEW, after=NEW, check=lock_is_old_or_new),
        Action(name="rollback", argv=["rollback", "1"], before=NEW, after=OLD),
        Action(name="remove", argv=["gc", "--keep", "1"], before=NEW, after=NEW),
        Action(name="gc", argv=["gc", "--keep", "2"], before=NEW, after=NEW, prepare=four_generations),
    ]
    assert index.url
    return {action.name: action for action in found}


def moments(count: int, duration: float, dice: random.Random, *, switches: bool) -> list[Moment]:
    """Return moments spread over a duration and a little beyond, a random one in each of `count` equal parts.

    An action that switches the prefix gets a tenth more, at least one, in the first hundredth of a second behind that.
    """
    found = [
        Moment(seconds=(part + dice.random()) / count * duration * 1.1, alone=part % 3 == 0) for part in range(count)
    ]
    if switches:
        extra = range(max(1, count // 10))
        found += [Moment(seconds=dice.random() / 100, after_switch=True, alone=part % 2 == 0) for part in extra]
    return found


def shares(total: int) -> dict[str, int]:
    return {name: max(1, round(share * total / 100)) for name, share in SHARES.items()}


@pytest.mark.parametrize("total", [100, pytest.param(300, marks=pytest.mark.exhaustive)])
def test_a_killed_run_leaves_before_or_after_and_nothing_else(
    total: int, index: Index, whole_index: Index, template: Path, tmp_path: Path
) -> None:
    dice = random.Random(total)  # noqa: S311 - repeatable, not secret
    known = actions(index, whole_index)

    def attempt(action: Action, folder: Path, moment: Moment | None) -> Trial | float:
        """Try an action on a copy of the template; without a moment to kill it at, return how long it takes."""
        home = tmp_path / folder
        home.mkdir()
        subprocess.run(["cp", "-a", str(template / "project"), str(home)], check=True)  # a third of what Python takes
        plain = sandbox(home, index, template)
        box = Sandbox(home=home, variables=dict(plain.variables) | dict(action.variables), say=PLAIN)
        try:
            if moment is None:
                action.prepare(box)
                return box.run(*action.argv)
            return try_once(action, box, moment)
        finally:
            shutil.rmtree(home)

    def until_hit(job: tuple[Action, Path, Moment]) -> Trial:
        """Kill somewhat earlier when the run was over before the moment came."""
        action, folder, moment = job
        trial: Trial | float = 0.0
        for _ in range(6):
            trial = attempt(action, folder, moment)
            if isinstance(trial, Trial) and trial.hit:
                break
            moment = replace(moment, seconds=moment.seconds * (0.2 + 0.7 * dice.random()))
        assert isinstance(trial, Trial)
        return trial

    for action in known.values():  # whatever is made on a first run is made: caches, bytecode
        attempt(action, Path("warm"), None)
    with ThreadPoolExecutor(2) as pool:
        took = dict(
            zip(known, pool.map(lambda a: attempt(a, Path(f"time-{a.name}"), None), known.values()), strict=True)
        )
        jobs = [
            (known[name], Path(f"{name}-{number}"), moment)
            for name, count in shares(total).items()
            for number, moment in enumerate(
                moments(count, float(str(took[name])), dice, switches=known[name].before != known[name].after)
            )
        ]
        dice.shuffle(jobs)
        trials = list(pool.map(until_hit, jobs))
    report(trials, sys.stdout.write)
    assert len(trials) == len(jobs) > total
    assert sum(trial.hit for trial in trials) > 0.9 * total
    assert any(trial.unfinished for trial in trials)
    for name, action in known.items():
        sides = {trial.changed for trial in trials if trial.action == name}
        assert sides == ({False, True} if action.before != action.after else {False}), name


def report(trials: list[Trial], write: Callable[[str], object]) -> None:
    write(f"\n{'action':<20}{'kills':>6}{'hit':>6}{'before':>8}{'after':>7}{'half-done':>11}\n")
    counts: dict[str, Counter[str]] = {}
    for trial in trials:
        for name in (trial.action, "all"):
            count = counts.setdefault(name, Counter())
            count["kills"] += 1
            count["hit"] += trial.hit
            count["changed"] += trial.changed
            count["unfinished"] += trial.unfinished
    for name in sorted(counts, key=lambda each: each == "all"):
        c = counts[name]
        before = c["kills"] - c["changed"]
        write(f"{name:<20}{c['kills']:>6}{c['hit']:>6}{before:>8}{c['changed']:>7}{c['unfinished']:>11}\n")


@pytest.mark.exhaustive
def test_thirty_kills_with_a_real_tensorflow(tmp_path: Path) -> None:
    total = 30
    dice = random.Random(total)  # noqa: S311 - repeatable, not secret
    say = "import tensorflow as tf; print(tf.__version__, float(tf.reduce_sum(tf.ones((8, 8)))))"
    box = Sandbox(
        home=tmp_path,
        variables={"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))},
        say=say,
    )
    box.project.mkdir()
    box.run(*INSTALL, "--tensorflow", NEW)
    current, other = NEW, OLD
    took = box.run(*INSTALL, "--tensorflow", other)
    current, other = other, current
    box.run("gc", "--keep", "1")
    trials: list[Trial] = []
    for moment in moments(total, took, dice, switches=True):
        for earlier in (1.0, 0.6, 0.3):  # where the run was over before the moment came
            action = Action(
                name="install" if earlier == 1.0 else "install, again",
                argv=[*INSTALL, "--tensorflow", other],
                before=f"{current} 64.0",
                after=f"{other} 64.0",
            )
            trials.append(try_once(action, box, replace(moment, seconds=moment.seconds * earlier)))
            current, other = other, current
            if trials[-1].hit:
                break
    report(trials, sys.stdout.write)
    assert sum(trial.hit for trial in trials) >= total
    assert {trial.changed for trial in trials} == {False, True}
    assert any(trial.unfinished for trial in trials)
