"""`tfsetup matrix check --prove` as a user calls it where nothing may be read, and the evidence that is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import Tfsetup
from support.locks import FakeResolver
from support.matrix import shipped
from tfsetup.errors import NetworkError
from tfsetup.locks.order import current_rows
from tfsetup.matrix.file.disk import environments

ROWS = [row.id for row in shipped().rows]
HAZARDS = {hazard.id for hazard in shipped().hazards}
"""What plugins do under the emulator is kept beside the rows, by hazard, and what code for GPUs the wheels hold: both
have tests of their own."""
CURRENT = {row.id for row in current_rows(shipped())}
EVIDENCE = Path("environments/evidence")


@pytest.fixture(autouse=True)
def uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeResolver:
    resolver = FakeResolver(failure=NetworkError("not in the cache"))
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", resolver)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    return resolver


def test_offline_takes_what_is_on_record_and_asks_no_plugin(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--prove", "--offline", "--evidence", "kept", "--json")
    assert ran.status == 0, ran.err
    data = ran.document["data"]
    assert list(data) == ["index", "differences", "traffic", "rows", "evidence"]
    assert {path.stem for path in Path("kept").iterdir()} == CURRENT
    assert [line["row"] for line in data["evidence"]["rows"]] == ROWS
    assert (data["evidence"]["folder"], data["evidence"]["emulated"]["verdict"]) == ("kept", "not asked")


def test_offline_on_the_screen(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--prove", "--offline")
    assert ran.status == 0
    assert "nothing is read (--offline)" in ran.out
    assert f"{len(CURRENT)} loads" in ran.out
    assert str(EVIDENCE) in ran.out


def test_evidence_without_prove_is_wrong_usage(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--offline", "--evidence", "kept")
    assert ran.status == 2
    assert "--prove" in ran.err
    assert not Path("kept").exists()


def test_a_file_is_no_folder_for_evidence(tfsetup: Tfsetup, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    assert tfsetup("matrix", "check", "--offline", "--prove", "--evidence", "kept").status == 2


def test_without_prove_nothing_is_judged_or_written(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    ran = tfsetup("matrix", "check", "--offline", "--json")
    assert "evidence" not in ran.document["data"]
    assert not uv.calls
    assert not EVIDENCE.exists()


def test_the_help_says_what_it_does(tfsetup: Tfsetup) -> None:
    ran = tfsetup("matrix", "check", "--help")
    assert ran.status == 0
    for word in ("--prove", "--evidence", "Preflight the answer of every row"):
        assert word in ran.out


def read(row: str) -> dict[str, Any]:
    document = json.loads((environments() / "evidence" / f"{row}.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


OF_NO_ROW = frozenset({*HAZARDS, "gpu-alternatives", "gpu-code", "metal-kernels", "default-kernels"})


def committed() -> list[Path]:
    return sorted(path for path in (environments() / "evidence").glob("*.json") if path.stem not in OF_NO_ROW)


def test_every_row_of_the_matrix_has_evidence_that_is_kept() -> None:
    assert sorted(path.stem for path in committed()) == sorted(ROWS)


@pytest.mark.parametrize("row", sorted(CURRENT))
def test_what_a_plain_ask_gets_loads(row: str) -> None:
    assert read(row)["verdict"] == "loads"


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
