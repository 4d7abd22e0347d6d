"""What an installation says in the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.envs import make_receipt
from support.verify import verdict
from tfsetup.doctor.model import Diagnosis
from tfsetup.doctor.present import shown
from tfsetup.errors import Code
from tfsetup.ground.encode import encode
from tfsetup.loader.model import LoadFailure
from tfsetup.loader.report import Report
from tfsetup.matrix.model import Backend, Selection
from tfsetup.report.install import code_of, next_steps, outcome
from tfsetup.report.install_document import InstallDocument, NotInstallable, findings_of, install_document
from tfsetup.report.shells import Terminal
from tfsetup.verify.history import History
from tfsetup.workflows.install import Installed, Refusal, Rehearsal
from tfsetup.workflows.kept import kept

HERE = Terminal(command="tfsetup", folder="/home/you")
SELECTION = Selection(installable=True, row="linux-x86_64-cpu", python="3.12", requirements=("alpha==1",))


def _done(*, generation: int = 2, backend: Backend = "venv", **changes: Any) -> Installed:
    values: dict[str, Any] = {
        "selection": replace(SELECTION, backend=backend),
        "seconds": {"lock": 1.0, "download": 0.0, "build": 0.5},
        "changed": True,
        "receipt": make_receipt(generation),
    }
    return _installed(**(values | changes))


def _lines(found: Installed) -> list[str]:
    parts = list(outcome(found, HERE))
    assert all(isinstance(part, str) for part in parts)
    return [str(part) for part in parts]


def _installed(**changes: Any) -> Installed:
    values: dict[str, Any] = {"prefix": "/home/you/.venv", "selection": SELECTION, "cured": True}
    return Installed(**(values | changes))


def test_an_installation_ends_with_what_to_type() -> None:
    assert _lines(_done()) == [
        "",
        "/home/you/.venv is ready: linux-x86_64-cpu, generation 2 (lock 1.0 s, build 0.5 s)",
        "  activate   source .venv/bin/activate",
        "  run        tfsetup run -- python your_script.py",
        "  check      tfsetup verify",
        "  go back    tfsetup rollback",
    ]


def test_the_first_generation_has_nothing_to_go_back_to() -> None:
    assert not any("go back" in line for line in _lines(_done(generation=1)))


def test_another_prefix_is_named_in_what_to_type() -> None:
    assert list(next_steps(_done(prefix="/opt/tf"), HERE)) == [
        "  activate   source /opt/tf/bin/activate",
        "  run        tfsetup run /opt/tf -- python your_script.py",
        "  check      tfsetup verify /opt/tf",
        "  go back    tfsetup rollback --prefix /opt/tf",
    ]


def test_windows_activates_otherwise() -> None:
    there = Terminal(command="tfsetup", folder="C:\\you", dialect="powershell", windows=True)
    assert list(next_steps(_done(prefix="C:\\you\\.venv", generation=1), there)) == [
        "  activate   .venv\\Scripts\\activate.ps1",
        "  run        tfsetup run -- python your_script.py",
        "  check      tfsetup verify",
    ]


def test_a_prefix_with_a_blank_is_one_word_in_what_to_type() -> None:
    assert list(next_steps(_done(prefix="/opt/my tf"), HERE)) == [
        "  activate   source '/opt/my tf/bin/activate'",
        "  run        tfsetup run '/opt/my tf' -- python your_script.py",
        "  check      tfsetup verify '/opt/my tf'",
        "  go back    tfsetup rollback --prefix '/opt/my tf'",
    ]


def test_nothing_to_do_says_what_is_there() -> None:
    first = _lines(_done(changed=False))[0]
    assert first == "/home/you/.venv already is linux-x86_64-cpu (alpha==1), generation 2: nothing to do."


def test_a_plan_is_numbered() -> None:
    plan, packages = ("create", "install"), ("alpha==1", "beta==2")
    would = Rehearsal(would_change=True, why="w", plan=plan, packages=packages, download_bytes=2_500_000)
    assert _lines(_done(rehearsal=would)) == [
        "/home/you/.venv would become linux-x86_64-cpu on Python 3.12:",
        "  1. create",
        "  2. install",
        "2 packages, 2.5 MB: alpha==1, beta==2",
        "Nothing was changed (--dry-run).",
    ]


def test_a_refusal_quotes_the_loader_and_says_what_is_unchanged() -> None:
    words = "Not found: _f\n  Expected in: y"
    failure = LoadFailure(kind="symbol-not-found", image="/s/plugins/x.dylib", message=words, stage="plugin")
    report = Report(site="/s", python="3.12", tensorflow="2.99.0", failures=(failure,))
    refusal = Refusal(report=report, words="This machine would not load it.", diagnosis=None)
    assert _lines(_done(refusal=refusal)) == [
        "symbol-not-found: plugins/x.dylib",
        "    Not found: _f",
        "      Expected in: y",
        "",
        "Not installed: This machine would not load it.",
        "/home/you/.venv is as it was before.",
    ]


CPU = verdict("cpu-only")


@pytest.mark.parametrize(
    "more",
    [
        {"receipt": make_receipt(2, verify=encode(CPU))},
        {"verification": CPU, "history": History()},
        {"refusal": Refusal(report=CPU, words="no", diagnosis=None)},
    ],
    ids=["built before", "installed", "refused"],
)
def test_a_verified_environment_shows_its_devices_first(more: dict[str, Any]) -> None:
    assert not isinstance(next(iter(outcome(_done(**more), HERE))), str)


def test_what_a_receipt_keeps_of_the_checks_is_handed_on() -> None:
    report = Report(site="/s", python="3.12", tensorflow="2.99.0", images=2, checked=("a.so",))
    receipt = make_receipt(3, verify=encode(verdict("full-cpu")), preflight=encode(kept(report)))
    data = install_document(_installed(receipt=receipt))
    assert isinstance(data, InstallDocument)
    assert encode(data.verify) == receipt.verify
    assert encode(data.preflight) == receipt.preflight
    assert findings_of(data) == verdict("full-cpu").findings


def test_what_another_tfsetup_kept_of_them_is_not_guessed_at() -> None:
    receipt = make_receipt(3, verify={"devices": "of another kind"}, preflight={"verdict": "perhaps"})
    data = install_document(_installed(receipt=receipt))
    assert isinstance(data, InstallDocument)
    assert (data.verify, data.preflight, findings_of(data)) == (None, None, ())


def test_a_conda_prefix_is_activated_by_its_path() -> None:
    steps = list(next_steps(_done(backend="conda"), HERE))
    assert steps[0] == "  activate   source .venv/bin/activate   (or: conda activate ./.venv)"
    there = Terminal(command="tfsetup", folder="C:\\you", dialect="cmd", windows=True)
    assert next(next_steps(_done(backend="conda", prefix="C:/tf"), there)) == "  activate   conda activate C:/tf"


def test_where_nothing_fits_the_answer_is_that_of_resolve() -> None:
    none = Selection(installable=False, reasons=("No row is for this machine.",))
    found = _installed(selection=none)
    data = install_document(found)
    assert isinstance(data, NotInstallable)
    assert (code_of(found), data.resolve.reasons) == (Code.NO_ROW, ("No row is for this machine.",))
    assert _lines(found)[0] == "Nothing fits this machine and this ask."


def test_what_stands_only_sometimes_is_left_out_of_the_json() -> None:
    found = _installed(seconds={"lock": 1.23456})
    data = install_document(found)
    assert (code_of(found), list(findings_of(data))) == (None, [])
    assert list(encode(data)) == [
        "prefix", "generation", "row", "requirements", "python", "backend", "seconds", "verify", "preflight",
        "programs", "changed", "cures", "index", "environment", "hazards",
    ]  # fmt: skip
    assert encode(data)["seconds"] == {"lock": 1.235}


def test_a_dry_run_that_would_do_nothing_has_no_plan() -> None:
    standing = _installed(rehearsal=Rehearsal(would_change=False, why="It is whole."), receipt=make_receipt(3))
    data = encode(install_document(standing))
    assert (data["would_change"], data["why"], data["generation"]) == (False, "It is whole.", 3)
    assert "plan" not in data
    would = encode(install_document(_installed(rehearsal=Rehearsal(would_change=True, why="w", plan=("build",)))))
    assert (would["plan"], would["packages"], would["download_bytes"]) == (["build"], [], 0)


def test_a_prediction_that_refuses_is_the_data_and_the_text() -> None:
    failure = LoadFailure(kind="symbol-not-found", image="/s/a.so", message="no f\nin b", stage="import", symbol="f")
    report = Report(site="/s", python="3.12", tensorflow="2.99.0", images=2, checked=("a.so",), failures=(failure,))
    refused = _installed(refusal=Refusal(report=report, words="It would not load.", diagnosis=None))
    data = install_document(refused)
    assert code_of(refused) is Code.ANSWER_IS_NO
    assert isinstance(data, InstallDocument)
    assert (data.verify, data.doctor, data.refused) == (None, None, "It would not load.")
    assert data.preflight == kept(report)
    assert _lines(refused)[:3] == ["symbol-not-found: a.so", "    no f", "    in b"]


def test_a_verification_that_refuses_brings_its_findings_and_the_doctor() -> None:
    found = verdict("numpy-wrong")
    why = Diagnosis(verdict="problem", findings=())
    refused = _installed(refusal=Refusal(report=found, words="It does not run.", diagnosis=why))
    data = install_document(refused)
    assert isinstance(data, InstallDocument)
    assert findings_of(data) == found.findings
    assert data.verify is found
    assert data.doctor == shown(why)
    assert len(list(outcome(refused, HERE))) == 5
