"""Apple's own kernels under the emulator: what is kept is found again, twice, in time; one byte changed is noticed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from tfsetup.graphs.disk import metal_kernels
from tfsetup.graphs.kernels import Plugin, Tried
from tfsetup.upkeep.index.client import client
from tfsetup.upkeep.xray.answers import ANSWERS
from tfsetup.upkeep.xray.files import read_plan
from tfsetup.upkeep.xray.fused import Workshop
from tfsetup.upkeep.xray.images import Image
from tfsetup.upkeep.xray.kernels import Plugin as Asked
from tfsetup.upkeep.xray.kernels import Registry, System
from tfsetup.upkeep.xray.listing import compared
from tfsetup.upkeep.xray.registrations import Room, registrations, render
from tfsetup.upkeep.xray.stage import Stage
from tfsetup.upkeep.xray.wheels import Libraries, Library, fetch

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.heavy]

PLAN = read_plan()
KEPT = metal_kernels()
NEWEST = list(KEPT.versions)[-1]
LIMIT_S = 60
"""CPU time in which the tables of all releases are made."""


def libraries_of(versions: str) -> Libraries:
    index = client()
    try:
        return fetch(msgspec.structs.replace(PLAN, versions=versions), index)
    finally:
        index.close()


@pytest.fixture(scope="module")
def newest() -> Libraries:
    return libraries_of(f"=={NEWEST}")


@pytest.fixture(scope="module")
def framework(newest: Libraries) -> Image:
    return newest.framework.image(PLAN.architecture)


def told(framework: Image, library: Library) -> tuple[str, ...]:
    """Return what a library of the newest release shows otherwise than kept, its hash apart."""
    tried = msgspec.structs.replace(Room(framework).tried(library, PLAN.architecture), libraries=())
    kept = msgspec.structs.replace(KEPT.versions[NEWEST], libraries=())
    one, other = (msgspec.structs.replace(KEPT, versions={NEWEST: each}) for each in (kept, tried))
    return compared(one, other).differences or ()


def test_what_is_kept_of_the_newest_release_is_found_again(newest: Libraries, framework: Image) -> None:
    assert told(framework, newest.plugins[0]) == ()


def test_one_byte_of_a_kernel_s_compare_of_relu_is_noticed(newest: Libraries, framework: Image) -> None:
    content = bytearray(newest.plugins[0].content)
    content[compare_of("_FusedMatMul", newest, framework) + 1] ^= 0x10
    changed = told(framework, replace(newest.plugins[0], content=bytes(content)))
    kept = KEPT.versions[NEWEST].fused["_FusedMatMul"]["BiasAdd,Relu"]
    line = f"_FusedMatMul[BiasAdd,Relu]: kept is {kept}, now it is not built: refused (unimplemented)"
    assert any(line in difference for difference in changed)


def test_a_control_that_a_byte_breaks_leaves_everything_undecided(newest: Libraries, framework: Image) -> None:
    content = bytearray(newest.plugins[0].content)
    content[compare_of("_FusedConv2D", newest, framework) + 1] ^= 0x10
    (changed,) = told(framework, replace(newest.plugins[0], content=bytes(content)))
    assert "now it is _FusedConv2D[BiasAdd,Relu] must build" in changed


def compare_of(op: str, newest: Libraries, framework: Image) -> int:
    """Return where in the file the kernel for float32 has the letters `Re` of the text it compares with."""
    content, registry = newest.plugins[0].content, Registry()
    stage = Stage(framework, {**ANSWERS, **Workshop(registry).answers})
    plugin = Asked(stage.put(newest.plugins[0].image(PLAN.architecture)), registry)
    plugin.kernels(System(macos_12=True, gru=True))
    (functions,) = (each for kernel, each in registry.functions.items() if kernel.op == op and ("T", 1) in kernel.types)
    for start in called(content, functions.create - plugin.machine.images[0][1]):
        for at in range(start, start + 0x800, 4):
            if word(content, at) & 0xFFFFFFE0 == 0x52800000 | int.from_bytes(b"Re", "little") << 5:
                return at
    raise AssertionError("the kernel compares in another way")


def called(content: bytes, start: int, depth: int = 2) -> Iterator[int]:
    """Yield the functions that one in the file calls, or goes on in, in its first instructions, and what those call."""
    for at in range(start, start + 0x100, 4):
        if word(content, at) >> 26 in (0x25, 0x05):
            distance = word(content, at) & 0x3FFFFFF
            target = at + 4 * (distance - (1 << 26) if distance >> 25 else distance)
            if 0 <= target < len(content) - 0x1000:
                yield target
                yield from called(content, target, depth - 1) if depth > 1 else ()


def word(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 4], "little")


@pytest.fixture(scope="module")
def everything() -> Libraries:
    return libraries_of(PLAN.kernels)


@pytest.mark.exhaustive
def test_all_releases_are_as_kept_twice_and_within_a_minute_of_cpu(everything: Libraries) -> None:
    before = time.process_time()
    found = registrations(everything, PLAN)
    spent = time.process_time() - before
    assert compared(KEPT, found).differences == ()
    assert spent < LIMIT_S
    assert render(registrations(everything, PLAN)) == render(found) == render(KEPT)


@pytest.mark.exhaustive
def test_what_is_asked_together_is_what_is_asked_alone(everything: Libraries) -> None:
    framework = everything.framework.image(PLAN.architecture)
    for library in everything.plugins[:: len(everything.plugins) // 4]:
        alone = Room(framework).tried(library, PLAN.architecture)
        assert among(KEPT, library, alone)


def among(kept: Plugin, library: Library, tried: Tried) -> bool:
    """Tell whether something that is kept of this release is what was found, whichever libraries it was found in."""
    mine = [one for version, one in kept.versions.items() if version.split()[0] == library.version]
    return any(msgspec.structs.replace(one, libraries=tried.libraries) == tried for one in mine)
