"""What a conda lock answers about itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from support.conda import HOSTS, package, platform_lock, wheel
from support.matrix import shipped
from tfsetup.errors import LockError, UsageError
from tfsetup.host.model import Host
from tfsetup.locks.conda.asking import asked_by, check_fits, made_for, platform_for
from tfsetup.locks.conda.lockfile import make_lock
from tfsetup.matrix.model import Ask, Selection

LOCK = make_lock([platform_lock(subdir) for subdir in HOSTS if subdir != "win-64"], ())
FILE = "conda-lock.yml"
FULL = platform_lock(wheels=(wheel("tensorflow-cpu", "2.20.0"), wheel()))


@pytest.mark.parametrize("subdir", [subdir for subdir in HOSTS if subdir != "win-64"])
def test_each_machine_finds_its_part(subdir: str) -> None:
    assert platform_for(LOCK, HOSTS[subdir], "conda-lock.yml").subdir == subdir


def test_a_machine_without_a_part_is_told_which_there_are() -> None:
    with pytest.raises(LockError, match="no packages for win-64; it has linux-64, linux-aarch64, osx-64, osx-arm64"):
        platform_for(LOCK, HOSTS["win-64"], "conda-lock.yml")


@pytest.mark.parametrize("host", [Host(os="windows", arch="arm64"), Host(os="linux", arch="armv7l"), Host()])
def test_a_machine_that_no_channel_is_for(host: Host) -> None:
    with pytest.raises(UsageError, match="No conda channel"):
        platform_for(LOCK, host, "conda-lock.yml")


def test_the_lock_completes_the_ask() -> None:
    found = asked_by(FULL, Ask(), shipped(), FILE)
    assert found == Ask(tensorflow="2.20.0", accelerator="cpu", python="3.12", backend="conda")


def test_what_the_user_said_stays() -> None:
    said = Ask(tensorflow="2.20.*", accelerator="cpu", python="3.12")
    assert asked_by(FULL, said, shipped(), FILE) == replace(said, backend="conda")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Ask(tensorflow="2.19.*"), "it locks TensorFlow 2.20.0, and 2.19.* was asked for"),
        (Ask(accelerator="cuda"), "it is for the accelerator cpu, and cuda was asked for"),
        (Ask(python="3.11"), "it is for Python 3.12, and 3.11 was asked for"),
        (Ask(backend="venv"), "it is a lock for the backend conda, and venv was asked for"),
        (Ask(pre=True), "it does not say whether it was made with pre-releases, and --pre was given"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_something_else_asked_for_is_refused_with_both_sides(said: Ask, words: str) -> None:
    with pytest.raises(LockError, match=re.escape(words)) as caught:
        asked_by(FULL, said, shipped(), FILE)
    assert str(caught.value.where) == FILE


def test_a_lock_of_a_pre_release_was_made_with_pre_releases() -> None:
    rc = replace(FULL, wheels=(wheel("tensorflow-cpu", "2.20.0rc0"), wheel()))
    assert asked_by(rc, Ask(pre=True), shipped(), FILE).tensorflow == "2.20.0rc0"
    assert made_for(rc, shipped()).pre is True
    odd = replace(FULL, wheels=(wheel("tensorflow-cpu", "odd"),))
    assert made_for(odd, shipped()).pre is None


@pytest.mark.parametrize("accelerator", ["cuda", "metal", "rocm"])
def test_a_lock_that_says_no_row_is_not_taken_for_an_accelerator(accelerator: Any) -> None:
    with pytest.raises(LockError, match=f"does not say which accelerator it is for, and {accelerator} was asked for"):
        asked_by(replace(FULL, row=""), Ask(accelerator=accelerator), shipped(), FILE)
    assert asked_by(replace(FULL, row=""), Ask(accelerator="cpu"), shipped(), FILE).accelerator == "cpu"


def test_a_lock_of_conda_lock_s_own_says_no_row() -> None:
    found = asked_by(replace(FULL, row=""), Ask(), shipped(), FILE)
    assert (found.accelerator, found.tensorflow) == ("auto", "2.20.0")


def selection(**changes: Any) -> Selection:
    values: dict[str, Any] = {
        "installable": True,
        "row": "linux-x86_64-cpu",
        "python": "3.12",
        "requirements": ("tensorflow-cpu==2.20.0", "numpy<3"),
    }
    return Selection(**(values | changes))


def test_a_lock_that_fits_is_taken() -> None:
    check_fits(FULL, selection(), "conda-lock.yml")
    check_fits(replace(FULL, row=""), selection(row="another"), "conda-lock.yml")
    check_fits(FULL, selection(requirements=("tensorflow-cpu[x]==2.20.0",)), "conda-lock.yml")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"row": "linux-x86_64-cuda"}, "for the row linux-x86_64-cpu, and here linux-x86_64-cuda was chosen"),
        ({"python": "3.13"}, "for Python 3.12, and 3.13 is asked for"),
        ({"requirements": ("tensorflow-cpu==2.21.0",)}, "has tensorflow-cpu 2.20.0, and tensorflow-cpu==2.21.0"),
        ({"requirements": ("tensorflow==2.20.0",)}, "has no tensorflow, and tensorflow==2.20.0"),
    ],
)
def test_a_lock_for_something_else_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(LockError, match=says.replace(".", r"\.")) as caught:
        check_fits(FULL, selection(**changes), "conda-lock.yml")
    assert "tfsetup lock" in caught.value.hint


def test_a_lock_without_python_is_for_none() -> None:
    with pytest.raises(LockError, match="for Python none"):
        check_fits(replace(FULL, packages=(package(),)), selection(), "conda-lock.yml")
