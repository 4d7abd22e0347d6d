"""Which pairs a machine's own loader is asked about: from the matrix and the index, never by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest

from support.matrix import CASES, shipped
from tfsetup.ground.versions import in_range, is_prerelease, minor, version
from tfsetup.host.file import read_host
from tfsetup.host.model import Host
from tfsetup.upkeep.onsite.pairs import Trial, Wanted, trials

MATRIX = shipped()
MACS = ("macos-14-m1-virtual", "macos-15-m1-virtual", "macos-26-m1-virtual-by-its-name")


def machine(name: str) -> Host:
    return read_host(CASES / "hosts" / f"{name}.json")


def of(name: str, plugin: str) -> dict[str, tuple[Wanted, ...]]:
    """Return what is asked about a plugin on a machine: what it was made for, and what came later."""
    return {one.expects: one.candidates for one in trials(machine(name), MATRIX) if one.about == plugin}


def tensorflow_of(wanted: Wanted) -> tuple[str, str]:
    name, _, release = wanted.requirements[0].partition("==")
    return name, release


@pytest.mark.parametrize("name", MACS)
def test_every_release_of_the_plugin_is_asked_about(name: str) -> None:
    asked = {one.about for one in trials(machine(name), MATRIX) if one.about.startswith("tensorflow-metal==")}
    assert asked == {f"tensorflow-metal=={release}" for release in MATRIX.index.releases("tensorflow-metal")}


def test_the_newest_release_that_a_plugin_was_made_for_and_those_after_it() -> None:
    asked = of("macos-15-m1-virtual", "tensorflow-metal==1.2.0")
    assert asked["loads"] == (Wanted(("tensorflow==2.19.1", "tensorflow-metal==1.2.0"), "3.12"),)
    assert [one.requirements[0] for one in asked["fails"]] == ["tensorflow==2.20.0", "tensorflow==2.21.0"]


def test_a_release_that_no_pair_names_is_asked_about_as_its_sibling_is() -> None:
    sibling, unnamed = (of("macos-15-m1-virtual", f"tensorflow-metal=={one}") for one in ("1.0.0", "1.0.1"))
    assert unnamed["loads"][0].requirements == ("tensorflow==2.13.1", "tensorflow-metal==1.0.1")
    assert sibling["loads"][0].requirements == ("tensorflow==2.13.1", "tensorflow-metal==1.0.0")


def test_what_came_later_goes_on_where_another_distribution_does() -> None:
    later = of("macos-15-m1-virtual", "tensorflow-metal==0.7.0")["fails"]
    assert [tensorflow_of(one)[0] for one in later][:2] == ["tensorflow-macos", "tensorflow"]
    versions = [version(tensorflow_of(one)[1]) for one in later]
    assert versions == sorted(versions)
    assert len({minor(tensorflow_of(one)[1]) for one in later}) == len(later)


@pytest.mark.parametrize("name", MACS)
def test_of_later_series_the_first_release_is_asked_about(name: str) -> None:
    for one in trials(machine(name), MATRIX):
        for wanted in one.candidates if one.expects == "fails" else ():
            known, release = tensorflow_of(wanted)
            series = [each for each in MATRIX.index.releases(known) if minor(each) == minor(release)]
            final = [each for each in series if not is_prerelease(each)]
            assert version(release) == min(version(each) for each in final)


def test_an_older_plugin_keeps_its_python_as_long_as_it_can() -> None:
    asked = of("macos-15-m1-virtual", "tensorflow-metal==0.8.0")
    assert {one.python for one in (*asked["loads"], *asked["fails"])} == {"3.10"}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("linux-x86_64-glibc-2.36", ["linux-x86_64-cpu", "linux-x86_64-cpu-full"]),
        ("linux-aarch64-graviton3", ["linux-aarch64-cpu", "linux-aarch64-cpu-legacy"]),
        ("windows-11-x86_64", ["windows-x86_64-cpu"]),
        ("macos-15-intel-virtual", ["macos-x86_64-metal-amd", "macos-x86_64-cpu", "macos-x86_64-cpu-noavx"]),
    ],
)
def test_each_machine_has_its_rows(name: str, rows: list[str]) -> None:
    asked = trials(machine(name), MATRIX)
    assert [row for row, _ in groupby(one.row for one in asked)] == rows
    assert all(one.candidates for one in asked)


def test_a_plugin_for_another_gpu_is_loaded_all_the_same() -> None:
    asked = of("macos-15-intel-virtual", "tensorflow-metal==1.0.0")
    assert asked["loads"][0].requirements[0] == "tensorflow==2.13.1"
    assert [one.requirements[0] for one in asked["fails"]] == [
        "tensorflow==2.14.0", "tensorflow==2.15.0", "tensorflow==2.16.1",
    ]  # fmt: skip


def test_bounds_that_the_metadata_lacks_go_along() -> None:
    (wanted,) = of("macos-15-m1-virtual", "tensorflow-metal==0.7.0")["loads"]
    assert wanted.requirements == ("tensorflow-macos==2.11.0", "tensorflow-metal==0.7.0", "numpy<2")


def test_a_row_of_the_plugin_decides_and_not_a_list() -> None:
    rows = tuple(row for row in MATRIX.rows if row.plugin is None)
    assert not any("metal" in one.about for one in trials(machine(MACS[0]), replace(MATRIX, rows=rows)))


def test_every_pair_asked_about_is_one_that_a_pair_of_the_matrix_is_near() -> None:
    pairs = [(row, pair) for row in MATRIX.rows if row.plugin for pair in row.plugin.pairs]

    def near(one: Trial) -> bool:
        _, release = tensorflow_of(one.candidates[0])
        plugin = one.about.partition("==")[2]
        mine = [pair for row, pair in pairs if row.id == one.row and minor(pair.plugin) == minor(plugin)]
        return any(in_range(pair.tensorflow, release) for pair in mine)

    asked = [one for one in trials(machine(MACS[1]), MATRIX) if "metal" in one.about and one.expects == "loads"]
    assert asked
    assert all(map(near, asked))
