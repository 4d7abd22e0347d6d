"""Wheels that nobody installs, and names of which it is chance which file they are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import pytest

from support.wheels import whole_wheel
from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.loader.files.faults import refused, unclear

NAME = "Some_Pkg-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
INFO = "Some_Pkg-1.0.dist-info"


def archive(*members: str | tuple[str, str]) -> Archive:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for member in members:
            name, content = member if isinstance(member, tuple) else (member, "")
            made.writestr(name, content)
    return read_archive(Memory(out.getvalue()))


def test_a_whole_wheel_is_taken() -> None:
    whole = read_archive(Memory(whole_wheel(NAME, {"pkg/a.so": "", "pkg/b.dist-info/x": ""})))
    assert refused(NAME, whole) is None
    assert list(unclear(NAME, whole, fold=True)) == []


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (["pkg/a.so"], ".dist-info directory not found"),
        ([f"{INFO}/METADATA", f"{INFO}/WHEEL"], f"there is no RECORD in {INFO}"),
        ([f"{INFO}/record"], f"there is no RECORD in {INFO}"),
        (
            [f"{INFO}/RECORD", "other-1.0.dist-info/RECORD"],
            f"multiple .dist-info directories found: {INFO}, other-1.0.dist-info",
        ),
        (["other-1.0.dist-info/RECORD"], ".dist-info directory 'other-1.0.dist-info' does not start with 'some-pkg'"),
    ],
)
def test_what_installers_refuse_is_named(members: Sequence[str], why: str) -> None:
    failure = refused(NAME, archive(*members))
    assert failure is not None
    assert (failure.kind, failure.image) == ("malformed-image", NAME)
    assert failure.message == f"Some_Pkg has an invalid wheel, {why}"


@pytest.mark.parametrize("info", ["some_pkg-1.0.dist-info", "SOME.PKG-1.0.dist-info"])
def test_the_name_of_the_dist_info_is_compared_normalised(info: str) -> None:
    assert refused(NAME, archive(f"{info}/RECORD")) is None


def test_two_files_of_one_name_matter_on_every_system() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = archive((f"{INFO}/RECORD", "one"), (f"{INFO}/RECORD", "two"))
    (found,) = unclear(NAME, twice, fold=False)
    assert found.reason == (
        f"{NAME} holds two files named {INFO}/RECORD, and which of them stays is up to the installer"
    )
    assert (found.image, found.matters) == (f"{INFO}/RECORD", True)


@pytest.mark.parametrize(
    ("second", "fold", "matters"), [("other", True, True), ("other", False, False), ("one", True, False)]
)
def test_names_that_differ_in_case_matter_where_they_are_one_file(second: str, fold: bool, matters: bool) -> None:
    (found,) = unclear(NAME, archive(("pkg/a.so", "one"), ("pkg/A.so", second), "pkg/b.so"), fold=fold)
    assert found.reason == (
        f"{NAME} holds names that differ only in upper and lower case, pkg/a.so and pkg/A.so: where that makes no "
        "difference, one of them stays"
    )
    assert (found.image, found.matters) == ("pkg/a.so", matters)
