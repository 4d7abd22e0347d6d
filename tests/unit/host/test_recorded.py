"""Machines that are not at hand, replayed: the same code, the recorded answers of their tools and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.recorded_world import RecordedWorld
from tfsetup.ground.encode import encode
from tfsetup.host.file import parse_host
from tfsetup.host.gather import gather

RECORDED = Path(__file__).parents[2] / "cases" / "host" / "recorded"
MACHINES = sorted(path.parent for path in RECORDED.glob("*/machine.json"))


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_a_recorded_machine_is_recognised(folder: Path) -> None:
    host = gather(RecordedWorld(folder), pythons=True, downloads=True)
    assert encode(host) == json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_what_was_recognised_can_be_replayed_as_a_host_file(folder: Path) -> None:
    host = gather(RecordedWorld(folder), pythons=True, downloads=True)
    written, again = encode(host), encode(parse_host(json.dumps(encode(host)), "h"))
    del written["sources"], again["sources"]
    assert again == written


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_every_fact_has_a_source(folder: Path) -> None:
    sources = gather(RecordedWorld(folder), pythons=True, downloads=True).sources
    assert all(sources.values())
    assert len(sources) in {1, 12}


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_what_is_not_asked_for_is_not_started(folder: Path) -> None:
    world = RecordedWorld(folder)
    host = gather(world, pythons=False, downloads=False)
    assert (host.pythons, host.python_downloads) == (None, None)
    assert not any("-S" in argv or "resolve" in argv or "uv" in argv[0] for argv in world.started)
