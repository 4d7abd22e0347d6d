"""The matrix against the index itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.matrix.facts import Wheels
from tfsetup.matrix.file.disk import read_index
from tfsetup.upkeep.index.client import client
from tfsetup.upkeep.index.snapshot import File, differences, shape

pytestmark = pytest.mark.network


def test_nothing_the_snapshot_says_is_gone_or_replaced(tmp_path: Path) -> None:
    """New releases are no failure; a file that vanished, changed or was yanked is."""
    index = read_index()
    reader = client(tmp_path)
    pages = reader.pages(list(index.distributions))
    grave = [d for d in differences(index, pages) if d.grave]
    assert grave == []
    assert reader.traffic.requests == len(pages) * len(reader.urls) or len(reader.urls) > 1
    reader.close()


def test_metadata_read_from_the_index_is_what_the_snapshot_has(tmp_path: Path) -> None:
    index = read_index()
    reader = client(tmp_path)
    name = "tensorflow-metal"
    newest = index.releases(name)[0]
    group = index.distributions[name][newest].wheels[0]
    files = [file for file in reader.pages([name])[name] if file.version == newest and _of(group, file)]
    assert files
    assert tuple(reader.requires_of(files[0])) == index.requires[group.requires]
    reader.close()


def _of(group: Wheels, file: File) -> bool:
    found = shape(file.filename)
    return found is not None and found[0] == group.platform and found[1] in group.pythons
