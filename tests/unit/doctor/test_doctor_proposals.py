"""Every install command that any fix of any cause proposes, held against the recorded tables, for every machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice

import pytest

from support.doctor import LogCase, knowledge, log_cases
from support.examples import heavy_but_one_in
from support.trials import asked_in, finds_nothing, proposal
from tfsetup.doctor.actions import template
from tfsetup.doctor.commands import commands_in
from tfsetup.doctor.diagnose import steps_for
from tfsetup.doctor.facts import collect
from tfsetup.doctor.holes import HOLE, Known
from tfsetup.doctor.model import Cause, Evidence, Finding
from tfsetup.doctor.trial import case_of, tried
from tfsetup.host.model import Host, Libc, Python
from tfsetup.matrix.file.disk import read_matrix

MATRIX = read_matrix()
GLIBC = Libc(name="glibc", version="2.35")
MACHINES = {
    "mac": Host(os="macos", os_version="14.5", arch="arm64"),
    "old mac": Host(os="macos", os_version="12.1", arch="arm64"),
    "intel mac": Host(os="macos", os_version="13.1", arch="x86_64"),
    "linux": Host(os="linux", arch="x86_64", libc=GLIBC, wsl=False),
    "wsl": Host(os="linux", arch="x86_64", libc=GLIBC, wsl=True),
    "old linux": Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.17")),
    "graviton": Host(os="linux", arch="aarch64", libc=GLIBC),
    "raspberry": Host(os="linux", arch="armv7l", libc=GLIBC),
    "alpine": Host(os="linux", arch="x86_64", libc=Libc(name="musl", version="1.2")),
    "windows": Host(os="windows", os_version="11", arch="x86_64"),
}
PYTHONS = {
    "mac": ("3.8.9", "3.12.4", "3.13.1"),
    "linux": ("3.9.2", "3.12.4", "3.14.0"),
    "windows": ("3.10.4", "3.13.1"),
}
OTHER_PYTHONS = ("3.11.4", "3.13.1")
MACOS_ENDS = "2.16"
# Distributions that the matrix does not name, and that are there for the systems that their fixes are for.
OTHERS = (
    "array-record", "certifi", "ipykernel", "onnx", "pip", "pyarrow", "sentencepiece", "tensorflow-addons",
    "tensorflow-decision-forests",
    "tensorflow-directml-plugin", "tensorflow-gpu", "tensorflow-text", "tf-keras", "transformers", "tb-nightly",
    "keras-nightly", "tf-nightly",
)  # fmt: skip


def on(machine: str, python: str) -> Host:
    return replace(MACHINES[machine], pythons=(Python(version=python),))


@cache
def captured(slug: str) -> tuple[Known, ...]:
    """Nothing, and what the first fixture of a cause that shows it leaves in the holes of its fixes."""
    evidence = (
        Evidence(log=case.log, host=case.host, packages=case.packages or None)
        for case in log_cases()
        if case.cause == slug
    )
    left = (values for one in evidence for values in _captures(slug, one))
    return tuple(Known(told=told, family=knowledge().family) for told in ({}, *islice(left, 1)))


def _captures(slug: str, evidence: Evidence) -> Iterator[dict[str, str]]:
    from tfsetup.doctor.match import signals_seen
    from tfsetup.doctor.text import clean

    log = clean(evidence.log or "")
    facts = collect(evidence.host, evidence.packages, log.stream)
    causes = [cause for cause in knowledge().causes if cause.slug == slug]
    for _, seen in signals_seen(causes, evidence, log, facts):
        yield {name: value for one in seen for name, value in one.captures.items()}


def findings(cause: Cause, evidence: Evidence) -> Iterator[Finding]:
    facts = collect(evidence.host, evidence.packages, "")
    for known in captured(cause.slug):
        steps = steps_for(cause, facts, known, prefix=".venv")
        yield replace(proposal(cause=cause.slug, kind=cause.kind).findings[0], steps=steps)


def check(found: Iterable[Finding], evidence: Evidence) -> int:
    """Hold the tried steps of findings against the tables; return how many commands there were."""
    diagnosis = replace(proposal(), findings=tuple(found))
    place, seen = case_of(evidence, MATRIX).place, 0
    for text in (text for one in tried(diagnosis, evidence, MATRIX).findings for text in one.fix):
        for command, where in asked_in(text, place):
            seen += 1
            assert finds_nothing(command, where) == [], (text, where)
            wanted = {one.name: one.requirement for one in command.wanted}
            extras = {extra for one in wanted.values() for extra in one.extras}
            if "and-cuda" in extras:
                assert (where.os, where.arch) in {("linux", "x86_64"), ("linux", None), (None, None)}, text
            if where.os == "macos" and "tensorflow-macos" in wanted:
                assert not wanted["tensorflow-macos"].specifier.contains(MACOS_ENDS), text
    return seen


def of_every_cause(evidence: Evidence) -> Iterator[Finding]:
    for cause in knowledge().causes:
        yield from findings(cause, evidence)


@pytest.mark.parametrize("machine", heavy_but_one_in(3, MACHINES))
def test_every_command_of_every_cause_finds_something_on_every_machine(machine: str) -> None:
    seen = 0
    for python in PYTHONS.get(machine, OTHER_PYTHONS):
        evidence = Evidence(host=on(machine, python))
        seen += check(of_every_cause(evidence), evidence)
    assert seen > 20


@pytest.mark.parametrize("core", heavy_but_one_in(4, ["2.10.1", "2.15.1", "2.18.1", "2.21.0"]))
def test_beside_a_tensorflow_that_is_there_too(core: str) -> None:
    for machine, python in (("linux", "3.10.1"), ("mac", "3.11.4"), ("windows", "3.12.3")):
        evidence = Evidence(host=on(machine, python), packages={"tensorflow": core, "numpy": "1.26.4"})
        check(of_every_cause(evidence), evidence)


@pytest.mark.parametrize("case", [case for case in log_cases() if case.cause][::4], ids=lambda case: case.name)
def test_what_is_proposed_to_the_author_of_a_report_finds_something(case: LogCase) -> None:
    evidence = Evidence(log=case.log, host=case.host, packages=case.packages or None)
    check(case.diagnose().findings[:2], evidence)


def test_no_command_names_what_is_no_distribution() -> None:
    """A word in the place of a name is nothing to type."""
    instead = {"name": "keras", "names": "keras", "range": ">=1"}
    names = {
        one.name
        for cause in knowledge().causes
        for fix in cause.fixes
        for command in commands_in(HOLE.sub(lambda hole: instead.get(hole[2], "1.0"), template(fix)))
        for one in command.wanted
        if command.tool in {"pip", "uv"}
    }
    assert names - knowledge().family <= set(OTHERS)


def test_no_fix_tells_to_install_one_python_where_several_have_wheels() -> None:
    """A container or a channel may have a Python of its own, which the matrix does not know."""
    typed = [fix.do for cause in knowledge().causes for fix in cause.fixes if re.search(r"[Ii]nstall Python 3", fix.do)]
    assert typed == []
