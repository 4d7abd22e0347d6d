"""Of what a resolution came to: pre-releases that nobody asked for, and versions from years before what fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from support.locks import package
from tfsetup.errors import Code, Where
from tfsetup.ground.marked import Marked
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.venv.behind import behind, suspects, uploaded

TENSORFLOW = "tensorflow"


def at(year: int | None, name: str, version: str) -> LockedPackage:
    made = package(name, version)
    moment = datetime(year, 6, 1, tzinfo=UTC) if year else None
    return replace(made, wheels=tuple(replace(file, uploaded=moment) for file in made.wheels))


def line(text: str) -> Marked:
    return Marked(text=text, where=Where(file="team.yaml", line=4, column=5))


NOW = at(2026, TENSORFLOW, "2.21.0")


@pytest.mark.parametrize(
    ("chosen", "team", "asked"),
    [
        (at(2020, "models", "2.1"), ["models>=1"], ("models>=1",)),
        (at(2020, "models", "2.1.dev2"), ["models"], ("models",)),
        (at(2025, "models", "2.1"), ["models"], ()),
        (at(None, "models", "2.1"), ["models"], ()),
        (at(None, "models", "2.1rc1"), ["models"], ("models",)),
        (at(2026, "models", "2.1rc1"), ["models>=2.1rc1"], ()),
        (at(2026, "models", "2.1rc1"), ["models==2.1rc1"], ()),
        (at(2026, "models", "2.1rc1"), ["models==2.*"], ("models==2.*",)),
        (at(2026, "models", "2.1b1"), [], ("models",)),
        (at(2020, "models", "2.1"), [], ()),
    ],
)
def test_what_is_old_or_unfinished_is_asked_about(
    chosen: LockedPackage, team: list[str], asked: tuple[str, ...]
) -> None:
    assert suspects([NOW, chosen], team, pre=False) == asked


def test_whoever_asks_for_pre_releases_gets_them() -> None:
    assert suspects([NOW, at(2026, "models", "2.1rc1")], ["models"], pre=True) == ()


def test_what_is_built_from_source_has_no_newer_wheel() -> None:
    built = at(2019, "promise", "2.3")
    built = replace(built, wheels=(), sdist=built.wheels[0])
    assert suspects([NOW, built], ["promise"], pre=False) == ()


def test_a_pre_release_beside_a_release_is_refused_and_both_are_named() -> None:
    found = behind([NOW, at(2020, "models", "2.1.dev2")], [at(2026, "models", "2.20")], [line("models")], TENSORFLOW)
    (one,) = found
    assert one.refused
    assert one.words == (
        "`models` (team.yaml:4:5) comes out as models 2.1.dev2 of 2020, a pre-release that nobody asked for: "
        "the newest that fits the line is 2.20 of 2026"
    )
    error = one.error("row")
    assert (error.code, str(error.where)) == (Code.ANSWER_IS_NO, "team.yaml:4:5")
    assert "--force" in error.hint


def test_a_pre_release_of_today_is_refused_too() -> None:
    (one,) = behind([NOW, at(2026, "models", "2.1rc1")], [at(2026, "models", "2.0")], [line("models")], TENSORFLOW)
    assert one.refused


def test_a_pre_release_is_meant_where_there_is_nothing_else() -> None:
    chosen = at(2026, "models", "0.60b1")
    assert behind([NOW, chosen], [chosen], [], TENSORFLOW) == ()


def test_a_pre_release_that_another_package_brings_is_told() -> None:
    (one,) = behind([NOW, at(2026, "models", "2.1rc1")], [at(2026, "models", "2.0")], [], TENSORFLOW)
    assert not one.refused
    assert one.words.startswith("models comes out as models 2.1rc1 of 2026, a pre-release that nobody asked for")


def test_a_version_from_years_before_tensorflow_is_refused() -> None:
    (one,) = behind([NOW, at(2020, "models", "2.1")], [at(2026, "models", "2.20")], [line("models")], TENSORFLOW)
    assert one.refused
    assert "years behind: the newest that fits the line is 2.20 of 2026" in one.words


def test_a_version_of_the_time_of_an_old_tensorflow_is_told() -> None:
    old = at(2021, TENSORFLOW, "2.6.0")
    (one,) = behind([old, at(2020, "models", "2.1")], [at(2026, "models", "2.20")], [line("models")], TENSORFLOW)
    assert not one.refused


def test_the_newest_itself_is_not_behind_however_old_it_is() -> None:
    chosen = at(2016, "models", "1.0")
    assert behind([NOW, chosen], [chosen], [line("models")], TENSORFLOW) == ()


def test_the_date_is_that_of_the_first_file() -> None:
    first, second = at(2020, "models", "1").wheels, at(2024, "models", "1").wheels
    assert uploaded(replace(NOW, wheels=(*second, *first))) == datetime(2020, 6, 1, tzinfo=UTC)
    assert uploaded(at(None, "models", "1")) is None
