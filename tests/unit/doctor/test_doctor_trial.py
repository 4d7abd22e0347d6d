"""Fixes that are tried: case by case, and what holds for every step and every text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.trials import TrialCase, asked_in, finds_nothing, proposal, trial_cases
from tfsetup.doctor.model import Diagnosis, Evidence, Rebuild, Step
from tfsetup.doctor.offers import Spot
from tfsetup.doctor.trial import case_of, tried
from tfsetup.host.model import Host, Libc, Python
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.workflows.diagnose import Given, concluded, examine

MATRIX = read_matrix()
INDEX = MATRIX.index
GLIBC = Libc(name="glibc", version="2.35")
HOSTS = (
    Host(os="macos", os_version="14.5", arch="arm64"),
    Host(os="macos", os_version="11.6", arch="arm64"),
    Host(os="macos", os_version="13.1", arch="x86_64"),
    Host(os="linux", arch="x86_64", libc=GLIBC),
    Host(os="linux", arch="aarch64", libc=GLIBC),
    Host(os="linux", arch="armv7l", libc=GLIBC),
    Host(os="windows", os_version="11", arch="x86_64"),
)
PYTHONS = ("3.6.9", "3.8.10", "3.9.2", "3.10.1", "3.11.4", "3.12.3", "3.13.1", "3.14.0")
MACHINES = st.builds(
    lambda host, python: Host(
        os=host.os, os_version=host.os_version, arch=host.arch, libc=host.libc, pythons=(Python(version=python),)
    ),
    st.sampled_from(HOSTS),
    st.sampled_from(PYTHONS),
)
VERSIONS = st.sampled_from(sorted({one for each in INDEX.distributions.values() for one in each})) | st.from_regex(
    r"2\.[0-9]{1,2}\.[0-9]", fullmatch=True
)
NAMES = st.sampled_from([*INDEX.distributions, "numpy", "keras", "protobuf", "ml-dtypes"])
REQUIREMENTS = (
    st.builds(
        "{}{}{}".format,
        NAMES,
        st.sampled_from(["", "[and-cuda]"]),
        st.builds("{}{}".format, st.sampled_from(["==", ">=", "<", "~="]), VERSIONS),
    )
    | NAMES
)
STEPS = st.builds(
    "python -m pip install {}{}".format,
    st.sampled_from(["", "--upgrade ", "--force-reinstall ", "--no-deps "]),
    st.lists(REQUIREMENTS, min_size=1, max_size=3).map(lambda texts: " ".join(f"'{text}'" for text in texts)),
)
INSTALLED = st.dictionaries(NAMES, VERSIONS, max_size=3)
WORDS = st.sampled_from([
    "python -m pip install ", "pip install ", "uv add ", "$ ", "tensorflow", "'", '"', "`", "==", "2.19.1",
    "[and-cuda]", " ", " && ", " # ", "\n", "-m venv ", "--upgrade ", "uninstall ", "I tried ", "downgraded numpy to ",
    "[", "(", "…",
    "-r ", "docker run --platform linux/", "Python 3.", "wsl --install ", "@ file:///x ", ";", "\x00", "=",
])  # fmt: skip
ANYTHING = st.lists(WORDS | st.text(max_size=8), max_size=30).map("".join)


@pytest.mark.parametrize("case", trial_cases(), ids=lambda case: case.name)
def test_a_step_becomes_what_passes(case: TrialCase) -> None:
    assert case.outcome() == case.become


def test_there_are_cases_of_every_outcome() -> None:
    assert len(trial_cases()) > 70
    assert len({case.become for case in trial_cases()}) > 50


@given(host=MACHINES, step=STEPS, installed=INSTALLED)
def test_no_tried_step_names_what_is_not_offered_there(host: Host, step: str, installed: dict[str, str]) -> None:
    evidence = Evidence(host=host, packages=installed or None)
    place = case_of(evidence, MATRIX).place
    for text in tried(proposal(step), evidence, MATRIX).findings[0].fix:
        asked = list(asked_in(text, place))
        assert [finds_nothing(command, where) for command, where in asked] == [[]] * len(asked)
        for command, where in asked:
            extras = {extra for one in command.wanted for extra in one.requirement.extras if one.name == "tensorflow"}
            assert "and-cuda" not in extras or (where.os, where.arch) == ("linux", "x86_64")


@given(host=MACHINES, step=STEPS, installed=INSTALLED)
def test_what_was_tried_passes_when_it_is_tried_again(host: Host, step: str, installed: dict[str, str]) -> None:
    evidence = Evidence(host=host, packages=installed or None)
    once = tried(proposal(step), evidence, MATRIX)
    assert tried(once, evidence, MATRIX) == once


@given(
    host=st.none() | MACHINES,
    step=ANYTHING,
    log=ANYTHING,
    installed=st.dictionaries(NAMES | st.text(), VERSIONS | st.text()),
)
def test_no_text_is_too_odd(host: Host | None, step: str, log: str, installed: dict[str, str]) -> None:
    found = tried(proposal(step), Evidence(host=host, log=log, packages=installed), MATRIX)
    assert found.findings[0].steps


def test_a_finding_keeps_a_step_and_a_rebuild_is_left_alone() -> None:
    rebuild = Step("tfsetup install --prefix .venv", Rebuild())
    found = proposal("python -m pip install 'tensorflow==2.19.1'").findings[0]
    both = Diagnosis(verdict="problem", findings=(replace(found, steps=(*found.steps, rebuild)),))
    machine = Host(os="macos", os_version="14.5", arch="arm64", pythons=(Python(version="3.13.0"),))
    assert tried(both, Evidence(host=machine), MATRIX).findings[0].steps == (rebuild,)


def test_a_rebuild_that_is_proposed_is_for_the_prefix_and_can_be_carried_out() -> None:
    machine = Host(os="macos", os_version="14.5", arch="arm64", pythons=(Python(version="3.13.0"),))
    evidence = Evidence(host=machine, prefix="my env")
    [step] = tried(proposal("python -m pip install 'tensorflow==2.19.1'"), evidence, MATRIX).findings[0].steps
    assert step.rebuild == Rebuild(prefix="my env", tensorflow="2.19.1", python="3.12")
    assert step.text.startswith("tfsetup install --prefix 'my env' --tensorflow 2.19.1 --python 3.12   # ")


def test_what_is_degraded_is_not_installed_again() -> None:
    evidence = Evidence(packages={"tensorflow": "2.19.0"})
    step = "python -m pip install tensorflow"
    [left] = tried(proposal(step, kind="degraded"), evidence, MATRIX).findings[0].fix
    assert left == "tensorflow 2.19.0 is installed already."
    [again] = tried(proposal(step), evidence, MATRIX).findings[0].fix
    assert again == "python -m pip install --force-reinstall tensorflow==2.19.0"


def test_a_place_that_nobody_told_of_is_no_obstacle() -> None:
    assert case_of(Evidence(), MATRIX).place == Spot()


def test_what_the_doctor_says_was_tried() -> None:
    """By the way of the command: what was typed already is not in it, and what is installed sets its bound."""
    log = (
        "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.1.0 as it may crash.\n"
        "ImportError: numpy.core._multiarray_umath failed to import\n"
    )
    host = Host(os="linux", arch="x86_64", libc=GLIBC, pythons=(Python(version="3.11.4"),))
    step = "python -m pip install 'numpy<2'"
    given = Given(log=log, host=host, packages={"tensorflow": "2.15.1"})
    [finding, *_] = concluded(examine(given, MATRIX), MATRIX).findings
    assert (finding.cause, finding.fix[0]) == ("numpy2-abi", step)
    [done, *_] = concluded(examine(replace(given, log=f"{log}$ {step}\n"), MATRIX), MATRIX).findings
    assert step not in done.fix
    [older, *_] = concluded(examine(replace(given, packages={"tensorflow": "2.12.1"}), MATRIX), MATRIX).findings
    assert older.fix[0] == "python -m pip install 'numpy<=1.24.3,<2'"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            "Downloading x-1.0-cp312-cp312-manylinux2014_aarch64.whl",
            "Every Linux aarch64 wheel is a CPU build",
        ),
        ("Downloading x-1.0-cp312-cp312-macosx_11_0_arm64.whl", "There is no CUDA on Macs"),
        ("Downloading x-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", ""),
        ("something failed", ""),
    ],
)
def test_what_a_log_tells_of_its_machine_refuses_a_rebuild_and_proves_none(log: str, words: str) -> None:
    text = "tfsetup install --prefix .venv --accelerator cuda"
    steps = (Step("Restart the machine"), Step(text, Rebuild(accelerator="cuda")))
    both = replace(proposal(), findings=(replace(proposal().findings[0], steps=steps),))
    fix = tried(both, Evidence(log=log), MATRIX).findings[0].fix
    assert fix == (("Restart the machine",) if words else ("Restart the machine", text))
    alone = replace(proposal(), findings=(replace(proposal().findings[0], steps=steps[1:]),))
    [left] = tried(alone, Evidence(log=log), MATRIX).findings[0].fix
    assert left.startswith(words or text)


def test_of_a_machine_in_a_file_it_is_presumed_that_uv_brings_a_python() -> None:
    """Else no release is sure to install, and the newest is named though the matrix avoids it."""
    log = (
        "Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed "
        "properly if you would like to use GPU. Skipping registering GPU devices...\n"
    )
    host = Host(os="linux", arch="x86_64", libc=GLIBC, pythons=(Python(version="3.12.4"),))
    [finding, *_] = concluded(examine(Given(log=log, host=host), MATRIX), MATRIX).findings
    [rebuild] = [step for step in finding.steps if step.rebuild is not None]
    assert finding.cause == "cuda-libs-missing"
    assert "tensorflow[and-cuda]==2.20.0" in rebuild.text
