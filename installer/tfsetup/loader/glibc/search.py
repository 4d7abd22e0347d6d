"""Where glibc looks for a library, and which files it accepts.

Source: glibc elf/dl-load.c: `_dl_map_new_object` (the order of the places), `open_path`, `open_verify` (which files
are passed over and which end the search), `fillin_rpath` and elf/dl-dst.h (`$ORIGIN`). Texts are those of 2.36; they
have not changed since 2.17.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tfsetup.loader.bytes import ByteSource, MalformedImage
from tfsetup.loader.elf.image import DF_1_NODEFLIB, LAYOUTS, MAGIC, Elf, Type
from tfsetup.loader.glibc.system import System
from tfsetup.loader.model import Entry, Kind

NO_FILE = "cannot open shared object file"

MAX_FOLDERS = 1 << 10
"""Most folders in one search path that are believed."""

_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))")
_HEADER_SIZES = {32: 52, 64: 64}
_SYSV, _GNU = 0, 3
_GNU_ABI_VERSIONS = 4  # LIBC_ABI_MAX of glibc 2.36
_PADDING = slice(9, 16)


class Skip(Enum):
    """Why a candidate is passed over without a word."""

    MISSING = "missing"
    NOWHERE = "nowhere to look"
    OTHER_CLASS = "other class"
    OTHER_MACHINE = "other machine"


class Refusal(Exception):  # noqa: N818 - what ld.so answers, not an error of ours
    """The loader gives up on a file: dlerror says `NAME: TEXT`; `path` is the real path of the file, if it is there."""

    def __init__(self, name: str, text: str, kind: Kind, path: str | None = None) -> None:
        """Keep the parts apart; `str(error)` is the whole text."""
        super().__init__(f"{name}: {text}")
        self.kind = kind
        self.path = path


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A file that can be mapped. `name` is the path as it was put together, which all messages use."""

    name: str
    entry: Entry
    source: ByteSource


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What of an object matters for a search it starts. `rpaths`: (DT_RPATH, origin) of it and of who loaded it, up."""

    origin: str
    runpath: str | None
    rpaths: tuple[tuple[str, str], ...]
    no_default: bool = False


def place_of(elf: Elf | None, name: str, chain: tuple[tuple[str, str], ...], cwd: str) -> Place:
    """Describe an object as the start of a search; `chain` are the RPATHs of those above it.

    Raises:
        MalformedImage: its search path is beyond belief.
    """
    origin = origin_of(name, cwd)
    if elf is None:
        return Place(origin=origin, runpath=None, rpaths=chain)
    if any(path is not None and path.count(":") > MAX_FOLDERS for path in (elf.rpath, elf.runpath)):
        raise MalformedImage(f"a search path of more than {MAX_FOLDERS} folders")
    own = ((elf.rpath, origin),) if elf.rpath else ()
    return Place(origin=origin, runpath=elf.runpath, rpaths=own + chain, no_default=bool(elf.flags_1 & DF_1_NODEFLIB))


def origin_of(name: str, cwd: str) -> str:
    """Return `$ORIGIN`: the folder in the name an object was opened with; links are not resolved (`_dl_new_object`)."""
    return posixpath.dirname(name if name.startswith("/") else f"{cwd}/{name}") or "/"


def expand(value: str, origin: str, system: System) -> str:
    """Put in `$ORIGIN`, `$LIB` and `$PLATFORM`."""
    known = {"ORIGIN": origin, "LIB": system.lib, "PLATFORM": "aarch64" if system.arch == "arm64" else system.arch}
    return _TOKEN.sub(lambda match: known[match[1] or match[2]], value)


def candidates(name: str, place: Place, system: System) -> Iterator[str]:
    """Yield the paths at which a name without slash is tried, in order."""
    if place.runpath is None:
        for rpath, origin in place.rpaths:
            yield from _in_list(name, rpath, origin, system)
    if system.library_path:
        yield from _in_list(name, system.library_path.replace(";", ":"), place.origin, system)
    if place.runpath is not None:
        yield from _in_list(name, place.runpath, place.origin, system)
    cached = system.cache.get(name)
    if cached is not None and not (place.no_default and cached.startswith(system.directories)):
        yield cached
    if not place.no_default:
        for directory in system.directories:
            yield from _in_directory(name, f"{directory}/", system)


def _in_list(name: str, paths: str, origin: str, system: System) -> Iterator[str]:
    """Try a list joined by colons; an empty part is the working directory, a repeated one counts once."""
    for part in dict.fromkeys(paths.split(":")):
        directory = expand(part, origin, system)
        if part and not directory:
            continue
        directory = directory.rstrip("/") + "/" if directory else ""
        yield from _in_directory(name, directory, system)


def _in_directory(name: str, directory: str, system: System) -> Iterator[str]:
    for hwcap in system.hwcaps:
        yield f"{directory}glibc-hwcaps/{hwcap}/{name}"
    yield f"{directory}{name}"


def search(name: str, place: Place, system: System) -> Opened | Skip:
    """Find the file for a name: with a slash only there, otherwise in all the places.

    Returns:
        The file, or what was the most telling thing passed over.

    Raises:
        Refusal: a candidate is no file glibc can use, and that ends the search.
    """
    if "/" in name:
        return examine(expand(name, place.origin, system), system)
    passed = Skip.NOWHERE
    for candidate in candidates(name, place, system):
        found = examine(candidate, system)
        if isinstance(found, Opened):
            return found
        if found is Skip.OTHER_CLASS or passed in (Skip.MISSING, Skip.NOWHERE):
            passed = found
    return passed


def examine(path: str, system: System) -> Opened | Skip:
    """Look at one candidate (`open_verify`).

    Raises:
        Refusal: it is there and no ELF file of the right kind, in a way glibc does not pass over.
    """
    entry = system.files.lookup(path if path.startswith("/") else posixpath.join(system.cwd, path))
    if entry is None:
        return Skip.MISSING
    if entry.source is None:
        raise Refusal(path, "cannot read file data: Is a directory", "malformed-image", entry.path)
    try:
        answer = _verify(entry.source, system)
    except MalformedImage as error:
        raise Refusal(path, f"cannot read file data ({error})", "malformed-image", entry.path) from error
    if isinstance(answer, str):
        kind: Kind = "wrong-architecture" if "data encoding" in answer else "malformed-image"
        raise Refusal(path, answer, kind, entry.path)
    return answer or Opened(name=path, entry=entry, source=entry.source)


def _verify(source: ByteSource, system: System) -> Skip | str | None:
    """Return why a file is passed over (`Skip`), the refusal's text, or None when it will do."""
    if source.size < _HEADER_SIZES[system.bits]:
        return "file too short"
    ident = source.read(0, 16)
    if not ident.startswith(MAGIC):
        return "invalid ELF header"
    if ident[4] != system.bits // 32:
        return Skip.OTHER_CLASS
    if system.is_debian and source.read(18, 2) != system.machine.to_bytes(2, "little"):
        return Skip.OTHER_MACHINE  # Debian's own patch unsubmitted-ldso-machine-mismatch; others judge the rest first
    refusal = _judge_ident(ident)
    if refusal:
        return refusal
    return _judge_header(source, system)


def _judge_header(source: ByteSource, system: System) -> Skip | str | None:
    """Judge what follows the identification."""
    layout = LAYOUTS[system.bits, "<"]
    kind, machine, version, _, phoff, *_, phentsize, phnum, _, _, _ = layout.header.unpack(
        source.read(16, layout.header.size)
    )
    if version != 1:
        return "ELF file version does not match current one"
    if machine != system.machine:
        return Skip.OTHER_MACHINE
    if kind not in (Type.DYN, Type.EXEC):
        return "only ET_DYN and ET_EXEC can be loaded"
    if phentsize != layout.segment.size:
        return "ELF file's phentsize not the expected size"
    return "cannot read file data" if phoff + phnum * phentsize > source.size else None


def _judge_ident(ident: bytes) -> str | None:
    """Judge the bytes behind magic and class, in glibc's order."""
    order, version, abi, abi_version = ident[5:9]
    if order != 1:
        return "ELF file data encoding not little-endian"
    if version != 1:
        return "ELF file version ident does not match current one"
    if abi not in (_SYSV, _GNU):
        return "ELF file OS ABI invalid"
    if abi_version and not (abi == _GNU and abi_version < _GNU_ABI_VERSIONS):
        return "ELF file ABI version invalid"
    return "nonzero padding in e_ident" if any(ident[_PADDING]) else None
