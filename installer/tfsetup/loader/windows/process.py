"""`WindowsProcess`: what LoadLibraryEx does in a Python process on Windows.

Sources: Microsoft, "Dynamic-link library search order" and "LoadLibraryExW" (learn.microsoft.com); CPython
Python/dynload_win.c (flags, words of the ImportError) and Modules/_ctypes; TensorFlow
core/platform/windows/load_library.cc. Nothing here was measured on Windows; what the operating system alone decides
is listed in `not_covered`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Self

from tfsetup.ground.platforms import Arch
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.model import Entry, Filesystem, Kind, LoadFailure, Mode, NotCovered, each_once
from tfsetup.loader.pe.image import Machine, Pe
from tfsetup.loader.windows.runtime import Runtime
from tfsetup.loader.windows.stock import Presence, is_fixed, presence_of

MACHINES: Mapping[Arch, Machine] = {
    "x86_64": Machine.AMD64,
    "arm64": Machine.ARM64,
    "aarch64": Machine.ARM64,
    "i686": Machine.I386,
    "armv7l": Machine.ARM,
}

TEXTS = {
    5: "Access is denied.",
    126: "The specified module could not be found.",
    127: "The specified procedure could not be found.",
    182: "The operating system cannot run %1.",
    193: "%1 is not a valid Win32 application.",
}
"""Words of the system errors that loading ends in (FormatMessage, English)."""

_MAX_FORWARDS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowsSystem:
    """Facts about the machine and the process.

    `application`: the folder of python.exe. `python`: the interpreter's version as `3.12` (free-threaded: `3.13t`).
    `dll_directories`: folders given to `os.add_dll_directory` before. `redistributable`: whether the Microsoft Visual
    C++ redistributable is installed; None (could not tell) assumes so and says so. `libraries`: what every Windows has
    in System32 (`stock.parse_system32`), `editions`: what some editions lack, and which. `brought`: the names that
    belong to the set that is judged.
    """

    arch: Arch
    files: Filesystem
    python: str
    application: str = "C:/Python"
    dll_directories: tuple[str, ...] = ()
    redistributable: bool | None = None
    libraries: AbstractSet[str] = frozenset()
    editions: Mapping[str, str] = field(default_factory=dict)
    brought: Container[str] = frozenset()


class Module:
    """One library in a process; `pe` is None where the bytes are not at hand: the system's and the interpreter's."""

    def __init__(self, path: str, identity: Hashable, pe: Pe | None) -> None:
        """Remember a library by its path."""
        self.path, self.identity, self.pe = path, identity, pe

    @property
    def base(self) -> str:
        """The base name, in lower case: what an import is compared with."""
        return base_name(self.path)


class _Failed(Exception):  # noqa: N818 - carries a result up through the calls
    def __init__(
        self, error: int, kind: Kind, image: str, *, library: str | None = None, symbol: str | None = None
    ) -> None:
        super().__init__(error)
        self.error, self.kind, self.image, self.library, self.symbol = error, kind, image, library, symbol


def base_name(path: str) -> str:
    """Return the last part of a path in lower case."""
    return posixpath.basename(path.replace("\\", "/")).lower()


def module_name(library: str) -> str:
    """Return the base name an import asks for: without extension `.dll` is meant."""
    return library.lower() if "." in library else f"{library.lower()}.dll"


class WindowsProcess:
    """A process that accumulates loaded libraries; see `tfsetup.loader.model.Process`."""

    def __init__(self, system: WindowsSystem) -> None:
        """Start the interpreter with nothing loaded from files."""
        self._system = system
        self._modules: list[Module] = []
        self._unknown: dict[NotCovered, None] = {}
        self._read: dict[Hashable, Pe] = {}
        self._listed: dict[str, Mapping[str, str]] = {}
        self.runtime = Runtime()

    @property
    def images(self) -> int:
        """How many files have been mapped, those of the operating system not counted."""
        return sum(module.pe is not None for module in self._modules)

    @property
    def loaded(self) -> Sequence[str]:
        """The paths of what is mapped and at hand, in load order."""
        return [module.path for module in self._modules if module.pe is not None]

    @property
    def not_covered(self) -> Sequence[NotCovered]:
        """What could not be decided so far."""
        return list(self._unknown)

    @property
    def asked_for(self) -> Mapping[str, str]:
        """The base names in import tables, with what answers to each."""
        pes = (module.pe for module in self._modules if module.pe is not None)
        names = {module_name(wanted.library) for pe in pes for wanted in pe.imports}
        return {name: path for name, path in self.answering.items() if name in names}

    @property
    def answering(self) -> Mapping[str, str]:
        """The base names of what is mapped from files."""
        return {module.base: module.path for module in reversed(self._modules) if module.pe is not None}

    def fork(self) -> Self:
        """See `Process.fork`; a module never changes, so that both have the same."""
        child = copy(self)
        child._modules, child._unknown = [*self._modules], {**self._unknown}
        child.runtime = self.runtime.fork()
        return child

    def joined(self, others: Sequence[Self]) -> Self:
        """See `Process.joined`."""
        whole = self.fork()
        whole._modules = each_once([whole._modules, *(other._modules for other in others)])
        for other in others:
            whole._unknown |= other._unknown
            whole.runtime.join(other.runtime)
        return whole

    def add_dll_directory(self, path: str) -> None:
        """Do what `os.add_dll_directory` does."""
        if path not in self._system.dll_directories:
            self._system = replace(self._system, dll_directories=(*self._system.dll_directories, path))

    def dlopen(self, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        """Load `path` as Python's import does (a `.pyd`), TF_LoadLibrary (opens with local scope), or ctypes.

        The words of the failure are those of who loads. Windows itself knows neither `mode` nor `caller`.
        """
        del caller
        before = len(self._modules)
        try:
            self._load(path)
        except _Failed as failed:
            del self._modules[before:]
            return LoadFailure(
                kind=failed.kind,
                image=failed.image,
                message=_words(path, failed.error, by_tensorflow=mode.scope == "local"),
                symbol=failed.symbol,
                library=failed.library,
            )
        return None

    def exports(self, path: str, symbol: str) -> bool:
        """Say whether GetProcAddress finds `symbol` in the loaded file at `path`."""
        module = next((module for module in self._modules if path.lower() in (module.path.lower(), module.base)), None)
        try:
            return module is not None and module.pe is not None and module.pe.export(symbol) is not None
        except MalformedImage:
            return False

    # -- loading -------------------------------------------------------------------------------------------------------

    def _load(self, path: str) -> Module:
        """Load a file by its path, or a library by its bare name."""
        if "/" not in path and "\\" not in path:
            return self._module(path, Module(path, None, None), None)
        entry = self._system.files.lookup(path)
        if entry is None:
            raise _Failed(126, "library-not-found", path, library=path)
        return self._map(entry, posixpath.dirname(path))

    def _map(self, entry: Entry, load_directory: str) -> Module:
        """Map a file and everything it imports, depth first; then look every import up."""
        same = next((module for module in self._modules if module.identity == entry.identity), None)
        if same is not None:
            return same
        if entry.source is None:
            raise _Failed(5, "malformed-image", entry.path)
        try:
            pe = self._read.get(entry.identity) or self._read.setdefault(entry.identity, Pe(entry.source))
            if pe.machine != MACHINES[self._system.arch]:
                raise _Failed(193, "wrong-architecture", entry.path)
            module = Module(entry.path, entry.identity, pe)
            self._modules.append(module)
            for wanted in pe.imports:
                provider = self._module(wanted.library, module, load_directory)
                self._check(module, provider, wanted.symbols, load_directory)
                self.runtime.uses(module, provider)
        except MalformedImage as error:
            raise _Failed(193, "malformed-image", entry.path) from error
        return module

    def _module(self, library: str, wanting: Module, load_directory: str | None) -> Module:
        """Return the library an import names: loaded already, of the system, or found in the folders that count."""
        name = module_name(library)
        loaded = next((module for module in self._modules if module.base == name), None)
        if loaded is not None:
            return loaded
        entry = None if is_fixed(name) else self._in_directories(name, load_directory)
        if entry is not None:
            return self._map(entry, load_directory or posixpath.dirname(entry.path))
        return self._outside(name, presence_of(name, self._system.python, self._system.libraries), wanting)

    def _outside(self, name: str, presence: Presence, wanting: Module) -> Module:
        """Judge a library that is in none of the folders before System32."""
        if presence is Presence.ALWAYS:
            return self._system_module(name)
        if presence is Presence.REDISTRIBUTABLE and self._system.redistributable is not False:
            if self._system.redistributable is None:
                reason = f"whether {name} of the Microsoft Visual C++ redistributable is installed (assumed)"
                self._unknown[NotCovered(reason=reason)] = None
            return self._system_module(name)
        if presence is Presence.UNKNOWN and name not in self._system.brought:
            self._unknown[self._unseen(name, wanting)] = None
            return self._system_module(name)
        raise _Failed(126, "library-not-found", wanting.path, library=name)

    def _unseen(self, name: str, wanting: Module) -> NotCovered:
        """Tell of a library that this Windows may lack; one that only some editions lack is presumed."""
        lacking = self._system.editions.get(name)
        reason = f"{name} of Windows is presumed: {lacking} lack it" if lacking else f"whether that Windows has {name}"
        presumed = lacking is not None
        return NotCovered(reason=reason, image=wanting.path, matters=not presumed, library=name, presumed=presumed)

    def _system_module(self, name: str) -> Module:
        module = Module(f"C:/Windows/System32/{name}", ("system", name), None)
        self._modules.append(module)
        return module

    def _in_directories(self, name: str, load_directory: str | None) -> Entry | None:
        """Search the folder of the file being loaded, of python.exe, and those added; PATH and cwd do not count.

        System32 comes last (Microsoft, "LoadLibraryExW": LOAD_LIBRARY_SEARCH_DEFAULT_DIRS with ..._DLL_LOAD_DIR).
        """
        folders = (
            *((load_directory,) if load_directory else ()),
            self._system.application,
            *self._system.dll_directories,
        )
        for folder in folders:
            found = self._names_in(folder).get(name)
            entry = self._system.files.lookup(f"{folder}/{found}") if found else None
            if entry is not None:
                return entry
        return None

    def _names_in(self, folder: str) -> Mapping[str, str]:
        """Return the names in a folder by how Windows compares them: without regard to case."""
        if folder not in self._listed:
            self._listed[folder] = {name.lower(): name for name in self._system.files.listdir(folder)}
        return self._listed[folder]

    def _check(
        self, wanting: Module, provider: Module, symbols: Sequence[str | int], load_directory: str | None
    ) -> None:
        for symbol in symbols:
            if not self._exported(provider, symbol, load_directory):
                raise _Failed(127, "symbol-not-found", wanting.path, library=provider.base, symbol=str(symbol))

    def _exported(self, provider: Module, symbol: str | int, load_directory: str | None) -> bool:
        """Say whether a library exports a symbol, following forwarders into other libraries."""
        for _ in range(_MAX_FORWARDS):
            if provider.pe is None:
                return True
            export = provider.pe.export(symbol)
            if export is None or export.forward is None:
                return export is not None
            library, _, name = export.forward.rpartition(".")
            symbol = int(name[1:]) if name.startswith("#") and name[1:].isdigit() else name
            wanted = f"{library.lower().removesuffix('.dll')}.dll"
            provider = self._module(wanted, provider, load_directory)
        return False


def _words(path: str, error: int, *, by_tensorflow: bool) -> str:
    """Word a system error as Python's import, TensorFlow or ctypes does."""
    if by_tensorflow:
        return f"{path} not found"
    if path.lower().endswith(".pyd"):
        return f"DLL load failed while importing {posixpath.basename(path).split('.')[0]}: {TEXTS[error]}"
    if error == 126:  # noqa: PLR2004 - ERROR_MOD_NOT_FOUND, which ctypes words itself
        hint = "Try using the full path with constructor syntax."
        return f"Could not find module '{path}' (or one of its dependencies). {hint}"
    return f"[WinError {error}] {TEXTS[error]}"
