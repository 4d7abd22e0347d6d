"""The course of a proof: what is known, judged at once, and told; the judge answers from a table."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from support.backends import LINUX, Judge, case
from support.locks import package
from support.wheels import wheel_bytes
from tfsetup.errors import BuildError, NetworkError, UsageError
from tfsetup.host.model import Host, Libc
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.proof import Proof, parse_proofs, render_proofs
from tfsetup.workflows.backends import Case
from tfsetup.workflows.owners import shared_files
from tfsetup.workflows.prove import Prover, judged, known
from tfsetup.workflows.told import silent

ROWS = ["linux-x86_64-cpu", "linux-x86_64-cuda", "macos-arm64-metal", "macos-arm64-cpu", "windows-x86_64-cpu"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))


def cases(*rows: str) -> dict[str, Case]:
    return {row: case(row) for row in rows}


# ------------------------------------------------------------------------------------------------------------- known


def test_a_proof_is_about_the_files_the_machine_and_the_python() -> None:
    one = case()
    proof = one.proof("loads", [])
    assert known(one, [proof]) == proof
    older = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.17"))
    for other in (case(version="2.0"), case(host=older), case(python="3.11")):
        assert known(other, [proof]) is None


def test_the_same_files_under_another_note_have_their_own_fingerprint() -> None:
    one = case()
    other = case(tensorflow="2.18.*")
    found = known(other, [one.proof("fails", ["why"])])
    assert found is not None
    assert (found.verdict, found.reasons, found.sha256) == ("fails", ("why",), other.lock.sha256)
    assert other.lock.sha256 != one.lock.sha256


def test_what_was_not_decided_on_record_is_no_answer() -> None:
    one = case()
    assert known(one, [one.unproven("why")]) is None


def test_the_answer_is_remembered_for_other_folders() -> None:
    one = case()
    assert known(one, []) is None
    proof = Prover(judge=Judge()).prove(one)
    assert known(one, []) == proof


# -------------------------------------------------------------------------------------------------------------- many


def test_each_is_judged_once_and_told_in_its_turn() -> None:
    judge, told = Judge(verdicts={ROWS[0]: "fails", ROWS[1]: "undecided"}), list[str]()
    proofs = Prover(judge=judge, told=told.append).prove_all(cases(*ROWS), [])
    assert judge.asked == list(ROWS)
    assert [proofs[row].verdict for row in ROWS] == ["fails", "undecided", "loads", "loads", "loads"]
    assert told[0] == "Proving   5 of 5: what a loader would look at is read off the index"
    assert sorted(line.split()[0] for line in told[1:]) == ["Proven"] * 4 + ["Undecided"]


def test_each_is_judged_in_the_thread_that_asks() -> None:
    seen: list[threading.Thread] = []

    def judge(one: Case, *_: object, **__: object) -> Proof:
        seen.append(threading.current_thread())
        return one.proof("loads", [])

    Prover(judge=judge).prove_all(cases(*ROWS[:2]), [])
    assert set(seen) == {threading.current_thread()}


def test_what_is_known_is_not_judged_and_the_rest_is_counted() -> None:
    judge, told, all_of = Judge(), list[str](), cases(*ROWS[:3])
    recorded = [all_of[ROWS[1]].proof("fails", ["before"])]
    proofs = Prover(judge=judge, told=told.append).prove_all(all_of, recorded)
    assert sorted(judge.asked) == sorted([ROWS[0], ROWS[2]])
    assert proofs[ROWS[1]].reasons == ("before",)
    assert told[0].endswith("; the same files as in the other 1 were judged before")


def test_nothing_to_judge_is_not_told() -> None:
    told: list[str] = []
    one = case()
    assert Prover(judge=Judge(), told=told.append).prove_all({"a": one}, iter([one.proof("loads", [])]))
    assert told == []


@pytest.mark.parametrize("failure", [UsageError("wrong"), KeyboardInterrupt(), ValueError("a bug")])
def test_what_ends_a_judge_is_raised_to_whoever_waits(failure: BaseException) -> None:
    judge = Judge(failures={ROWS[1]: failure})
    with pytest.raises(type(failure)):
        Prover(judge=judge).prove_all(cases(*ROWS[:3]), [])


# --------------------------------------------------------------------------------------------------------------- one


def test_what_the_network_withheld_is_not_remembered() -> None:
    one = case()
    found = Prover(judge=Judge(failures={one.name: NetworkError("gone")})).prove(one)
    assert (found.verdict, found.reasons) == ("undecided", ("the wheels could not be read: gone",))
    assert known(one, []) is None


def test_a_lock_from_disk_is_judged_whatever_was_found_before() -> None:
    one, told = case(), list[str]()
    Prover(judge=Judge()).prove(one)
    again = Prover(judge=Judge(verdicts={one.name: "fails"}), told=told.append).prove_again(one.lock, lambda: one)
    assert again is not None
    assert again.verdict == "fails"
    assert told == [f"Proven    {one.name + ', Python 3.12':<28} does not load  3 libraries"]


def test_a_lock_that_says_nothing_of_itself_cannot_be_judged() -> None:
    assert Prover(judge=Judge()).prove_again(case().lock, lambda: None) is None


@pytest.mark.parametrize("failure", [NetworkError("no index"), BuildError("no solution")])
def test_a_lock_whose_addresses_are_not_found_is_undecided(failure: Exception) -> None:
    def find() -> Case:
        raise failure

    one = case()
    found = Prover(judge=Judge()).prove_again(one.lock, find)
    assert found is not None
    assert (found.row, found.python, found.subject, found.verdict) == (one.name, "3.12", "", "undecided")
    foreign = Prover(judge=Judge()).prove_again(replace(one.lock, origin=None), find)
    assert foreign is not None
    assert foreign.row == ""


def test_any_other_failure_of_a_look_up_is_raised() -> None:
    def find() -> Case:
        raise UsageError("plain http")

    with pytest.raises(UsageError, match="plain http"):
        Prover(judge=Judge()).prove_again(case().lock, find)


# ------------------------------------------------------------------------------------------------------- the verdict


def test_the_preflight_judges_wheels_as_they_lie_on_the_index(tmp_path: Path) -> None:
    one = replace(case(), packages=[on_disk(tmp_path, "alpha", {"alpha.py": ""})])
    proof = judged(one, silent)
    nothing = ("no native file of the set was judged",)
    assert (proof.verdict, proof.images, proof.reasons, proof.subject) == ("undecided", 0, nothing, one.subject)


def test_two_owners_of_a_path_end_a_proof_before_anything_is_loaded(tmp_path: Path) -> None:
    files = [
        on_disk(tmp_path, "tensorflow", {"tensorflow/a.py": "1", "tensorflow/b.py": "1"}),
        on_disk(tmp_path, "tensorflow-cpu", {"tensorflow/a.py": "2", "tensorflow/b.py": "1"}),
        on_disk(tmp_path, "six", {"six.py": "1"}),
    ]
    one = replace(case(), packages=files)
    proof = judged(one, silent)
    assert (proof.verdict, proof.images) == ("fails", 0)
    assert proof.reasons == (f"{proof.conflicts[0].words if proof.conflicts else ''}; which of them stay is chance",)
    assert [found.distributions for found in proof.conflicts or ()] == [("tensorflow 1.0", "tensorflow-cpu 1.0")]
    assert parse_proofs(render_proofs({"x": proof}), "proof.json") == {"x": proof}


def test_locked_packages_with_one_owner_for_each_path_have_no_conflict(tmp_path: Path) -> None:
    files = [on_disk(tmp_path, "a", {"a/x.py": "1"}), on_disk(tmp_path, "b", {"b/x.py": "2"})]
    assert shared_files(files, LINUX, "3.12") == ()
    sdist = package("c", "1.0", "cp39-cp39-win32")
    assert shared_files([*files, sdist, cure_wheel({"A": "1"}).package], LINUX, "3.12") == ()


def on_disk(folder: Path, name: str, files: dict[str, bytes | str]) -> LockedPackage:
    """A package whose wheel lies in a folder, which is how an index of files is locked."""
    made = package(name, "1.0")
    data = wheel_bytes(files)
    (wheel,) = made.wheels
    (folder / wheel.filename).write_bytes(data)
    address = (folder / wheel.filename).as_uri()
    return replace(made, wheels=(replace(wheel, url=address, sha256=hashlib.sha256(data).hexdigest()),))


def test_a_proof_keeps_a_few_reasons_each_once() -> None:
    proof = case().proof("fails", ["a", "b", "a", *"cdefg"], images=9)
    assert (proof.reasons, proof.images) == (tuple("abcde"), 9)
    assert case(host=LINUX).unproven("why").reasons == ("why",)
