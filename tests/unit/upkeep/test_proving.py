"""Every row's answer through the preflight of its machine, with uv and the preflight replaced by tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.locks import FakeResolver
from support.matrix import shipped
from tfsetup.errors import BuildError, NetworkError, UsageError
from tfsetup.locks import files
from tfsetup.locks.model import Lock
from tfsetup.locks.order import current_rows
from tfsetup.locks.proof import Proof, Verdict
from tfsetup.upkeep.evidence import ProvedRow, Proving
from tfsetup.verify.programs import ProgramsTried
from tfsetup.workflows.backends import Case
from tfsetup.workflows.prove import Prover

ROWS = [row.id for row in shipped().rows]
CURRENT = {row.id for row in current_rows(shipped())}
BARE = next(row for row in ROWS if row not in CURRENT and row.endswith("legacy"))
"""A row that has no lock."""


@dataclass
class Judge:
    """Stands in for the preflight: `verdicts` by row, `loads` for the rest; keeps what it was asked."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    failure: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, case: Case, *_: object, **__: object) -> Proof:
        self.asked.append(case.origin.row)
        if self.failure is not None:
            raise self.failure
        verdict = self.verdicts.get(case.origin.row, "loads")
        return case.proof(verdict, () if verdict == "loads" else (f"lib.so: the words for {verdict}",), 3)


@pytest.fixture(autouse=True)
def uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeResolver:
    resolver = FakeResolver()
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", resolver)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return resolver


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


Prove = Callable[..., dict[str, ProvedRow]]


@pytest.fixture
def prove(judge: Judge, folder: Path) -> Prove:
    def run(*, offline: bool = False, told: Callable[[str], object] = str) -> dict[str, ProvedRow]:
        proving = Proving(matrix=shipped(), folder=folder, offline=offline, prover=Prover(judge=judge, told=told))
        return {line.row: line for line in proving.run()}

    return run


def read(folder: Path, row: str) -> dict[str, Any]:
    document = json.loads((folder / f"{row}.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_every_row_has_a_file_and_shipped_proofs_are_taken(prove: Prove, judge: Judge, folder: Path) -> None:
    lines = prove()
    assert list(lines) == ROWS
    assert sorted(path.stem for path in folder.iterdir()) == sorted(ROWS)
    assert set(judge.asked) == set(ROWS) - CURRENT
    assert {line.verdict for row, line in lines.items() if row in CURRENT} == {"loads"}


def test_the_evidence_of_a_shipped_lock_is_its_proof_on_record(prove: Prove, folder: Path) -> None:
    prove()
    subjects = {one["subject"] for row in CURRENT for one in read(folder, row)["judged"]}
    assert subjects == {proof.subject for proof in files.shipped_proofs().values()}


def test_a_second_run_changes_no_byte_and_judges_nothing(prove: Prove, judge: Judge, folder: Path) -> None:
    prove()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    judge.asked.clear()
    lines = prove()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not any(line.changed for line in lines.values())
    compiled = {row.id for row in shipped().rows if row.plugin and row.plugin.build == "source"}
    assert set(judge.asked) <= compiled


def test_a_row_that_would_not_load_is_named_with_the_loader_s_words(prove: Prove, judge: Judge, folder: Path) -> None:
    judge.verdicts[BARE] = "fails"
    line = prove()[BARE]
    assert (line.verdict, line.written, line.changed) == ("fails", True, True)
    assert line.error == f"Python {line.pythons[0]}: lib.so: the words for fails"
    judged = read(folder, BARE)["judged"][0]
    assert (read(folder, BARE)["verdict"], judged["error"]) == ("fails", "lib.so: the words for fails")


def test_what_is_tried_is_a_whole_lock(judge: Judge, folder: Path) -> None:
    handed: list[Case] = []

    def attempt(case: Case) -> ProgramsTried:
        handed.append(case)
        return ProgramsTried()

    prover = Prover(judge=judge, told=str)
    proving = Proving(matrix=shipped(), folder=folder, offline=False, prover=prover, attempt=attempt)
    list(proving.run())
    assert {case.origin.row for case in handed} == set(ROWS)
    for case in handed:
        assert [package.name for package in case.packages if package.name not in case.lock.text] == []
        assert case.lock.sha256 != Lock(text="", packages=()).sha256


def test_undecided_is_told(prove: Prove, judge: Judge, folder: Path) -> None:
    judge.verdicts[BARE] = "undecided"
    assert prove()[BARE].verdict == "undecided"
    assert read(folder, BARE)["judged"][0]["undecided"] == ["lib.so: the words for undecided"]


def test_a_row_that_cannot_be_resolved_says_why(prove: Prove, uv: FakeResolver, folder: Path) -> None:
    uv.failure = BuildError("no solution at https://index.example/simple")
    assert prove()[BARE].because == "no solution at (address)"
    assert (read(folder, BARE)["because"], read(folder, BARE)["judged"]) == ("no solution at (address)", [])


def test_without_a_network_nothing_is_written(prove: Prove, uv: FakeResolver, folder: Path) -> None:
    uv.failure = NetworkError("no network")
    with pytest.raises(NetworkError):
        prove()
    assert not list(folder.glob("*"))


def test_what_could_not_be_read_leaves_what_was_found_before(prove: Prove, judge: Judge, folder: Path) -> None:
    folder.mkdir()
    (folder / f"{BARE}.json").write_text("before")
    judge.failure = NetworkError("connection lost")
    line = prove()[BARE]
    assert (line.verdict, line.written) == ("undecided", False)
    assert "connection lost" in line.because
    assert (folder / f"{BARE}.json").read_text() == "before"


def test_offline_takes_what_is_on_record_and_reads_nothing(
    prove: Prove, judge: Judge, uv: FakeResolver, folder: Path
) -> None:
    uv.failure = NetworkError("not in the cache")
    lines = prove(offline=True)
    assert not judge.asked
    assert {path.stem for path in folder.iterdir()} == CURRENT
    assert lines[BARE] == ProvedRow(
        row=BARE, verdict="undecided", pythons=(), error=None, because="not in the cache", written=False, changed=False
    )


def test_offline_with_wheels_that_nobody_judged(prove: Prove, judge: Judge) -> None:
    line = prove(offline=True)[BARE]
    assert (line.written, line.because) == (False, "not on record, and nothing is read (--offline)")
    assert not judge.asked


def test_a_shipped_lock_without_a_proof_is_judged_again(
    prove: Prove, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfsetup.locks.files.shipped_proofs", dict)
    prove()
    assert set(judge.asked) == set(ROWS)


def test_what_is_resolved_is_told(prove: Prove) -> None:
    lines: list[str] = []
    prove(told=lines.append)
    assert any(line.startswith("Resolved ") and BARE in line for line in lines)


def test_a_file_is_no_folder_for_evidence(prove: Prove, folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(UsageError):
        prove()
