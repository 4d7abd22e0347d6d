"""The course of a verification: what is asked of the probe, what is kept, and whom a failure goes to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from support.verify import verdict
from tfsetup.doctor.model import Diagnosis
from tfsetup.envs.model import Receipt
from tfsetup.envs.store import Store, layout_for
from tfsetup.errors import UsageError
from tfsetup.ground.encode import encode
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Expectation
from tfsetup.report.tune import tuning_document
from tfsetup.report.verify_document import VerifyDocument, verify_document
from tfsetup.verify.history import History
from tfsetup.verify.model import Examination, Failure, Finding, Verification
from tfsetup.verify.tune.model import Tuning
from tfsetup.workflows.told import Detail
from tfsetup.workflows.verify import Extent, Verified, compared, verify

LINUX = Host(os="linux", arch="x86_64")
RIGHT = verdict("full-cpu")
CRASHED = Verification(
    interpreter="p", ok=False, failure=Failure(kind="crash", signal="SIGILL", message="illegal instruction")
)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFSETUP_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Return an environment that has an interpreter, and nothing else."""
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_bytes(b"")
    return tmp_path / "env"


class Probe:
    """Stands in for running the probe: keeps what it was asked, and finds what it was told to."""

    def __init__(self, found: Verification) -> None:
        self.found = found
        self.asked: dict[str, Any] = {}

    def __call__(self, python: Path, *, on_progress: Callable[[str], object], **asked: Any) -> Verification:
        self.asked = {"python": python, **asked}
        on_progress("importing tensorflow")
        return self.found


def ran(prefix: Path, found: Verification = RIGHT, **options: Any) -> tuple[Verified, Probe, list[str]]:
    """Return what a verification came to, what the probe was asked, and what was told."""
    lines: list[str] = []
    probe = Probe(found)
    made = verify(prefix, LINUX, matrix=read_matrix(), told=lines.append, examine=probe, **options)
    return made, probe, lines


def test_what_runs_is_found_and_nobody_is_asked_why(prefix: Path) -> None:
    made, probe, lines = ran(prefix)
    assert made.verification == RIGHT
    assert made.diagnosis is None
    assert probe.asked["python"] == prefix / "bin" / "python"
    assert probe.asked["host"] is LINUX
    assert probe.asked["hazards"] == read_matrix().hazards
    assert lines == ["importing tensorflow"]
    assert isinstance(lines[0], Detail)


def test_the_extent_is_the_full_one_unless_somebody_says_less(prefix: Path) -> None:
    _made, probe, _lines = ran(prefix)
    asked = {key: probe.asked[key] for key in ("mode", "sizes", "dtypes", "timeout_s")}
    assert asked == {"mode": "full", "sizes": None, "dtypes": None, "timeout_s": None}


def test_sizes_are_sorted_and_nothing_is_measured_twice(prefix: Path) -> None:
    extent = Extent(mode="quick", sizes=(512, 128, 512), dtypes=("float64", "float32", "float64"), timeout_s=9.0)
    _made, probe, _lines = ran(prefix, extent=extent)
    assert (probe.asked["mode"], probe.asked["sizes"]) == ("quick", [128, 512])
    assert (probe.asked["dtypes"], probe.asked["timeout_s"]) == (["float64", "float32"], 9.0)


def test_an_environment_of_ours_is_held_to_its_row(tmp_path: Path) -> None:
    store = Store(layout_for(tmp_path / ".venv"))
    folder = store.layout.folder(1)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_bytes(b"")
    expected = {"devices": ["CPU"], "blas": "openblas", "arch": "x86_64"}
    receipt = Receipt(
        generation=1, row="linux-x86_64-cpu", digest="d", python="3.12.4", requirements=(), packages=(),
        created="2026-11-03T10:00:00+00:00", tfsetup="0.1.0", lock_sha256="s", verify={"expected": expected},
    )  # fmt: skip
    store.write_receipt(receipt)
    (tmp_path / ".venv").symlink_to(folder)
    _made, probe, _lines = ran(tmp_path / ".venv")
    assert probe.asked["expect"] == Expectation(devices=("CPU",), blas="openblas", arch="x86_64")


def test_an_environment_of_somebody_else_s_is_held_to_nothing(prefix: Path) -> None:
    assert ran(prefix)[1].asked["expect"] is None


def test_where_there_is_none_nothing_runs(tmp_path: Path) -> None:
    probe = Probe(RIGHT)
    with pytest.raises(UsageError, match="does not exist"):
        verify(tmp_path / "nowhere", LINUX, matrix=read_matrix(), examine=probe)
    assert probe.asked == {}


def slowed(found: Verification, factor: float) -> Verification:
    """Return the same run, each product taking `factor` times as long."""
    devices = (
        replace(one, matmul=tuple(replace(item, min_s=item.min_s and item.min_s * factor) for item in one.matmul))
        for one in found.devices
    )
    return replace(found, devices=tuple(devices))


def test_what_became_slower_is_a_finding(prefix: Path) -> None:
    first, _probe, _lines = ran(prefix)
    assert first.history == History(runs=0)
    second, _probe, _lines = ran(prefix, slowed(RIGHT, 3.0))
    assert second.history.runs == 1
    assert second.history.compared_with is not None
    titles = [finding.title for finding in second.verification.findings[len(RIGHT.findings) :]]
    assert titles
    assert all(title.startswith("CPU:0 is 3.0 times slower than on ") for title in titles)


def test_another_machine_s_run_is_no_part_of_this_one_s_history(prefix: Path, tmp_path: Path) -> None:
    made, _probe, _lines = ran(prefix, replayed=True)
    assert made.history == History()
    assert not (tmp_path / "state").exists()


def test_a_history_that_cannot_be_kept_is_a_note(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    lines: list[str] = []
    found, history = compared(prefix, RIGHT, told=lines.append)
    assert (found, history) == (RIGHT, History())
    assert [line[:10] for line in lines] == ["Note      "]


def test_a_failure_goes_to_the_doctor(prefix: Path) -> None:
    made, _probe, _lines = ran(prefix, CRASHED)
    assert made.diagnosis is not None
    assert made.diagnosis.findings[0].cause == "cpu-no-avx"
    unknown = replace(CRASHED, failure=Failure(kind="died", message="exit status 3"))
    assert ran(prefix, unknown)[0].diagnosis is None


def test_the_document_is_the_examination_and_three_keys_more(prefix: Path) -> None:
    made, _probe, _lines = ran(prefix, CRASHED)
    data = json.loads(json.dumps(encode(verify_document(made, compare=True))))
    own = [field.name for field in fields(Examination)]
    assert list(data) == [*own, "history", "compare", "doctor"]
    assert data["history"] == {"runs": 0, "compared_with": None, "changes": []}
    assert data["doctor"]["findings"][0]["cause"] == "cpu-no-avx"


@pytest.mark.parametrize(
    ("found", "diagnosis", "doctor"), [(RIGHT, None, "left out"), (CRASHED, None, None), (CRASHED, "known", "shown")]
)
def test_the_doctor_stands_in_the_document_of_a_failure_only(
    found: Verification, diagnosis: str | None, doctor: str | None
) -> None:
    why = None if diagnosis is None else Diagnosis(verdict="problem")
    document = verify_document(Verified(verification=found, history=History(), diagnosis=why), compare=False)
    assert isinstance(document, VerifyDocument)
    data = encode(document)
    assert data.get("doctor", "left out") == (encode(document.doctor) if doctor == "shown" else doctor)
    assert "findings" not in data  # they stand beside the data


def test_findings_keep_their_order() -> None:
    finding = Finding(severity="note", title="t")
    found, _history = compared(Path("/nowhere/env"), replace(RIGHT, findings=(finding,)))
    assert found.findings[0] is finding


NOTHING = Tuning(set={}, settings={}, switches=(), tried=(), seconds=1.0, budget_s=60.0)


class Measure:
    """Stands in for trying switches: keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, python: Path, _host: Host, **asked: Any) -> Tuning:
        self.asked.append({"python": python, **asked})
        return NOTHING


def test_switches_are_tried_last_where_it_was_asked_and_cures_are_left_alone(prefix: Path) -> None:
    measure = Measure()
    extent = Extent(tune_s=60.0)
    made = verify(prefix, LINUX, matrix=read_matrix(), extent=extent, examine=Probe(RIGHT), measure=measure)
    assert made.tuning == NOTHING
    assert measure.asked[0]["budget_s"] == 60.0
    assert "TURN_OFF_REMAPPER" in measure.asked[0]["fixed"]
    document = verify_document(made, compare=False)
    assert (document.tune, document.tuning) == ((), tuning_document(NOTHING))


@pytest.mark.parametrize(("found", "extent"), [(RIGHT, Extent()), (CRASHED, Extent(tune_s=60.0))])
def test_unasked_or_of_what_does_not_run_no_switch_is_tried(prefix: Path, found: Verification, extent: Extent) -> None:
    measure = Measure()
    made = verify(prefix, LINUX, matrix=read_matrix(), extent=extent, examine=Probe(found), measure=measure)
    assert (made.tuning, measure.asked) == (None, [])
    assert verify_document(made, compare=False).tune is UNSET
