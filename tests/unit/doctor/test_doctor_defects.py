"""Known defects: which packages have them, what cures them, and that no fix recommends one without a word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.doctor import knowledge
from tfsetup.doctor.actions import template
from tfsetup.doctor.causes.read import read_causes
from tfsetup.doctor.defects import is_cured, pinned, taught
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Diagnosis, Evidence, Knowledge
from tfsetup.doctor.proof import proven
from tfsetup.doctor.text import clean
from tfsetup.host.model import Host
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.hazards import Cure, Hazard

CAUSE = "metal-activation-dropped"
KNOWN = knowledge()
[METAL] = [hazard for hazard in KNOWN.hazards if hazard.id == CAUSE]
MAC = Host(os="macos", os_version="14.4", arch="arm64")
OTHER = Hazard(
    id="stand-in-counts-wrong",
    title="counts wrong",
    distribution="stand-in",
    versions=">=2,<3",
    consequence="sums are wrong",
    asked_by=("sums",),
    cure=Cure(environment={"STAND_IN": "off", "STAND_IN_TOO": "2"}, because="it is not used then", program="x = 1"),
    evidence=("run: seen",),
    source="run: seen",
)
CAUSES = f"""causes:
- cause: {CAUSE}
  title: a title that is long enough
  meaning: What it means.
  kind: fatal
  signals:
  - {{weight: proof, log: "never there"}}
  fixes:
  - {{cure: {CAUSE}, by: variables}}
  - {{cure: unheard-of, by: variables}}
"""
UNCURABLE = replace(OTHER, id="stand-in-forgets", cure=Cure(environment={}, because="", requirements=("stand-in<2",)))


def pair(plugin: str = "1.2.0", **more: str) -> dict[str, str]:
    """Return a plugin beside a TensorFlow that it loads with."""
    tensorflow = {"1.0.0": "2.13.0", "1.1.0": "2.17.1"}.get(plugin, "2.19.1")
    return {"tensorflow": tensorflow, "tensorflow-metal": plugin} | more


def ask(known: Knowledge = KNOWN, **evidence: object) -> Diagnosis:
    return diagnose(Evidence(**evidence), known)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.1.0", "1.2.0"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_package_list_alone_is_a_problem_with_its_cure(version: str, whole: bool) -> None:
    found = ask(packages=pair(version), whole=whole)
    [finding] = found.findings
    assert (found.verdict, finding.cause, finding.confidence) == ("problem", CAUSE, 0.9)
    assert finding.evidence == (
        f"tensorflow-metal {version} is installed, and nothing sets TURN_OFF_REMAPPER=1 for its processes.",
    )
    assert finding.fix[0].startswith("export TURN_OFF_REMAPPER=1   # ")


@pytest.mark.parametrize("version", ["0.5.0", "0.8.0", "1.3.0", "2.0", "no version"])
def test_other_versions_do_not_have_it(version: str) -> None:
    assert CAUSE not in [finding.cause for finding in ask(packages=pair(version)).findings]


@pytest.mark.parametrize(
    ("evidence", "reported"),
    [
        ({"packages": pair()}, True),
        ({"packages": pair(), "environment": {}}, True),
        ({"packages": pair(), "environment": {"TURN_OFF_REMAPPER": "0"}}, True),
        ({"packages": pair(), "environment": {"TURN_OFF_REMAPPER": "1"}}, False),
        ({"packages": pair(**{"tfsetup-cures": "1"})}, False),
        # The process itself knows better than the list: the start-up file of the distribution is gone.
        ({"packages": pair(**{"tfsetup-cures": "1"}), "environment": {}}, True),
        ({"packages": pair(), "log": "export TURN_OFF_REMAPPER=1"}, False),
        ({"packages": pair(), "log": 'os.environ["TURN_OFF_REMAPPER"] = "1"'}, False),
        ({"packages": pair(), "log": "os.environ.setdefault('TURN_OFF_REMAPPER', '1')"}, False),
        ({"packages": pair(), "log": "set -gx TURN_OFF_REMAPPER 1"}, False),
        ({"packages": pair(), "log": "TURN_OFF_REMAPPER=0"}, True),
        ({"packages": pair(), "log": "TURN_OFF_REMAPPER=10"}, True),
        ({"packages": pair(), "log": "MY_TURN_OFF_REMAPPER=1"}, True),
    ],
)
def test_what_is_cured_is_not_reported(evidence: dict[str, object], reported: bool) -> None:
    causes = {finding.cause for finding in ask(KNOWN, **evidence).findings}
    assert (CAUSE in causes) is reported


def test_a_list_in_the_text_is_a_list() -> None:
    log = "Here it is:\nkeras==3.8.0\nnumpy==1.26.4\ntensorflow==2.18.1\ntensorflow-metal==1.2.0\n"
    assert [finding.cause for finding in ask(log=log).findings] == [CAUSE]
    older = ask(log=log.replace("-metal==1.2.0", "-metal==0.8.0")).findings
    assert CAUSE not in [finding.cause for finding in older]
    assert ask(log="Successfully installed tensorflow-metal-1.2.0").findings == ()


def test_a_defect_is_told_behind_what_explains_the_log() -> None:
    died = "AttributeError: 'MessageFactory' object has no attribute 'GetPrototype'"
    found = ask(log=died, packages=pair(), host=MAC).findings
    assert [finding.cause for finding in found] == ["protobuf-too-new", CAUSE]
    assert found[0].confidence >= found[1].confidence


def test_a_defect_is_told_before_what_is_harmless() -> None:
    found = ask(log="Plugin optimizer for device_type GPU is enabled.", packages=pair(), host=MAC)
    assert [finding.cause for finding in found.findings] == [CAUSE, "harmless-message"]
    assert found.verdict == "problem"
    confidences = [finding.confidence for finding in found.findings]
    assert confidences == sorted(confidences, reverse=True)


def test_what_the_log_says_and_the_list_are_one_finding() -> None:
    log = "the loss goes down and then explodes on my macbook, right on colab"
    [finding] = ask(log=log, packages=pair()).findings
    assert finding.cause == CAUSE
    assert finding.evidence == (log, ask(packages=pair()).findings[0].evidence[0])
    assert finding.confidence >= 0.95


def test_the_fixes_have_every_way_out_and_the_price() -> None:
    [finding] = ask(packages=pair(), host=MAC).findings
    export, dock, cell, install, program, keras = finding.fix
    assert METAL.cure.because in export
    assert (METAL.cure.costs or "?") in export
    assert dock.startswith("launchctl setenv TURN_OFF_REMAPPER 1 ")
    assert cell.startswith('import os; os.environ["TURN_OFF_REMAPPER"] = "1" ')
    assert install.startswith("tfsetup install --prefix .venv --accelerator metal ")
    assert program.startswith('tf.config.optimizer.set_experimental_options({"use_plugin_optimizers": False})')
    assert keras.startswith("python -m pip install 'keras<3.7'   # instead: it forgoes every later release")
    assert "as Keras 2 is hit too" in keras


def test_where_the_report_mentions_linux_the_variable_is_still_in_the_fix() -> None:
    log = "/home/me on the Ubuntu server is right, my macbook with tensorflow-metal diverges"
    [finding] = ask(log=log).findings
    assert finding.cause == CAUSE
    assert finding.fix[0].startswith("export TURN_OFF_REMAPPER=1 ")


def test_the_matrix_alone_says_what_the_cure_is() -> None:
    cure = replace(METAL.cure, environment={"ANOTHER": "yes"}, because="it does", costs=None)
    other = replace(METAL, cure=cure, versions="==7.*", distribution="else")
    known = taught(read_causes({"c.yaml": CAUSES}), [other])
    [finding] = ask(known, packages={"else": "7.1"}).findings
    assert finding.fix[0] == "export ANOTHER=yes   # before Python starts (fish: set -gx ANOTHER yes): it does"
    assert "else ==7.*" in finding.explanation
    assert ask(known, packages=pair()).findings == ()


def test_a_defect_that_only_the_matrix_knows_is_told_too() -> None:
    known = taught(KNOWN, [*KNOWN.hazards, OTHER])
    [finding] = ask(known, packages={"stand-in": "2.5"}).findings
    assert (finding.cause, finding.title) == ("stand-in-counts-wrong", "stand-in counts wrong")
    assert finding.explanation == "stand-in >=2,<3 counts wrong: sums are wrong."
    assert finding.fix[0].startswith("export STAND_IN=off STAND_IN_TOO=2 ")
    assert "tfsetup install --prefix .venv   # sets it for every process" in finding.fix
    assert "x = 1   # in the program, instead of the variable" in finding.fix
    assert ask(known, packages={"stand-in": "3.0"}).findings == ()
    half = {"STAND_IN": "off"}
    assert ask(known, packages={"stand-in": "2.5"}, environment=half).findings
    assert not ask(known, packages={"stand-in": "2.5"}, environment=half | {"STAND_IN_TOO": "2"}).findings


def test_a_defect_that_no_variable_cures_is_never_cured_by_none() -> None:
    assert not is_cured(UNCURABLE, Evidence(environment={}), clean(""))
    assert not is_cured(UNCURABLE, Evidence(packages={"tfsetup-cures": "1"}), clean("any text"))
    known = taught(KNOWN, [UNCURABLE])
    [finding] = ask(known, packages={"stand-in": "2.5"}, environment={}).findings
    assert any(fix.startswith("python -m pip install 'stand-in<2' ") for fix in finding.fix)


def test_a_macos_without_the_defect() -> None:
    known = taught(KNOWN, [replace(METAL, macos=">=15")])
    assert ask(known, packages=pair(), host=MAC).findings == ()
    assert ask(known, packages=pair(), host=replace(MAC, os_version="15.1")).findings
    assert ask(known, packages=pair(), host=replace(MAC, os_version="the newest")).findings


def test_a_device_that_computes_wrong_results_is_the_strongest_proof() -> None:
    [finding] = ask(wrong_checks=frozenset({"dense-relu-graph"}), environment={"TURN_OFF_REMAPPER": "1"}).findings
    assert (finding.cause, finding.confidence) == (CAUSE, 0.97)
    assert finding.evidence == (
        "The check dense-relu-graph of this verification computes wrong results on the device.",
    )
    assert ask(wrong_checks=frozenset({"training step"})).findings == ()
    assert ask(wrong_checks=frozenset({"dense-relu-graph"}), packages={"tensorflow": "2.19.1"}).findings == ()


def test_no_fix_pins_a_version_with_a_known_defect_in_silence() -> None:
    """Every cause that proposes the pair says what it needs, in the same words, whoever writes the next one."""
    fixes = [fix.do for cause in KNOWN.causes for fix in cause.fixes if "tensorflow-metal==" in fix.do]
    assert len(fixes) >= 7
    words = " set TURN_OFF_REMAPPER=1 for every process too: without it tensorflow-metal drops the activation"
    assert [fix for fix in fixes if words not in fix] == []
    assert all(fix.count(" # ") == 1 for fix in fixes)


def test_numerics_no_longer_recommend_the_bare_pair() -> None:
    [cause] = [cause for cause in KNOWN.causes if cause.slug == "metal-numerics"]
    assert not [fix.do for fix in cause.fixes if "pip install" in fix.do]
    assert [fix.do for fix in cause.fixes if fix.do.startswith("tfsetup install ") and "--accelerator metal" in fix.do]


def test_every_cure_in_the_causes_is_one_of_the_matrix() -> None:
    hazards = {hazard.id for hazard in read_matrix().hazards}
    assert {fix.cure[0] for cause in KNOWN.causes for fix in cause.fixes if fix.cure} <= hazards
    assert all(template(fix) for cause in KNOWN.causes for fix in cause.fixes)


def test_a_proven_installation_says_what_it_sets() -> None:
    found = proven(ask(packages=pair(), host=MAC), lambda wish: select(MAC, wish, read_matrix()))
    [step] = [step for step in found.findings[0].fix if step.startswith("tfsetup install")]
    assert step.endswith(" with TURN_OFF_REMAPPER=1")


def test_pins_are_read_out_of_commands() -> None:
    assert pinned(["pip install 'Tensorflow_Metal==1.2.0' 'keras<3.7'", "a==1"]) == {
        "tensorflow-metal": "1.2.0",
        "a": "1",
    }
