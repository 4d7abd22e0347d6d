"""Files of an index → facts, differences from the snapshot, and the snapshot's own text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tfsetup.matrix.facts import Index, Release, Wheels
from tfsetup.matrix.file.disk import environments, read_index
from tfsetup.upkeep.index.snapshot import (
    File,
    Shape,
    carrier,
    companions,
    differences,
    digest,
    encode,
    refreshed,
    shape,
)

LINUX = "manylinux_2_17_x86_64.manylinux2014_x86_64"


def file(version: str = "1.0", python: str = "cp312", platform: str = LINUX, **more: Any) -> File:
    name = f"thing-{version}-{python}-{python.rstrip('t')}-{platform}.whl"
    facts: dict[str, Any] = {"sha256": f"sha-{name}", "size": 5_000_000, "date": "2026-01-02"}
    return File(filename=name, version=version, url="", **(facts | more))


FILES = [file(python="cp311"), file(python="cp312"), file(version="0.9"), file(version="2.0rc1")]
REQUIRES = {"1.0": ["numpy<2", 'extra-thing; extra == "more"'], "0.9": ["numpy"], "2.0rc1": ["numpy>=2"]}


def metadata(wheel: File) -> Sequence[str]:
    return REQUIRES.get(wheel.version, ["numpy"])


def taken(files: list[File] = FILES) -> Index:
    empty = Index(taken="2026-01-01", requires=(), distributions={})
    return refreshed(empty, {"thing": files}, metadata, companions={}, today="2026-01-03")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "tensorflow-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl",
            ("manylinux_2_27_x86_64", "3.12"),
        ),
        ("tensorflow-2.5.0-cp37-cp37m-win_amd64.whl", ("win_amd64", "3.7")),
        ("numpy-2.5.5-cp314-cp314t-macosx_14_0_arm64.whl", ("macosx_14_0_arm64", "3.14t")),
        ("keras-3.15.1-py3-none-any.whl", ("any", "any")),
        ("thing-1.0-cp312-cp312-musllinux_1_2_x86_64.whl", None),
        ("thing-1.0.tar.gz", None),
        ("not a wheel.whl", None),
    ],
)
def test_what_a_file_name_says(name: str, expected: Shape | None) -> None:
    assert shape(name) == expected


def test_files_become_releases() -> None:
    index = taken()
    assert index.releases("thing") == ("2.0rc1", "1.0", "0.9")
    release = index.distributions["thing"]["1.0"]
    (group,) = release.wheels
    assert (group.platform, group.pythons, group.size, group.carrier) == (LINUX, ("3.11", "3.12"), 5_000_000, None)
    assert index.requires[group.requires] == ("numpy<2", 'extra-thing; extra == "more"')
    assert (release.date, release.yanked, release.sdist) == ("2026-01-02", False, False)
    assert index.taken == "2026-01-03"


def test_metadata_is_read_once_for_wheels_with_the_same_hash_of_it() -> None:
    asked: list[str] = []

    def reading(wheel: File) -> Sequence[str]:
        asked.append(wheel.filename)
        return ["numpy"]

    files = [replace(f, metadata="one", has_metadata=True) for f in FILES[:2]]
    refreshed(Index(taken="", requires=(), distributions={}), {"thing": files}, reading, companions={}, today="x")
    assert len(asked) == 1


def test_nothing_has_changed() -> None:
    index = taken()
    assert differences(index, {"thing": FILES}) == []
    again = refreshed(index, {"thing": FILES}, metadata, companions={}, today="2027-01-01")
    assert again == index
    assert again.taken == index.taken


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (FILES[:3], [("2.0rc1", "is gone from the index", True)]),
        ([*FILES, file(version="3.0")], [("3.0", "is new on the index", False)]),
        ([*FILES, File(filename="thing-3.1.tar.gz", version="3.1", url="", sha256="x")], []),
        ([*FILES, file(version="0.5")], []),  # older than anything the snapshot speaks of
        ([*FILES, file(version="not-a-version")], []),
        (FILES[1:], [("1.0", f"lost its wheel for {LINUX}, Python 3.11", True)]),
        ([*FILES, file(python="cp313")], [("1.0", f"has a new wheel for {LINUX}, Python 3.13", False)]),
        ([replace(FILES[0], sha256="other"), *FILES[1:]], [("1.0", "has other files under the same names", True)]),
        ([*FILES[:2], replace(FILES[2], yanked=True), FILES[3]], [("0.9", "was yanked", True)]),
    ],
)
def test_what_is_otherwise(files: list[File], expected: list[tuple[str, str, bool]]) -> None:
    found = differences(taken(), {"thing": files})
    assert [(d.version, d.words, d.grave) for d in found] == expected
    assert all(d.distribution == "thing" for d in found)


def test_a_release_that_is_no_longer_yanked() -> None:
    index = taken([*FILES[:2], replace(FILES[2], yanked=True), FILES[3]])
    assert [d.words for d in differences(index, {"thing": FILES})] == ["is no longer yanked"]


def test_bringing_up_to_date_keeps_what_is_known_and_reads_what_is_new() -> None:
    asked: list[str] = []

    def reading(wheel: File) -> Sequence[str]:
        asked.append(wheel.version)
        return ["numpy>=3"]

    files = [*FILES[:3], file(version="3.0")]
    index = refreshed(taken(), {"thing": files}, reading, companions={"numpy": ("1.0",)}, today="2027-01-01")
    assert index.releases("thing") == ("3.0", "1.0", "0.9")
    assert asked == ["3.0"]
    assert index.taken == "2027-01-01"
    assert index.companions["numpy"] == ("1.0",)


MAC = 'a-mac==1.0; platform_system == "Darwin" and platform_machine == "arm64"'


@pytest.mark.parametrize(
    ("platform", "lines", "expected"),
    [
        (
            "macosx_12_0_arm64",
            ['a-mac==1.0; platform_system == "Darwin" and platform_machine == "arm64"'],
            ("a-mac", "1.0"),
        ),
        (
            "win_amd64",
            ['a-mac==1.0; platform_system == "Darwin"', 'A.Win==1.0; platform_system == "Windows"'],
            ("a-win", "1.0"),
        ),
        (
            LINUX.replace("x86_64", "aarch64"),
            ['an-arm==2.13.0-rc0; platform_machine == "aarch64"'],
            ("an-arm", "2.13.0rc0"),
        ),
        ("win_amd64", ["numpy>=1"], ("thing", "0")),  # nothing there: an empty wheel that leads nowhere
    ],
)
def test_what_an_empty_wheel_points_to(platform: str, lines: list[str], expected: tuple[str, str]) -> None:
    assert carrier("thing", platform, lines) == expected


def test_a_small_wheel_is_taken_for_empty() -> None:
    index = taken([file(size=5_000)])
    assert index.distributions["thing"]["1.0"].wheels[0].carrier == ("thing", "0")


def test_companions_are_stable_and_have_wheels() -> None:
    files = [
        file("1.0"),
        file("2.0rc1"),
        file("1.5", yanked=True),
        replace(file("3.0"), filename="thing-3.0.tar.gz"),
        file("0.2"),
    ]
    assert companions(files) == ("0.2", "1.0")


def test_the_digest_does_not_depend_on_order() -> None:
    assert digest(FILES) == digest(reversed(FILES))
    assert digest(FILES) != digest(FILES[1:])


def test_the_shipped_snapshot_is_written_the_way_update_writes_it() -> None:
    text = (environments() / "index.json").read_text(encoding="utf-8")
    assert encode(read_index()) == text
    assert "://" not in text


def test_writing_and_reading_again(tmp_path: Any) -> None:
    groups = (Wheels(platform="win_amd64", pythons=("3.12",), size=1, requires=0, files="ab", carrier=("x", "1")),)
    release = Release(date="2026-01-01", requires_python=">=3.9", yanked=True, sdist=True, wheels=groups)
    index = Index(
        taken="2026-01-01",
        requires=(("numpy",),),
        distributions={"a": {"1.0": release}, "b": {}},
        companions={"n": ("1",)},
    )
    path = tmp_path / "index.json"
    path.write_text(encode(index), encoding="utf-8")
    assert read_index(path) == index
