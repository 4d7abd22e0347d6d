"""What a list of installed packages is worth by the index snapshot and the matrix."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.matrix import installed
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.installed import Place

MATRIX = read_matrix()
INDEX = MATRIX.index
NAMES = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-cpu-aws")
MAC = Place(os="macos", arch="arm64", python="3.11")
INTEL_MAC = Place(os="macos", arch="x86_64", python="3.11")
LINUX = Place(os="linux", arch="x86_64", python="3.11")
ARM = Place(os="linux", arch="aarch64", python="3.11")
WINDOWS = Place(os="windows", arch="x86_64", python="3.11")
NOWHERE = Place()

packages = st.dictionaries(
    st.sampled_from([*INDEX.distributions, "numpy", "keras", "protobuf", "tensorflow-gpu", "odd"]),
    st.one_of(
        st.sampled_from(sorted({v for known in INDEX.distributions.values() for v in known})),
        st.sampled_from(["2.12", "2", "2.11 or newer", "", "1.26.4", "nightly", "5.29.1"]),
        st.text(max_size=8),
    ),
)
places = st.builds(
    Place,
    os=st.sampled_from([None, "macos", "linux", "windows"]),
    arch=st.sampled_from([None, "arm64", "x86_64", "aarch64", "armv7l"]),
    python=st.sampled_from([None, "3.8", "3.11", "3.13", "3.14", "2.7"]),
)


def unmet(have: dict[str, str], names: Sequence[str], place: Place, matrix: Matrix) -> list[installed.Unmet]:
    """The bounds that what is installed does not keep."""
    return [one for one in installed.required(have, names, place, matrix) if one.have and not installed.kept(one)]


@pytest.mark.parametrize(
    ("have", "place", "lost"),
    [
        ({"tensorflow": "2.14.0"}, MAC, [("tensorflow", ("tensorflow-macos", "2.14.0"))]),
        ({"tensorflow": "2.14.0", "tensorflow-macos": "2.14.0"}, MAC, []),
        ({"tensorflow": "2.14.0"}, INTEL_MAC, []),
        ({"tensorflow": "2.15.1"}, MAC, []),
        ({"tensorflow": "2.16.1"}, MAC, []),
        ({"tensorflow": "2.16.1"}, WINDOWS, [("tensorflow", ("tensorflow-intel", "2.16.1"))]),
        ({"tensorflow-cpu": "2.12.0"}, WINDOWS, [("tensorflow-cpu", ("tensorflow-intel", "2.12.0"))]),
        ({"tensorflow": "2.10.1"}, WINDOWS, []),
        ({"tensorflow": "2.19.0"}, WINDOWS, []),
        ({"tensorflow": "2.12.0"}, ARM, [("tensorflow", ("tensorflow-cpu-aws", "2.12.0"))]),
        ({"tensorflow": "2.12.0"}, LINUX, []),
        ({"tensorflow-macos": "2.16.2"}, MAC, [("tensorflow-macos", ("tensorflow", "2.16.2"))]),
        ({"tensorflow-macos": "2.16.2", "tensorflow": "2.16.2"}, MAC, []),
        # Nobody said which machine: elsewhere the same release has its code.
        ({"tensorflow": "2.14.0"}, NOWHERE, []),
        ({"tensorflow": "2.14.0"}, Place(os="macos"), []),
        # A minor without its patch: of 2.14 every release is empty on this machine, of 2.15 one is not.
        ({"tensorflow": "2.14"}, MAC, [("tensorflow", ("tensorflow-macos", "2.14.0"))]),
        ({"tensorflow": "2.15"}, MAC, []),
        ({"tensorflow": "2.13.0.dev1"}, MAC, []),
    ],
)  # fmt: skip
def test_empty_packages_without_their_target(
    have: dict[str, str], place: Place, lost: list[tuple[str, tuple[str, str]]]
) -> None:
    assert [(one.name, one.target) for one in installed.lost(have, place, INDEX)] == lost


def test_a_package_that_points_to_itself_is_lost_whatever_is_there() -> None:
    have = {"tensorflow-macos": "2.15.1", "tensorflow": "2.14.0"}
    assert {one.name for one in installed.lost(have, MAC, INDEX)} == {"tensorflow-macos", "tensorflow"}


@pytest.mark.parametrize(
    ("have", "place", "owners"),
    [
        ({"tensorflow": "2.14.0", "tensorflow-macos": "2.14.0"}, MAC, ["tensorflow-macos"]),
        ({"tensorflow": "2.16.1", "tensorflow-macos": "2.15.0"}, MAC, ["tensorflow", "tensorflow-macos"]),
        ({"tensorflow": "2.16.1", "tensorflow-macos": "2.16.1"}, MAC, ["tensorflow"]),
        ({"tensorflow": "2.15.0", "tensorflow-intel": "2.15.0"}, WINDOWS, ["tensorflow-intel"]),
        ({"tensorflow": "2.19.0", "tensorflow-intel": "2.15.0"}, WINDOWS, ["tensorflow", "tensorflow-intel"]),
        ({"tensorflow": "2.15.0", "tensorflow-cpu": "2.15.0"}, LINUX, ["tensorflow", "tensorflow-cpu"]),
        ({"tensorflow": "2.4.0", "tensorflow-gpu": "2.4.0"}, NOWHERE, ["tensorflow", "tensorflow-gpu"]),
        ({"tensorflow": "2.15.0", "tensorflow-cpu": "2.15.0"}, NOWHERE, []),
    ],
)
def test_who_owns_the_folder(have: dict[str, str], place: Place, owners: list[str]) -> None:
    assert sorted(installed.owners(have, NAMES, place, INDEX)) == owners


@pytest.mark.parametrize(
    ("have", "place", "expected"),
    [
        ({"tensorflow": "2.15.0", "numpy": "2.1.0", "keras": "3.0.0"}, LINUX, {"numpy": "2.1.0", "keras": "3.0.0"}),
        ({"tensorflow": "2.15.0", "numpy": "1.26.4", "keras": "2.15.0"}, LINUX, {}),
        # Of an empty package, what its target requires.
        ({"tensorflow": "2.14.0", "typing-extensions": "4.3.0", "protobuf": "5.27.0"}, MAC, {"protobuf": "5.27.0"}),
        # The release's own metadata sets no bound here; the matrix does.
        ({"tensorflow": "2.10.0", "numpy": "2.0.1"}, NOWHERE, {"numpy": "2.0.1"}),
        ({"tensorflow": "2.8.0", "protobuf": "4.21.1"}, NOWHERE, {"protobuf": "4.21.1"}),
        # Whatever the machine, 2.17 wants no NumPy 2.1.
        ({"tensorflow": "2.17.0", "numpy": "2.1.0"}, Place(python="3.11"), {"numpy": "2.1.0"}),
        ({"tensorflow": "2.17.0", "numpy": "unknown"}, LINUX, {}),
        ({"tensorflow": "2.11 or newer", "numpy": "2.1.0"}, LINUX, {}),
        ({"numpy": "2.1.0"}, LINUX, {}),
    ],
)
def test_bounds_that_are_not_kept(have: dict[str, str], place: Place, expected: dict[str, str]) -> None:
    assert {one.name: one.have for one in unmet(have, NAMES, place, MATRIX)} == expected


def test_a_bound_of_the_matrix_says_why() -> None:
    [one] = unmet({"tensorflow": "2.10.0", "numpy": "2.0.1"}, NAMES, NOWHERE, MATRIX)
    assert (one.by, one.by_version, one.specifier) == ("tensorflow", "2.10.0", "<2")
    assert "NumPy 1" in one.because


@pytest.mark.parametrize(
    ("plugin", "tensorflow", "newer"),
    [
        ("1.2.0", "2.20.0", True),
        ("1.2.0", "2.19.1", None),
        ("1.2.0", "2.13.1", False),
        ("1.1.0", "2.18.0", True),
        ("1.1.0", "2.16.2", None),
        ("0.8.0", "2.12.0", None),
        ("9.9.9", "2.12.0", None),
        ("1.2.0", None, None),
    ],
)
def test_plugins_without_a_pair(plugin: str, tensorflow: str | None, newer: bool | None) -> None:
    found = installed.unpaired({"tensorflow-metal": plugin}, tensorflow, MATRIX)
    assert [one.newer for one in found] == ([] if newer is None else [newer])


@pytest.mark.parametrize(
    ("have", "place", "pythons"),
    [
        ({"tensorflow": "2.13.0"}, Place(python="3.12"), ("3.8", "3.9", "3.10", "3.11")),
        ({"tensorflow": "2.16.1"}, Place(python="3.8"), ("3.9", "3.10", "3.11", "3.12")),
        ({"tensorflow": "2.16.1"}, Place(python="3.12"), None),
        ({"tensorflow": "2.16.1"}, NOWHERE, None),
        ({"tensorflow": "1.15.0"}, Place(python="3.12"), None),
    ],
)
def test_pythons_that_a_release_has_wheels_for(
    have: dict[str, str], place: Place, pythons: tuple[str, ...] | None
) -> None:
    assert installed.pythons(have, NAMES, place, INDEX).get("tensorflow") == pythons


@pytest.mark.parametrize(
    ("have", "place", "elsewhere"),
    [
        ({"tensorflow": "2.17.0"}, INTEL_MAC, ("tensorflow",)),
        ({"tensorflow": "2.16.1"}, INTEL_MAC, ()),
        ({"tensorflow": "2.12.0"}, MAC, ("tensorflow",)),
        ({"tensorflow": "2.12.0"}, Place(os="macos"), ()),
        ({"tensorflow": "0.12.0"}, MAC, ()),
    ],
)
def test_releases_that_are_for_other_systems(have: dict[str, str], place: Place, elsewhere: tuple[str, ...]) -> None:
    assert installed.elsewhere(have, NAMES, place, INDEX) == elsewhere


@pytest.mark.parametrize(
    ("name", "os", "arch"),
    [
        ("tensorflow-macos", "macos", None),
        ("tensorflow-metal", "macos", None),
        ("tensorflow-intel", "windows", "x86_64"),
        ("tensorflow-cpu-aws", "linux", "aarch64"),
        ("tensorflow", None, None),
        ("numpy", None, None),
    ],
)
def test_a_name_may_tell_the_system(name: str, os: str | None, arch: str | None) -> None:
    told = installed.system_told({name: "1.0"}, INDEX)
    assert (told.os, told.arch) == (os, arch)


def test_a_complete_set_of_cuda() -> None:
    whole = dict.fromkeys(installed.cuda_parts(MATRIX), "12.5") | {"tensorflow": "2.21.0"}
    assert installed.cuda_set(whole, LINUX, MATRIX)
    # What some other build of that release wants, this machine's does not; but for it each part is needed.
    parts = installed.cuda_parts(MATRIX)
    lacking = {part: {name: version for name, version in whole.items() if name != part} for part in parts}
    needed = {part for part, have in lacking.items() if not installed.cuda_set(have, LINUX, MATRIX)}
    assert len(needed) >= 10
    assert installed.cuda_set(dict.fromkeys(needed, "12.5") | {"tensorflow": "2.21.0"}, LINUX, MATRIX)
    assert not installed.cuda_set({"tensorflow": "2.12.0"}, LINUX, MATRIX)
    assert "cuSOLVER" in installed.unfound_by(whole, MATRIX)
    assert installed.unfound_by({"tensorflow": "2.20.0"}, MATRIX) == ""
    assert installed.unfound_by({"tensorflow": "2.21 or so"}, MATRIX) == ""


@given(have=packages, place=places)
def test_no_list_is_too_odd(have: dict[str, str], place: Place) -> None:
    installed.owners(have, NAMES, place, INDEX)
    unmet(have, NAMES, place, MATRIX)
    installed.pythons(have, NAMES, place, INDEX)
    installed.cuda_set(have, place, MATRIX)
    tensorflow = installed.tensorflow_of(have, NAMES)
    installed.unpaired(have, tensorflow, MATRIX)
    lost = installed.lost(have, place, INDEX)
    assert {one.name for one in lost} <= have.keys()


@given(have=packages, place=places)
def test_what_holds_of_an_unknown_machine_holds_of_each(have: dict[str, str], place: Place) -> None:
    """A fact that becomes known takes nothing back: what was said did not rest on a guess."""
    unknown = {one.name for one in installed.lost(have, NOWHERE, INDEX)}
    there = {name for name in unknown if installed.groups(INDEX, name, have[name], place)}
    assert there <= {one.name for one in installed.lost(have, place, INDEX)}
