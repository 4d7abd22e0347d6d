"""A lock is built where this machine can run it, and its sources are read where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.matrix import linux, mac, shipped
from tfsetup.errors import NetworkError
from tfsetup.host.model import Host, Libc
from tfsetup.locks.model import Lock, LockedFile, LockedPackage, Origin
from tfsetup.verify.programs import ProgramsTried
from tfsetup.workflows.attempt import attempt, runs_here
from tfsetup.workflows.backends import Case

FILE = LockedFile(filename="six-1.0-py3-none-any.whl", size=1, sha256="0" * 64, url="https://index.example/six.whl")
SIX = LockedPackage(name="six", version="1.0", wheels=(FILE,))
OLD = Libc(name="glibc", version="2.17")


def case(host: Host) -> Case:
    origin = Origin(row="linux-x86_64-cpu", platform="x86_64-manylinux_2_17", python="3.12", requirements=("six==1.0",))
    return Case(lock=Lock(text="", packages=(SIX,)), origin=origin, packages=(SIX,), host=host)


@pytest.mark.parametrize(
    ("made", "here", "expected"),
    [
        (linux("3.12.4", libc=OLD), linux("3.12.4"), True),
        (linux("3.12.4"), linux("3.12.4", libc=OLD), False),
        (linux("3.12.4", libc=OLD), linux("3.12.4", libc=None), False),
        (linux("3.12.4", libc=OLD), linux("3.12.4", libc=Libc(name="musl", version="2.99")), False),
        (linux("3.12.4", arch="aarch64"), linux("3.12.4"), False),
        (mac("3.12.4"), linux("3.12.4"), False),
        (mac("3.12.4", os_version="14.0"), mac("3.12.4", os_version="15.1"), True),
        (mac("3.12.4", os_version="14.0"), mac("3.12.4", os_version="13.6"), False),
        (mac("3.12.4", os_version="14.0"), mac("3.12.4", os_version=None), False),
    ],
)
def test_only_a_machine_of_its_kind_can_run_it(made: Host, here: Host, expected: bool) -> None:
    assert runs_here(case(made), here) is expected


def test_what_the_network_does_not_give_was_not_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    wanted = case(mac("3.12.4"))
    nameless = replace(
        wanted, packages=(replace(SIX, wheels=(replace(FILE, filename="six-1.0-cp38-cp38-win32.whl"),)),)
    )
    found = attempt(nameless, None, shipped(), str)
    assert found.because.startswith("No wheel locked for six 1.0 fits Python 3.12 on macOS")
    assert found.ok


def test_a_failed_build_says_why_and_runs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def refuse(*_: object, **__: object) -> None:
        raise NetworkError("the index does not answer")

    monkeypatch.setattr("tfsetup.envs.run.run_uv", refuse)
    run: Callable[..., ProgramsTried] = lambda *_, **__: pytest.fail("nothing was built")  # noqa: E731
    found = attempt(case(linux("3.12.4", libc=OLD)), linux("3.12.4"), shipped(), str, run=run)
    assert found.because == "the index does not answer"
