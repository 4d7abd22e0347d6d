"""A failed installation or verification is explained without being asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfsetup.doctor.model import Diagnosis
from tfsetup.doctor.present import shown
from tfsetup.host.model import Host
from tfsetup.loader.model import LoadFailure
from tfsetup.loader.report import Report
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.report.doctor import doctor_text
from tfsetup.verify.model import Check, CheckStatus, Device, Failure, Verification
from tfsetup.workflows.consult import consult, wrong_checks

LINUX = Host(os="linux", arch="x86_64")
MAC = Host(os="macos", os_version="14.4", arch="arm64")
RIGHT = Verification(ok=True, interpreter="/env/bin/python")


def died(**failure: Any) -> Verification:
    return Verification(ok=False, interpreter="/env/bin/python", failure=Failure(kind="crash", **failure))


def refused(*failures: LoadFailure) -> Report:
    return Report(site="/s", python="3.12", tensorflow="2.19.1", failures=failures)


GLIBC = LoadFailure(kind="version-not-found", image="/s/x.so", message="version `GLIBC_2.27' not found")


def asked(
    found: Report | Verification, host: Host = LINUX, *, packages: dict[str, str] | None = None, prefix: str = ".venv"
) -> Diagnosis | None:
    return consult(found, host, prefix=prefix, matrix=read_matrix(), packages=packages)


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (died(signal="SIGILL", message="illegal instruction"), "cpu-no-avx"),
        (died(stderr_tail="ImportError: libtensorflow_framework.so.2: cannot open shared object file"),
         "incomplete-install-missing-native-lib"),
        (died(message="ModuleNotFoundError: No module named 'tensorflow'"), "wrong-python-environment"),
        (refused(GLIBC), "glibc-too-old"),
    ],
)  # fmt: skip
def test_the_cause_is_told(found: Report | Verification, cause: str) -> None:
    told = asked(found)
    assert told is not None
    assert told.findings[0].cause == cause
    assert "fix: " in doctor_text(shown(told)).plain


@pytest.mark.parametrize("found", [RIGHT, refused(), died(message="ZeroDivisionError")])
def test_what_the_doctor_does_not_know_is_not_told(found: Report | Verification) -> None:
    assert asked(found) is None


def test_the_loader_s_own_words_are_the_evidence() -> None:
    told = asked(refused(GLIBC))
    assert told is not None
    assert told.findings[0].evidence == ("version `GLIBC_2.27' not found",)


def computed(*checks: tuple[str, CheckStatus], device: str = "GPU") -> Verification:
    made = tuple(Check(name=name, status=status) for name, status in checks)
    judged = Device(name=f"{device}:0", type=device, status="wrong", reason="", checks=made)
    return Verification(ok=False, interpreter="/env/bin/python", devices=(judged,))


WRONG = computed(("training step", "ok"), ("dense-relu-graph", "wrong"))


@pytest.mark.parametrize("packages", [None, {"tensorflow": "2.19.1", "tensorflow-metal": "1.2.0"}])
def test_a_dense_layer_that_computes_wrong_is_named_with_its_cure(packages: dict[str, str] | None) -> None:
    told = asked(WRONG, MAC, prefix="my env", packages=packages)
    assert told is not None
    [finding] = told.findings
    assert (finding.cause, finding.confidence) == ("metal-activation-dropped", 0.97)
    assert finding.evidence == (
        "The check dense-relu-graph of this verification computes wrong results on the device.",
    )
    assert finding.fix[0].startswith("export TURN_OFF_REMAPPER=1 ")
    assert any(fix.startswith("tfsetup install --prefix 'my env' --accelerator metal") for fix in finding.fix)


@pytest.mark.parametrize(
    ("found", "packages"),
    [
        (WRONG, {"tensorflow": "2.19.1"}),
        (WRONG, {"tensorflow": "2.12.0", "tensorflow-metal": "0.8.0"}),
        (computed(("dense-relu-graph", "ok"), ("convolution", "wrong")), {"tensorflow-metal": "1.2.0"}),
        (computed(("dense-relu-graph", "wrong"), device="CPU"), {"tensorflow-metal": "1.2.0"}),
        (computed(("dense-relu-graph", "failed")), {"tensorflow-metal": "1.2.0"}),
        (computed(), {"tensorflow-metal": "1.2.0"}),
    ],
)
def test_nothing_else_is_called_that_defect(found: Verification, packages: dict[str, str]) -> None:
    assert asked(found, MAC, packages=packages) is None


def test_a_defect_of_the_user_s_own_matrix_is_known(tmp_path: Path) -> None:
    matrix = tmp_path / "m.yaml"
    matrix.write_text(HAZARD)
    told = consult(WRONG, LINUX, prefix=".venv", matrix=read_matrix(matrix), packages={"tensorflow": "2.9.0"})
    assert told is not None
    [finding] = told.findings
    assert (finding.cause, finding.title) == ("stand-in-drops", "tensorflow drops what it should keep")
    assert finding.fix[0].startswith("export STAND_IN=off ")


def test_which_checks_are_wrong() -> None:
    assert wrong_checks(WRONG) == {"dense-relu-graph"}
    assert wrong_checks(RIGHT) == frozenset()


HAZARD = """\
schema: 1
hazards:
- id: stand-in-drops
  title: drops what it should keep
  distribution: tensorflow
  versions: "<2.10"
  consequence: everything is wrong
  asked_by: [dense-relu-graph]
  cure: {environment: {STAND_IN: "off"}, because: it drops nothing then}
  evidence: ["run: seen"]
  source: "run: seen"
"""
