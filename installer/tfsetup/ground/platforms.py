"""What a platform is called by everybody, and which wheels it takes: the one table. Pure.

An architecture has one name on a system, the one that the system's own tools give it: 64-bit ARM is `arm64` on macOS
and Windows, `aarch64` on Linux. Everybody else's spellings lead to it: those of uname(1) and `platform.machine()`, the
triples of compilers and uv, conda's subdirs, environment markers (PEP 508), tags of wheels (PEP 425, 600, 656).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, overload

from tfsetup.ground.versions import at_least, minor, numbers, pair

if TYPE_CHECKING:
    from packaging.tags import Tag

Os = Literal["macos", "linux", "windows"]
Arch = Literal["arm64", "aarch64", "x86_64", "armv7l", "armv6l", "i686"]
NARROW: Final[frozenset[str | None]] = frozenset({"armv7l", "armv6l", "i686"})
"""The 32-bit ones, for which there is no TensorFlow."""

OS_NAMES: Final[Mapping[Os, str]] = {"macos": "macOS", "linux": "Linux", "windows": "Windows"}
"""What people call the systems; `platform_system` of PEP 508 differs in one (`Darwin`)."""

UV_GLIBC: Final = ("2.17", "2.28", "2.31", "2.32", "2.33", "2.34", "2.35", "2.36", "2.37", "2.38", "2.39", "2.40")
"""The levels uv's `--python-platform` names (uv 0.13, `uv pip compile --help`), oldest first."""

UNKNOWN: Final[Mapping[Os, str]] = {"macos": "12.0", "linux": "2.17", "windows": "0"}
"""Which wheels a machine takes whose version could not be told: those of the oldest systems in use."""

_LEGACY: Final = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}  # PEP 600, "legacy tags", by glibc 2.X
_LEGACY_FLOORS: Final = {name: f"2.{minor}" for minor, name in _LEGACY.items()}
_MUSL_IN_USE: Final = (1, 2)  # taken where the musl could not be told: 1.2 is of 2020, and nothing older is maintained
_MAJORS_ONLY: Final = 11  # from macOS 11 on, platform tags count majors (macosx_14_0)


class _Names(NamedTuple):
    """The spellings of one platform. `subdir` is that of a conda channel that has TensorFlow (None: none has).

    `machine` is what `platform.machine()` says, `wheel` the platform tag, where these are not the architecture's name.
    Of Linux: Debian's multiarch name, and the program loaders without which nothing of that architecture starts (gABI
    names: glibc's, musl's).
    """

    triple: str
    subdir: str | None = None
    machine: str = ""
    wheel: str = ""
    multiarch: str = ""
    loaders: tuple[str, ...] = ()


_TABLE: Final[Mapping[tuple[Os, Arch], _Names]] = {
    ("macos", "arm64"): _Names(triple="aarch64-apple-darwin", subdir="osx-arm64"),
    ("macos", "x86_64"): _Names(triple="x86_64-apple-darwin", subdir="osx-64"),
    ("linux", "x86_64"): _Names(
        triple="x86_64-unknown-linux-gnu", subdir="linux-64", multiarch="x86_64-linux-gnu",
        loaders=("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"),
    ),
    ("linux", "aarch64"): _Names(
        triple="aarch64-unknown-linux-gnu", subdir="linux-aarch64", multiarch="aarch64-linux-gnu",
        loaders=("/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"),
    ),
    ("linux", "armv7l"): _Names(
        triple="armv7-unknown-linux-gnueabihf", multiarch="arm-linux-gnueabihf",
        loaders=("/lib/ld-linux-armhf.so.3", "/lib/ld-musl-armhf.so.1"),
    ),
    ("linux", "armv6l"): _Names(  # the first Raspberry Pi and the Zero; Debian's own name for it is armel
        triple="arm-unknown-linux-gnueabi", multiarch="arm-linux-gnueabi",
        loaders=("/lib/ld-linux.so.3", "/lib/ld-musl-arm.so.1"),
    ),
    ("linux", "i686"): _Names(
        triple="i686-unknown-linux-gnu", multiarch="i386-linux-gnu",
        loaders=("/lib/ld-linux.so.2", "/lib/ld-musl-i386.so.1"),
    ),
    ("windows", "x86_64"): _Names(
        triple="x86_64-pc-windows-msvc", subdir="win-64", machine="AMD64", wheel="win_amd64"
    ),
    ("windows", "arm64"): _Names(triple="aarch64-pc-windows-msvc", machine="ARM64", wheel="win_arm64"),
    ("windows", "i686"): _Names(triple="i686-pc-windows-msvc", machine="x86", wheel="win32"),
}  # fmt: skip
_SYSTEMS: Final[Mapping[Os, tuple[str, str]]] = {
    "macos": ("Darwin", "darwin"),
    "linux": ("Linux", "linux"),
    "windows": ("Windows", "win32"),
}
"""`platform_system` and `sys_platform` of PEP 508."""

# What uname, Windows and Python's own version string call architectures; 64-bit ARM stands for itself.
_MACHINES: Final[Mapping[str, Arch]] = {
    "x86_64": "x86_64", "amd64": "x86_64", "x64": "x86_64",
    "i386": "i686", "i486": "i686", "i586": "i686", "i686": "i686", "x86": "i686", "win32": "i686",
    "armv7l": "armv7l", "armhf": "armv7l",
    "armv6l": "armv6l", "armv6": "armv6l", "armel": "armv6l",
    "armv8l": "armv7l",  # a 32-bit personality on a 64-bit kernel
    "arm64": "arm64", "arm64e": "arm64", "aarch64": "arm64",
}  # fmt: skip


@overload
def spelled(arch: Arch, os: Os | None) -> Arch: ...
@overload
def spelled(arch: Arch | None, os: Os | None) -> Arch | None: ...
def spelled(arch: Arch | None, os: Os | None) -> Arch | None:
    """Return `arch` as the operating system spells it (None: 64-bit ARM is `arm64`, wherever)."""
    if arch in {"arm64", "aarch64"}:
        return "aarch64" if os == "linux" else "arm64"
    return arch


def arch_of(machine: str, os: Os | None = None) -> Arch | None:
    """Return the architecture that somebody calls `machine`, as `os` spells it; None: none that is known."""
    return spelled(_MACHINES.get(machine.strip().lower()), os)


def glibc_in(name: str) -> str | None:
    """Return the glibc level in uv's name of a Linux platform, such as `x86_64-manylinux_2_28`; None: it has none."""
    head, _, level = name.partition("-")[2].partition("_")
    if head == "manylinux" and re.fullmatch(r"\d+_\d+", level):
        return level.replace("_", ".")
    return _LEGACY_FLOORS.get(head) if not level else None


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system on an architecture, which `os` spells (`spelled`)."""

    os: Os
    arch: Arch

    @staticmethod
    def named(text: str) -> Platform | None:
        """Return the platform somebody calls `text`: `osx-64`, `aarch64-apple-darwin`, `x86_64-manylinux_2_28`."""
        arch = arch_of(text.partition("-")[0], "linux") if glibc_in(text) else None
        return Platform("linux", arch) if arch else NAMES.get(text)

    @property
    def _names(self) -> _Names:
        known = _TABLE.get((self.os, self.arch))
        return known or _Names(triple=f"{self.arch}-{self.os}", wheel=f"{self.os}_{self.arch}")

    @property
    def triple(self) -> str:
        """What compilers call it, and uv: `x86_64-unknown-linux-gnu`."""
        return self._names.triple

    @property
    def subdir(self) -> str | None:
        """The subdir of a conda channel that has TensorFlow, such as `osx-arm64`; None: none has it."""
        return self._names.subdir

    @property
    def multiarch(self) -> str:
        """How Debian names a Linux architecture's folders: `i386-linux-gnu`."""
        return self._names.multiarch

    @property
    def loaders(self) -> tuple[str, ...]:
        """The program loaders of a Linux architecture: glibc's, musl's."""
        return self._names.loaders

    @property
    def markers(self) -> dict[str, str]:
        """What environment markers see there (PEP 508)."""
        system, sys_platform = _SYSTEMS[self.os]
        machine = self._names.machine or self.arch
        return {"platform_system": system, "platform_machine": machine, "sys_platform": sys_platform}

    def environment(self, python: str) -> dict[str, str]:
        """Return all that environment markers of a CPython `X.Y.Z` see there (PEP 508), but for the kernel's version.

        That is `platform_release` and `platform_version`, which no tag of a wheel and no requirement should turn on.
        """
        return {
            **self.markers, "os_name": "nt" if self.os == "windows" else "posix", "implementation_name": "cpython",
            "implementation_version": python, "platform_python_implementation": "CPython",
            "python_full_version": python, "python_version": minor(python),
        }  # fmt: skip

    @property
    def marker(self) -> str:
        """The environment marker that holds there only."""
        seen = self.markers
        return f"sys_platform == '{seen['sys_platform']}' and platform_machine == '{seen['platform_machine']}'"

    def uv(self, have: str | None = None, needed: str | None = None, *, musl: bool = False) -> str:
        """Return uv's `--python-platform`: the triple, on Linux the newest glibc level that `have` covers.

        `needed` is the oldest glibc that a wheel is for. Where `have` is not known or does not reach that, the level is
        the first that admits the wheel. Of systems with `musl` instead, uv knows one level.
        """
        if self.os != "linux" or musl:
            return self.triple.replace("-gnu", "-musl")
        covered = [level for level in UV_GLIBC if have is not None and at_least(have, level)]
        admitting = [level for level in UV_GLIBC if needed is None or at_least(level, needed)]
        reached = bool(covered) and covered[-1] in admitting
        level = covered[-1] if reached else next(iter(admitting), UV_GLIBC[-1])
        return f"{self.arch}-manylinux_{level.replace('.', '_')}"

    def tags(self, level: str | None = None, *, musl: bool = False) -> Iterator[str]:
        """Yield the platform tags of the wheels it takes, best first.

        `level` is the version of macOS or of the C library (None: could not tell), which is `musl` or glibc. Rules:
        `packaging.tags`, which has them for the machine it runs on; PEP 600, PEP 656.
        """
        major, minor = pair(level or "", 0) or pair(UNKNOWN[self.os], 0) or (0, 0)
        match self.os:
            case "macos":
                from packaging.tags import mac_platforms

                yield from mac_platforms((major, minor), self.arch)
            case "linux":
                named = _musl(*(pair(level or "") or _MUSL_IN_USE)) if musl else _many(major, minor)
                yield from (f"{name}_{self.arch}" for names in named for name in names)
                yield f"linux_{self.arch}"
            case "windows":
                yield self._names.wheel


def _musl(major: int, minor: int) -> Iterator[tuple[str, ...]]:
    yield from ((f"musllinux_{major}_{level}",) for level in range(minor, -1, -1))


def _many(major: int, minor: int) -> Iterator[tuple[str, ...]]:
    for level in range(minor, min(_LEGACY) - 1, -1):
        yield (f"manylinux_{major}_{level}", *([_LEGACY[level]] if level in _LEGACY else []))


NAMES: Final[Mapping[str, Platform]] = {
    name: Platform(os, arch)
    for (os, arch), names in _TABLE.items()
    for name in (f"{os}-{arch}", names.subdir, names.triple)
    if name is not None
}
"""The names of whole platforms: ours, conda's, the compilers'."""

SUBDIRS: Final = tuple(sorted(names.subdir for names in _TABLE.values() if names.subdir))
"""The subdirs of a conda channel that TensorFlow has packages for."""


# -------------------------------------------------------------------------------------------------------- wheels


class PlatformTag(NamedTuple):
    """One platform tag: which system (None: any) and architecture it is for, the oldest macOS or C library it takes.

    `arch` is `any` for universal2, and otherwise as the tag spells it where that is none of ours. `libc` is empty for
    the tag of a wheel that was built for one machine (`linux_x86_64`).
    """

    os: Os | None
    arch: str
    floor: str | None = None
    libc: Literal["glibc", "musl", ""] = ""


_TAG: Final = re.compile(r"(macosx|manylinux|musllinux)_(\d+)_(\d+)_(\w+)\Z")
_WINDOWS: Final = {names.wheel: arch for (os, arch), names in _TABLE.items() if os == "windows"}
_LIBC: Final[Mapping[str, Literal["glibc", "musl", ""]]] = {"manylinux": "glibc", "musllinux": "musl"}


@lru_cache(maxsize=4096)
def read_tag(text: str) -> PlatformTag | None:
    """Return what a platform tag says; None for one of a system that is none of ours."""
    if text == "any":
        return PlatformTag(os=None, arch="any")
    if text in _WINDOWS:
        return PlatformTag(os="windows", arch=_WINDOWS[text])
    head, _, arch = text.partition("_")
    if arch and head in _LEGACY_FLOORS:
        return PlatformTag(os="linux", arch=arch, floor=_LEGACY_FLOORS[head], libc="glibc")
    if arch and head == "linux":
        return PlatformTag(os="linux", arch=arch)
    if (found := _TAG.match(text)) is None:
        return None
    os: Os = "macos" if found[1] == "macosx" else "linux"
    arch = "any" if os == "macos" and found[4] == "universal2" else found[4]
    return PlatformTag(os=os, arch=arch, floor=f"{found[2]}.{found[3]}", libc=_LIBC.get(found[1], ""))


_NO_FLAGS_FROM: Final = (3, 8)
_NO_WIDTH_FROM: Final = (3, 3)


def abi_tags(python: str, *, free_threaded: bool = False) -> list[str]:
    """Return the ABIs of its own that a released CPython `X.Y` may have, the more common first.

    A free-threaded build has one that ends with `t` (PEP 703), and takes no wheel of the other.
    Until 3.7 the names carry how it was built: `m` with pymalloc, which all releases were; until 3.2 `u` with wide
    characters, which most on Linux were (PEP 3149; from 3.3 on PEP 393, from 3.8 on bpo-36707).
    """
    version, name = pair(python, 0) or (0, 0), f"cp{python.replace('.', '')}"
    if version >= _NO_FLAGS_FROM:
        return [f"{name}t" if free_threaded else name]
    return [f"{name}m"] if version >= _NO_WIDTH_FROM else [f"{name}mu", f"{name}m"]


def wheel_tags(python: str, platforms: Iterable[str], *, free_threaded: bool = False) -> Iterator[Tag]:
    """Yield the tags of the wheels that a CPython `X.Y` takes, best first (PEP 425); of `platforms` the best first."""
    from packaging.tags import compatible_tags, cpython_tags

    interpreter, version, tags = f"cp{python.replace('.', '')}", numbers(python) or (), list(platforms)
    yield from cpython_tags(version, abis=abi_tags(python, free_threaded=free_threaded), platforms=tags)
    yield from compatible_tags(version, interpreter, tags)


def best_wheel(filenames: Iterable[str], tags: Iterable[Tag]) -> str | None:
    """Return the wheel that pip prefers among those of one release; None: none of them has one of `tags`."""
    return next(iter(fitting_wheels(filenames, tags)), None)


def fitting_wheels(filenames: Iterable[str], tags: Iterable[Tag]) -> list[str]:
    """Return the wheels of one release that have one of `tags`, the one that pip prefers first.

    Of two with the same tag it prefers the higher build number (`CandidateEvaluator._sort_key`).
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    ranks = {tag: rank for rank, tag in enumerate(tags)}
    fitting = []
    for filename in sorted(filenames):
        try:
            _, _, build, its_tags = parse_wheel_filename(filename)
        except InvalidWheelFilename:
            continue
        found = [ranks[tag] for tag in its_tags if tag in ranks]
        fitting += [(min(found), build, filename)] if found else []
    by_build = sorted(fitting, key=lambda each: each[1], reverse=True)
    return [filename for _, _, filename in sorted(by_build, key=lambda each: each[0])]


# ------------------------------------------------------------------------------------------- systems and processors


@lru_cache(maxsize=256)
def read_mac_version(text: str) -> str | None:
    """Return a version of macOS, None when it is none or a made-up one.

    Programs built with an old SDK are told 10.16 on macOS 11 and later, and 16.0 on macOS 26 and later
    (python/cpython#135675); there is no macOS 10.16, nor any from 16 to 25.
    """
    release = text.strip()
    found = pair(release, 0) if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}", release) else None
    return None if found is None or found == (10, 16) or 16 <= found[0] <= 25 else release  # noqa: PLR2004 - see above


def deployment(release: str | None) -> str | None:
    """Return the macOS level that platform tags can name: from macOS 11 on, they count majors (`macosx_14_0`)."""
    found = pair(release or "", 0)
    return None if found is None else f"{found[0]}.{0 if found[0] >= _MAJORS_ONLY else found[1]}"


_LEVELS: Final = (
    frozenset({"cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
    frozenset({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}),
    frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
)


def x86_level(features: Iterable[str]) -> int:
    """Return the microarchitecture level (1 to 4) of an x86-64 CPU with these features (Linux spelling).

    Each level needs the features of those before it as well (x86-64 psABI, "Micro-Architecture Levels").
    """
    have = set(features)
    missed = (number for number, needed in enumerate(_LEVELS, 1) if not needed <= have)
    return next(missed, len(_LEVELS) + 1)


_TELLING: Final = (frozenset({"sse4_2"}), frozenset({"avx2", "fma"}), _LEVELS[2])


def possible_x86_level(features: Iterable[str]) -> int:
    """Return the highest level a CPU may have of which somebody has listed these features, perhaps not all.

    Lists are written by people, and by programs that report what they know of (tfsetup itself left MOVBE out): every
    processor made so far that has AVX2 and FMA has the rest of level 3 too. AVX-512 has to be named in all its parts.
    """
    have = set(features)
    return max((number for number, needed in enumerate(_TELLING, 2) if needed <= have), default=1)
