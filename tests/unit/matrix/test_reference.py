"""The machine nobody is at: what a row is locked for."""

from __future__ import annotations

import pytest

from support.locks import CURRENT_ROWS
from support.matrix import shipped
from tfsetup.matrix.choose.reference import GLIBC, Levels, is_current, reference, reference_host
from tfsetup.matrix.file.rows import Row
from tfsetup.matrix.model import Ask

CURRENT = [row for row in shipped().rows if is_current(row, shipped())]


def row(name: str) -> Row:
    return next(row for row in shipped().rows if row.id == name)


def test_the_current_rows_are_those_a_plain_ask_gets() -> None:
    assert [row.id for row in CURRENT] == CURRENT_ROWS


@pytest.mark.parametrize("current", CURRENT, ids=lambda row: row.id)
def test_each_answers_with_its_own_python_on_its_own_machine(current: Row) -> None:
    host, answer = reference(current, Ask(), shipped())
    assert answer.installable
    assert (answer.row, answer.python, answer.accelerator) == (current.id, current.python, current.accelerator)
    assert answer.interpreter is None
    assert (host.os, host.arch) == (current.when.os, current.when.arch)
    assert answer.target is not None


def test_the_macos_level_is_where_accelerate_comes_from() -> None:
    host, answer = reference(row("macos-arm64-metal"), Ask(), shipped())
    assert (host.os_version, answer.blas) == ("14.0", "accelerate")
    assert answer.target is not None
    assert answer.target.macos == "14.0"


def test_a_row_that_never_has_accelerate_gets_the_oldest_level() -> None:
    host, answer = reference(row("macos-x86_64-cpu"), Ask(), shipped())
    assert (host.os_version, answer.blas) == ("13.0", "openblas")


def test_a_level_that_is_asked_for_is_taken() -> None:
    host, answer = reference(row("macos-arm64-cpu"), Ask(), shipped(), Levels(macos="13.0"))
    assert (host.os_version, answer.blas) == ("13.0", "openblas")
    host, answer = reference(row("linux-x86_64-cpu"), Ask(), shipped(), Levels(glibc="2.35"))
    assert answer.target is not None
    assert answer.target.platform == "x86_64-manylinux_2_35"


def test_an_old_glibc_gets_what_it_can_run() -> None:
    new = reference(row("linux-x86_64-cpu"), Ask(), shipped())[1]
    old = reference(row("linux-x86_64-cpu"), Ask(), shipped(), Levels(glibc="2.17"))[1]
    assert old.installable
    assert old.requirements != new.requirements
    assert old.target is not None
    assert old.target.platform == "x86_64-manylinux_2_17"


def test_the_plain_linux_machine() -> None:
    host = reference_host(row("linux-x86_64-cuda"))
    assert host.libc is not None
    assert host.libc.version == GLIBC
    assert host.gpus is not None
    assert [gpu.vendor for gpu in host.gpus] == ["nvidia"]
    assert host.pythons == ()
    assert host.python_downloads is True


def test_a_row_that_cannot_answer_says_so_itself() -> None:
    _, answer = reference(row("macos-arm64-metal"), Ask(python="3.13"), shipped())
    assert not answer.installable
    assert "3.13" in answer.rejected[0].reason


def test_another_row_never_answers_in_its_place() -> None:
    _, answer = reference(row("macos-arm64-metal"), Ask(tensorflow="==2.21.0"), shipped())
    assert not answer.installable
    assert {rejected.row for rejected in answer.rejected} <= {"macos-arm64-metal"}
