"""The two checks before a switch: what is told, kept, and refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.verify import verdict
from tfsetup.ground.encode import encode
from tfsetup.host.model import Host
from tfsetup.loader.model import LoadFailure, NotCovered
from tfsetup.loader.report import Note, Report, prediction_document
from tfsetup.matrix.model import Expectation, Selection
from tfsetup.verify.model import Verification
from tfsetup.verify.programs import ProgramsTried, Trial
from tfsetup.workflows.checks import Checks, Refused
from tfsetup.workflows.kept import KeptPrediction, kept
from tfsetup.workflows.told import Detail

HOST = Host(os="linux", arch="x86_64")
SELECTION = Selection(
    installable=True,
    row="r",
    python="3.12",
    requirements=("tensorflow==2.20.0",),
    expect=Expectation(devices=("CPU",), blas=None, arch="x86_64"),
)
PYTHON = Path("/p/.venv.generations/1/bin/python")
FAILURE = LoadFailure(kind="os-too-old", image="/s/a.so", message="needs 15.0\nhas 14.4", stage="import")
REPORT = Report(
    site="/s", python="3.12", tensorflow="2.99.0", images=3, checked=("/s/a.so", "/s/b.so"),
    not_covered=(NotCovered(reason="opened by name", image="/s/c.so", matters=False),),
    notes=(Note(title="t", detail="d"),),
)  # fmt: skip


DEAD = Trial(
    what="program", name="tensorboard", distribution="tensorboard 2.20.0", by="row", status="dies",
    message="ModuleNotFoundError: No module named 'pkg_resources' (tensorboard/default.py:30 <module>)",
)  # fmt: skip


def checks(
    report: Report = REPORT, found: Verification | None = None, tried: ProgramsTried | None = None
) -> tuple[Checks, list[str]]:
    said: list[str] = []

    def run(python: Path, *, on_progress: Callable[[str], object], expect: object, **_: object) -> Verification:
        assert (python, expect) == (PYTHON, SELECTION.expect)
        on_progress("timing")
        return found or verdict("cpu-only")

    def predict(python: Path, host: Host, minor: str | None, _told: object) -> Report:
        assert (python, host, minor) == (PYTHON, HOST, "3.12")
        return report

    def attempt(python: Path, requirements: Sequence[str], *, told: Callable[[str], object]) -> ProgramsTried:
        assert (python, tuple(requirements)) == (PYTHON, SELECTION.requirements)
        told("trying")
        return tried or ProgramsTried(programs=1)

    return Checks(selection=SELECTION, host=HOST, told=said.append, predict=predict, run=run, attempt=attempt), said


def test_a_prediction_is_kept_with_the_number_of_files_and_not_their_names() -> None:
    one, said = checks()
    assert one.preflight(PYTHON) == kept(REPORT)
    assert said == ["Preflight: reading the native libraries as this machine's loader would"]
    whole = encode(prediction_document(REPORT)) | {"notes": encode(REPORT.notes)}
    assert encode(kept(REPORT)) == whole | {"checked": 2}
    assert list(encode(kept(REPORT))) == list(whole), "in the same order"


def test_what_cannot_be_decided_is_kept_and_not_refused() -> None:
    unseen = replace(REPORT, not_covered=(NotCovered(reason="r", image=None, matters=True),))
    one, _ = checks(unseen)
    found = one.preflight(PYTHON)
    assert isinstance(found, KeptPrediction)
    assert found.verdict == "undecided"


def test_a_program_of_the_row_that_dies_is_refused_in_its_own_words() -> None:
    one, said = checks(tried=ProgramsTried(programs=2, trouble=(DEAD,)))
    with pytest.raises(Refused, match=r"`tensorboard` of tensorboard 2\.20\.0 does not start: ModuleNotFoundError"):
        one.programs(PYTHON)
    assert said == ["trying"]


@pytest.mark.parametrize("changes", [{"by": "user"}, {"status": "undecided"}])
def test_what_the_user_brought_may_die_and_what_was_not_seen_is_no_death(changes: dict[str, Any]) -> None:
    tried = ProgramsTried(programs=2, trouble=(replace(DEAD, **changes),))
    one, _ = checks(tried=tried)
    assert one.programs(PYTHON) == tried


def test_what_would_not_load_is_refused_in_the_loader_s_words() -> None:
    failing = replace(REPORT, failures=(FAILURE,))
    one, _ = checks(failing)
    with pytest.raises(Refused, match=r"This machine would not load it: needs 15\.0") as caught:
        one.preflight(PYTHON)
    assert caught.value.report is failing


def test_a_verification_is_kept_whole_and_at_hand_for_the_history() -> None:
    found = verdict("cpu-only")
    one, said = checks(found=found)
    assert one.found is None
    assert one.verify(PYTHON) is found
    assert one.found is found
    assert said[0].startswith("Verifying in a fresh interpreter")
    assert said[1:] == ["  timing"]
    assert isinstance(said[1], Detail)


def test_what_does_not_run_is_refused_with_what_was_found() -> None:
    found = verdict("numpy-wrong")
    one, _ = checks(found=found)
    with pytest.raises(Refused, match="TensorFlow does not run in it as it should") as caught:
        one.verify(PYTHON)
    assert caught.value.report is found
