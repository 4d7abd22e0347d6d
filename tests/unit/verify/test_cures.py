"""An environment whose packages need a variable, and whether its processes see it."""

from __future__ import annotations

from typing import Any

import pytest

from support.matrix import shipped
from tfsetup.host.model import Host
from tfsetup.matrix.model import Expectation
from tfsetup.verify.cures import asked, cure_findings, present
from tfsetup.verify.judge import judge
from tfsetup.verify.model import Finding, ProbeOutcome
from tfsetup.verify.observed import Observed

METAL = {"tensorflow": "2.19.1", "tensorflow-metal": "1.2.0"}
ROW = Expectation(devices=("CPU", "GPU"), blas=None, arch=None, environment={"TURN_OFF_REMAPPER": "1"})


def process(packages: dict[str, str], **variables: str | None) -> Observed:
    """What a probe saw in an environment with these packages and variables."""
    events: tuple[dict[str, Any], ...] = (
        {"event": "interpreter", "asked": variables},
        {"event": "distributions", "distributions": packages},
    )
    return Observed(outcome=ProbeOutcome(python="python", ended="finished", events=events))


def said(seen: Observed, expect: Expectation | None = None, host: Host | None = None) -> list[Finding]:
    return list(cure_findings(seen, expect, present(seen, shipped().hazards, host)))


def test_the_probe_is_asked_for_the_variables_of_every_cure_and_of_the_row() -> None:
    assert asked(None, shipped().hazards) == ("TURN_OFF_REMAPPER",)
    other = Expectation(devices=("CPU",), blas=None, arch=None, environment={"OTHER": "x"})
    assert asked(other, shipped().hazards) == ("OTHER", "TURN_OFF_REMAPPER")
    assert asked(None, ()) == ()


@pytest.mark.parametrize(("value", "state"), [(None, "is not set"), ("0", "is '0'"), ("", "is ''")])
def test_an_affected_pair_without_its_variable_is_a_warning_with_the_cure(value: str | None, state: str) -> None:
    (found,) = said(process(METAL, TURN_OFF_REMAPPER=value))
    assert found.severity == "warning"
    assert found.title.startswith(f"TURN_OFF_REMAPPER {state} in this environment's processes")
    assert found.detail.startswith("tensorflow-metal 1.2.0 drops the activation")
    assert "export TURN_OFF_REMAPPER=1" in found.fix


def test_the_row_s_own_promise_is_kept_without_any_known_hazard() -> None:
    (found,) = said(process({"tensorflow": "2.19.1"}, TURN_OFF_REMAPPER=None), ROW)
    assert "TURN_OFF_REMAPPER=1 is needed" in found.title
    assert len(said(process(METAL, TURN_OFF_REMAPPER=None), ROW)) == 1  # told once, whoever asks for it


@pytest.mark.parametrize(
    "packages", [{"tensorflow": "2.12.1", "tensorflow-metal": "0.8.0"}, {"tensorflow": "2.19.1"}, {}]
)
def test_a_pair_that_is_not_affected_needs_nothing(packages: dict[str, str]) -> None:
    assert said(process(packages, TURN_OFF_REMAPPER=None)) == []


def test_a_cured_environment_hears_nothing() -> None:
    assert said(process(METAL, TURN_OFF_REMAPPER="1"), ROW, Host(os="macos", os_version="14.5")) == []


def test_a_probe_that_died_before_it_could_say_claims_nothing() -> None:
    silent = Observed(outcome=ProbeOutcome(python="python", ended="signal", events=()))
    assert said(silent, ROW) == []


def test_the_warning_stands_in_the_verification_and_fails_nothing_by_itself() -> None:
    seen = process(METAL, TURN_OFF_REMAPPER=None)
    found = judge(seen.outcome, None, None, hazards=shipped().hazards)
    titles = [finding.title for finding in found.findings if finding.severity == "warning"]
    assert titles == ["TURN_OFF_REMAPPER is not set in this environment's processes; TURN_OFF_REMAPPER=1 is needed"]
    bare = judge(seen.outcome, None, None)
    assert [finding for finding in bare.findings if finding.severity == "warning"] == []


def test_settings_of_the_program_stand_beside_the_variables() -> None:
    events: tuple[dict[str, Any], ...] = (
        {"event": "interpreter", "influences": {"TF_METAL_REMAPPER": "1"}},
        {"event": "tensorflow", "version": "2.19.1", "options": {"use_plugin_optimizers": False}},
    )
    found = judge(ProbeOutcome(python="python", ended="finished", events=events), None, None)
    assert found.environment == {"TF_METAL_REMAPPER": "1", "use_plugin_optimizers": "False"}
