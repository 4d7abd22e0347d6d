"""Digests handed on with a lock: written once its wheels were read, believed by its record, else not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from support.backends import LINUX, Judge, Memory, case
from support.elf_build import Define, Library, build_elf
from support.matrix import shipped
from support.wheels import whole_wheel
from tfsetup.errors import BuildError, InvalidFileError, UsageError
from tfsetup.ground.units import size
from tfsetup.host.model import Host, Libc
from tfsetup.loader.digest import handing, opening
from tfsetup.loader.digest.store import own_store
from tfsetup.loader.report import Report
from tfsetup.locks.files import read_proofs
from tfsetup.locks.model import LockedFile, LockedPackage
from tfsetup.locks.proof import Proof
from tfsetup.matrix.model import Ask
from tfsetup.report.lock import lock_lines
from tfsetup.workflows import handed
from tfsetup.workflows.backends import Case, LockOrder
from tfsetup.workflows.handed import opened_with, parse_released
from tfsetup.workflows.lock import lock
from tfsetup.workflows.opened import Opened
from tfsetup.workflows.preflight import judge

NAME = "alpha-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
HERE = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    core = build_elf(Library(defines=[Define(name="PyInit_core")]), padding=300_000)
    (tmp_path / NAME).write_bytes(whole_wheel(NAME, {"alpha/__init__.py": "", "alpha/core.so": core}))
    return tmp_path / NAME


def locked(wheel: Path) -> Case:
    """Return a lock of that wheel alone."""
    data = wheel.read_bytes()
    file = LockedFile(
        filename=NAME, size=len(data), sha256=hashlib.sha256(data).hexdigest(), url="https://index.example/a"
    )
    return replace(case(host=LINUX), packages=[LockedPackage(name="alpha", version="1.0", wheels=(file,))])


class Reading(Judge):
    """Reads the wheel of the lock, as a proof does."""

    def __init__(self, wheel: Path) -> None:
        super().__init__()
        self.wheel = wheel

    def __call__(self, one: Case, *_: object, **__: object) -> Proof:
        judge([self.wheel], HERE, python="3.12")
        return super().__call__(one)


def written(wheel: Path, **changes: object) -> tuple[Reading, list[str]]:
    """Write a lock with digests; return who judged it and what is said."""
    one, judge_of_it = locked(wheel), Reading(wheel)
    order = LockOrder(ask=Ask(), folder=Path("locks"), digests=Path("given"), **changes)  # type: ignore[arg-type]
    found = lock(order, shipped(), backend=Memory(cases=[one]), judge=judge_of_it)
    return judge_of_it, list(lock_lines(found))


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Go to a machine that has read nothing, and on which the wheel itself may not be opened."""
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "another"))

    def refused(*_: object) -> None:
        raise AssertionError("the wheel was opened")

    monkeypatch.setattr(opening, "open_wheel", refused)


def test_a_lock_records_what_it_handed_on(wheel: Path) -> None:
    _, said = written(wheel)
    proof = next(iter(read_proofs(Path("locks"), "proofs.json").values()))
    names = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path("given").iterdir()}
    assert proof.digests == names
    assert len(names) == 2
    total = sum(path.stat().st_size for path in Path("given").iterdir())
    assert said[-1] == f"given  digests of the wheels: 2 files, {size(total)}"


def test_what_was_read_before_is_not_read_again(wheel: Path) -> None:
    first, _ = written(wheel)
    again, _ = written(wheel)
    assert (len(first.asked), len(again.asked)) == (1, 0)


def test_a_lock_whose_verdict_is_known_is_read_all_the_same_where_digests_are_missing(
    wheel: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written(wheel)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "another"))
    for path in Path("given").iterdir():
        path.unlink()
    again, _ = written(wheel)
    assert len(again.asked) == 1


def test_what_was_handed_on_is_handed_on_again_as_it_is(
    wheel: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written(wheel)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "another"))
    Path("locks", "proof.json").write_bytes(Path("locks", "proofs.json").read_bytes())  # where records are looked for
    before = {path.name: path.read_bytes() for path in Path("given").iterdir()}

    def packed(*_: object) -> bytes:
        raise AssertionError("it was packed anew")

    monkeypatch.setattr(handing, "packed_small", packed)
    again, _ = written(wheel)
    assert len(again.asked) == 0
    assert {path.name: path.read_bytes() for path in Path("given").iterdir()} == before
    assert next(iter(read_proofs(Path("locks"), "proofs.json").values())).digests == {
        name: hashlib.sha256(data).hexdigest() for name, data in before.items()
    }


def test_without_the_option_nothing_is_handed_on(wheel: Path) -> None:
    order = LockOrder(ask=Ask(), folder=Path("locks"))
    lock(order, shipped(), backend=Memory(cases=[locked(wheel)]), judge=Reading(wheel))
    assert not Path("given").exists()
    assert "digests" not in Path("locks", "proofs.json").read_text()


def test_who_has_the_record_reads_nothing_of_the_wheel(
    wheel: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written(wheel)
    expected = judge([wheel], HERE, python="3.12").report
    Path("locks", "proofs.json").rename("locks/proof.json")
    wheel.rename(tmp_path / "locks" / NAME)
    elsewhere(monkeypatch, tmp_path)
    assert asked(tmp_path / "locks" / NAME) == expected


def test_who_has_no_record_reads_the_wheel_and_is_told(
    wheel: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written(wheel)
    expected = judge([wheel], HERE, python="3.12").report
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "another"))
    found = asked(wheel)
    assert replace(found, notes=()) == replace(expected, notes=())
    (note,) = set(found.notes) - set(expected.notes)
    assert note.title == "Digests that nobody vouches for"
    assert "the wheels themselves were read" in note.detail


def test_the_list_that_comes_with_tfsetup_vouches(wheel: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written(wheel)
    expected = judge([wheel], HERE, python="3.12").report
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path("given").iterdir()}
    listed = {
        "schema": 1,
        "wheels": {hashlib.sha256(wheel.read_bytes()).hexdigest(): {"name": NAME, "digests": hashes}},
    }
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / handed.RELEASED).write_text(json.dumps(listed))
    monkeypatch.setattr("tfsetup.matrix.file.disk.environments", lambda: tmp_path / "environments")
    elsewhere(monkeypatch, tmp_path)
    assert asked(wheel) == expected


def asked(wheel: Path) -> Report:
    return judge([wheel], HERE, python="3.12", digests=Path("given")).report


def test_a_folder_that_is_not_there_is_no_question() -> None:
    with pytest.raises(UsageError, match="no such folder"):
        opened_with(Path("nowhere"))


def test_a_folder_that_cannot_be_written_is_told(wheel: Path) -> None:
    Path("given").write_bytes(b"")
    with pytest.raises(BuildError, match="given cannot be written"):
        written(wheel)
    assert not Path("locks", "proofs.json").exists()


def test_without_a_folder_no_list_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handed, "_released", lambda: 1 / 0)
    opened = opened_with(None, [Path("locks")])
    assert isinstance(opened, Opened)
    assert opened.store.given == own_store().given == ()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 1, "wheels": {"a": 1}}', '{"schema": 1, "wheels": {"a": {}}}']
)
def test_a_damaged_list_is_told(text: str) -> None:
    with pytest.raises(InvalidFileError, match="list of digests is damaged"):
        parse_released(text, "digests.json")
