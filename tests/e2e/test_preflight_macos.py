"""The real wheels for Apple silicon: pairs of TensorFlow and plugin judged, tables compared with llvm-objdump."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.index_wheels import macos_wheel
from support.macho_exports import exports_of
from tfsetup.loader.copies import clashes
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.files.archive import Archive
from tfsetup.loader.files.sources import LocalTree, MappedFile
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.macho.binds import imports, names
from tfsetup.loader.macho.exports import ExportTable
from tfsetup.loader.macho.image import MachO, read_macho
from tfsetup.loader.model import Filesystem, LoadFailure
from tfsetup.loader.python.modules import extension_modules
from tfsetup.loader.python.target import Target
from tfsetup.loader.shipped import load_knowledge, load_system
from tfsetup.loader.tensorflow.knowledge import steps

pytestmark = [pytest.mark.network, pytest.mark.heavy, pytest.mark.process]

# Debian names the tools of each LLVM by its number; the first that reads chained fixups is 16.
OBJDUMP = next(filter(None, map(shutil.which, (f"llvm-objdump-{n}" for n in range(22, 15, -1)))), None)
SITE = "/S/site-packages"
PLUGIN = f"{SITE}/tensorflow-plugins/libmetal_plugin.dylib"
TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "cases/loader/metal-pairs.yaml").read_text("utf-8"))


RELEASES = [
    pytest.param(release, marks=[] if release in TABLE["read"] else [pytest.mark.exhaustive])
    for release in TABLE["pairs"]
]
"""`make test` compares the tables of one with LLVM's, which takes half a minute each; `make exhaustive` of all."""

ENDS = (TABLE["versions"][0], TABLE["versions"][-1])
LAST_PATCHES = {release.rpartition(".")[0]: release for release in TABLE["pairs"]}.values()
PAIRS = [
    *(pytest.param(one, ENDS, id=f"{one}-ends") for one in LAST_PATCHES if one not in TABLE["read"]),
    *(pytest.param(one.values[0], TABLE["versions"], id=str(one.values[0]), marks=one.marks) for one in RELEASES),
]
"""`make test` judges the last patch of each minor release on the oldest and the newest macOS, and two on each.

All on every one, which `make exhaustive` asks for, takes a quarter of an hour. The two come last: what was fetched of
them is still at hand for the tests below.
"""


def answer(view: Filesystem, tensorflow: str, macos: str) -> LoadFailure | None:
    """Import TensorFlow up to its plugins, then load the plugin."""
    target = Target(system="macos", arch="arm64")
    modules = {each.name: each for each in extension_modules(view, SITE, target) if each.status == "taken"}
    major, minor = macos.split(".")
    process = DyldProcess(Mac(version=(int(major), int(minor))), view, load_system())
    version = tensorflow.partition("==")[2]
    for step in steps(load_knowledge(), version, view, SITE, "macos", modules):
        if step.how == "module" and not step.name.endswith(("_guard.so", "_pywrap_tensorflow_internal.so")):
            continue  # the runtime is in the process by then; the other modules bring nothing a plugin could use
        failure = process.dlopen(step.name, step.mode, caller=step.caller)
        if failure:
            return failure
    assert clashes(load_knowledge().copies, process, SITE) == ([], [])  # its protobuf is of the plugin's generation
    return None


@pytest.mark.parametrize(("tensorflow", "versions"), PAIRS)
def test_every_plugin_on_every_macos(tensorflow: str, versions: Sequence[str], tmp_path: Path) -> None:
    unpack(tensorflow, tmp_path)
    for plugin, expected in TABLE["pairs"][tensorflow].items():
        unpack(f"tensorflow-metal=={plugin}", tmp_path)
        for macos in versions:
            failure = answer(LocalTree(tmp_path, at=SITE), tensorflow, macos)
            if expected == "loads":
                assert failure is None, (plugin, macos)
            else:
                assert failure is not None, (plugin, macos)
                assert failure.image == PLUGIN
                assert TABLE["names"][expected] in (failure.symbol, failure.library)
    shutil.rmtree(tmp_path)  # a gigabyte


def unpack(requirement: str, folder: Path) -> None:
    """Unpack the libraries of a wheel."""
    _, archive = macos_wheel(requirement)
    for name in archive.members:
        if name.endswith((".so", ".dylib")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy(archive, name, folder / name)


def test_the_words_for_2_18_1_with_1_1_0() -> None:
    view = WheelView([macos_wheel("tensorflow==2.18.1"), macos_wheel("tensorflow-metal==1.1.0")], at=SITE)
    failure = answer(view, "tensorflow==2.18.1", "14.4")
    assert failure is not None
    runtime = f"{SITE}/tensorflow/python/_pywrap_tensorflow_internal.so"
    lines = failure.message.splitlines()
    assert lines[0] == f"dlopen({PLUGIN}, 0x0006): Symbol not found: __ZN3tsl8internal10LogMessageC1EPKcii"
    assert lines[1] == f"  Referenced from: <D2EF42E3-3A7F-39DD-9982-FB6BCDC2853C> {PLUGIN}"
    assert lines[2].startswith("  Expected in:     <")
    assert lines[2].endswith(f"> {runtime}")


@pytest.mark.parametrize(
    "requirement",
    [*(f"tensorflow-metal=={version}" for version in ("1.0.0", "1.0.1", "1.1.0", "1.2.0")), *RELEASES],
)
def test_the_readers_agree_with_llvm_on_every_file(requirement: str, tmp_path: Path) -> None:
    if OBJDUMP is None:
        pytest.skip("no llvm-objdump of LLVM 16 or newer, the first that reads chained fixups")
    _, archive = macos_wheel(requirement)
    compared = 0
    for name in sorted(archive.members):
        if not name.endswith((".so", ".dylib")):
            continue
        path = tmp_path / "image"
        copy(archive, name, path)
        image = read_macho(MappedFile(path))
        assert names_used(path) == [*filter(None, [image.install_name]), *(each.name for each in image.dylibs)], name
        assert [line for line in objdump(path, "--rpaths") if line] == list(image.rpaths), name
        said = exported(path)
        assert {symbol for symbol, _ in exports_of(image)} == said, name
        assert set(ExportTable(image).find_all(said)) == said, name
        wanted = list(imports(image))
        for stream, option in (("regular", "--bind"), ("lazy", "--lazy-bind")):
            table = bound(path, option)
            mine = [each for each in wanted if each.stream == stream]
            assert [each.symbol for each in mine] == [symbol for symbol, _ in table], name
            for one, (_, word) in zip(mine, table, strict=True):
                assert word in words_for(image, one.ordinal), (name, one)
        mine = [each for each in wanted if each.stream == "chained"]
        theirs = list(chained(path))
        assert [each.ordinal for each in mine] == [ordinal for ordinal, _, _ in theirs], name
        if any(symbol for _, _, symbol in theirs):
            assert [(each.ordinal, each.weak, each.symbol) for each in mine] == theirs, name
        else:  # imports with 64-bit addends: LLVM 19 reads their ordinals, and nothing behind the first 16 bits
            assert {each.symbol for each in mine if each.ordinal > 0} <= undefined(path), name
        by_ordinal = {(each.ordinal, each.symbol.encode()) for each in wanted}
        assert {(n, symbol) for n, some in names(image, lazy=True).items() for symbol in some} == by_ordinal, name
        compared += 1
    assert compared >= (1 if "metal" in requirement else 15)


def copy(archive: Archive, name: str, path: Path) -> None:
    source = archive.open(name)
    with path.open("wb") as stream:
        for start in range(0, source.size, 1 << 24):
            stream.write(source.read(start, min(1 << 24, source.size - start)))


def objdump(path: Path, *options: str) -> list[str]:
    done = subprocess.run(
        [str(OBJDUMP), "--macho", *options, str(path)], capture_output=True, text=True, check=True, errors="replace"
    )
    return done.stdout.splitlines()[1:]


def names_used(path: Path) -> list[str]:
    lines = objdump(path, "--dylibs-used")
    return [line.strip().partition(" (compatibility")[0] for line in lines if line.startswith("\t")]


def exported(path: Path) -> set[str]:
    return set(_exported(objdump(path, "--exports-trie")))


def _exported(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("[re-export] "):
            yield line.removeprefix("[re-export] ").partition(" ")[0]
        elif line.startswith("0x"):
            yield line.split()[1]


def bound(path: Path, option: str) -> list[tuple[str, str]]:
    """Return symbol and library of a bind table in order, each pair once."""
    column = 5 if option == "--bind" else 3
    lines = (line.split() for line in objdump(path, option)[3:] if line)
    return list(dict.fromkeys((words[column + 1], words[column]) for words in lines))


def words_for(image: MachO, ordinal: int) -> tuple[str, ...]:
    """Return the words llvm-objdump may give an ordinal's library: its leaf name up to the first dot, or all of it."""
    special = {0: "this-image", -1: "main-executable", -2: "flat-namespace", -3: "weak"}
    if ordinal in special:
        return (special[ordinal],)
    name = image.dylibs[ordinal - 1].name
    return (name, name.rpartition("/")[2].partition(".")[0])


def chained(path: Path) -> Iterator[tuple[int, bool, str]]:
    """Yield ordinal, weakness and name of the chained imports."""
    ordinal, weak = 0, False
    for line in objdump(path, "--chained-fixups"):
        word, _, value = line.strip().partition(" = ")
        if word == "lib_ordinal":
            ordinal = int(value.split()[0])
        elif word == "weak_import":
            weak = value == "1"
        elif word == "name_offset":
            yield ordinal, weak, value.partition(" (")[2].removesuffix(")")


def undefined(path: Path) -> set[str]:
    """Return the undefined symbols of an image's symbol table."""
    nm = str(OBJDUMP).replace("objdump", "nm")
    done = subprocess.run([nm, "-u", "-j", str(path)], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
