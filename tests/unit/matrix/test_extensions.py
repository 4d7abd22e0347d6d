"""Packages with operations of their own, and the TensorFlow that each was built for."""

from __future__ import annotations

import pytest

from tfsetup.matrix.extensions import BuiltFor, Extension, built_for, strangers
from tfsetup.matrix.file.disk import read_matrix

MATRIX = read_matrix()
TEXT = Extension(distribution="stand-text", same_minor=True, because="it is so", source="run: seen")
OPS = Extension(
    distribution="stand-ops", because="it is so", source="run: seen",
    pairs=(BuiltFor(versions=">=2,<3", tensorflow="==2.9.*"), BuiltFor(versions="<2", tensorflow=">=2.6,<2.9")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("extension", "version", "wants"),
    [
        (TEXT, "2.16.1", "==2.16.*"),
        (TEXT, "2.7.0rc1", "==2.7.*"),
        (OPS, "2.4", "==2.9.*"),
        (OPS, "1.0.3", ">=2.6,<2.9"),
        (OPS, "3.0", None),
    ],
)
def test_what_an_extension_was_built_for(extension: Extension, version: str, wants: str | None) -> None:
    assert built_for(extension, version) == wants


@pytest.mark.parametrize(
    ("packages", "tensorflow", "found"),
    [
        ({"stand-text": "2.16.1"}, "2.16.2", []),
        ({"stand-text": "2.16.1"}, "2.17.0", [("2.16.1", "==2.16.*")]),
        ({"stand-ops": "2.0", "stand-text": "2.9.0"}, "2.9.3", []),
        ({"stand-ops": "1.5", "stand-text": "2.9.0"}, "2.9.3", [("1.5", ">=2.6,<2.9")]),
        ({"stand-ops": "1.5"}, "2.8.0rc0", []),
        ({"stand-ops": "9"}, "2.8.0", []),
        ({"stand-ops": "from git"}, "2.8.0", []),
        ({"stand-ops": "1.5"}, "2.10 or newer", []),
        ({"stand-ops": "1.5"}, None, []),
        ({}, "2.10.0", []),
    ],
)
def test_strangers(packages: dict[str, str], tensorflow: str | None, found: list[tuple[str, str]]) -> None:
    assert [(one.version, one.wants) for one in strangers((TEXT, OPS), packages, tensorflow)] == found


@pytest.mark.parametrize("extension", MATRIX.extensions, ids=lambda one: one.distribution)
def test_no_version_stands_in_two_pairs(extension: Extension) -> None:
    tried = [f"{major}.{number}.{patch}" for major in (0, 1, 2) for number in range(40) for patch in range(8)]
    for version in tried:
        alone = [
            built_for(Extension(distribution="x", because="", source="", pairs=(p,)), version) for p in extension.pairs
        ]
        assert len([wants for wants in alone if wants is not None]) <= 1


@pytest.mark.parametrize("extension", MATRIX.extensions, ids=lambda one: one.distribution)
def test_newer_extensions_are_for_newer_releases(extension: Extension) -> None:
    """The pairs stand newest first, so that a line in the wrong place is seen."""
    firsts = [
        min(int(part.split(".")[1]) for part in pair.tensorflow.replace("==", ">=").replace(".*", ".0").split(","))
        for pair in extension.pairs
    ]
    assert firsts == sorted(firsts, reverse=True)
