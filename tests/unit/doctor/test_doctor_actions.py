"""What tfsetup can do itself, fixes proven against the matrix, and nothing out of a log that a shell would run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.doctor.actions import Rebuild, command_of, parse_rebuild, rebuild_of
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.gather import knowledge
from tfsetup.doctor.model import Diagnosis, Evidence, Finding
from tfsetup.doctor.proof import proven
from tfsetup.host.model import Host
from tfsetup.matrix.files import read_matrix
from tfsetup.matrix.model import Ask, Selection
from tfsetup.matrix.select import select

FINDING = Finding(cause="c", confidence=0.9, title="t", evidence=("e",), explanation="x", fix=(), kind="fatal")


def found(*fixes: str) -> Diagnosis:
    return Diagnosis(verdict="problem", findings=(replace(FINDING, fix=fixes),))


def test_a_remark_is_no_part_of_the_command() -> None:
    assert command_of("pip install x # because") == "pip install x"
    assert command_of("pip install 'x#y'") == "pip install 'x#y'"


@pytest.mark.parametrize(
    ("command", "rebuild"),
    [
        ("tfsetup install --prefix .venv", Rebuild(prefix=".venv")),
        (
            "tfsetup install --prefix 'a b' --tensorflow '~=2.15.0' --accelerator cuda --python 3.12 --backend conda",
            Rebuild(prefix="a b", tensorflow="~=2.15.0", accelerator="cuda", python="3.12", backend="conda"),
        ),
        ("tfsetup install --prefix .venv --tensorflow VERSION", None),
        ("tfsetup install --prefix", None),
        ("tfsetup install --tensorflow 2.19", None),
        ("tfsetup resolve --tensorflow 2.10", None),
        ("python -m pip install tensorflow", None),
    ],
)
def test_a_command_of_ours_is_understood(command: str, rebuild: Rebuild | None) -> None:
    assert parse_rebuild(command) == rebuild


def test_the_first_rebuild_of_the_first_finding_is_taken() -> None:
    both = ("pip install x", "tfsetup install --prefix a # why", "tfsetup install --prefix b")
    assert rebuild_of(found(*both).findings) == Rebuild(prefix="a")
    assert rebuild_of(found("pip install x").findings) is None
    assert rebuild_of(()) is None


def test_what_is_marked_as_ours_in_the_knowledge_is_understood() -> None:
    fixes = [fix.do for cause in knowledge().causes for fix in cause.fixes if fix.action == "rebuild"]
    assert len(fixes) > 40
    filled = [re.sub(r"\{[^{}]*\}", "x", command_of(fix)) for fix in fixes]
    assert [command for command in filled if parse_rebuild(command) is None] == []


def test_a_rebuild_says_what_it_would_install() -> None:
    selection = Selection(installable=True, requirements=("tensorflow==2.21.0",), python="3.13")
    fixes = proven(found("tfsetup install --prefix a", "tfsetup install --prefix a # new"), lambda _: selection)
    assert fixes.findings[0].fix == (
        "tfsetup install --prefix a # tensorflow==2.21.0 on Python 3.13",
        "tfsetup install --prefix a # new: tensorflow==2.21.0 on Python 3.13",
    )


def test_a_rebuild_that_would_be_refused_is_not_proposed() -> None:
    no = Selection(installable=False, reasons=("no wheel",))
    assert proven(found("pip install x", "tfsetup install --prefix a"), lambda _: no).findings[0].fix == (
        "pip install x",
    )


def test_when_nothing_else_is_left_the_reason_stands_there() -> None:
    no = Selection(installable=False, reasons=("no wheel",), suggestions=("use --python 3.12",))
    assert proven(found("tfsetup install --prefix a"), lambda _: no).findings[0].fix == ("use --python 3.12",)
    assert proven(found("tfsetup install --prefix a"), lambda _: replace(no, suggestions=())).findings[0].fix == (
        "no wheel",
    )


def test_the_pair_for_the_mac_gpu_is_the_matrix_rows() -> None:
    """The pins in causes.yaml are words for people; the matrix decides what they are."""
    mac = Host(os="macos", os_version="14.4", arch="arm64", rosetta=False)
    wanted = select(mac, Ask(accelerator="metal"), read_matrix()).requirements
    pair = re.compile(r"'(tensorflow==[^']+)' '(tensorflow-metal==[^']+)'")
    named = {match.groups() for cause in knowledge().causes for fix in cause.fixes for match in pair.finditer(fix.do)}
    assert named == {wanted}


HOSTILE = ["'; rm -rf ~ #", "$(reboot)", "`reboot`", "a|sh", "a&b", '"; x', "${HOME}"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "log",
    [
        "ImportError: {}: cannot allocate memory in static TLS block",
        "ImportError: /lib/{}: cannot allocate memory in static TLS block",
        "Cannot uninstall '{}'. It is a distutils installed project",
        "Loaded runtime CuDNN library: 8.4.1 but source was compiled with: {}. CuDNN library",
        "Could not find a version that satisfies the requirement {}==2.9.5 (from x) (from versions: 2.9.3, 2.10.0)",
        "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. tampered with them. {} from https",
    ],
)
def test_nothing_a_shell_would_run_gets_from_a_log_into_a_fix(log: str, text: str) -> None:
    for finding in diagnose(Evidence(log=log.format(text)), knowledge()).findings:
        for fix in finding.fix:
            assert text not in fix


@given(st.text("ab/.'\"`$()|&;<>\\ \n", max_size=60))
def test_no_text_between_known_words_gets_through(text: str) -> None:
    log = f"ImportError: {text}: cannot allocate memory in static TLS block"
    for finding in diagnose(Evidence(log=log), knowledge()).findings:
        if finding.cause == "aarch64-static-tls" and "LD_PRELOAD=$(" not in finding.fix[0]:
            assert re.fullmatch(r"export LD_PRELOAD='[\w./:+=<>~!,*@%\\\[\] -]*'", finding.fix[0])


FIXES = [fix.do for cause in knowledge().causes for fix in cause.fixes]


@pytest.mark.parametrize("fix", [fix for fix in FIXES if "{" in command_of(fix)])
def test_what_comes_out_of_a_log_is_quoted(fix: str) -> None:
    unquoted = re.sub(r"'[^']*'", "", command_of(fix))
    assert set(re.findall(r"\{([a-z_]+)", unquoted)) <= {"prefix", "names"} or not unquoted.startswith(
        ("python", "tfsetup", "export", "docker", "mv ", "uv ", "conda", "sudo")
    )
