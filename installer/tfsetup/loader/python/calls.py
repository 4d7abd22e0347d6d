"""The calls by which Python code changes what a later `dlopen` in its process finds, heard and handed on.

`os.add_dll_directory` adds a folder, `ctypes` loads a library by its path (on POSIX perhaps so that everybody sees its
symbols), `sys.setdlopenflags` says how the imports after it are opened. Libraries named without a folder are left to
the loader: it finds them for whoever needs them, or not at all. Source: the library reference of `os`, `sys`, `ctypes`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from tfsetup.loader.model import Mode, read_file
from tfsetup.loader.python.importers import imports_between
from tfsetup.loader.python.known import RTLD_GLOBAL, Place
from tfsetup.loader.python.meaning import HOLE, Value, options, paths_of
from tfsetup.loader.python.running import Call
from tfsetup.loader.python.statements import raised
from tfsetup.loader.python.values import UNKNOWN

_FOLDER, _FLAGS, _FLAGS_NOW = "os.add_dll_directory", "sys.setdlopenflags", "sys.getdlopenflags"
_LAZY, _NOW = 1, 2  # RTLD_LAZY, and RTLD_NOW, which CPython imports with
_MAX_TEXT = 4 << 20
_LOAD = ("CDLL", "WinDLL", "OleDLL", "PyDLL", "LoadLibrary", "LoadLibraryA", "LoadLibraryW")
_LOAD_EX = ("LoadLibraryEx", "LoadLibraryExA", "LoadLibraryExW")


class Effects(Protocol):
    """What can be done in the process the code would run in."""

    def add_folder(self, path: str) -> None:
        """Do what `os.add_dll_directory` does with a folder that is there."""

    def load(self, path: str, mode: Mode) -> bool:
        """Load a library; False: it cannot be loaded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unclear:
    """A call whose effect could not be told: which, in which file and line.

    `everybody`: what it loads may show its symbols to all later images.
    """

    what: str
    path: str
    line: int
    everybody: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Flags:
    """`sys.setdlopenflags` under way: from which line of which file, and how modules are opened from there on."""

    path: str
    line: int
    mode: Mode


@dataclass
class Heard:
    """Listens to the code of a process (`running.Listener`) and does there what it asks for.

    `imported`: how modules, by dotted name, are opened that are imported with other flags than CPython's own. `asked`
    counts what was asked for.
    """

    place: Place
    effects: Effects
    imported: dict[str, Mode] = field(default_factory=dict)
    asked: int = 0
    _unclear: dict[str, list[Unclear]] = field(default_factory=dict)
    _folder: str = ""
    _module: str = ""
    _flags: int = _NOW
    _since: _Flags | None = None

    def __call__(self, call: Call) -> Value:
        """Hear a call.

        Raises:
            Raised: what is to be loaded cannot be.
        """
        leaf = call.name.rpartition(".")[2]
        loads = leaf in _LOAD + _LOAD_EX and call.name.startswith("ctypes.")
        self.asked += loads or call.name in (_FOLDER, _FLAGS)
        if call.name == _FOLDER:
            self._add(call)
        elif call.name == _FLAGS:
            self._set_flags(call)
        elif call.name == _FLAGS_NOW:
            return self._flags
        elif loads:
            self._load(call)
        return UNKNOWN

    def unclear_for(self, folders: Iterable[str]) -> Iterator[Unclear]:
        """Yield what could not be told of the code of packages at `folders`; "": of the start of the interpreter."""
        for folder in folders:
            yield from self._unclear.get(folder, ())

    def tell(self, folder: str, unclear: Unclear) -> None:
        """Note what could not be told, of the code of the package at a folder."""
        self._unclear.setdefault(folder, []).append(unclear)

    @contextmanager
    def on_behalf(self, folder: str, module: str) -> Iterator[None]:
        """Listen to what is run by importing a module, for the package at a folder."""
        before = (self._folder, self._module)
        self._folder, self._module = folder, module
        try:
            yield
        finally:
            self._end_of_flags(None)
            self._folder, self._module = before

    def _add(self, call: Call) -> None:
        for path in self._paths(call, call.argument(0, "path")):
            normal = posixpath.normpath(path)
            if self.place.files.lookup(normal) is not None:
                self.effects.add_folder(normal)

    def _load(self, call: Call) -> None:
        value = call.argument(0, "name")
        asked = [path for path in self._paths(call, value) if "/" in path]
        loaded = [path for path in asked if self._load_one(posixpath.normpath(path), call)]
        if len(options(value)) == len(asked) == 1 and not loaded and not call.maybe:
            raise raised("OSError")

    def _load_one(self, path: str, call: Call) -> bool:
        if self.place.files.lookup(path) is None:
            return False
        return self.effects.load(path, Mode(scope="global" if _is_global(call) else "local"))

    def _paths(self, call: Call, value: Value) -> Iterator[str]:
        """Yield the paths a value may be; what it may be besides is unclear."""
        if value is None:
            return
        found = paths_of(value)
        if found is None or any(HOLE in path for path in found):
            self.tell(self._folder, Unclear(what=call.name, path=call.path, line=call.line, everybody=_may_show(call)))
        yield from (path for path in found or () if HOLE not in path)

    def _set_flags(self, call: Call) -> None:
        value = call.argument(0, "flags")
        if not isinstance(value, int) or call.maybe:
            self.tell(self._folder, Unclear(what=call.name, path=call.path, line=call.line, everybody=True))
            return
        self._end_of_flags(call.line)
        self._flags = value
        mode = Mode(now=value & (_LAZY | _NOW) != _LAZY, scope="global" if value & RTLD_GLOBAL else None)
        if mode != Mode():
            self._since = _Flags(path=call.path, line=call.line, mode=mode)

    def _end_of_flags(self, line: int | None) -> None:
        """Note how that was opened which was imported while the flags were others than CPython's own."""
        since, self._since = self._since, None
        if since is not None:
            text = read_file(self.place.files, since.path, _MAX_TEXT) or b""
            package = since.path.endswith("/__init__.py")
            lines, target = (since.line, line), self.place.target
            names = imports_between(text, self._module, lines, package=package, target=target)
            self.imported |= dict.fromkeys(names, since.mode)


def _is_global(call: Call) -> bool:
    mode = call.argument(1, "mode")
    return isinstance(mode, int) and bool(mode & RTLD_GLOBAL)


def _may_show(call: Call) -> bool:
    """Say whether a library is, or may be, loaded for everybody: a mode was given."""
    return call.name == _FLAGS or len(call.values) > 1 or "mode" in call.named
