"""Fat binaries and bundles of code objects made to measure, and PTX packed as NVIDIA's `fatbinary` packs it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from tfsetup.loader.gpu.bundle import MAGIC as BUNDLE
from tfsetup.loader.gpu.fatbin import ENTRY, HEADER, MAGIC
from tfsetup.loader.gpu.targets import Target

LZ4, ZSTD = 0x2000, 0x8000


def ptx(target: Target) -> bytes:
    """The beginning of PTX as nvcc writes it: a comment, the version of the language, the target."""
    isa = target.isa or (8, 0)
    name = "{}{}".format(*target.capability) + target.suffix
    return f"//\n// Generated\n//\n\n.version {isa[0]}.{isa[1]}\n.target sm_{name}\n.address_size 64\n".encode()


def literal(data: bytes) -> bytes:
    """An LZ4 block of nothing but literals."""
    length, more = len(data), b""
    if length >= 15:
        rest = length - 15
        more = b"\xff" * (rest // 255) + bytes([rest % 255])
    return bytes([min(length, 15) << 4]) + more + data


def entry(target: Target, image: bytes = b"code", flags: int = 0) -> bytes:
    """One entry: its header, and its image filled up to eight bytes."""
    kind = 2 if target.kind == "sm" else 1
    filled = image + bytes(-len(image) % 8)
    number = target.capability[0] * 10 + target.capability[1]
    return ENTRY.pack(kind, 0x101, ENTRY.size, len(filled), len(image), 0, 0, 0, number, 0, 0, flags, 0, 0) + filled


def compiled(target: Target, flags: int = 0) -> bytes:
    """An entry whose image is what its target asks for."""
    if target.kind == "sm":
        return entry(target)
    text = ptx(target)
    return entry(target, literal(text) if flags & LZ4 else text, flags)


def fatbin(targets: Iterable[Target], flags: int = 0) -> bytes:
    """A fat binary for these targets."""
    body = b"".join(compiled(target, flags) for target in targets)
    return HEADER.pack(MAGIC, 1, HEADER.size, len(body)) + body


def bundle(names: Sequence[str]) -> bytes:
    """A bundle of code objects: the host's, empty, and one for each GPU."""
    ids = ["host-x86_64-unknown-linux--", *(f"hipv4-amdgcn-amd-amdhsa--{name}" for name in names)]
    table = b"".join(struct.pack("<QQQ", 4096, 0, len(text)) + text.encode() for text in ids)
    return BUNDLE + struct.pack("<Q", len(ids)) + table
