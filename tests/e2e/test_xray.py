"""Apple's own plugin under the emulator: what is kept is found again, and one byte changed anywhere is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from support.macho_exports import exports_of
from tfsetup.loader.bytes import Memory
from tfsetup.loader.macho.image import read_macho
from tfsetup.upkeep.index.client import client
from tfsetup.upkeep.xray.answers import ANSWERS
from tfsetup.upkeep.xray.evidence import Build, Evidence, environments_of
from tfsetup.upkeep.xray.files import kept_evidence, read_plan
from tfsetup.upkeep.xray.fixups import Bind, Rebase
from tfsetup.upkeep.xray.images import Image, read_image
from tfsetup.upkeep.xray.judge import differences
from tfsetup.upkeep.xray.machine import Answer
from tfsetup.upkeep.xray.prove import ask, prove, stages_of
from tfsetup.upkeep.xray.wheels import Libraries, Library, fetch

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.heavy]

PLAN = read_plan()
KEPT = kept_evidence(PLAN.hazard)
RELU = "__ZN12metal_plugin5graph6IsReluERKN10tensorflow7NodeDefE"


@pytest.fixture(scope="module")
def kept() -> Evidence:
    assert KEPT is not None
    return KEPT


@pytest.fixture(scope="module")
def newest(kept: Evidence) -> Libraries:
    """The newest release alone, and the framework."""
    index = client()
    try:
        return fetch(msgspec.structs.replace(PLAN, versions=f"=={kept.versions[-1].version}"), index)
    finally:
        index.close()


@pytest.fixture(scope="module")
def framework(newest: Libraries) -> Image:
    return newest.framework.image(PLAN.architecture)


def _ask(library: Library, framework: Image, kept: Evidence, answers: Mapping[str, Answer] = ANSWERS) -> Build:
    return ask(library, PLAN.architecture, stages_of(framework, tuple(environments_of(kept.cure, ())), answers))


def _told(kept: Evidence, build: Build) -> list[str]:
    """Return the differences of a build of the newest release, without the environment that was left out."""
    version = kept.versions[-1]
    old = msgspec.structs.replace(version.builds[0], runs=version.builds[0].runs[: len(build.runs)])
    before, now = (
        msgspec.structs.replace(kept, versions=(msgspec.structs.replace(version, builds=(one,)),))
        for one in (old, build)
    )
    return list(differences(before, now))


def test_what_is_kept_is_found_again(newest: Libraries, framework: Image, kept: Evidence) -> None:
    assert _told(kept, _ask(newest.plugins[0], framework, kept)) == []


def test_one_byte_of_the_plugin_s_compare_of_relu_is_noticed(
    newest: Libraries, framework: Image, kept: Evidence
) -> None:
    content = bytearray(newest.plugins[0].content)
    start = newest.plugins[0].image(PLAN.architecture).exports[RELU]
    content[_compare(bytes(content), start) + 1] ^= 0x10
    told = _told(kept, _ask(replace(newest.plugins[0], content=bytes(content)), framework, kept))
    version = kept.versions[-1].version
    lost = f"{version}, dense-relu, no variable: kept is out = _FusedMatMul[BiasAdd,Relu](x, w, b), now it is "
    assert f"{lost}out = Relu(_FusedMatMul[BiasAdd](x, w, b))" in told


def _compare(content: bytes, start: int) -> int:
    """Return where the function puts the letters `Re` into a register to compare them."""
    for at in range(start, start + 0x80, 4):
        word = int.from_bytes(content[at : at + 4], "little")
        if word & 0xFFFFFFE0 == 0x52800000 | int.from_bytes(b"Re", "little") << 5:
            return at
    raise AssertionError("the plugin compares in another way")


def test_a_wrong_answer_to_one_import_is_noticed(newest: Libraries, framework: Image, kept: Evidence) -> None:
    answers = {**ANSWERS, "_getenv": lambda _machine: 0}
    told = _told(kept, _ask(newest.plugins[0], framework, kept, answers))
    version = kept.versions[-1].version
    assert any(
        one.startswith(f"{version}, dense-relu, TURN_OFF_REMAPPER=1: kept is as it was, now it is") for one in told
    )


def test_the_image_is_the_one_that_another_reader_sees(newest: Libraries, tmp_path: Path) -> None:
    import lief

    path = tmp_path / "plugin.dylib"
    path.write_bytes(newest.plugins[0].content)
    other = lief.MachO.parse(str(path))
    assert other is not None
    one, image = other.at(0), newest.plugins[0].image(PLAN.architecture)
    assert one is not None
    assert _places(image, Rebase) == sorted({relocation.address for relocation in one.relocations if _dyld(relocation)})
    binds = {(bind.address, str(bind.symbol.name)) for bind in one.bindings if bind.symbol is not None}
    assert {(fixup.place, fixup.symbol) for fixup in image.fixups if isinstance(fixup, Bind)} == binds
    assert image.exports.items() >= {(symbol.name, symbol.value) for symbol in one.exported_symbols}


def _places(image: Image, kind: type[Rebase]) -> list[int]:
    return sorted({fixup.place for fixup in image.fixups if isinstance(fixup, kind)})


def _dyld(relocation: object) -> bool:
    return "DYLDINFO" in str(getattr(relocation, "origin", ""))


def test_every_export_of_the_trie_has_its_address(newest: Libraries) -> None:
    for library in (newest.framework, *newest.plugins):
        names = {name for name, export in exports_of(read_macho(Memory(library.content))) if export.reexport is None}
        assert names <= read_image(Memory(library.content), PLAN.architecture).exports.keys()


@pytest.mark.exhaustive
def test_all_that_is_kept_is_found_again(kept: Evidence) -> None:
    index = client()
    try:
        found = prove(fetch(PLAN, index), PLAN, kept.cure, lambda _line: None)
    finally:
        index.close()
    assert list(differences(kept, found)) == []
