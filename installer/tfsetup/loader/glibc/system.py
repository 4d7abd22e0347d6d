"""The machine a glibc process runs on: where libraries are looked for, and what its C library is."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from tfsetup.ground.platforms import Arch, Platform, possible_x86_level, spelled, x86_level
from tfsetup.ground.versions import pair
from tfsetup.host.model import Host
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.elf.image import Machine
from tfsetup.loader.glibc.ld_cache import read_cache
from tfsetup.loader.glibc.stock import Names
from tfsetup.loader.model import Filesystem
from tfsetup.loader.python.promised import Promised

CACHE = "/etc/ld.so.cache"

MACHINES: Mapping[Arch, tuple[Machine, int]] = {
    "x86_64": (Machine.X86_64, 64),
    "aarch64": (Machine.AARCH64, 64),
    "arm64": (Machine.AARCH64, 64),
    "i686": (Machine.I386, 32),
    "armv7l": (Machine.ARM, 32),
    "armv6l": (Machine.ARM, 32),
}
"""`e_machine` and class of the files each architecture runs."""

HWCAPS_SINCE = (2, 33)
ALL_LEVELS = 4

_OF_DEBIAN = frozenset((
    "debian", "ubuntu", "raspbian", "linuxmint", "pop", "kali", "elementary", "zorin", "neon", "devuan", "deepin",
    "mx", "parrot", "pureos", "tuxedo",
))  # fmt: skip
"""Distributions whose os-release names debian or ubuntu in ID_LIKE, which a host file does not keep."""


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """Facts about the machine and the process's environment.

    `executable`: absolute path of the interpreter in `files`; None when it cannot be read (a replayed host), then an
    interpreter that defines the whole Python C API is assumed. `real`: the system's libraries are in `files`, so one
    that is not found is missing; otherwise what is known of stock systems is asked.
    `glibc`: release as (major, minor), None when it could not be told. `symbols`: what the C library defines, and since
    which release, `libraries` what others define, for when they cannot be read. `brought`: the names that belong to the
    set that is judged, `promised`: what its wheels may expect of a system. `library_path`: LD_LIBRARY_PATH as it
    is, `preload`: LD_PRELOAD. `levels`: the level of x86-64 the CPU has for certain, and the highest it may have.
    `page`: bytes of a page (None: could not tell). `executable_stack`: the interpreter's own is, so no library has to
    make it so.
    """

    arch: Arch
    files: Filesystem
    glibc: tuple[int, int] | None
    executable: str | None = None
    real: bool = False
    symbols: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    libraries: Mapping[str, Names] = field(default_factory=dict)
    brought: Container[str] = frozenset()
    promised: Promised | None = None
    library_path: str = ""
    preload: str = ""
    cache: Mapping[str, str] = field(default_factory=dict)
    directories: tuple[str, ...] = ()
    lib: str = "lib"
    levels: tuple[int, int] = (1, ALL_LEVELS)
    hwcaps: tuple[str, ...] = ()
    page: int | None = None
    executable_stack: bool = False
    cwd: str = "/"

    def c_library_defines(self, name: str) -> bool:
        """Say whether the C library, which every process has, defines a symbol (asked for without a version)."""
        since = self.symbols.get(name)
        return since is not None and (self.glibc is None or since <= self.glibc)

    @property
    def machine(self) -> Machine:
        """The `e_machine` of files this process can use."""
        return MACHINES[self.arch][0]

    @property
    def is_debian(self) -> bool:
        """Whether it is Debian or made from it: multiarch folders, and a patched ld.so.

        What does not say so is laid out as glibc itself is where nobody has changed it: `/lib64`.
        """
        return self.lib != "lib64"

    @property
    def bits(self) -> int:
        """The class of files this process can use."""
        return MACHINES[self.arch][1]


def system_of(
    host: Host,
    arch: Arch,
    files: Filesystem,
    *,
    executable: str | None = None,
    real: bool = False,
    symbols: Mapping[str, tuple[int, ...]] | None = None,
    libraries: Mapping[str, Names] | None = None,
    brought: Container[str] = frozenset(),
    promised: Promised | None = None,
    library_path: str = "",
    preload: str = "",
    cwd: str = "/",
) -> System:
    """Put together what is known of a machine.

    Args:
        host: the machine; its C library and CPU count.
        arch: the interpreter's architecture.
        files: everything the process sees: the environment, and with `real` the system's root as well.
        executable: path of the interpreter in `files`.
        real: `files` shows the root of the machine itself.
        symbols: what the GNU C library defines, and since which release.
        libraries: what other libraries define (`parse_libraries`).
        brought: base names of libraries that are the set's own, and no system's.
        promised: which libraries of a system its wheels may expect.
        library_path: LD_LIBRARY_PATH of the process.
        preload: its LD_PRELOAD.
        cwd: the process's working directory.

    Raises:
        MalformedImage: the machine's library cache is damaged.
    """
    version = pair((host.libc and host.libc.version) or "")
    triplet = Platform("linux", spelled(arch, "linux")).multiarch
    debian = files.lookup(f"/usr/lib/{triplet}") is not None if real else _is_of_debian(host)
    levels = _levels(host)
    hwcaps = _hwcaps(levels[0], arch, version)
    return System(
        arch=arch,
        files=files,
        glibc=version,
        executable=executable,
        real=real,
        symbols=symbols or {},
        libraries=libraries or {},
        brought=brought,
        promised=promised,
        library_path=library_path,
        preload=preload,
        cache=_cache(files, arch, hwcaps) if real else {},
        directories=_directories(triplet, arch, debian=debian),
        lib=f"lib/{triplet}" if debian else "lib64",
        levels=levels,
        hwcaps=hwcaps,
        page=host.page_size,
        cwd=cwd,
    )


def _directories(triplet: str, arch: Arch, *, debian: bool) -> tuple[str, ...]:
    """`ld.so --list-diagnostics`, path.system_dirs: Debian's multiarch folders, or those of everybody else."""
    if debian:
        return (f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib", "/usr/lib")
    return ("/lib64", "/usr/lib64") if MACHINES[arch][1] > 32 else ("/lib", "/usr/lib")  # noqa: PLR2004 - the class


def _is_of_debian(host: Host) -> bool:
    """Whether a machine that is not at hand says that it is Debian, or made from it (os-release(5), `ID`)."""
    return (host.os_version or "").partition(" ")[0].lower() in _OF_DEBIAN


def _levels(host: Host) -> tuple[int, int]:
    """Return the level of x86-64 a CPU has for certain, and the highest it may have."""
    features = host.cpu.features if host.cpu else None
    return (1, ALL_LEVELS) if features is None else (x86_level(features), possible_x86_level(features))


def _hwcaps(level: int, arch: Arch, version: tuple[int, int] | None) -> tuple[str, ...]:
    """Name the `glibc-hwcaps` subdirectories the CPU uses, best first (glibc sysdeps/x86_64/dl-hwcaps_subdirs.c)."""
    if arch != "x86_64" or (version is not None and version < HWCAPS_SINCE):
        return ()
    return tuple(f"x86-64-v{number}" for number in range(level, 1, -1))


def _cache(files: Filesystem, arch: Arch, hwcaps: Sequence[str]) -> Mapping[str, str]:
    entry = files.lookup(CACHE)
    if entry is None or entry.source is None:
        return {}
    try:
        return read_cache(entry.source, arch, hwcaps)
    except MalformedImage:
        return {}  # ld.so, too, goes on without a cache it does not understand (`_dl_load_cache_lookup`)
