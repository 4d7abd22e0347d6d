"""Coverage-guided fuzzing of the Mach-O reader and of dyld's rules, with Atheris (libFuzzer for Python).

    python tests/e2e/fuzz_macho.py [FOLDER WITH REAL LIBRARIES] -- [libFuzzer options] CORPUS

Each input is laid over the beginning of a file (a real library, or a tiny one made for tests) and over the first of its
tables, so that mutations meet real content behind them. Any input must end in a result or one `MalformedImage`, within
libFuzzer's limits of time and memory; anything else is a crash with the input saved.
"""

from __future__ import annotations

import contextlib
import struct
import sys
from dataclasses import replace
from pathlib import Path

import atheris  # not a dependency: installed by hand where one wants to fuzz

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "installer"), str(ROOT / "tests")]

with atheris.instrument_imports(include=["tfsetup.loader"]):
    from support.macho import Offered, Plan, Wanted, build, fat
    from tfsetup.loader.bytes import ByteSource, MalformedImage, Memory, check_range
    from tfsetup.loader.dyld.process import DyldProcess
    from tfsetup.loader.dyld.words import Mac
    from tfsetup.loader.files.sources import MappedFile
    from tfsetup.loader.macho.exports import ExportTable
    from tfsetup.loader.macho.image import Range, read_macho, slices
    from tfsetup.loader.macho.signature import read_code_directory
    from tfsetup.loader.model import Entry, Mode
    from tfsetup.loader.shipped import load_system

SYSTEM = load_system()
VERSIONS = ((11, 6), (12, 3), (12, 6), (13, 0), (14, 4), (15, 5), (26, 0))
PLAN = Plan(
    install_name="@rpath/a.dylib",
    dylibs=[("@rpath/other.dylib", "normal"), ("@loader_path/r.dylib", "reexport")],
    rpaths=["@loader_path/", "/opt/y"],
    imports=[Wanted(symbol="_f"), Wanted(symbol="_g", ordinal=-2), Wanted(symbol="_h", lazy=True)],
    exports=[Offered(symbol="_f"), Offered(symbol="_fg"), Offered(symbol="_r", ordinal=2)],
    signed=False,
)


class Patched:
    """A file some of whose bytes are replaced by (offset, bytes) patches."""

    def __init__(self, base: ByteSource, patches: list[tuple[int, bytes]], size: int) -> None:
        self._base, self._patches, self.size = base, patches, size

    def read(self, offset: int, length: int) -> bytes:
        check_range(offset, length, self.size)
        data = bytearray(self._base.read(offset, length))
        for at, patch in self._patches:
            begin, end = max(at, offset), min(at + len(patch), offset + length)
            if begin < end:
                data[begin - offset : end - offset] = patch[begin - at : end - at]
        return bytes(data)


class Files:
    """One fuzzed file beside some good ones."""

    def __init__(self, source: ByteSource) -> None:
        good = build(Plan(install_name="@rpath/other.dylib", exports=[Offered(symbol="_f")], signed=False))
        self._files: dict[str, ByteSource] = {"/S/p.so": source, "/S/other.dylib": Memory(good)}

    def lookup(self, path: str) -> Entry | None:
        source = self._files.get(path)
        return Entry(path=path, identity=path, source=source) if source else None

    def listdir(self, path: str) -> list[str]:
        return sorted(name.removeprefix(f"{path}/") for name in self._files)


def bases(folder: Path | None) -> list[tuple[ByteSource, int]]:
    """Return files to lay inputs over, each with the place of its tables."""
    plain = build(PLAN)
    made: list[ByteSource] = [
        Memory(plain),
        Memory(build(replace(PLAN, chained=True))),
        Memory(build(replace(PLAN, signed=True))),
        Memory(fat(("arm64", plain))),
        Memory(b"\0" * 0x8000),
    ]
    found = [(source, 0x4000) for source in made]
    for path in sorted(folder.rglob("*")) if folder else ():
        if path.suffix in (".so", ".dylib") and path.is_file():
            source = MappedFile(path)
            info = read_macho(source).dyld_info
            found.append((source, info.bind.offset if info else 0))
    return found


def one_input(data: bytes) -> None:
    """Lay an input over a file, read all there is to read, and open it."""
    if len(data) < 8:
        return
    which, version, cut, head = struct.unpack_from("<2BHI", data)
    base, tables = BASES[which % len(BASES)]
    body = data[8:]
    split = head % (len(body) + 1)
    size = base.size if cut == 0 else min(base.size, cut)
    source = Patched(base, [(0, body[:split]), (tables, body[split:])], size)
    with contextlib.suppress(MalformedImage):
        read_everything(source)
    mac = Mac(version=VERSIONS[version % len(VERSIONS)], architecture="x86_64" if version & 0x80 else "arm64")
    process = DyldProcess(mac, Files(source), SYSTEM)
    failure = process.dlopen("/S/p.so", Mode())
    assert failure is None or (failure.message and process.images == 0)


def read_everything(source: ByteSource) -> None:
    """Read every table of every slice."""
    found = slices(source)
    for each in [part.source for part in found] if found else [source]:
        image = read_macho(each)
        ExportTable(image).find_all(["_f", "_fg", "_missing", "__ZN10tensorflow6StatusC1Ev"])
        directory = read_code_directory(image)
        if directory:
            directory.wrong_pages(image, directory.pages(Range(offset=0, size=0x10000)))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    cut_at = arguments.index("--") if "--" in arguments else 0
    BASES = bases(Path(arguments[0]) if cut_at else None)
    atheris.Setup([sys.argv[0], *arguments[cut_at + ("--" in arguments) :]], one_input)
    atheris.Fuzz()
