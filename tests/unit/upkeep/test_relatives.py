"""Project pages to release tables."""

from __future__ import annotations

import json

import msgspec
import pytest

from tfsetup.matrix.facts import Index, Release
from tfsetup.matrix.relatives import Offer, Relatives
from tfsetup.upkeep.index.snapshot import File
from tfsetup.upkeep.relatives import NAMES, recorded, text_of

INDEX = Index(taken="2026-01-01", requires=(), distributions={"demo": {"3.0": Release(date="2025-01-01")}})


def file(name: str, version: str, **more: object) -> File:
    return File(filename=name, version=version, url="", sha256="", **{"date": "2024-05-06T07:08:09Z", **more})  # type: ignore[arg-type]


def record(*files: File) -> Relatives:
    """What is read back of the record of one page."""
    text = text_of(recorded(INDEX, {"demo": files}, "2026-02-03"))
    return msgspec.json.decode(text, type=Relatives)


def test_a_release_has_its_first_day_its_pythons_and_its_marks() -> None:
    found = record(
        file("demo-1.0-cp39-cp39-win_amd64.whl", "1.0", requires_python=">=3.9", yanked=True),
        file(
            "demo-1.0-cp310-cp310-win_amd64.whl", "1.0", requires_python=">=3.9", yanked=True, date="2024-05-01T00:00Z"
        ),
        file("demo-1.0.tar.gz", "1.0", requires_python=">=3.9", yanked=True),
    )
    wheels = (("win_amd64", ("3.9", "3.10")),)
    assert found.taken == "2026-02-03"
    assert found.offers("demo") == (Offer("1.0", "2024-05-01", ">=3.9", sdist=True, yanked=True, wheels=wheels),)


@pytest.mark.parametrize(
    ("name", "pythons"),
    [
        ("demo-1-cp39-abi3-win_amd64.whl", ("3.9+",)),
        ("demo-1-cp313-cp313t-win_amd64.whl", ("3.13t",)),
        ("demo-1-cp27-cp27mu-win_amd64.whl", ("2.7",)),
        ("demo-1-py2.py3-none-win_amd64.whl", ("any", "2")),
        ("demo-1-py3-none-win_amd64.whl", ("any",)),
    ],
)
def test_whom_a_wheel_is_for(name: str, pythons: tuple[str, ...]) -> None:
    [offer] = record(file(name, "1")).offers("demo")
    assert offer.wheels == (("win_amd64", pythons),)


def test_what_nobody_installs_tensorflow_on_is_left_out() -> None:
    names = ("demo-1-cp39-cp39-manylinux2014_ppc64le.whl", "demo-1-pp39-pypy39_pp73-win_amd64.whl", "demo-1-bad.whl")
    [offer] = record(*(file(name, "1") for name in names)).offers("demo")
    assert offer.wheels == ()


def test_what_the_snapshot_knows_is_left_out() -> None:
    found = record(file("demo-2.0.tar.gz", "2.0"), file("demo-3.0.tar.gz", "3.0"))
    assert [offer.version for offer in found.offers("demo")] == ["2.0"]


def test_development_releases_and_those_without_a_day_are_left_out() -> None:
    files = (file("demo-1.0.dev3.tar.gz", "1.0.dev3"), file("demo-1.1.tar.gz", "1.1", date=""), file("x", "no version"))
    assert record(*files).projects == {}


def test_a_line_of_the_text_is_a_release() -> None:
    text = text_of(recorded(INDEX, {"demo": [file("demo-1.tar.gz", "1"), file("demo-2.tar.gz", "2")]}, "2026-02-03"))
    assert '"1":["2024-05-06","","s",0],\n"2":["2024-05-06","","s",0]\n' in text
    assert json.loads(text)["schema"] == 1


def test_no_name_is_recorded_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)
