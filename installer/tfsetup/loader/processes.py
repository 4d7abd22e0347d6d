"""A fresh process of a machine: which loader, with which facts about its system."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tfsetup.host.model import Host
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.dyld.restrained import not_judged
from tfsetup.loader.dyld.system import System
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.glibc.musl import MuslProcess
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.stock import Names
from tfsetup.loader.glibc.system import system_of
from tfsetup.loader.machine import Machine, path_of
from tfsetup.loader.model import Filesystem, Process
from tfsetup.loader.python.brought import Brought
from tfsetup.loader.python.promised import Promise, Promised
from tfsetup.loader.windows.process import WindowsProcess, WindowsSystem

NEWEST_MACOS = (26, 0)
"""The newest macOS whose dyld is known; judged for when a host does not say its version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What is at hand of the process.

    `prefix` is the environment's root (without a trailing slash), `executable` the interpreter's absolute path in
    `files`, None when it is not there; `real` says that `files` shows this machine's own system libraries too;
    `library_path` is LD_LIBRARY_PATH, `preload` LD_PRELOAD, `variables` the names of dyld's variables that are set;
    `macos` what is known of macOS, `symbols` what the GNU C library defines, `libraries` what other libraries of a
    Linux do, `promises` which of them wheels may expect, `windows` what every Windows has, `editions` what some lack.
    `site` is the folder of the distributions, as in `prefix`, `wheels` are the file names of those that are not
    installed yet.
    """

    files: Filesystem
    macos: System
    prefix: str
    executable: str | None = None
    real: bool = False
    library_path: str = ""
    preload: str = ""
    variables: tuple[str, ...] = ()
    symbols: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    libraries: Mapping[str, Names] = field(default_factory=dict)
    promises: Mapping[str, Promise] = field(default_factory=dict)
    windows: AbstractSet[str] = frozenset()
    editions: Mapping[str, str] = field(default_factory=dict)
    site: str | None = None
    wheels: tuple[str, ...] = ()


def new_process(machine: Machine, host: Host, python: str | None, around: Surroundings) -> Process:
    """Return a process with nothing but the interpreter in it.

    Raises:
        MalformedImage: the interpreter itself is damaged.
    """
    match machine.system:
        case "macos":
            unseen = not_judged(around.files, around.executable or path_of(host, python), around.variables)
            return DyldProcess(_mac(machine, around), around.files, around.macos, unseen)
        case "linux":
            system = system_of(
                host,
                machine.arch,
                around.files,
                executable=around.executable,
                real=around.real,
                symbols=around.symbols,
                libraries=around.libraries,
                brought=Brought(files=around.files, site=around.site, folder=f"{around.prefix}/lib"),
                promised=_promised(around),
                library_path=around.library_path,
                preload=around.preload,
            )
            return MuslProcess(system) if machine.musl else GlibcProcess(system)
        case "windows":
            return WindowsProcess(_windows(machine, python, around))


def _promised(around: Surroundings) -> Promised:
    return Promised(files=around.files, site=around.site, wheels=around.wheels, promises=around.promises)


def _windows(machine: Machine, python: str | None, around: Surroundings) -> WindowsSystem:
    own = Brought(files=around.files, site=around.site, folded=True)
    return WindowsSystem(
        arch=machine.arch,
        files=around.files,
        python=python or "",
        libraries=around.windows,
        editions=around.editions,
        brought=own,
    )


def _mac(machine: Machine, around: Surroundings) -> Mac:
    return Mac(
        version=machine.version or NEWEST_MACOS,
        architecture="arm64" if machine.arch == "arm64" else "x86_64",
        rosetta=machine.rosetta,
        executable=around.executable or posixpath.join(around.prefix, "bin", "python3"),
    )
