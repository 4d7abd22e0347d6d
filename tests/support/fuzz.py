"""Mutations of real or built files, and what a reader is made to do with the result."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from support.tree import Tree
from tfsetup.ground.platforms import Arch
from tfsetup.host.model import Host, Libc
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Query, Symbols, VersionTableMissing
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.system import system_of
from tfsetup.loader.model import Mode
from tfsetup.loader.pe.image import Pe
from tfsetup.loader.windows.process import WindowsProcess, WindowsSystem

INTERESTING = (
    0,
    1,
    2,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    1 << 40,
    (1 << 64) - 1,
)


@st.composite
def mutations(draw: st.DrawFn, originals: list[bytes], front: int = 1 << 16) -> bytes:
    """Return one of the files with up to eight changes, most of them among the first `front` bytes."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 8))):
        if not data:
            break
        reach = min(len(data), front) if draw(st.integers(0, 3)) else len(data)
        at = draw(st.integers(0, reach - 1))
        change(data, at, draw)
    return bytes(data)


def change(data: bytearray, at: int, draw: st.DrawFn) -> None:
    """Change something at a place: a bit, a number, a run of bytes, or the file's end."""
    kind = draw(st.sampled_from(("bit", "number", "number", "copy", "cut", "insert")))
    if kind == "bit":
        data[at] ^= 1 << draw(st.integers(0, 7))
    elif kind == "number":
        width = draw(st.sampled_from((1, 2, 4, 8)))
        value = draw(st.sampled_from(INTERESTING)) & ((1 << 8 * width) - 1)
        at -= at % width
        data[at : at + width] = value.to_bytes(width, "little")
    elif kind == "copy":
        source = draw(st.integers(0, len(data) - 1))
        data[at : at + 16] = data[source : source + 16]
    elif kind == "cut":
        del data[at:]
    else:
        data[at:at] = draw(st.binary(max_size=16))


def read_elf(data: bytes) -> None:
    """Read all there is of an ELF file; every refusal must be a `MalformedImage`."""
    with contextlib.suppress(MalformedImage):
        elf = Elf(Memory(data))
        symbols = Symbols(elf)
        for reading in _elf_readings(elf, symbols):
            with contextlib.suppress(MalformedImage, VersionTableMissing):
                reading()


def _elf_readings(elf: Elf, symbols: Symbols) -> Iterator[Callable[[], object]]:
    yield lambda: elf.needed
    yield lambda: (elf.soname, elf.rpath, elf.runpath, elf.flags, elf.flags_1, elf.binds_now, elf.symbolic)
    yield lambda: symbols.versions
    yield lambda: Relocations(symbols).uses_static_tls
    yield Relocations(symbols).references
    yield lambda: Relocations(symbols).references(functions=False)
    for name in (b"f", b"malloc", b"_ZNSt8ios_base4InitC1Ev", b"PyInit__pywrap_tfe"):
        yield lambda name=name: symbols.lookup(Query(name))  # type: ignore[misc]
        yield lambda name=name: symbols.lookup(Query(name, call=False), newest=True)  # type: ignore[misc]


def read_pe(data: bytes) -> None:
    """Read all there is of a PE file."""
    with contextlib.suppress(MalformedImage):
        pe = Pe(Memory(data))
        for reading in (
            lambda: pe.imports,
            lambda: pe.export("f"),
            lambda: pe.export(1),
        ):
            with contextlib.suppress(MalformedImage):
                reading()


def glibc_process(files: dict[str, bytes], arch: Arch = "x86_64") -> GlibcProcess:
    """Return a process that sees these files and a stock system."""
    host = Host(os="linux", libc=Libc(name="glibc", version="2.36"))
    return GlibcProcess(system_of(host, arch, Tree(files)))


def open_elf(data: bytes, others: dict[str, bytes], arch: Arch = "x86_64") -> None:
    """Let the predicted ld.so open a file; a result, whichever, is all that is asked."""
    process = glibc_process({"/case/p.so": data, **others}, arch)
    process.dlopen("/case/p.so", Mode())
    process.exports("/case/p.so", "f")


def open_pe(data: bytes, others: dict[str, bytes]) -> None:
    """Let the predicted Windows load a file."""
    tree = Tree({"C:/case/p.pyd": data, **others})
    process = WindowsProcess(WindowsSystem(arch="x86_64", files=tree, python="3.12"))
    process.dlopen("C:/case/p.pyd", Mode())
    process.exports("C:/case/p.pyd", "f")
