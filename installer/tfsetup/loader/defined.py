"""What a file of any format says of itself: the functions it defines, the name it wants to be found by."""

from __future__ import annotations

from tfsetup.loader.bytes import ByteSource, MalformedImage
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.symbols import Query, Symbols
from tfsetup.loader.macho.exports import ExportTable
from tfsetup.loader.macho.image import is_macho, read_macho, slices
from tfsetup.loader.pe.image import Pe


def defines(source: ByteSource, symbol: str) -> bool | None:
    """Say whether a file of any format exports the C function `symbol`; None: it is damaged, or of no known format."""
    try:
        magic = source.read(0, min(4, source.size))
        if magic.startswith(b"\x7fELF"):
            return Symbols(Elf(source)).lookup(Query(symbol.encode()))
        if magic.startswith(b"MZ"):
            return Pe(source).export(symbol) is not None
        fat = slices(source)
        if fat:
            return any(_macho_defines(each.source, symbol) for each in fat)
        return _macho_defines(source, symbol) if is_macho(source) else None
    except MalformedImage:
        return None


def own_name(source: ByteSource) -> str | None:
    """Return the name by which a library wants to be found (install name, SONAME); None: it has none, or is damaged."""
    try:
        if source.read(0, min(4, source.size)).startswith(b"\x7fELF"):
            return Elf(source).soname
        fat = slices(source)
        image = fat[0].source if fat else source
        return read_macho(image).install_name if is_macho(image) else None
    except MalformedImage:
        return None


def _macho_defines(source: ByteSource, symbol: str) -> bool:
    return ExportTable(read_macho(source)).find(f"_{symbol}") is not None
