"""Which platforms a conda lock holds, and when it is stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.conda import package, platform_lock, settings, wheel
from support.matrix import shipped
from tfsetup.errors import TfsetupError, UsageError
from tfsetup.locks.conda.environment import Imported
from tfsetup.locks.conda.model import PlatformLock
from tfsetup.locks.conda.resolve import Wanted, request_for
from tfsetup.locks.conda.targets import CondaOrder, changes, one_a_platform, wanted_for
from tfsetup.locks.cooldown import Cooldown, plain
from tfsetup.locks.order import current_rows
from tfsetup.matrix.choose.reference import Levels
from tfsetup.matrix.model import Ask

ROWS = {row.id: row for row in shipped().rows}


def wanted(*names: str, order: CondaOrder | None = None, **more: Any) -> tuple[Wanted, ...]:
    return wanted_for([ROWS[name] for name in names], order or CondaOrder(ask=Ask()), shipped(), **more)


def test_one_row_a_platform_that_every_machine_of_it_can_use() -> None:
    chosen = {(row.when.os, row.when.arch): row.id for row in one_a_platform(current_rows(shipped()))}
    assert chosen == {
        ("macos", "arm64"): "macos-arm64-metal",
        ("macos", "x86_64"): "macos-x86_64-cpu",
        ("linux", "x86_64"): "linux-x86_64-cpu",
        ("linux", "aarch64"): "linux-aarch64-cpu",
        ("windows", "x86_64"): "windows-x86_64-cpu",
    }


def test_a_lock_is_for_the_macos_that_the_matrix_says() -> None:
    (mac,) = wanted("macos-arm64-metal")
    assert mac.host.os_version == "14.0"
    assert mac.selection.target is not None
    assert mac.selection.target.macos == "14.0"
    assert "libblas * *_newaccelerate" in mac.selection.conda
    assert mac.subdir == "osx-arm64"


def test_a_team_with_older_macs_gets_the_other_build() -> None:
    order = CondaOrder(ask=Ask(), levels=Levels(macos="13.0"))
    (mac,) = wanted("macos-arm64-metal", order=order)
    assert "libblas * *_accelerate" in mac.selection.conda


def test_two_rows_of_one_platform_do_not_fit_into_one_lock() -> None:
    with pytest.raises(UsageError, match="linux-x86_64-cuda and linux-x86_64-cpu are both linux-64"):
        wanted("linux-x86_64-cuda", "linux-x86_64-cpu")


def test_a_row_without_a_release_says_why() -> None:
    order = CondaOrder(ask=Ask(tensorflow="==2.20.*"))
    with pytest.raises(TfsetupError, match=r"Nothing to lock for macos-arm64-metal: .*no tensorflow-metal") as caught:
        wanted("macos-arm64-metal", order=order)
    assert caught.value.code.exit_status == 4


def locked(version: str) -> dict[str, PlatformLock]:
    return {"linux-64": platform_lock(wheels=(wheel("tensorflow-cpu", version),))}


def test_a_locked_release_stays_until_it_is_told_to_move() -> None:
    (kept,) = wanted("linux-x86_64-cpu", locked=locked("2.20.0"))
    assert kept.selection.requirements[0] == "tensorflow-cpu==2.20.0"
    for upgrade in (None, ("tensorflow-cpu",)):
        (moved,) = wanted("linux-x86_64-cpu", locked=locked("2.20.0"), upgrade=upgrade)
        assert moved.selection.requirements[0] != "tensorflow-cpu==2.20.0"


def test_a_locked_release_that_is_not_asked_for_goes() -> None:
    order = CondaOrder(ask=Ask(tensorflow="2.19.*"))
    (found,) = wanted("linux-x86_64-cpu", order=order, locked=locked("2.20.0"))
    assert found.selection.requirements[0].startswith("tensorflow-cpu==2.19.")


def test_an_imported_file_adds_what_the_row_does_not_say() -> None:
    imported = Imported(
        platforms=("linux-64",),
        channels=("bioconda",),
        specs={"linux-64": ("numpy", "numpy>=1.26", "matplotlib")},
        requirements={"linux-64": ("keras-hub",)},
    )
    (found,) = wanted("linux-x86_64-cpu", order=CondaOrder(ask=Ask(), team=("rich",), imported=imported))
    assert (found.specs, found.channels, found.team) == (
        ("numpy>=1.26", "matplotlib"),
        ("bioconda",),
        ("rich", "keras-hub"),
    )
    assert found.requirements[-2:] == ("rich", "keras-hub")


def fresh() -> tuple[Wanted, PlatformLock]:
    (one,) = wanted("linux-x86_64-cpu")
    name, _, version = one.selection.requirements[0].partition("==")
    python = package("python", f"{one.selection.python}.1", build="h0_0_cpython")
    lock = platform_lock(wheels=(wheel(name, version),), packages=(python,), digest=one.digest)
    return one, lock


def test_a_lock_of_what_is_asked_is_fresh() -> None:
    one, lock = fresh()
    assert changes(lock, one) == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"row": "linux-x86_64-cuda"}, "the row: linux-x86_64-cuda → linux-x86_64-cpu"),
        ({"digest": ""}, "it was not written by `tfsetup lock`"),
        ({"digest": "another"}, "what is asked for"),
        ({"packages": (package("python", "3.9.1"),)}, "Python: 3.9 → "),
        ({"wheels": ()}, "tensorflow-cpu: none → "),
    ],
)
def test_what_changed_is_said(change: dict[str, Any], says: str) -> None:
    one, lock = fresh()
    found = changes(replace(lock, **change), one)
    assert found[0].startswith(says)


def test_a_platform_that_is_missing() -> None:
    one, _ = fresh()
    assert changes(None, one) == ("there is no linux-64 in it",)


def test_the_team_s_requirements_are_part_of_the_ask() -> None:
    one, lock = fresh()
    assert changes(lock, replace(one, team=("rich",))) != ()
    assert changes(lock, replace(one, specs=("matplotlib",))) != ()


NOW = datetime(2026, 11, 27, tzinfo=UTC)


def cool(newer: str | None, now: datetime = NOW) -> CondaOrder:
    return CondaOrder(ask=Ask(), cooldown=plain(newer, {}), now=now)


def test_a_span_is_counted_once_and_asked_of_the_channel() -> None:
    (one,) = wanted("linux-x86_64-cpu", order=cool("7 days"))
    assert one.cooldown == Cooldown(newer="7 days", since="2026-11-27T00:00:00Z")
    was = platform_lock(row="linux-x86_64-cpu", exclude_newer="7 days", exclude_newer_since="2026-11-01T00:00:00Z")
    lock = {"linux-64": was}
    later = datetime(2027, 1, 1, tzinfo=UTC)
    (same,) = wanted("linux-x86_64-cpu", order=cool("7 days", later), locked=lock)
    assert same.cooldown.since == "2026-11-01T00:00:00Z"
    (kept,) = wanted("linux-x86_64-cpu", locked=lock)  # nobody says anything else
    assert kept.cooldown == same.cooldown
    (moved,) = wanted("linux-x86_64-cpu", order=cool("7 days", later), locked=lock, upgrade=None)
    assert moved.cooldown.since == "2027-01-01T00:00:00Z"


def test_another_age_makes_a_platform_stale() -> None:
    one, lock = fresh()
    (other,) = wanted("linux-x86_64-cpu", order=cool("2030-01-01"))
    assert changes(lock, other) == ("how young an archive may be: any → 2030-01-01",)
    was = replace(lock, exclude_newer="2030-01-01", digest=other.digest)
    assert changes(was, other) == ()
    assert changes(was, one)[0] == "how young an archive may be: 2030-01-01 → any"


def test_the_row_s_release_is_old_enough_too(tmp_path: Path) -> None:
    (newest,) = wanted("linux-x86_64-cpu")
    (older,) = wanted("linux-x86_64-cpu", order=cool("2025-01-31"))
    assert older.selection.requirements != newest.selection.requirements
    assert request_for(older, settings(tmp_path)).before == datetime(2025, 2, 1, tzinfo=UTC)


def test_a_team_s_line_chooses_the_release_of_a_platform_by_any_name() -> None:
    order = CondaOrder(ask=Ask(), team=("tensorflow-macos==2.18.*", "six"))
    (one,) = wanted("linux-x86_64-cpu", order=order)
    assert (one.selection.version, one.team) == ("2.18.1", ("six",))
