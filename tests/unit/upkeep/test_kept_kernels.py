"""What is kept of the kernels of Apple's plugin agrees with the plan, with the hazards of the matrix, and in itself."""

from __future__ import annotations

import pytest

from support.matrix import shipped
from tfsetup.graphs.disk import metal_kernels
from tfsetup.graphs.kernels import UNDECIDED
from tfsetup.matrix.hazards import hazards_of
from tfsetup.upkeep.xray.files import read_plan
from tfsetup.upkeep.xray.registrations import render

KEPT = metal_kernels()
RELEASES = list(KEPT.versions)
COUNTS = {
    "0.5.0": (285, 165, 285, 165), "0.5.1": (320, 169, 320, 169), "0.6.0": (297, 172, 297, 172),
    "0.7.1": (279, 167, 297, 177), "0.8.0": (282, 170, 300, 180), "1.0.0": (505, 170, 529, 180),
    "1.0.1": (505, 170, 529, 180), "1.1.0": (521, 170, 545, 180), "1.2.0": (537, 174, 561, 184),
}  # fmt: skip
"""Kernels and operations without and with MPSGraph's GRU, on a system before macOS 12 where the release asks for that:
seen by another reader of the same libraries."""


@pytest.mark.parametrize("version", COUNTS)
def test_the_counts_are_those_another_reader_saw(version: str) -> None:
    tried = KEPT.versions[version]
    assert tried.plain is not None
    assert tried.gru is not None
    now = {name: (one.registrations, len(one.ops)) for name, one in (("plain", tried.plain), ("gru", tried.gru))}
    found = dict(tried.before_macos_12) or now
    assert (*found["plain"], *found["gru"]) == COUNTS[version]


@pytest.mark.parametrize("version", RELEASES)
def test_every_case_of_every_release_was_run(version: str) -> None:
    tried = KEPT.versions[version]
    assert (tried.undecided, tried.fused_undecided) == ("", "")
    assert [text for built in tried.fused.values() for text in built.values() if text.startswith(UNDECIDED)] == []
    assert tried.fused["Relu"] == {"": "reLU(x)"}
    assert tried.gru is not None
    fused = {op for op in tried.gru.ops if op.startswith("_Fused")}
    assert fused == {name.partition(" ")[0] for name in tried.fused} - {"Relu"}


def test_what_the_plan_says_loses_is_what_drops() -> None:
    dropping = {name.partition(" ")[0] for tried in KEPT.versions.values() for name in tried.dropped()}
    assert dropping == set(read_plan().losing)


@pytest.mark.parametrize("version", RELEASES)
def test_a_release_that_drops_what_it_fuses_has_a_hazard_and_no_other_has(version: str) -> None:
    release, _, tag = version.partition(" ")
    python = f"3.{tag.removeprefix('cp3')}" if tag else "3.10"
    known = hazards_of(shipped().hazards, {KEPT.distribution: release}, python=python)
    wrong = [one for one in known if one.id.startswith("metal-activation-dropped")]
    assert bool(wrong) == bool(KEPT.versions[version].lost())


@pytest.mark.parametrize("version", [one for one in RELEASES if KEPT.versions[one].lost()])
def test_the_variable_that_cures_is_read_at_each_graph(version: str) -> None:
    cures = {name for hazard in shipped().hazards for name in hazard.cure.environment}
    assert {KEPT.versions[version].variables[name] for name in cures} == {"each graph"}


def test_the_file_is_the_text_of_what_it_says() -> None:
    from tfsetup.matrix.file.disk import environments

    assert (environments() / "evidence" / "metal-kernels.json").read_text(encoding="utf-8") == render(KEPT)
