"""A team's own plugin, from an index of theirs: the snapshot has never seen it, so their row decides."""

from __future__ import annotations

import pytest

from support.matrix import ask, linux, pins, shipped
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.load import merge, parse
from tfsetup.matrix.model import Selection

ROW = """
schema: 1
rows:
  - id: linux-x86_64-own
    title: our own device
    when: {os: linux, arch: x86_64}
    accelerator: metal
    auto: first
    distribution: tensorflow-cpu
    versions: "==2.19.*"
    python: "3.12"
    plugin:
      distribution: PLUGIN
      build: wheel
      pairs:
        - {tensorflow: "==2.19.*", plugin: "1.2.0", because: it was built for it, source: our own tests}
    source: our own tests
"""


def chosen(plugin: str, *pythons: str) -> Selection:
    matrix = merge([parse(ROW.replace("PLUGIN", plugin), "own.yaml")], shipped().index)
    return select(linux(*pythons), ask(), matrix)


def test_a_plugin_that_the_snapshot_does_not_know_is_taken_from_the_row() -> None:
    found = chosen("our-metal")
    assert found.row == "linux-x86_64-own"
    assert pins(found) == ["tensorflow-cpu==2.19.1", "our-metal==1.2.0"]
    assert found.expect is not None
    assert found.expect.devices == ("CPU", "GPU")


def test_the_release_s_pythons_still_count() -> None:
    assert not chosen("our-metal", "3.13.1").installable


@pytest.mark.parametrize("plugin", ["tensorflow-metal"])
def test_one_that_it_knows_must_have_a_wheel_for_this_machine(plugin: str) -> None:
    assert not chosen(plugin).installable
