"""pip's project page to the list of pips."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.versions import asked, version
from tfsetup.matrix.pips import Pips, pip_for
from tfsetup.upkeep.index.snapshot import File
from tfsetup.upkeep.pips import recorded, text_of


def file(number: str, requires: str = ">=3.8", **more: object) -> File:
    name = f"pip-{number}-py3-none-any.whl"
    values = {"filename": name, "url": "", "sha256": number * 3, "size": 7, "requires_python": requires, **more}
    return File(version=number, **values)  # type: ignore[arg-type]


def versions(*files: File, pythons: tuple[str, ...] = ("3.8", "3.12")) -> list[str]:
    return [wheel.version for wheel in recorded(files, pythons).wheels]


def test_one_for_each_range_the_newest_first() -> None:
    found = versions(file("1.9"), file("2.0"), file("10.0", ">=3.10"), file("9.0", ">=3.10"))
    assert found == ["10.0", "2.0"]


def test_what_nobody_should_get_is_passed_over() -> None:
    odd = [
        file("3.0", yanked=True),
        file("4.0b1"),
        file("5.0", filename="pip-5.0.tar.gz"),
        file("6.0", ""),
        file("7.0", size=None),
        file("next"),
    ]
    assert versions(file("2.0"), *odd) == ["2.0"]


def test_a_python_that_none_runs_on_has_none() -> None:
    assert versions(file("2.0", ">=3.10"), pythons=("3.6",)) == []


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(6, 14)), unique_by=lambda row: row[0]))
def test_what_is_recorded_is_the_newest_for_every_python(rows: list[tuple[int, int]]) -> None:
    files = [file(f"{number}.0", f">=3.{minor}") for number, minor in rows]
    pythons = [f"3.{minor}" for minor in range(6, 15)]
    read = msgspec.json.decode(text_of(recorded(files, pythons)), type=Pips)
    for minor in pythons:
        fit = [one.version for one in files if asked(one.requires_python, minor)]
        found = pip_for(read, minor)
        assert (found and found.version) == max(fit, key=version, default=None)
