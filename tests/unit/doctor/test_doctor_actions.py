"""What tfsetup can do itself, as values, and fixes proven against the matrix."""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict, replace

from support.doctor import command_of, knowledge
from tfsetup.doctor.actions import rebuild_of
from tfsetup.doctor.diagnose import steps_for
from tfsetup.doctor.facts import Facts
from tfsetup.doctor.holes import Known
from tfsetup.doctor.model import Diagnosis, Finding, Rebuild, Step
from tfsetup.doctor.proof import proven
from tfsetup.host.model import Host
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Ask, Selection

FINDING = Finding(cause="c", confidence=0.9, title="t", evidence=("e",), explanation="x", steps=(), kind="fatal")


def found(*steps: Step) -> Diagnosis:
    return Diagnosis(verdict="problem", findings=(replace(FINDING, steps=steps),))


BY_HAND = Step("pip install x")


def step(text: str, prefix: str = "a") -> Step:
    return Step(text, Rebuild(prefix=prefix))


def test_the_first_rebuild_of_the_first_finding_is_taken() -> None:
    both = (BY_HAND, step("tfsetup install --prefix a # why"), step("tfsetup install --prefix b", "b"))
    assert rebuild_of(found(*both).findings) == Rebuild(prefix="a")
    assert rebuild_of(found(BY_HAND).findings) is None
    assert rebuild_of(()) is None


def test_text_that_reads_like_a_rebuild_is_none() -> None:
    assert rebuild_of(found(Step("tfsetup install --prefix /somewhere --python 3.12")).findings) is None


def test_a_rebuild_asks_the_matrix_what_its_text_says() -> None:
    """Value and text say the same: every rebuild there is, filled and read as a command."""
    seen = 0
    for cause in knowledge().causes:
        for one in steps_for(cause, Facts(), Known(), prefix="an env"):
            if one.rebuild is None:
                continue
            words = shlex.split(command_of(one.text))
            given = dict(zip(words[2::2], words[3::2], strict=True))
            assert given == {f"--{name}": value for name, value in asdict(one.rebuild).items() if value is not None}
            assert one.rebuild.prefix == "an env"
            assert one.rebuild.ask() == next(fix.rebuild.ask() for fix in cause.fixes if fix.rebuild is not None)
            seen += 1
    assert seen > 40


def test_a_rebuild_says_what_it_would_install() -> None:
    selection = Selection(installable=True, requirements=("tensorflow==2.21.0",), python="3.13")
    plain, told = step("tfsetup install --prefix a"), step("tfsetup install --prefix a # new")
    fixes = proven(found(plain, told), lambda _: selection)
    assert fixes.findings[0].fix == (
        "tfsetup install --prefix a # tensorflow==2.21.0 on Python 3.13",
        "tfsetup install --prefix a # new: tensorflow==2.21.0 on Python 3.13",
    )
    assert rebuild_of(fixes.findings) == Rebuild(prefix="a")


def test_a_rebuild_that_would_be_refused_is_not_proposed() -> None:
    no = Selection(installable=False, reasons=("no wheel",))
    left = proven(found(BY_HAND, step("tfsetup install --prefix a")), lambda _: no)
    assert left.findings[0].steps == (BY_HAND,)


def test_when_nothing_else_is_left_the_reason_stands_there() -> None:
    no = Selection(installable=False, reasons=("no wheel",), suggestions=("use --python 3.12",))
    alone = found(step("tfsetup install --prefix a"))
    assert proven(alone, lambda _: no).findings[0].steps == (Step("use --python 3.12"),)
    assert proven(alone, lambda _: replace(no, suggestions=())).findings[0].fix == ("no wheel",)


def test_the_pair_for_the_mac_gpu_is_the_matrix_rows() -> None:
    """The pins in the causes are words for people; the matrix decides what they are."""
    mac = Host(os="macos", os_version="14.4", arch="arm64", rosetta=False)
    wanted = select(mac, Ask(accelerator="metal"), read_matrix()).requirements
    pair = re.compile(r"'(tensorflow==[^']+)' '(tensorflow-metal==[^']+)' '(setuptools<[^']+)'")
    named = {match.groups() for cause in knowledge().causes for fix in cause.fixes for match in pair.finditer(fix.do)}
    assert named == {wanted}
