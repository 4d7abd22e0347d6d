"""The course of a lock, over a backend in memory: what is told, refused, written, and how locks stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.backends import Judge, Memory, case
from support.matrix import shipped
from tfsetup.errors import BuildError, Code, InvalidFileError, NetworkError, TfsetupError, UsageError, Where
from tfsetup.ground.encode import encode
from tfsetup.ground.owners import SharedFiles
from tfsetup.locks.files import read_proofs
from tfsetup.matrix.model import Ask
from tfsetup.report.lock import lock_lines
from tfsetup.workflows.backends import Case, LockOrder, Standing
from tfsetup.workflows.lock import backend_for, check, lock
from tfsetup.workflows.lock_conda import CondaBackend
from tfsetup.workflows.lock_venv import VenvBackend

MATRIX = shipped()
CPU, CUDA, METAL = "linux-x86_64-cpu", "linux-x86_64-cuda", "macos-arm64-metal"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))


def order(**changes: Any) -> LockOrder:
    return LockOrder(ask=Ask(), folder=Path("locks"), **changes)


def names(folder: str = "locks") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir()) if Path(folder).is_dir() else []


def standing(one: Case, *changes: str, find: Callable[[], Case | None] = lambda: None) -> Standing:
    """How a lock stands that was read from disk; `find` gives it with its addresses."""
    path, row = Path("locks", one.file), one.origin.row
    return Standing(path=path, row=row, key=one.key, lock=one.lock, changes=changes, case=find)


# ----------------------------------------------------------------------------------------------------------- writing


def test_every_lock_is_written_together_with_what_was_found_about_it() -> None:
    told: list[str] = []
    cases = [case(CPU), case(CUDA)]
    found = lock(order(), MATRIX, backend=Memory(cases=cases), told=told.append, judge=Judge())
    assert names() == [f"{CPU}.lock", f"{CUDA}.lock", "proofs.json"]
    assert Path("locks", f"{CPU}.lock").read_text() == cases[0].lock.text
    assert {key: proof.verdict for key, proof in read_proofs(Path("locks"), "proofs.json").items()} == {
        f"{CPU}.lock": "loads",
        f"{CUDA}.lock": "loads",
    }
    assert [(one.row, one.fresh, one.changed, one.verdict, one.versions) for one in found.files] == [
        (CPU, True, True, "loads", None),
        (CUDA, True, True, "loads", None),
    ]
    assert told == [
        "0 there",
        f"Locking {CPU} {CUDA}",
        "Proving   2 of 2: from memory",
        f"Proven    {CPU:<28} loads          3 libraries",
        f"Proven    {CUDA:<28} loads          3 libraries",
    ]
    assert found.code(proven=True) is None


def test_what_is_as_it_was_is_said_to_be_and_what_moved_is_named() -> None:
    first, second = case(CPU), case(CPU, "2.0")
    lock(order(), MATRIX, backend=Memory(cases=[first]), judge=Judge())
    again = lock(order(), MATRIX, backend=Memory(cases=[first], there={CPU: first.lock}), judge=Judge())
    assert [(one.changed, one.versions) for one in again.files] == [(False, ())]
    moved = lock(order(), MATRIX, backend=Memory(cases=[second], there={CPU: first.lock}), judge=Judge())
    assert [(one.changed, one.versions) for one in moved.files] == [(True, ("alpha 1.0 → 2.0",))]


def test_the_same_files_are_judged_once() -> None:
    judge = Judge()
    for _ in range(2):
        lock(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=judge)
    lock(replace(order(), folder=Path("elsewhere")), MATRIX, backend=Memory(cases=[case(CPU)]), judge=judge)
    assert judge.asked == [CPU]


def test_what_would_not_load_is_not_written_unless_somebody_forces_it() -> None:
    judge = Judge(verdicts={CUDA: "fails"})
    backend = Memory(cases=[case(CPU), case(CUDA)])
    with pytest.raises(TfsetupError) as raised:
        lock(order(), MATRIX, backend=backend, judge=judge)
    assert raised.value.code is Code.ANSWER_IS_NO
    assert raised.value.message == f"Not written, because it would not load:\n  {CUDA}: lib.so: fails"
    assert raised.value.hint == "Ask for something else, or write it all the same with --force."
    assert names() == []
    forced = lock(order(force=True), MATRIX, backend=backend, judge=judge)
    assert [(one.verdict, one.reasons) for one in forced.files] == [("loads", ()), ("fails", ("lib.so: fails",))]
    assert judge.asked == [CPU, CUDA]


TWO = SharedFiles(distributions=("a 1", "b 2"), paths=3, different=2, names=("t/l.so", "t/x.py"))


def test_a_path_with_two_contents_is_a_conflict_and_not_a_lock() -> None:
    backend = Memory(cases=[case(CPU), case(CUDA)])
    found = lock(order(), MATRIX, backend=backend, judge=Judge(conflicts={CUDA: (TWO,)}))
    (conflict,) = found.conflicts
    assert (conflict.distributions, conflict.paths, conflict.different, conflict.row) == (("a 1", "b 2"), 3, 2, CUDA)
    assert conflict.change == f"less of b 2 in {CUDA}."
    assert (found.files, found.code(proven=True)) == ((), Code.ANSWER_IS_NO)
    assert names() == []
    assert list(lock_lines(found)) == [
        "Not written, because a path would have two contents, and which of them stays is chance:",
        f"  {CUDA}: a 1 and b 2 both bring 3 files, and 2 of them have other content (t/l.so)",
        "    also t/x.py",
        f"    What costs least: less of b 2 in {CUDA}.",
        "  Write it all the same with --force.",
    ]


def test_a_conflict_that_is_forced_is_written_and_told_and_remembered() -> None:
    judge, backend = Judge(conflicts={CUDA: (TWO,)}), Memory(cases=[case(CUDA)])
    found = lock(order(force=True), MATRIX, backend=backend, judge=judge)
    assert names() == [f"{CUDA}.lock", "proofs.json"]
    assert ([one.verdict for one in found.files], found.code(proven=True)) == (["fails"], None)
    assert next(iter(lock_lines(found))).startswith("Written all the same, though a path would have two contents")
    again = lock(order(), MATRIX, backend=backend, judge=judge)  # what was found is on record
    assert [one.distributions for one in again.conflicts] == [("a 1", "b 2")]
    assert judge.asked == [CUDA]


def test_without_a_proof_nobody_is_asked_but_what_is_on_record_counts() -> None:
    judge = Judge()
    lock(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=judge)
    found = lock(order(prove=False), MATRIX, backend=Memory(cases=[case(CPU), case(CUDA, "3.0")]), judge=judge)
    assert [(one.verdict, one.reasons) for one in found.files] == [
        ("loads", ()),
        ("undecided", ("not asked for (--no-prove)",)),
    ]
    assert judge.asked == [CPU]


def test_the_record_keeps_what_is_known_of_other_locks_that_are_there() -> None:
    lock(order(), MATRIX, backend=Memory(cases=[case(CPU), case(CUDA)]), judge=Judge())
    Path("locks", f"{CUDA}.lock").unlink()
    lock(order(), MATRIX, backend=Memory(cases=[case(METAL)]), judge=Judge())
    assert sorted(read_proofs(Path("locks"), "proofs.json")) == [f"{CPU}.lock", f"{METAL}.lock"]


@pytest.mark.parametrize("failure", [BuildError("broken"), ValueError("a bug"), KeyboardInterrupt()])
def test_what_ends_the_judge_ends_the_course_and_nothing_is_written(failure: BaseException) -> None:
    with pytest.raises(type(failure)):
        lock(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=Judge(failures={CPU: failure}))
    assert names() == []


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (NetworkError("no network"), "the wheels could not be read: no network"),
        (InvalidFileError("no wheel fits", where=Where(file="x")), "no wheel fits"),
    ],
)
def test_what_could_not_be_read_is_undecided_and_judged_again_next_time(failure: TfsetupError, why: str) -> None:
    judge = Judge(failures={CPU: failure})
    for _ in range(2):
        found = lock(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=judge)
        assert [(one.verdict, one.reasons) for one in found.files] == [("undecided", (why,))]
    assert judge.asked == [CPU, CPU]


def test_what_a_backend_says_besides_is_in_the_answer() -> None:
    backend = Memory(cases=[case(CPU)], index=("an index",), left_out=("a line",))
    found = encode(lock(order(), MATRIX, backend=backend, judge=Judge()))
    assert list(found) == ["files", "index", "left_out", "environment", "hazards", "conflicts"]
    plain = encode(lock(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=Judge()))
    assert list(plain) == ["files", "environment", "hazards", "conflicts"]


def test_a_wheel_that_cures_and_that_no_lock_names_is_swept() -> None:
    Path("locks").mkdir()
    Path("locks", "tfsetup_cures-1.2-py3-none-any.whl").touch()
    lock(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=Judge())
    assert names() == [f"{CPU}.lock", "proofs.json"]


# ---------------------------------------------------------------------------------------------------------- checking


def test_a_check_writes_nothing_and_says_what_is_on_record() -> None:
    one, other = case(CPU), case(CUDA)
    lock(order(), MATRIX, backend=Memory(cases=[one]), judge=Judge(verdicts={CPU: "undecided"}))
    before = {path: path.read_bytes() for path in Path("locks").iterdir()}
    missing = Standing(path=Path("locks/x"), row=METAL, key="x", changes=("there is no lock file for it",))
    judge = Judge()
    backend = Memory(standings=[standing(one), standing(other, "Python: 3.11 → 3.12"), missing])
    found = check(order(prove=False), MATRIX, backend=backend, judge=judge)
    assert [(one.row, one.fresh, one.verdict, one.reasons, one.changes) for one in found.files][:2] == [
        (CPU, True, "undecided", ("lib.so: undecided",), ()),
        (CUDA, False, "undecided", ("never proven",), ("Python: 3.11 → 3.12",)),
    ]
    assert encode(found)["files"][2] == {
        "path": "locks/x",
        "row": METAL,
        "packages": 0,
        "fresh": False,
        "verdict": "undecided",
        "changes": ["there is no lock file for it"],
    }
    assert (found.stale, found.code(proven=False)) == (2, Code.LOCK)
    assert {path: path.read_bytes() for path in Path("locks").iterdir()} == before
    assert judge.asked == []


def test_a_proof_of_another_text_says_nothing() -> None:
    lock(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=Judge())
    changed = standing(case(CPU, "2.0"))
    (one,) = check(order(prove=False), MATRIX, backend=Memory(standings=[changed])).files
    assert (one.verdict, one.reasons) == ("undecided", ("never proven",))


def test_a_check_that_proves_judges_what_is_fresh_anew() -> None:
    told: list[str] = []
    one, stale = case(CPU), case(CUDA)
    lock(order(), MATRIX, backend=Memory(cases=[one]), judge=Judge())
    judge = Judge(verdicts={CPU: "fails"})
    backend = Memory(standings=[standing(one, find=lambda: one), standing(stale, "changed")])
    found = check(order(), MATRIX, backend=backend, told=told.append, judge=judge)
    assert judge.asked == [CPU]
    assert [one.verdict for one in found.files] == ["fails", "undecided"]
    assert told == [f"Proven    {CPU + ', Python 3.12':<28} does not load  3 libraries"]
    assert found.code(proven=True) is Code.LOCK
    fresh = check(order(), MATRIX, backend=Memory(standings=[standing(one, find=lambda: one)]), judge=judge)
    assert fresh.code(proven=True) is Code.ANSWER_IS_NO
    assert fresh.code(proven=False) is None


def test_a_lock_that_does_not_say_what_it_is_for_keeps_what_is_on_record() -> None:
    one = case(CPU)
    lock(order(), MATRIX, backend=Memory(cases=[one]), judge=Judge())
    (found,) = check(order(), MATRIX, backend=Memory(standings=[standing(one)]), judge=Judge()).files
    assert found.verdict == "loads"
    foreign = replace(standing(one), lock=replace(one.lock, origin=None), row=None)
    (found,) = check(order(), MATRIX, backend=Memory(standings=[foreign]), judge=Judge()).files
    assert (found.row, found.python, found.requirements) == (None, None, ())


def test_addresses_that_cannot_be_looked_up_leave_it_undecided() -> None:
    def find() -> Case:
        raise NetworkError("no index")

    backend = Memory(standings=[standing(case(CPU), find=find)])
    (found,) = check(order(), MATRIX, backend=backend, judge=Judge()).files
    assert (found.verdict, found.reasons) == ("undecided", ("the addresses could not be looked up: no index",))


# ---------------------------------------------------------------------------------------------------------- backends


def test_the_order_says_which_backend_answers_it() -> None:
    assert isinstance(backend_for(order(), MATRIX), VenvBackend)
    conda = LockOrder(ask=Ask(backend="conda"), folder=Path("locks"))
    assert isinstance(backend_for(conda, MATRIX), CondaBackend)
    with pytest.raises(UsageError, match="no portable form"):
        backend_for(replace(conda, form="portable"), MATRIX)


def test_a_file_is_no_folder_to_write_to() -> None:
    Path("locks").touch()
    with pytest.raises(UsageError, match="this is a file"):
        lock(order(), MATRIX)


def test_a_file_to_take_over_is_read_first_and_what_it_cannot_say_is_told() -> None:
    Path("environment.yml").write_text("name: paper\nchannels: [conda-forge]\ndependencies: [python=3.12]\n")
    told: list[str] = []
    asked = replace(order(source=Path("environment.yml")), ask=Ask(backend="conda"))
    backend = backend_for(asked, MATRIX, told=told.append)
    assert isinstance(backend, CondaBackend)
    assert backend.imported is not None
    assert told == [f"Left out  {line}" for line in backend.imported.left_out]
    assert "`name`" in told[0]


def test_a_record_that_is_damaged_ends_the_course() -> None:
    Path("locks").mkdir()
    Path("locks/proofs.json").write_text(json.dumps({"schema": 1}))
    for course in (lock, check):
        with pytest.raises(InvalidFileError, match="record of proofs is damaged"):
            course(order(), MATRIX, backend=Memory(cases=[case(CPU)]), judge=Judge())
