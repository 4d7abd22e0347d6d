"""What an order comes to with a matrix, a team file and a machine; and what a case is."""

from __future__ import annotations

from typing import Any

import pytest

from support.backends import LINUX, case
from support.conda import platform_lock
from support.locks import CURRENT_ROWS
from support.matrix import shipped
from tfsetup.errors import Code, InvalidFileError, TfsetupError, UsageError
from tfsetup.host.model import Host
from tfsetup.locks.conda.lockfile import as_lock, seal
from tfsetup.locks.team import Team, parse_team
from tfsetup.matrix.model import Ask
from tfsetup.workflows.backends import LockOrder, Scope, fingerprint

MATRIX = shipped()


def scope(team: str | None = None, host: Host | None = None, ask: Ask | None = None, **order: Any) -> Scope:
    read: Team | None = parse_team(team, "team.yaml") if team is not None else None
    return Scope(order=LockOrder(ask=ask or Ask(), **order), matrix=MATRIX, team=read, host=host)


def rows(one: Scope) -> list[str]:
    return [row.id for row, _ in one.rows()]


# -------------------------------------------------------------------------------------------------------------- asked


def test_the_order_comes_before_the_team_file() -> None:
    team = 'tensorflow: "2.18.*"\npre: true\npythons: ["3.11"]\nmacos: "14.0"\nrequirements: [pandas]\n'
    asked = scope(team).asked
    assert (asked.ask.tensorflow, asked.ask.pre, asked.pythons, asked.team) == ("2.18.*", True, ("3.11",), ("pandas",))
    assert (asked.levels.macos, asked.cures) == ("14.0", True)
    mine = scope(team, ask=Ask(tensorflow="2.19.*"), pythons=("3.12",), without_cures=True).asked
    assert (mine.ask.tensorflow, mine.pythons, mine.cures) == ("2.19.*", ("3.12",), False)


def test_without_a_team_it_is_the_order_alone() -> None:
    asked = scope(pythons=("3.12",)).asked
    assert (asked.ask, asked.pythons, asked.team, asked.levels.glibc) == (Ask(), ("3.12",), (), None)


def test_the_index_goes_to_uv_in_a_variable() -> None:
    assert LockOrder(ask=Ask()).environ == {}
    assert LockOrder(ask=Ask(), index_url="https://x/simple").environ == {"UV_DEFAULT_INDEX": "https://x/simple"}


# --------------------------------------------------------------------------------------------------------------- rows


def test_nobody_said_a_platform_so_it_is_every_current_row() -> None:
    one = scope()
    assert rows(one) == CURRENT_ROWS
    assert not one.narrowed
    assert all(word is None for _, word in one.rows())
    assert rows(scope("requirements: [pandas]\n")) == CURRENT_ROWS


def test_platforms_named_come_before_the_machine_and_the_team() -> None:
    team = "platforms: [linux-aarch64-cpu]\n"
    one = scope(team, LINUX, platforms=("macos-arm64-metal", "win-64"))
    assert rows(one) == ["macos-arm64-metal", "windows-x86_64-cpu"]
    assert rows(scope(team, LINUX)) == ["linux-x86_64-cpu"]
    assert rows(scope(team)) == ["linux-aarch64-cpu"]
    assert all(each.narrowed for each in (one, scope(team, LINUX), scope(team), scope(pythons=("all",))))


def test_a_row_is_known_with_the_word_that_asked_for_it() -> None:
    ((_, word),) = scope("tensorflow: '2'\nplatforms: [linux-aarch64-cpu]\n").rows()
    assert word is not None
    assert (word.text, str(word.where)) == ("linux-aarch64-cpu", "team.yaml:2:13")


def test_the_accelerator_narrows_a_platform() -> None:
    assert rows(scope(platforms=("osx-arm64",), ask=Ask(accelerator="cpu"))) == ["macos-arm64-cpu"]


def test_a_name_that_is_none_says_where_it_stands() -> None:
    with pytest.raises(UsageError, match="--platform"):
        rows(scope(platforms=("linux-x86",)))
    with pytest.raises(InvalidFileError) as raised:
        rows(scope("platforms: [linux-x86]\n"))
    assert str(raised.value.where) == "team.yaml:1:13"


def test_a_machine_that_no_row_is_for_has_no_lock() -> None:
    with pytest.raises(TfsetupError) as raised:
        rows(scope(host=Host(os="linux", arch="armv7l")))
    assert raised.value.code is Code.NO_ROW


# --------------------------------------------------------------------------------------------------------------- case


def test_a_proof_is_of_a_lock_s_text_or_of_the_part_of_a_conda_lock() -> None:
    one = case()
    assert fingerprint(one.lock) == one.sha256 == one.lock.sha256
    part = platform_lock()
    assert fingerprint(as_lock(part, text="all of it")) == seal(part)


def test_a_part_of_a_conda_lock_reads_like_any_lock() -> None:
    part = platform_lock()
    lock = as_lock(part, text="all of it")
    assert [(one.name, one.version) for one in lock.packages] == [(one.name, one.version) for one in part.entries]
    assert [file.sha256 for one in lock.packages for file in one.files] == [one.sha256 for one in part.entries]
    assert (lock.download_size, lock.text, lock.part) == (sum(one.size or 0 for one in part.entries), "all of it", part)
    assert lock.version_of("numpy") == "2.1.3"
