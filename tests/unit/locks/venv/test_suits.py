"""Whether a lock for a reference machine can be installed on a real one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.locks import package
from support.matrix import ask, linux, mac, shipped
from tfsetup.host.model import Host, Libc
from tfsetup.locks.model import Lock, LockedPackage
from tfsetup.locks.order import Order
from tfsetup.locks.venv.suits import Suits, Unsuited, suits
from tfsetup.locks.venv.targets import targets_for
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.model import Ask


def lock_of(row_id: str, python: str, *more: LockedPackage, tensorflow: str | None = None) -> Lock:
    row = next(row for row in shipped().rows if row.id == row_id)
    order = Order(ask=Ask(tensorflow=tensorflow), pythons=(python,))
    target = targets_for(row, order, shipped(), locked={})[0]
    pins = [requirement.partition("==") for requirement in target.selection.requirements]
    own = [package(name.partition("[")[0], version) for name, _, version in pins]
    return write_lock([*own, *more], target.origin, "portable")


CPU = lock_of("linux-x86_64-cpu", "3.12")
METAL = lock_of("macos-arm64-metal", "3.12")


def refused(lock: Lock, host: Host, wanted: Ask | None = None) -> Unsuited:
    found = suits(lock, host, wanted or ask(), shipped())
    assert isinstance(found, Unsuited)
    return found


def test_the_right_machine_gets_the_locked_release_and_its_own_interpreter() -> None:
    found = suits(CPU, linux("3.11.7", "3.12.4"), ask(), shipped())
    assert isinstance(found, Suits)
    assert found.selection.interpreter is not None
    assert found.selection.interpreter.version == "3.12.4"
    assert found.selection.row == "linux-x86_64-cpu"


def test_an_older_release_is_taken_from_the_lock() -> None:
    found = suits(lock_of("linux-x86_64-cpu", "3.12", tensorflow="2.19.*"), linux("3.12.4"), ask(), shipped())
    assert isinstance(found, Suits)
    assert found.selection.requirements[0].startswith("tensorflow-cpu==2.19.")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (linux("3.11.7"), "Python 3.12 is not on this machine and Python downloads are off"),
        (linux("3.12.4", arch="aarch64"), "for x86_64 machines"),
        (mac("3.12.4"), "for Linux"),
        (linux("3.12.4", libc=Libc(name="glibc", version="2.17")), "need glibc 2.27"),
    ],
)
def test_a_machine_that_cannot_have_it_says_why(host: Host, words: str) -> None:
    found = refused(CPU, host)
    assert words in found.reason
    assert not found.asked


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"tensorflow": "2.18.*"}, "and 2.18.* was asked for"),
        ({"python": "3.11"}, "it is for Python 3.12, and 3.11 was asked for"),
        ({"pre": True}, "it was made without pre-releases"),
        ({"accelerator": "cuda"}, "it is for the accelerator cpu, and cuda was asked for"),
        ({"accelerator": "metal"}, "it is for the accelerator cpu, and metal was asked for"),
        ({"backend": "conda"}, "it is a lock for the backend venv, and conda was asked for"),
    ],
)
def test_what_is_asked_in_so_many_words_comes_first(wanted: dict[str, Any], words: str) -> None:
    found = refused(CPU, linux("3.11.7", "3.12.4"), ask(**wanted))
    assert words in found.reason
    assert found.asked


def test_an_older_macos_that_gets_another_plugin_is_not_served() -> None:
    found = refused(METAL, mac("3.12.4", os_version="11.7"))
    assert not found.asked


def test_a_package_without_a_wheel_for_this_system_is_named() -> None:
    narrow = package("numpy", "9.9", "cp312-cp312-manylinux_2_34_x86_64", "cp312-cp312-manylinux_2_39_x86_64")
    lock = lock_of("linux-x86_64-cpu", "3.12", narrow)
    old = linux("3.12.4", libc=Libc(name="glibc", version="2.31"))
    assert refused(lock, old).reason == "it has no wheel of numpy 9.9 for this system (2.31)"
    assert isinstance(suits(lock, linux("3.12.4"), ask(), shipped()), Suits)


def test_a_lock_without_a_note_serves_nobody_by_itself() -> None:
    assert "was not written by `tfsetup lock`" in refused(replace(CPU, origin=None), linux("3.12.4")).reason


def test_a_row_that_the_matrix_no_longer_has() -> None:
    rest = replace(shipped(), rows=tuple(row for row in shipped().rows if row.id != "linux-x86_64-cpu"))
    found = suits(CPU, linux("3.12.4"), ask(), rest)
    assert found == Unsuited(reason="the matrix knows nothing of its row linux-x86_64-cpu")
