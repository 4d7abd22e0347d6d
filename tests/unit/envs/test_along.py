"""A lock and the pip that goes along: the same lock, one entry more, in either form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.locks import origin, package
from tfsetup.envs.along import with_pip
from tfsetup.envs.model import InstallWheels
from tfsetup.envs.plan import Index, plan_install
from tfsetup.host.model import Host
from tfsetup.locks.model import Form, Lock, LockedPackage
from tfsetup.locks.venv.portable import read_portable
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.model import Selection
from tfsetup.matrix.pips import PipWheel

PIP = PipWheel(version="26.3", requires_python=">=3.10", size=7, sha256="c" * 64)
HOST = Host(os="linux", arch="x86_64")
SELECTED = Selection(installable=True, row="linux-x86_64-cpu", python="3.12", requirements=("alpha==1.0",))
PACKAGES = [package("alpha", "1.0"), package("beta", "2")]


def locked(form: Form, *, own: bool) -> Lock:
    return write_lock(PACKAGES, origin() if own else None, form)


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_it_is_the_same_lock_with_one_package_more(form: Form) -> None:
    lock = locked(form, own=False)
    text = with_pip(lock, PIP, None)
    assert text.startswith(lock.text)
    found = (read_pylock if form == "pylock" else read_portable)(text, file="both").packages
    assert [(one.name, one.version) for one in found] == [("alpha", "1.0"), ("beta", "2"), ("pip", "26.3")]
    assert [file.sha256 for file in found[-1].files] == ["c" * 64]


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_a_note_of_tfsetup_s_loses_nothing(form: Form) -> None:
    lock = locked(form, own=True)
    left = iter(with_pip(lock, PIP, None).splitlines())
    assert all(line in left for line in lock.text.splitlines())


def test_it_stands_before_the_note_and_names_the_index_that_is_used() -> None:
    lock = locked("pylock", own=True)
    before, note, after = with_pip(lock, PIP, "https://mirror.example/simple/").partition("\n[tool.tfsetup]")
    assert note
    assert "[[packages]]" not in after
    assert before.endswith(
        """
[[packages]]
name = "pip"
version = "26.3"
index = "https://mirror.example/simple"
wheels = [
    { url = "https://mirror.example/simple/pip/pip-26.3-py3-none-any.whl", size = 7, hashes = { sha256 = "%s" } },
]
"""
        % ("c" * 64)
    )


def step(*, preflight: bool = True, verify: bool = True) -> InstallWheels:
    plan = plan_install(SELECTED, locked("pylock", own=False), HOST, pip=PIP, preflight=preflight, verify=verify)
    return next(step for step in plan.steps if isinstance(step, InstallWheels))


def test_it_goes_along_where_nothing_is_judged_between() -> None:
    assert 'name = "pip"' in step(preflight=False, verify=False).with_pip
    assert 'name = "pip"' not in step(preflight=False, verify=False).lock_text


@pytest.mark.parametrize("check", ["preflight", "verify"])
def test_what_is_judged_is_what_is_locked(check: str) -> None:
    assert step(**{"preflight": False, "verify": False, check: True}).with_pip == ""


def test_what_is_compiled_against_the_wheels_sees_no_pip_but_theirs() -> None:
    selected = replace(SELECTED, source_builds=("alpha-plugin==0.4.1",))
    plan = plan_install(selected, locked("pylock", own=False), HOST, pip=PIP, preflight=False, verify=False)
    assert [one.with_pip for one in plan.steps if isinstance(one, InstallWheels)] == [""]


def test_a_lock_with_a_pip_keeps_its_own() -> None:
    own = LockedPackage(name="pip", version="25.0", wheels=package("pip", "25.0").wheels)
    lock = write_lock([*PACKAGES, own], None, "pylock")
    plan = plan_install(SELECTED, lock, HOST, pip=PIP, preflight=False, verify=False, index=Index())
    assert [one.with_pip for one in plan.steps if isinstance(one, InstallWheels)] == [""]
