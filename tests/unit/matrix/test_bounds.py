"""Bounds: what a release's own metadata forgot is added, for every release of every row, by the index's own facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from support.matrix import answer, mac, shipped
from tfsetup.ground.versions import in_range, is_prerelease
from tfsetup.matrix.choose.explain import explain
from tfsetup.matrix.choose.releases import rules_for
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.model import Ask
from tfsetup.upkeep.checks.common import required

# Of what a release was compiled against, or generated for: the first version of the companion that breaks it.
BREAKS = [
    ("numpy", "2.0.2", "2.18"),  # the NumPy 2 ABI came with 2.18 (release notes)
    ("protobuf", "4.21.12", "2.12"),  # generated code of protobuf 3 (protobuf, news of 2022-05-06)
    ("protobuf", "6.33.6", "2.20"),
]


@pytest.mark.parametrize(("name", "version", "fine_from"), BREAKS)
def test_no_release_ends_with_a_companion_that_breaks_it(name: str, version: str, fine_from: str) -> None:
    index = shipped().index
    looked_at = 0
    for row in shipped().rows:
        for release in index.releases(row.distribution):
            if not in_range(row.versions, release) or is_prerelease(release):
                continue
            everything = required(row.distribution, [release], row, index)
            if Version(release) >= Version(fine_from) or not everything:
                continue  # no wheel of this release is for the system of this row
            added = [Requirement(b) for rule in rules_for(row, release, shipped()) for b in rule.add]
            own = everything.get(name, set())
            ranges = [*own, *(str(bound.specifier) for bound in added if bound.name == name)]
            assert not all(SpecifierSet(text).contains(version) for text in ranges), (row.id, release, ranges)
            looked_at += 1
    assert looked_at > 100


@pytest.mark.parametrize(
    ("release", "told"),
    [("2.13.0", False), ("2.13.0rc0", True), ("2.14.0", True), ("2.14.1", False), ("2.12.0", False)],
)
def test_a_bound_is_told_of_releases_that_forgot_it_alone(release: str, told: bool) -> None:
    found = answer(mac(python_downloads=True), tensorflow=f"=={release}", accelerator="cpu", python="3.11", pre=True)
    assert found.version == release
    assert ("numpy<2" in found.requirements) is told
    sentence = "its metadata sets no upper bound on NumPy"
    assert any(sentence in line for line in found.reasons) is told
    chapters = explain(found, mac(python_downloads=True), Ask(tensorflow=release), shipped())
    assert any(sentence in why for chapter in chapters for _, why in chapter.lines) is told


def test_a_bound_of_which_the_index_knows_no_versions_stays() -> None:
    matrix = replace(shipped(), index=replace(shipped().index, companions={}))
    found = select(mac(python_downloads=True), Ask(tensorflow="2.13.0", accelerator="cpu", python="3.11"), matrix)
    assert "numpy<2" in found.requirements
