"""A builder of tiny PE libraries: headers, one section, import, delay-import and export tables."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RVA, OFFSET = 0x1000, 0x400


@dataclass(frozen=True, kw_only=True)
class Dll:
    """What to build. `imports` and `delayed` map libraries to names or ordinals; `forwards` exports to `LIB.NAME`."""

    name: str = "x.dll"
    imports: Mapping[str, Sequence[str | int]] = field(default_factory=dict)
    delayed: Sequence[str] = ()
    exports: Sequence[str] = ()
    forwards: Mapping[str, str] = field(default_factory=dict)
    base: int = 1
    machine: int = 0x8664
    bits: int = 64
    linker: Sequence[int] = (0, 0)


class _Builder:
    def __init__(self, dll: Dll) -> None:
        self.dll, self.data = dll, bytearray()
        self.word = "<Q" if dll.bits == 64 else "<I"

    def place(self, raw: bytes, align: int = 8) -> int:
        self.data += b"\0" * (-len(self.data) % align)
        self.data += raw
        return RVA + len(self.data) - len(raw)

    def text(self, value: str) -> int:
        return self.place(value.encode() + b"\0", 2)

    def build(self) -> bytes:
        directories = {0: self.exports(), 1: self.imports(), 13: self.delayed()}
        return self.headers(directories) + bytes(self.data)

    def imports(self) -> tuple[int, int]:
        rows = b""
        for library, symbols in self.dll.imports.items():
            flag = 1 << (self.dll.bits - 1)
            thunks = b""
            for symbol in symbols:
                value = symbol | flag if isinstance(symbol, int) else self.place(b"\0\0" + symbol.encode() + b"\0", 2)
                thunks += struct.pack(self.word, value)
            table = self.place(thunks + b"\0" * 8)
            rows += struct.pack("<5I", table, 0, 0, self.text(library), table)
        return (self.place(rows + b"\0" * 20), len(rows)) if rows else (0, 0)

    def delayed(self) -> tuple[int, int]:
        rows = b"".join(struct.pack("<8I", 1, self.text(library), *(0,) * 6) for library in self.dll.delayed)
        return (self.place(rows + b"\0" * 32), len(rows)) if rows else (0, 0)

    def exports(self) -> tuple[int, int]:
        names = sorted((*self.dll.exports, *self.dll.forwards))
        if not names:
            return 0, 0
        start = self.place(b"\0" * 40)
        texts = [self.text(name) for name in names]
        own = self.text(self.dll.name)
        forwards = {name: self.text(target) for name, target in self.dll.forwards.items()}
        ordinals = self.place(struct.pack(f"<{len(names)}H", *range(len(names))))
        table = self.place(struct.pack(f"<{len(names)}I", *texts))
        size = RVA + len(self.data) - start
        functions = self.place(struct.pack(f"<{len(names)}I", *(forwards.get(name, 0x10) for name in names)))
        fields = (0, 0, 0, 0, own, self.dll.base, len(names), len(names), functions, table, ordinals)
        self.data[start - RVA : start - RVA + 40] = struct.pack("<IIHHIIIIIII", *fields)
        return start, size

    def headers(self, directories: Mapping[int, tuple[int, int]]) -> bytes:
        wide = self.dll.bits == 64
        optional = struct.pack("<HBB", 0x20B if wide else 0x10B, *self.dll.linker).ljust(
            108 if wide else 92, b"\0"
        ) + struct.pack("<I", 16)
        optional += b"".join(struct.pack("<II", *directories.get(number, (0, 0))) for number in range(16))
        head = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
        coff = struct.pack("<4sHHIIIHH", b"PE\0\0", self.dll.machine, 1, 0, 0, 0, len(optional), 0x2022)
        size = len(self.data)
        section = struct.pack("<8sIIII", b".rdata", size, RVA, size, OFFSET).ljust(40, b"\0")
        return (head + coff + optional + section).ljust(OFFSET, b"\0")


def build_pe(dll: Dll) -> bytes:
    """Return the file's bytes."""
    return _Builder(dll).build()
