"""A generation on the disk: what an outage, a kill or a stranger in a shared folder finds at any moment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tfsetup.envs.run as room
from support.disk import Event, assert_written_whole, every_failure, set_trap, watching
from support.envs import FakeUv, finish, make_hooks, make_plan, make_receipt, make_store
from tfsetup.envs.model import CreateVenv, InstallWheels, Step, Switch
from tfsetup.envs.run import install
from tfsetup.envs.store import Store
from tfsetup.errors import BuildError

STEPS: tuple[Step, ...] = (
    CreateVenv(python="/opt/python3.12", download=False),
    InstallWheels(lock_name="pylock.x-y.toml", lock_text="# a lock\n", count=1, size=10, arguments=()),
    Switch(),
)


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> FakeUv:
    fake = FakeUv()
    monkeypatch.setattr(room, "run_uv", fake)
    return fake


def two(tmp_path: Path) -> Store:
    """Return a store of two generations, the first of them current."""
    store = make_store(tmp_path)
    finish(store, 1)
    finish(store, 2)
    store.switch(1)
    return store


def at(seen: list[Event], wanted: Callable[[Event], bool]) -> int:
    """Return the place of the last event that is wanted."""
    found = [place for place, event in enumerate(seen) if wanted(event)]
    assert found, seen
    return found[-1]


def test_a_receipt_is_on_the_disk_with_its_name_before_the_link_leads_to_its_generation(
    tmp_path: Path, uv: FakeUv
) -> None:
    store = two(tmp_path)
    with watching(tmp_path) as seen:
        install(make_plan(*STEPS, digest="d2"), store, make_hooks())
    prefix, receipt = store.layout.prefix, store.layout.receipt(3)
    switched = at(seen, lambda event: event.other == prefix)
    assert_written_whole(seen[:switched], receipt)
    assert Event("fsync", prefix.parent) in seen[switched:], "the link was not brought to the disk"
    assert uv.calls


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_whatever_happens_on_the_way_a_receipt_is_there_whole_or_not_at_all(
    tmp_path: Path, failure: BaseException
) -> None:
    store = make_store(tmp_path)
    store.layout.root.mkdir()
    path, receipt = store.layout.receipt(3), make_receipt(3)

    def prepare() -> None:
        path.unlink(missing_ok=True)

    ends = set()
    for outcome in every_failure(tmp_path, failure, prepare=prepare, act=lambda: store.write_receipt(receipt)):
        ends.add(path.exists())
        assert path.exists() or outcome is not None
        assert not path.exists() or store.receipt(3) == receipt
    assert ends == {True, False}


@pytest.mark.parametrize("trap", ["symbolic link", "hard link"])
def test_a_receipt_is_never_written_into_a_stranger_s_file(tmp_path: Path, trap: str) -> None:
    store = make_store(tmp_path)
    store.layout.root.mkdir()
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    with (
        watching(store.layout.root, each=lambda event: set_trap(event, theirs, trap)),
        pytest.raises((OSError, BuildError)),
    ):
        store.write_receipt(make_receipt(3))
    assert theirs.read_text() == "precious"
    assert not store.layout.receipt(3).exists()


def test_at_every_moment_of_a_switch_the_prefix_is_one_of_the_two_environments(tmp_path: Path) -> None:
    store = two(tmp_path)
    stood: list[str] = []

    def look(_event: Event) -> None:
        prefix = store.layout.prefix
        stood.append(prefix.resolve().name if os.path.lexists(prefix) else "nothing")

    with watching(tmp_path, each=look):
        store.switch(2)
    assert set(stood) == {"1", "2"} or set(stood) == {"1"}, stood
    assert store.layout.prefix.resolve().name == "2"


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_a_switch_that_fails_on_the_way_leaves_one_of_the_two(tmp_path: Path, failure: BaseException) -> None:
    store = two(tmp_path)
    current = []
    for outcome in every_failure(tmp_path, failure, prepare=lambda: store.switch(1), act=lambda: store.switch(2)):
        current.append(store.current())
        assert store.current() == 2 if outcome is None else store.current() in {1, 2}
    assert current[-1] == 2


def test_a_generation_that_goes_has_another_name_before_the_first_of_its_files_is_removed(tmp_path: Path) -> None:
    store = two(tmp_path)
    folder = store.layout.folder(2)
    with watching(tmp_path) as seen:
        store.discard(2)
    gone = [event for event in seen if event.kind in {"remove", "rmdir", "rmtree"}]
    assert [event for event in gone if event.path.is_relative_to(folder)] == []
    assert [event.path for event in seen if event.kind == "rename"] == [folder]
    assert not folder.exists()


def test_a_program_of_a_killed_run_that_still_writes_brings_no_generation_back(tmp_path: Path) -> None:
    store = two(tmp_path)
    folder = store.layout.folder(2)

    def write(event: Event) -> None:
        if event.kind in {"remove", "rmdir", "rmtree"} and folder.is_dir():
            (folder / "late").write_text("from a child that outlived its parent")

    with watching(folder.parent, each=write):
        store.discard(2)
    assert not folder.exists()
    assert store.numbers() == [1]


LOOK = """\
#!{python} -IS
import os, pathlib, sys
held = []
for number in range(3, 256):
    try:
        held.append(os.fstat(number).st_ino)
    except OSError:
        pass
with open({report!r}, "a") as file:
    print(*held, file=file)
if "venv" in sys.argv:
    folder = pathlib.Path(sys.argv[-1]) / "bin"
    folder.mkdir(parents=True)
    (folder / "python").touch()
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are not inherited there")
def test_every_uv_has_the_lock_in_its_hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should tfsetup be killed, its uv still holds the lock, and nobody else builds where it writes."""
    report, program = tmp_path / "report", tmp_path / "uv"
    program.write_text(LOOK.format(python=sys.executable, report=str(report)))
    program.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(program))
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    locks = {path.stat().st_ino for path in store.layout.root.iterdir() if path.is_file()}
    runs = [{int(inode) for inode in line.split()} for line in report.read_text().splitlines()]
    assert len(runs) >= 2
    assert all(run & locks for run in runs), "a uv was started without the lock"
