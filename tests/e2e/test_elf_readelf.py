"""The ELF and PE readers against `readelf` and `llvm-readobj`, on every file of real environments."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.loader_truth import is_elf
from support.real_files import linux_environment, site_packages, windows_site
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Query, Symbols
from tfsetup.loader.files.sources import MappedFile
from tfsetup.loader.pe.image import Pe

pytestmark = [pytest.mark.e2e, pytest.mark.heavy]
MAX_LOOKUPS = 2000

_DYNAMIC = re.compile(r"\((NEEDED|SONAME|RPATH|RUNPATH)\).*\[(.*)\]")
_SYMBOL = re.compile(r"^\s*\d+: [0-9a-f]+\s+\S+\s+(\w+)\s+(\w+)\s+(\w+)\s+(\S+) (\S+)")


def output(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def dynamic_of(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"NEEDED": [], "SONAME": [], "RPATH": [], "RUNPATH": []}
    for line in output("readelf", "-dW", str(path)):
        match = _DYNAMIC.search(line)
        if match:
            found[match[1]].append(match[2])
    return found


def symbols_of(path: Path) -> Iterator[tuple[str, str, str, str, str]]:
    for line in output("readelf", "--dyn-syms", "-W", str(path)):
        match = _SYMBOL.match(line)
        if match:
            kind, bind, visibility, section, name = match.groups()
            yield kind, bind, visibility, section, name


def relocated(path: Path) -> set[str]:
    names = set()
    for line in output("readelf", "-rW", str(path)):
        parts = line.split()
        if len(parts) >= 5 and re.fullmatch(r"[0-9a-f]{12,16}", parts[0]) and parts[2] != "R_X86_64_NONE":
            names.add(parts[4].split("@")[0])
    return names


@pytest.mark.skipif(not shutil.which("readelf"), reason="needs binutils")
def test_every_elf_file() -> None:
    files = [path for path in sorted(site_packages(linux_environment()).rglob("*.so*")) if is_elf(path)]
    assert len(files) > 100
    for path in files:
        compare_dynamic(path)
        compare_symbols(path)


def compare_dynamic(path: Path) -> None:
    elf, said = Elf(MappedFile(path)), dynamic_of(path)
    assert list(elf.needed) == said["NEEDED"], path
    assert elf.soname == next(iter(said["SONAME"]), None), path
    assert elf.runpath == next(iter(said["RUNPATH"]), None), path
    assert elf.rpath == (None if said["RUNPATH"] else next(iter(said["RPATH"]), None)), path


def compare_symbols(path: Path) -> None:
    symbols = Symbols(Elf(MappedFile(path)))
    defined, undefined, weak = set(), set(), set()
    for kind, bind, visibility, section, name in symbols_of(path):
        plain = name.split("@")[0]
        if section == "UND":
            undefined.add(plain)
            if bind == "WEAK":
                weak.add(plain)
        elif bind in ("GLOBAL", "WEAK", "UNIQUE") and visibility in ("DEFAULT", "PROTECTED") and "@" not in name:
            defined.add((plain, kind))
    references = Relocations(symbols).references()
    wanted = {reference.query.text for reference in references}
    assert wanted == undefined & relocated(path), path
    assert {reference.query.text for reference in references if reference.weak} == weak & wanted, path
    for plain, kind in sorted(defined)[:MAX_LOOKUPS]:
        assert symbols.lookup(Query(plain.encode())) or kind in ("SECTION", "FILE"), (path, plain)
    for plain in sorted(undefined - {name for name, _ in defined})[:MAX_LOOKUPS]:
        assert not symbols.lookup(Query(plain.encode())), (path, plain)


@pytest.mark.skipif(not shutil.which("llvm-readobj"), reason="needs llvm")
def test_every_pe_file() -> None:
    site = windows_site()
    files = sorted((*site.rglob("*.pyd"), *site.rglob("*.dll")))
    assert len(files) > 50
    for path in files:
        compare_pe(path)


def compare_pe(path: Path) -> None:
    pe = Pe(MappedFile(path))
    lines = [line.strip() for line in output("llvm-readobj", "--coff-imports", "--coff-exports", str(path))]
    libraries: dict[str, list[str | int]] = {}
    exports = []
    block = ""
    symbols: list[str | int] = []
    for line in lines:
        if line in ("Import {", "DelayImport {", "Export {"):
            block = line.split()[0]
            symbols = []
        elif line.startswith("Name: ") and block == "Export":
            exports.append(line[6:])
        elif line.startswith("Name: ") and block == "Import":
            symbols = libraries.setdefault(line[6:], [])
        elif line.startswith("Symbol: ") and block == "Import":
            match = re.fullmatch(r"Symbol: (.*) \((\d+)\)", line)
            assert match, line
            symbols.append(match[1] or int(match[2]))
    assert {entry.library: list(entry.symbols) for entry in pe.imports} == libraries, path
    named = [name for name in exports if name]
    assert all(pe.export(name) is not None for name in named[:MAX_LOOKUPS]), path
    assert not any(pe.export(f"{name}?") is not None for name in named[:MAX_LOOKUPS]), path
