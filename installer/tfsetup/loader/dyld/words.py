"""What dyld says, word for word, for each macOS from 10.13 to 26.

The texts are those of dyld's own releases (tag 519, 551: macOS 10.13; 625 to 655: 10.14; 732 to 750: 10.15; 832 to 852:
11; 940, 941: 12.0 to 12.2; 955, 957: 12.3, 12.4; 960: 12.5 to 12.7; 1042, 1066: 13; 1122: 14.0; 1160: 14.4; 1231: 15.0;
1284: 15.4; 1323 and later: 26), as Apple's list of each release names it (apple-oss-distributions/distribution-macOS).
The function that prints it stands at each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tfsetup.loader.macho.image import Version
from tfsetup.loader.model import Mode

_LAZY, _NOW, _LOCAL, _GLOBAL = 1, 2, 4, 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Mac:
    """What dyld knows of the process it works in. `version` is macOS's (major, minor).

    `hardened`: hardened runtime without permission for `@` paths and DYLD variables. The last four are the DYLD_* paths
    the process honours; `fallback_library_path` None means that the variable is not set.
    """

    version: tuple[int, int]
    architecture: Literal["arm64", "x86_64"] = "arm64"
    rosetta: bool = False
    hardened: bool = False
    executable: str = "/usr/local/bin/python3"
    executable_rpaths: tuple[str, ...] = ()
    library_path: tuple[str, ...] = ()
    framework_path: tuple[str, ...] = ()
    fallback_library_path: tuple[str, ...] | None = None

    @property
    def old(self) -> bool:
        """MacOS 11 and older: dyld 2, with texts of its own."""
        return self.version < (12, 0)

    @property
    def odd_quotes(self) -> bool:
        """MacOS 12.5 to 12.7 [dyld 960]: names in `'…'` where others have none, in `(…)` where others have `'…'`."""
        return (12, 5) <= self.version < (13, 0)

    @property
    def uuids(self) -> bool:
        """MacOS 13 and later print the UUID of every image they name."""
        return self.version >= (13, 0)

    @property
    def cryptex(self) -> bool:
        """MacOS 13 and later keep system libraries under a second root and look there too."""
        return self.version >= (13, 0)

    @property
    def strict(self) -> bool:
        """MacOS 15.4 and later check a file's load commands before mapping it."""
        return self.version >= (15, 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """An image as messages name it. `minos` is what it was built for (None: it does not say)."""

    path: str
    uuid: str | None
    minos: Version | None = None


_UNSEEN_UUID = "…"
"""Stands for the UUID of a library of macOS's own: it is printed, and cannot be known from elsewhere."""


def system_library(path: str | None) -> Named:
    """Return one of macOS's own libraries as messages name it; None: it was linked weakly and is absent."""
    return Named(path="unknown", uuid=None) if path is None else Named(path=path, uuid=_UNSEEN_UUID)


def mode_number(mode: Mode) -> int:
    """Return a mode's bits on macOS (`dlfcn.h`)."""
    scope = {None: 0, "local": _LOCAL, "global": _GLOBAL}[mode.scope]
    return (_NOW if mode.now else _LAZY) | scope


def dlopen_failed(mac: Mac, path: str, mode: Mode, reason: str) -> str:
    """Return the whole of dlerror(). [DyldAPIs::dlopen_from; dyld2 dlopen_internal]."""
    number = mode_number(mode)
    shown = str(number) if mac.old else f"0x{number:04X}"
    return f"dlopen({path}, {shown}): {reason}"


def tried(mac: Mac, tries: Sequence[tuple[str, str]]) -> str:
    """Return the list of (path, reason) tries. [Loader::getLoader, forEachPath]."""
    if mac.old:
        return _tried_old(tries)
    return "tried: " + ", ".join(f"'{path}' ({reason})" for path, reason in tries)


def _tried_old(tries: Sequence[tuple[str, str]]) -> str:
    refused = [(path, reason) for path, reason in tries if reason != MISSING]
    if not refused:
        return "image not found"
    return "no suitable image found.  Did find:" + "".join(f"\n\t{path}: {reason}" for path, reason in refused)


MISSING = "no such file"


def missing(mac: Mac, path: str, *, disk_only: bool) -> str:
    """Return the reason for a file that is not there. [Loader::getLoader, fileNotFound]."""
    in_cache = path.startswith(("/usr/lib/", "/System/Library/", "/System/iOSSupport/", "/System/DriverKit/"))
    return f"{MISSING}, not in dyld cache" if mac.uuids and in_cache and not disk_only else MISSING


def no_rpaths(mac: Mac, *, present: bool) -> str:
    """Return the reason when the chain of LC_RPATHs led to no try at all. [Loader::getLoader]."""
    if not present:
        return "no LC_RPATH's found" if mac.version >= (14, 0) else ""
    if mac.version < (15, 0):
        return ""
    return "no LC_RPATH's used.  They may be invalid, eg, not start with '@loader_path' or '@executable_path'"


def library_not_loaded(mac: Mac, name: str, referrer: Named, reason: str) -> str:
    """Return the failure of one dependency. [JustInTimeLoader::loadDependents]."""
    if mac.odd_quotes:
        return f"Library not loaded: '{name}'\n  Referenced from: '{referrer.path}'\n  Reason: {reason}"
    by = referrer.path if mac.old else _referrer(mac, referrer)
    return f"Library not loaded: {name}\n  Referenced from: {by}\n  Reason: {reason}"


def symbol_not_found(mac: Mac, symbol: str, referrer: Named, expected: Named) -> str:
    """Return the failure of a two-level import. [Loader::resolveSymbol, MissingSymbol]."""
    by = _referrer(mac, referrer)
    if mac.old:
        return _symbol_not_found_old(symbol, referrer, by, expected.path)
    if mac.odd_quotes:
        return f"Symbol not found: ({symbol})\n  Referenced from: '{referrer.path}'\n  Expected in: '{expected.path}'"
    if not mac.uuids:
        return f"Symbol not found: {symbol}\n  Referenced from: {by}\n  Expected in: {expected.path}"
    return (
        f"Symbol not found: {symbol}\n  Referenced from: {by}\n  Expected in:     <{_uuid(expected)}> {expected.path}"
    )


def _symbol_not_found_old(symbol: str, referrer: Named, by: str, expected: str) -> str:
    """Return dyld 2's words: what binds adds its own path. [throwSymbolNotFound; …Compressed::eachBind]."""
    said = f"Symbol not found: {symbol}\n  Referenced from: {by}\n  Expected in: {expected}\n"
    return f"{said} in {referrer.path}"


def flat_not_found(mac: Mac, symbol: str, referrer: Named) -> str:
    """Return the failure of a flat import; no remark on the macOS it was built for. [Loader::resolveSymbol]."""
    if mac.old:
        return _symbol_not_found_old(symbol, referrer, referrer.path, "flat namespace")
    shown = f"({symbol})" if mac.odd_quotes else f"'{symbol}'"
    return f"symbol not found in flat namespace {shown}"


def weak_def_not_found(mac: Mac, symbol: str, referrer: Named) -> str:
    """Return the failure of a coalesced import in chained fixups. [Loader::resolveSymbol; dyld 2 resolveWeak]."""
    if mac.old:
        return _symbol_not_found_old(symbol, referrer, referrer.path, "weak")
    if mac.version < (15, 0):
        return f"weak-def symbol not found '{symbol}'"
    by = _referrer(mac, referrer)
    return f"Symbol not found: {symbol}\n  Referenced from: {by}\n  Expected as weak-def export from some loaded dylib"


def reexport_out_of_range(ordinal: int, image: Named, symbol: str) -> str:
    """Return the failure of a re-export from a dependency that does not exist. [Loader::hasExportedSymbol]."""
    return f"re-export ordinal {ordinal} in {image.path} out of range for {symbol}"


def unknown_ordinal(ordinal: int, image: Named, symbol: str) -> str:
    """Return the failure of an import that names a dependency the image does not have. [Loader::resolveSymbol]."""
    return f"unknown library ordinal {ordinal} in {image.path} when binding '{symbol}'"


def wrong_architecture(mac: Mac, have: Sequence[str], *, fat: bool) -> str:
    """Return the refusal of a file without a usable slice. [MachOFile::compatibleSlice, GradedArchs]."""
    if mac.old:
        return "no matching architecture in universal wrapper" if fat else "mach-o, but wrong architecture"
    what = (
        "fat file, but missing compatible architecture" if fat else "mach-o file, but is an incompatible architecture"
    )
    return f"{what} {_have_need(mac, ','.join(have), _needed(mac))}"


def wrong_platform(mac: Mac, path: str, have: str) -> str:
    """Return the refusal of a file for another Apple platform. [MachOFile::compatibleSlice, loadableIntoProcess]."""
    need = "(macOS)" if mac.odd_quotes else "'macOS'"
    return f"mach-o file ({path}), but incompatible platform {_have_need(mac, have, need)}"


def _have_need(mac: Mac, have: str, need: str) -> str:
    return f"(have ({have}), need {need})" if mac.odd_quotes else f"(have '{have}', need {need})"


def _needed(mac: Mac) -> str:
    """Return the printed list of acceptable architectures; which one is printed when: GradedArchs of each dyld."""
    if mac.architecture == "arm64":
        names = _needed_arm64(mac)
    elif mac.rosetta:
        names = ("x86_64",)
    else:
        names = ("x86_64h", "x86_64") if mac.uuids else ("x86_64h",)
    return f"({names[0]})" if mac.odd_quotes else " or ".join(f"'{name}'" for name in names)


def _needed_arm64(mac: Mac) -> tuple[str, ...]:
    if mac.version >= (26, 0):
        return ("arm64e", "arm64e.v1", "arm64", "arm64")
    if mac.version >= (14, 4):
        return ("arm64e", "arm64")
    return ("arm64",) if mac.uuids else ("arm64e",)


def signature_damaged(mac: Mac, image: Named, slice_offset: int, blob_offset: int, blob_size: int) -> str:
    """Return the refusal of a signature the kernel cannot register. [Loader::mapSegments]."""
    numbers = f"sliceOffset=0x{slice_offset:08X}, codeBlobOffset=0x{blob_offset:08X}, codeBlobSize=0x{blob_size:08X}"
    if mac.uuids:
        return f"code signature invalid in <{_uuid(image)}> '{image.path}' (errno=1) {numbers}"
    return f"code signature invalid (errno=1) {numbers} for '{image.path}'"


def unsigned(mac: Mac, image: Named) -> str:
    """Return the refusal of a library without any signature on arm64. [Loader::mapSegments; the kernel's words]."""
    who = f"<{_uuid(image)}> '{image.path}'" if mac.uuids else f"'{image.path}'"
    return (
        f"code signature in {who} not valid for use in process: mapped file has no cdhash, completely unsigned? "
        "Code has to be at least ad-hoc signed."
    )


KILLED = "Killed: 9"
"""All that is seen when a page lacks its signed hash; the crash report says `SIGKILL (Code Signature Invalid)`."""


def _uuid(image: Named) -> str:
    return image.uuid or "no uuid"


def _referrer(mac: Mac, image: Named) -> str:
    who = f"<{_uuid(image)}> {image.path}" if mac.uuids else image.path
    return who + _too_new(mac, image)


def _too_new(mac: Mac, image: Named) -> str:
    """Return the remark on an image built for a later macOS. [Loader::tooNewErrorAddendum; dyld 2 resolveTwolevel]."""
    if image.minos is None or image.minos[:2] <= mac.version or (12, 0) <= mac.version < (13, 0):
        return ""
    major, minor, patch = image.minos
    if mac.old:
        return f" (which was built for Mac OS X {major}.{minor})"
    built_for = f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"
    return f" (built for macOS {built_for} which is newer than running OS)"
