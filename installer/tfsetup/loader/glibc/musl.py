"""`MuslProcess`: what dlopen does in a process with musl (Alpine), and how it refuses wheels made for glibc.

Source: musl ldso/dynlink.c (`load_library`, `load_deps`, `do_relocs`). musl serves the names of libc's own parts
itself, knows no symbol versions, and binds everything at load: first all files are mapped, then all are relocated, both
breadth-first from the file that is opened.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from copy import copy
from typing import Self

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.relocations import Reference, Relocations
from tfsetup.loader.elf.symbols import Query, Symbols
from tfsetup.loader.glibc.search import expand, origin_of
from tfsetup.loader.glibc.stock import LINKERS
from tfsetup.loader.glibc.system import System
from tfsetup.loader.model import Entry, Failed, LoadFailure, Mode, NotCovered, each_once

SYSTEM_PATH = ("/lib", "/usr/local/lib", "/usr/lib")
"""Where musl looks when there is no /etc/ld-musl-ARCH.path."""

_OWN = re.compile(r"(?:lib(?:c|pthread|rt|m|dl|util|xnet)\.|libc\.musl-|ld-musl-).*")
_ONLY_GLIBC = re.compile(rb"__[a-z0-9_]+_chk|__libc_single_threaded|__(?:sn?|vsn?)?printf_chk|gnu_get_libc_version")
_COMPILER = ("libstdc++.so.6", "libgcc_s.so.1")


class _Map:
    """One mapped object; `elf` is None for musl itself, the interpreter, and system libraries that cannot be read."""

    def __init__(self, name: str, path: str, identity: Hashable, elf: Elf | None, by: _Map | None) -> None:
        self.name, self.path, self.identity, self.elf, self.by = name, path, identity, elf, by
        self.symbols = Symbols(elf) if elf is not None else None
        self.short = path.rpartition("/")[2]


class MuslProcess:
    """A process that accumulates what is opened in it; see `tfsetup.loader.model.Process`."""

    def __init__(self, system: System) -> None:
        """Start with musl and the interpreter, of whose bytes nothing is known."""
        self._system = system
        self._own = _Map("libc.so", "/lib/libc.so", "musl", None, None)
        self._maps: list[_Map] = [self._own]
        self._visible: list[_Map] = [self._own]
        self._unknown: dict[NotCovered, None] = {}
        self._read: dict[Hashable, Elf] = {}

    @property
    def images(self) -> int:
        """How many files have been mapped, those of the operating system not counted."""
        return sum(entry.elf is not None and not entry.path.startswith(SYSTEM_PATH) for entry in self._maps)

    @property
    def loaded(self) -> Sequence[str]:
        """The paths of what is mapped and at hand, in load order."""
        return [entry.path for entry in self._maps if entry.elf is not None]

    @property
    def not_covered(self) -> Sequence[NotCovered]:
        """What could not be decided so far."""
        return list(self._unknown)

    @property
    def asked_for(self) -> Mapping[str, str]:
        """The names in DT_NEEDED, with what answers to each."""
        needed = {name for entry in self._maps if entry.elf is not None for name in entry.elf.needed}
        return {name: path for name, path in self.answering.items() if name in needed}

    @property
    def answering(self) -> Mapping[str, str]:
        """The last parts of the paths: by them musl knows what is there."""
        return {entry.short: entry.path for entry in reversed(self._maps) if entry.elf is not None}

    def fork(self) -> Self:
        """See `Process.fork`; a mapped object never changes, so that both have the same."""
        child = copy(self)
        child._maps, child._visible, child._unknown = list(self._maps), list(self._visible), dict(self._unknown)
        return child

    def joined(self, others: Sequence[Self]) -> Self:
        """See `Process.joined`."""
        whole = self.fork()
        whole._maps = each_once([whole._maps, *(other._maps for other in others)])
        for other in others:
            whole._unknown |= other._unknown
        return whole

    def dlopen(self, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        """Open `path`; the failure has musl's words."""
        before = len(self._maps)
        asking = next((entry for entry in self._maps if caller in (entry.name, entry.path)), None)
        try:
            top = self._load(path, asking)
            tree = self._dependencies(top)
            new = self._maps[before:]
            for entry in new:
                self._relocate(entry, tree)
        except Failed as failed:
            del self._maps[before:]
            return failed.failure
        if mode.scope == "global":
            self._visible += [entry for entry in tree if entry not in self._visible]
        return None

    def exports(self, path: str, symbol: str) -> bool:
        """Say whether dlsym finds `symbol` in the file at `path`."""
        entry = next((entry for entry in self._maps if path in (entry.name, entry.path)), None)
        try:
            return (
                entry is not None and entry.symbols is not None and bool(entry.symbols.lookup(Query(symbol.encode())))
            )
        except MalformedImage:
            return False

    # -- finding -------------------------------------------------------------------------------------------------------

    def _load(self, name: str, by: _Map | None) -> _Map:
        """Return the object for a name, mapping it if need be (`load_library`)."""
        if "/" not in name and _OWN.fullmatch(name):
            return self._own
        known = next((entry for entry in self._maps if "/" not in name and entry.short == name), None)
        if known is not None:
            return known
        entry = next((found for path in self._candidates(name, by) if (found := self._system.files.lookup(path))), None)
        if entry is not None:
            return self._map(name, entry, by)
        stock = self._stock(name, by)
        if stock is not None:
            return stock
        raise Failed(self._not_loaded(name, by, "No such file or directory", missing=True))

    def _candidates(self, name: str, by: _Map | None) -> Iterator[str]:
        if "/" in name:
            yield name
            return
        folders = self._system.library_path.replace("\n", ":").split(":") if self._system.library_path else []
        while by is not None:
            rpath = (by.elf.runpath or by.elf.rpath) if by.elf is not None else None
            folders += expand(rpath, origin_of(by.path, "/"), self._system).split(":") if rpath else []
            by = by.by
        yield from (f"{folder}/{name}" for folder in (*folders, *SYSTEM_PATH) if folder)

    def _map(self, name: str, entry: Entry, by: _Map | None) -> _Map:
        same = next((known for known in self._maps if known.identity == entry.identity), None)
        if same is not None:
            return same
        try:
            elf = self._elf(entry)
            usable = elf is not None and self._usable(elf)
        except MalformedImage:
            elf, usable = None, False
        if not usable:
            raise Failed(self._not_loaded(name, by, "Exec format error", missing=False))
        found = _Map(name, entry.path, entry.identity, elf, by)
        self._maps.append(found)
        return found

    def _elf(self, entry: Entry) -> Elf | None:
        """Return what is in a file; each is read once, whichever process maps it."""
        if entry.source is None:
            return None
        if entry.identity not in self._read:
            self._read[entry.identity] = Elf(entry.source)
        return self._read[entry.identity]

    def _usable(self, elf: Elf) -> bool:
        header = elf.header
        return header.machine == self._system.machine and header.bits == self._system.bits and bool(elf.dynamic)

    def _stock(self, name: str, by: _Map | None) -> _Map | None:
        """Take the compiler's libraries as installed where the system cannot be read: Alpine has packages of them."""
        if self._system.real or name not in _COMPILER:
            return None
        reason = f"whether Alpine's package with {name} is installed (assumed)"
        self._unknown[NotCovered(reason=reason, image=by.path if by else None)] = None
        found = _Map(name, f"/usr/lib/{name}", ("stock", name), None, by)
        self._maps.append(found)
        return found

    def _dependencies(self, top: _Map) -> list[_Map]:
        found = [top]
        for entry in found:  # grows while it is walked
            if entry.elf is None:
                continue
            try:
                needed = entry.elf.needed
            except MalformedImage as error:
                raise Failed(self._not_loaded(entry.name, entry.by, "Exec format error", missing=False)) from error
            for name in needed:
                other = self._load(name, entry)
                if other not in found:
                    found.append(other)
        return found

    # -- binding -------------------------------------------------------------------------------------------------------

    def _relocate(self, entry: _Map, tree: Sequence[_Map]) -> None:
        if entry.symbols is None:
            return
        try:
            missing = next(
                (ref for ref in Relocations(entry.symbols).references() if self._is_missing(ref, tree)), None
            )
        except MalformedImage as error:
            text = f"{entry.name}: the process is killed while loading it: {error.reason}"
            raise Failed(LoadFailure(kind="malformed-image", image=entry.path, message=text)) from error
        if missing is not None:
            symbol = missing.query.text
            text = f"Error relocating {entry.path}: {symbol}: symbol not found"
            raise Failed(LoadFailure(kind="symbol-not-found", image=entry.path, message=text, symbol=symbol))

    def _is_missing(self, reference: Reference, tree: Sequence[_Map]) -> bool:
        """Say whether nobody has a symbol; versions do not count."""
        if reference.weak:
            return False
        query = Query(reference.query.name, call=reference.query.call)
        scope = [entry for entry in (*self._visible, *tree) if entry.symbols is not None]
        if any(entry.symbols is not None and entry.symbols.lookup(query, newest=True) for entry in scope):
            return False
        version = reference.query.version
        foreign = version is not None and version.name.startswith("GLIBC_")
        return bool(_ONLY_GLIBC.fullmatch(query.name)) or (
            not foreign and version is None and not self._system_may_define(query, tree)
        )

    def _system_may_define(self, query: Query, tree: Sequence[_Map]) -> bool:
        """Whether musl, the interpreter or an unread library may define a name: only what others define is excluded."""
        return any(entry.elf is None for entry in tree) or query.name.startswith((b"Py", b"_Py"))

    def _not_loaded(self, name: str, by: _Map | None, reason: str, *, missing: bool) -> LoadFailure:
        needed_by = f" (needed by {by.path})" if by is not None and by.elf is not None else ""
        foreign = missing and name == LINKERS.get(self._system.arch)
        return LoadFailure(
            kind="library-not-found" if missing or foreign else "malformed-image",
            image=by.path if by is not None and by.elf is not None else name,
            message=f"Error loading shared library {name}: {reason}{needed_by}",
            library=name,
        )
