"""`tfsetup matrix check --prove`, with uv and the preflight replaced by tables."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from support.cli import Ran, Tfsetup
from support.locks import FakeResolver
from support.matrix import shipped
from tfsetup.errors import BuildError, NetworkError
from tfsetup.locks.files import shipped_proofs
from tfsetup.locks.proof import Proof, Verdict
from tfsetup.locks.venv.targets import current_rows
from tfsetup.matrix.file.disk import environments
from tfsetup.workflows.backends import Case

ROWS = [row.id for row in shipped().rows]
HAZARDS = {hazard.id for hazard in shipped().hazards}
"""What plugins do under the emulator is kept beside the rows, by hazard; it has tests of its own."""
CURRENT = {row.id for row in current_rows(shipped())}
BARE = next(row for row in ROWS if row not in CURRENT and row.endswith("legacy"))
"""A row that has no lock."""
EVIDENCE = Path("environments/evidence")


@dataclass
class Judge:
    """Stands in for the preflight: `verdicts` by row, `loads` for the rest; keeps what it was asked."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    failure: Exception | None = None
    images: int = 3
    asked: list[str] = field(default_factory=list)

    def __call__(self, case: Case, *_: object) -> Proof:
        self.asked.append(case.origin.row)
        if self.failure is not None:
            raise self.failure
        verdict = self.verdicts.get(case.origin.row, "loads")
        return Proof(
            row=case.origin.row,
            python=case.origin.python,
            sha256=case.lock.sha256,
            verdict=verdict,
            images=self.images,
            reasons=() if verdict == "loads" else (f"lib.so: the words for {verdict}",),
            subject=case.subject,
        )


@pytest.fixture(autouse=True)
def uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeResolver:
    resolver = FakeResolver()
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", resolver)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    # The check against the index has tests of its own; here nothing of it is new.
    monkeypatch.setattr("tfsetup.cli.matrix._client", _NoIndex)
    monkeypatch.setattr("tfsetup.upkeep.index.snapshot.differences", lambda _old, _pages: ())
    not_asked = {"hazard": "x", "verdict": "not asked", "because": "", "versions": []}
    monkeypatch.setattr("tfsetup.cli.matrix._emulated", lambda *_, **_more: not_asked)
    return resolver


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    found = Judge()
    monkeypatch.setattr("tfsetup.workflows.prove.judged", found)
    return found


@dataclass(frozen=True)
class _Traffic:
    requests: int = 0
    received: int = 0
    unchanged: int = 0


class _NoIndex:
    traffic = _Traffic()

    def __init__(self, _session: Any) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def pages(self, _names: list[str]) -> dict[str, Any]:
        return {}


def lines(ran: Ran) -> dict[str, dict[str, Any]]:
    found = ran.document["data"]["evidence"]["rows"]
    return {line["row"]: line for line in found}


def read(row: str, folder: Path = EVIDENCE) -> dict[str, Any]:
    document = json.loads((folder / f"{row}.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_every_row_has_a_file_and_shipped_proofs_are_taken(tfsetup: Tfsetup, judge: Judge) -> None:
    ran = tfsetup("matrix", "check", "--prove", "--json")
    assert ran.status == 0, ran.err
    assert list(lines(ran)) == ROWS
    assert sorted(path.stem for path in EVIDENCE.iterdir()) == sorted(ROWS)
    assert set(judge.asked) == set(ROWS) - CURRENT
    assert {line["verdict"] for row, line in lines(ran).items() if row in CURRENT} == {"loads"}


def test_the_evidence_of_a_shipped_lock_is_its_proof_on_record(tfsetup: Tfsetup) -> None:
    tfsetup("matrix", "check", "--prove")
    subjects = {one["subject"] for row in CURRENT for one in read(row)["judged"]}
    assert subjects == {proof.subject for proof in shipped_proofs().values()}


def test_a_second_run_changes_no_byte_and_judges_nothing(tfsetup: Tfsetup, judge: Judge) -> None:
    tfsetup("matrix", "check", "--prove")
    before = {path.name: path.read_bytes() for path in EVIDENCE.iterdir()}
    judge.asked.clear()
    ran = tfsetup("matrix", "check", "--prove", "--json")
    assert {path.name: path.read_bytes() for path in EVIDENCE.iterdir()} == before
    assert not any(line["changed"] for line in lines(ran).values())
    compiled = {row.id for row in shipped().rows if row.plugin and row.plugin.build == "source"}
    assert set(judge.asked) <= compiled


def test_a_row_that_would_not_load_is_exit_7_and_named(tfsetup: Tfsetup, judge: Judge) -> None:
    judge.verdicts[BARE] = "fails"
    ran = tfsetup("matrix", "check", "--prove")
    assert ran.status == 7
    shown = ran.out.splitlines()
    at = next(n for n, line in enumerate(shown) if line.startswith(BARE) and "fails" in line)
    assert shown[at + 1].strip().endswith("lib.so: the words for fails")
    assert "1 fails" in ran.out
    judged = read(BARE)["judged"][0]
    assert (read(BARE)["verdict"], judged["error"]) == ("fails", "lib.so: the words for fails")


def test_undecided_is_told_and_no_failure(tfsetup: Tfsetup, judge: Judge) -> None:
    judge.verdicts[BARE] = "undecided"
    ran = tfsetup("matrix", "check", "--prove", "--json")
    assert ran.status == 0
    assert lines(ran)[BARE]["verdict"] == "undecided"
    assert read(BARE)["judged"][0]["undecided"] == ["lib.so: the words for undecided"]


def test_a_row_that_cannot_be_resolved_says_why(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    uv.failure = BuildError("no solution at https://index.example/simple")
    ran = tfsetup("matrix", "check", "--prove", "--json")
    assert ran.status == 0
    assert lines(ran)[BARE]["because"] == "no solution at (address)"
    assert (read(BARE)["because"], read(BARE)["judged"]) == ("no solution at (address)", [])


def test_without_a_network_nothing_is_written(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    uv.failure = NetworkError("no network")
    assert tfsetup("matrix", "check", "--prove").status == 5
    assert not EVIDENCE.exists()


def test_what_could_not_be_read_leaves_what_was_found_before(tfsetup: Tfsetup, judge: Judge) -> None:
    EVIDENCE.mkdir(parents=True)
    (EVIDENCE / f"{BARE}.json").write_text("before")
    judge.failure = NetworkError("connection lost")
    ran = tfsetup("matrix", "check", "--prove", "--json")
    assert ran.status == 0
    line = lines(ran)[BARE]
    assert (line["verdict"], line["written"]) == ("undecided", False)
    assert "connection lost" in line["because"]
    assert (EVIDENCE / f"{BARE}.json").read_text() == "before"


def test_offline_takes_what_is_on_record_and_reads_nothing(
    tfsetup: Tfsetup, judge: Judge, uv: FakeResolver, tmp_path: Path
) -> None:
    uv.failure = NetworkError("not in the cache")
    ran = tfsetup("matrix", "check", "--prove", "--offline", "--evidence", "kept", "--json")
    assert ran.status == 0
    assert not judge.asked
    assert {path.stem for path in (tmp_path / "kept").iterdir()} == CURRENT
    assert lines(ran)[BARE] == {
        "row": BARE,
        "verdict": "undecided",
        "pythons": [],
        "error": None,
        "because": "not in the cache",
        "written": False,
        "changed": False,
    }


def test_offline_with_wheels_that_nobody_judged(tfsetup: Tfsetup, judge: Judge) -> None:
    line = lines(tfsetup("matrix", "check", "--prove", "--offline", "--json"))[BARE]
    assert (line["written"], line["because"]) == (False, "not on record, and nothing is read (--offline)")
    assert not judge.asked


def test_a_shipped_lock_without_a_proof_is_judged_again(
    tfsetup: Tfsetup, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfsetup.locks.files.shipped_proofs", dict)
    assert tfsetup("matrix", "check", "--prove").status == 0
    assert set(judge.asked) == set(ROWS)


def test_evidence_without_prove_is_wrong_usage(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--offline", "--evidence", "kept")
    assert ran.status == 2
    assert "--prove" in ran.err
    assert not Path("kept").exists()


def test_a_file_is_no_folder_for_evidence(tfsetup: Tfsetup, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    assert tfsetup("matrix", "check", "--offline", "--prove", "--evidence", "kept").status == 2


def test_without_prove_nothing_is_judged_or_written(tfsetup: Tfsetup, judge: Judge) -> None:
    ran = tfsetup("matrix", "check", "--offline", "--json")
    assert "evidence" not in ran.document["data"]
    assert not judge.asked
    assert not EVIDENCE.exists()


def test_the_help_says_what_it_does(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--help")
    assert ran.status == 0
    for word in ("--prove", "--evidence", "Preflight the answer of every row"):
        assert word in ran.out


def committed() -> list[Path]:
    return sorted(path for path in (environments() / "evidence").glob("*.json") if path.stem not in HAZARDS)


def test_every_row_of_the_matrix_has_evidence_that_is_kept() -> None:
    assert sorted(path.stem for path in committed()) == sorted(ROWS)


@pytest.mark.parametrize("row", sorted(CURRENT))
def test_what_a_plain_ask_gets_loads(row: str) -> None:
    assert read(row, environments() / "evidence")["verdict"] == "loads"


@pytest.mark.parametrize("path", committed(), ids=lambda path: path.stem)
def test_the_evidence_that_is_kept_names_its_files_and_its_failure(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    assert document["row"] == path.stem
    assert "://" not in text
    for judged in document["judged"]:
        assert judged["wheels"]
        assert len(judged["subject"]) == 64
        assert (judged["error"] is not None) == (judged["verdict"] == "fails")
        assert bool(judged["undecided"]) == (judged["verdict"] == "undecided")
