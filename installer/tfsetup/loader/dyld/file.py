"""May this file be mapped into this process? dyld's and the kernel's checks of one file, with their refusals.

Rules: dyld `MachOFile.cpp` (compatibleSlice), `mach_o/Universal.cpp`, `mach_o/Header.cpp` (valid; macOS 15.4
and later), `Loader.cpp` (mapFile, mapSegments).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfsetup.loader.bytes import ByteSource, MalformedImage
from tfsetup.loader.dyld import words
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.macho.image import (
    BUNDLE,
    DYLIB,
    EXECUTE,
    FatSlice,
    MachO,
    architecture,
    is_macho,
    read_macho,
    slices,
)
from tfsetup.loader.macho.signature import read_code_directory
from tfsetup.loader.model import Entry, Kind

_SDK_NEEDS_UUID = (12, 0, 0)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file was not taken: the text of the list of tries, and what it comes down to."""

    reason: str
    kind: Kind


def usable(mac: Mac, entry: Entry, *, dependency: bool) -> MachO | Refusal:
    """Return the image in a file, or why dyld would not have it. `dependency`: wanted by a load command, not by dlopen.

    Damaged bytes are a refusal like any other; no exception leaves here.
    """
    if entry.source is None:
        return Refusal("not a file", "library-not-found")
    if entry.source.size == 0:
        return Refusal("", "malformed-image")
    try:
        image = _image(mac, entry.path, entry.source)
        if isinstance(image, Refusal):
            return image
        refusal = _wrong_type(image, entry.path, dependency=dependency) or _invalid(mac, image)
        return refusal or _badly_signed(mac, entry.path, image) or image
    except MalformedImage as error:
        return Refusal(_malformed(mac, error), "malformed-image")


def _image(mac: Mac, path: str, source: ByteSource) -> MachO | Refusal:
    """Return the best slice of a universal file, or the thin file. [compatibleSlice]."""
    fat = slices(source)
    if fat is not None:
        best = _best(mac, fat)
        if best is None:
            have = [each.architecture for each in fat]
            return Refusal(words.wrong_architecture(mac, have, fat=True), "wrong-architecture")
        return _for_platform(mac, path, read_macho(best.source, best.offset))
    if not is_macho(source):
        return Refusal("slice is not valid mach-o file" if mac.strict else "not a mach-o file", "malformed-image")
    name = architecture(source)
    if name not in _acceptable(mac):
        return Refusal(words.wrong_architecture(mac, [name], fat=False), "wrong-architecture")
    return _for_platform(mac, path, read_macho(source))


def _best(mac: Mac, fat: Sequence[FatSlice]) -> FatSlice | None:
    order = _acceptable(mac)
    fitting = [each for each in fat if each.architecture in order]
    return min(fitting, key=lambda each: order.index(each.architecture), default=None)


def _acceptable(mac: Mac) -> tuple[str, ...]:
    """Return the architectures a process can map, best first. (arm64e is for Apple's own binaries only.)."""
    if mac.architecture == "arm64":
        return ("arm64",)
    return ("x86_64",) if mac.rosetta else ("x86_64h", "x86_64")


def _for_platform(mac: Mac, path: str, image: MachO) -> MachO | Refusal:
    have = image.platform or ("macOS" if image.architecture.startswith("x86_64") else "unknown")
    if have != "macOS":
        return Refusal(words.wrong_platform(mac, path, have), "wrong-architecture")
    return image


def _wrong_type(image: MachO, path: str, *, dependency: bool) -> Refusal | None:
    if image.file_type == EXECUTE:
        return Refusal(f"cannot link against a main executable '{path}'", "library-not-found")
    if image.file_type == BUNDLE and dependency:
        return Refusal(f"cannot link against bundle '{path}'", "library-not-found")
    if image.file_type not in (DYLIB, BUNDLE):
        return Refusal(f"unloadable mach-o file type {image.file_type}", "malformed-image")
    return None


def _invalid(mac: Mac, image: MachO) -> Refusal | None:
    """Judge the load commands as macOS 15.4 and later do. [Header::valid, Policy]."""
    if not mac.strict:
        return None
    for segment in image.segments:
        if segment.offset + segment.size > image.source.size:
            text = f"segment '{segment.name}' load command content extends beyond end of file"
            return Refusal(text, "malformed-image")
    sdk = image.sdk or (0, 0, 0)
    if image.uuid is None and sdk >= _SDK_NEEDS_UUID:
        return Refusal("missing LC_UUID load command", "malformed-image")
    rpath, library = _strict_since(mac)
    if sdk >= rpath and (twice := repeated(image.rpaths)):
        return Refusal(f"duplicate LC_RPATH '{twice}'", "malformed-image")
    if sdk >= library and (twice := repeated([dylib.name for dylib in image.dylibs])):
        return Refusal(f"duplicate linked dylib '{twice}'", "malformed-image")
    return None


def _strict_since(mac: Mac) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the SDKs from which a repeated LC_RPATH and a repeated library are refused (tags 1284 and 1323)."""
    return ((26, 0, 0), (26, 0, 0)) if mac.version >= (26, 0) else ((15, 4, 0), (15, 0, 0))


def repeated(names: Sequence[str]) -> str | None:
    """Return the first name that stands twice."""
    return next((name for index, name in enumerate(names) if name in names[:index]), None)


def _malformed(mac: Mac, error: MalformedImage) -> str:
    """Return dyld's words for damaged load commands: macOS 12 has one for all of them."""
    if mac.strict and error.reason == "MachO header exceeds file length":
        return "slice is not valid mach-o file"
    return error.reason if mac.uuids else "not a mach-o file"


def _badly_signed(mac: Mac, path: str, image: MachO) -> Refusal | None:
    """Judge presence and form of the signature, which only arm64 insists on. [mapSegments]."""
    if mac.architecture != "arm64":
        return None
    named = words.Named(path=path, uuid=image.uuid)
    if image.signature is None:
        return Refusal(words.unsigned(mac, named), "malformed-image")
    try:
        read_code_directory(image)
    except MalformedImage:
        place = image.signature
        text = words.signature_damaged(mac, named, image.slice_offset, place.offset, place.size)
        return Refusal(text, "malformed-image")
    return None
