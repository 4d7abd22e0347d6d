"""More of the truth never makes an answer worse: over all fixtures, facts of the host withheld and added."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import LogCase, knowledge, log_cases, same
from support.examples import examples
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.machines.programs import printed
from tfsetup.doctor.machines.pythons import interpreters, told_of
from tfsetup.doctor.machines.statements import best
from tfsetup.doctor.model import Diagnosis, Evidence
from tfsetup.doctor.text import clean
from tfsetup.ground.platforms import Arch, Os
from tfsetup.host.model import Host, Python

FACTS = ("os", "os_version", "arch", "rosetta", "wsl", "libc", "cpu", "gpus", "pythons")
DESCRIBED = [case for case in log_cases() if case.host is not None]
SCRIPT = Path(__file__).parents[3] / "scripts" / "doctor-facts"


def given_in(case: LogCase) -> list[str]:
    return [fact for fact in FACTS if getattr(case.host, fact) is not None]


def ask(case: LogCase, host: Host | None) -> Diagnosis:
    return diagnose(Evidence(log=case.log, host=host, packages=case.packages or None), knowledge())


def right(case: LogCase, answer: Diagnosis) -> bool:
    if case.cause is None:
        return answer.findings == ()
    return bool(answer.findings) and same(answer.findings[0].cause, case.cause)


def exact(case: LogCase, answer: Diagnosis) -> bool:
    """Whether it is right by name; one of the look-alikes may be right by chance, which a fact may well take away."""
    return right(case, answer) and (case.cause is None or answer.findings[0].cause == case.cause)


def test_what_is_right_without_a_host_file_is_right_with_it() -> None:
    lost = [case.name for case in DESCRIBED if not right(case, case.diagnose()) and exact(case, ask(case, None))]
    assert lost == []


@given(st.sampled_from(DESCRIBED), st.data())
@examples(0.6)
def test_no_fact_loses_an_answer(case: LogCase, data: st.DataObject) -> None:
    known = data.draw(st.lists(st.sampled_from(given_in(case)), unique=True))
    one = data.draw(st.sampled_from(given_in(case)))
    assert case.host is not None
    without = replace(case.host, **dict.fromkeys((set(FACTS) - set(known)) | {one}))  # type: ignore[arg-type]
    with_it = replace(without, **{one: getattr(case.host, one)})
    assert right(case, ask(case, with_it)) >= exact(case, ask(case, without))


def as_a_host_file_would_say(case: LogCase) -> Host | None:
    """Return the host with what programs print of it in the log itself; None: nothing new."""
    stream = clean(case.log).stream
    said = {fact: one.value for fact, one in best([*printed(stream), *told_of(stream, interpreters(stream))]).items()}
    base = case.host or Host()
    if "emulated" in said:  # the host file is about the machine below
        return None
    found = replace(
        base,
        os=base.os or cast("Os | None", said.get("os")),
        arch=base.arch or cast("Arch | None", said.get("arch")),
        pythons=base.pythons or ((Python(version=said["python"]),) if "python" in said else None),
    )
    return found if found != base else None


def test_what_the_log_says_of_its_machine_may_be_in_the_host_file_too() -> None:
    told = [(case, host) for case in log_cases() if (host := as_a_host_file_would_say(case)) is not None]
    assert len(told) > 40
    assert [case.name for case, host in told if right(case, case.diagnose()) and not right(case, ask(case, host))] == []


def test_the_figures_of_a_file_of_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    reports = [
        {"id": "a", "root_cause": "rosetta-no-avx", "os": "macos", "arch": "arm64", "python": "3.9",
         "log": "zsh: illegal hardware instruction  python"},
        {"id": "b", "root_cause": "unknown", "os": "wsl", "packages": {"tensorflow": "2.15.0"}, "log": "it is blue"},
    ]  # fmt: skip
    file = tmp_path / "reports.jsonl"
    file.write_text("\n".join(json.dumps(report) for report in reports) + "\n", encoding="utf-8")
    spec = spec_from_loader("doctor_facts", SourceFileLoader("doctor_facts", str(SCRIPT)))
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.main(str(file), show=True) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 reports, right with all facts 2")
    assert "  arch: told 1, lost by it 0, " in shown
    assert "  wsl: told 1, lost by it 0, " in shown
