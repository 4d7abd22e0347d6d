"""What a Linux system offers when its files cannot be read (a replayed host): libraries and their symbol versions.

Sources: the C library's own version nodes are its release numbers; libgcc_s, libstdc++ and libz as shipped with the
distributions of that glibc (the policies of auditwheel, PEP 600: `manylinux_2_X` promises what the mainstream
distributions of that glibc have); GLIBCXX and CXXABI by GCC release: libstdc++ manual, "ABI Policy and Guidelines".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tfsetup.ground.platforms import NARROW, Arch, Platform, spelled
from tfsetup.ground.versions import numbers
from tfsetup.loader.elf.symbols import gnu_hash

Presence = Literal["always", "unknown"]
Release = tuple[int, ...]
Names = Mapping[int, str]
"""Hash of a name (`gnu_hash`) to the version in which a library defines it."""

_NUMBERED = re.compile(r"(?P<family>[A-Z]+(?:_[A-Z]+)*)_(?P<number>[0-9]+(?:\.[0-9]+)*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """One library of the system.

    `presence`: whether every system has it. `usual`: many do, so that a copy of it among the files that are judged does
    not make the name theirs.
    `levels` maps a family of version names (`GLIBC`, `GLIBCXX`) to the highest that is there for certain and the
    highest that may be there; of a family that is not listed nothing is known. `defined`: for the hash of each name it
    defines the version in which it does; None: nothing is known of its names.
    """

    soname: str
    presence: Presence
    levels: dict[str, tuple[Release, Release]]
    defined: Names | None = None
    usual: bool = False

    def answers(self, name: bytes) -> bool | None:
        """Say whether the library defines a name that is asked for without version; None: could not tell.

        Such a reference takes the default version of a name (`do_lookup_x`), whichever that is.
        """
        if self.defined is None:
            return None
        version = self.defined.get(gnu_hash(name))
        return False if version is None else self.provides(version)

    def provides(self, version: str) -> bool | None:
        """Say whether the library defines a version node; None: could not tell."""
        named = self.levels.get(version)
        if named is not None:
            return _between((1,), named)
        match = _NUMBERED.fullmatch(version)
        if match is None or match["family"] not in self.levels:
            return None
        return _between(release(match["number"]), self.levels[match["family"]])


def _between(wanted: Release, levels: tuple[Release, Release]) -> bool | None:
    certain, possible = levels
    if wanted <= certain:
        return True
    return None if wanted <= possible else False


def release(number: str) -> Release:
    """Turn `2.17` into `(2, 17)`."""
    return numbers(number) or NONE


ANY: Release = (10**6,)
NONE: Release = ()

_GLIBC_FAMILY = (
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libresolv.so.2",
    "libmvec.so.1", "libanl.so.1", "libBrokenLocale.so.1", "libnss_files.so.2", "libnss_dns.so.2",
    "libc_malloc_debug.so.0", "libthread_db.so.1",
)  # fmt: skip

LINKERS: dict[Arch, str] = {
    arch: posixpath.basename(Platform("linux", spelled(arch, "linux")).loaders[0]) for arch in get_args(Arch)
}

_STDLIB = (
    # glibc from this release on: (GLIBCXX certain, possible), (CXXABI certain, possible), GCC certain, GCC possible
    ((2, 17), ((3, 4, 19), (1, 3, 7), (4, 8, 0)), "CentOS 7, GCC 4.8"),
    ((2, 24), ((3, 4, 22), (1, 3, 10), (6,)), "Debian 9, GCC 6"),
    ((2, 26), ((3, 4, 24), (1, 3, 11), (7, 0, 0)), "openSUSE Leap 15, GCC 7"),
    ((2, 28), ((3, 4, 25), (1, 3, 11), (8,)), "Debian 10, RHEL 8, GCC 8"),
    ((2, 31), ((3, 4, 28), (1, 3, 12), (10,)), "Debian 11, Ubuntu 20.04, GCC 10"),
    ((2, 34), ((3, 4, 29), (1, 3, 13), (11, 0)), "RHEL 9, GCC 11"),
    ((2, 35), ((3, 4, 30), (1, 3, 13), (12, 0, 0)), "Ubuntu 22.04, Debian 12, GCC 12"),
    ((2, 39), ((3, 4, 32), (1, 3, 14), (13, 0, 0)), "Fedora 40, Ubuntu 24.04, GCC 13"),
    ((2, 41), ((3, 4, 33), (1, 3, 15), (14, 0, 0)), "Debian 13, GCC 14"),
)

_USUAL = (
    # libraries the manylinux policies let wheels expect of the system, though a small system may lack them
    "libX11.so.6", "libXext.so.6", "libXrender.so.1", "libICE.so.6", "libSM.so.6", "libGL.so.1", "libgobject-2.0.so.0",
    "libgthread-2.0.so.0", "libglib-2.0.so.0", "libatomic.so.1", "libexpat.so.1", "libnsl.so.1", "libgomp.so.1",
    "libgomp.so.1.0.0", "libxcb.so.1", "libcrypt.so.1", "libcuda.so.1", "libnvidia-ml.so.1",
)  # fmt: skip
_OF_PACKAGES = re.compile(r"lib(?:tensorflow|torch|c10|jax)[\w.+-]*|.*-[0-9a-f]{8}\.so[.\d]*")
"""Libraries that only packages for Python bring; auditwheel writes a hash into the names of those it copies."""

_ZLIB: tuple[tuple[tuple[int, int], Release], ...] = (
    # glibc from this release on: the oldest zlib of a distribution that has it, as those of `_STDLIB`
    ((2, 17), (1, 2, 7)),  # CentOS 7
    ((2, 24), (1, 2, 8)),  # Debian 9
    ((2, 26), (1, 2, 11)),  # openSUSE Leap 15, and all after it up to RHEL 9
    ((2, 36), (1, 2, 13)),  # Debian 12
)
_NO_NAMES: Mapping[str, Names] = {}
_SYSTEM_NAME = re.compile(r"lib[\w.+-]+\.so(?:\.[\w.]+)?")


def parse_symbols(text: str) -> dict[str, Release]:
    """Parse `data/glibc-symbols.txt`: a line with a release, then indented lines of names; `#` starts a comment."""
    found: dict[str, Release] = {}
    since: Release = ()
    for line in text.splitlines():
        if line.startswith(" "):
            found |= dict.fromkeys(line.split(), since)
        elif line and not line.startswith("#"):
            since = release(line)
    return found


def parse_libraries(text: str) -> dict[str, dict[int, str]]:
    """Parse `data/linux-symbols.txt`: lines `LIBRARY VERSION`, each followed by indented hashes; `#` is a comment."""
    found: dict[str, dict[int, str]] = {}
    library, version = "", ""
    for line in text.splitlines():
        if line.startswith(" "):
            found.setdefault(library, {}).update(dict.fromkeys((int(word, 16) for word in line.split()), version))
        elif line and not line.startswith("#"):
            library, _, version = line.partition(" ")
    return found


def stock_library(
    soname: str, arch: Arch, glibc: tuple[int, int] | None, names: Mapping[str, Names] = _NO_NAMES
) -> Stock | None:
    """Return what is known of the system's library `soname`; None: it is none of a system's.

    Which libraries somebody has installed no list can say: of one that is in none it is unknown whether it is there.

    Args:
        soname: the name in DT_NEEDED.
        arch: the process's architecture.
        glibc: release of the C library; None when it could not be told.
        names: what libraries define (`parse_libraries`), for processes of 64 bits.
    """
    if soname in _GLIBC_FAMILY or soname == LINKERS[arch]:
        return Stock(soname=soname, presence="always", levels=_glibc_levels(glibc), usual=True)
    if soname in ("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1"):
        levels = _zlib_levels(glibc) if soname == "libz.so.1" else _gcc_levels(glibc)
        # with 32 bits C++ spells names in another way: `size_t` is another type
        defined = None if arch in NARROW else names.get(soname)
        return Stock(soname=soname, presence="always", levels=levels, defined=defined, usual=True)
    if _SYSTEM_NAME.fullmatch(soname) and not _OF_PACKAGES.fullmatch(soname):
        return Stock(soname=soname, presence="unknown", levels={}, usual=soname in _USUAL)
    return None


def _glibc_levels(glibc: tuple[int, int] | None) -> dict[str, tuple[Release, Release]]:
    if glibc is None:
        return {"GLIBC": ((2, 17), ANY), "GLIBC_ABI_DT_RELR": (NONE, ANY), "GLIBC_PRIVATE": (ANY, ANY)}
    relr = ANY if glibc >= (2, 36) else NONE
    return {"GLIBC": (glibc, glibc), "GLIBC_ABI_DT_RELR": (relr, relr), "GLIBC_PRIVATE": (ANY, ANY)}


def _zlib_levels(glibc: tuple[int, int] | None) -> dict[str, tuple[Release, Release]]:
    known = [release for since, release in _ZLIB if glibc is not None and since <= glibc]
    return {"ZLIB": (known[-1] if known else _ZLIB[0][1], ANY)}


def _gcc_levels(glibc: tuple[int, int] | None) -> dict[str, tuple[Release, Release]]:
    """GLIBCXX and CXXABI: at least what the oldest known distribution of that glibc has; a newer GCC may be there."""
    known = [levels for since, levels, _ in _STDLIB if glibc is not None and since <= glibc]
    if not known:
        return {"GLIBCXX": ((3, 4), ANY), "CXXABI": ((1, 3), ANY), "GCC": ((4, 3, 0), ANY), "CXXABI_TM": ((1,), ANY)}
    glibcxx, cxxabi, gcc = known[-1]
    certain = {"GLIBCXX": glibcxx, "CXXABI": cxxabi, "GCC": gcc, "CXXABI_TM": (1,), "CXXABI_FLOAT": (128,)}
    # GLIBC: a node of libgcc_s where the ABI is older than its unwinder (aarch64, i386)
    return {"GLIBC": ((2, 0), (2, 0)), **{family: (level, ANY) for family, level in certain.items()}}
