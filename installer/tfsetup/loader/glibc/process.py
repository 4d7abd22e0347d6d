"""`GlibcProcess`: what dlopen does in a Linux process with the GNU C library.

Sources: glibc elf/dl-open.c (`dl_open_worker_begin`: the order of events), elf/dl-load.c, elf/dl-deps.c (breadth-first
mapping), elf/dl-object.c (scopes). The order, and so the one text that is printed: the file, all its dependencies
breadth-first, then all version checks in that order, then relocation with dependencies first.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Self

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.elf.image import PT_LOAD, Elf, Tag
from tfsetup.loader.elf.symbols import Query
from tfsetup.loader.glibc.bind import bind, check_versions, defines, without_repetition
from tfsetup.loader.glibc.level import check_level
from tfsetup.loader.glibc.map import (
    Map,
    SearchList,
    copies,
    mapping_refusal,
    needs_small_pages,
    wants_executable_stack,
)
from tfsetup.loader.glibc.order import sort_maps
from tfsetup.loader.glibc.search import Opened, Refusal, Skip, expand, place_of, search
from tfsetup.loader.glibc.static_tls import judge_static_tls, static_tls_wanted
from tfsetup.loader.glibc.stock import LINKERS, stock_library
from tfsetup.loader.glibc.system import System
from tfsetup.loader.glibc.words import Dying, killed, not_found, preloaded, refused
from tfsetup.loader.model import Failed, Kind, LoadFailure, Mode, NotCovered, each_once

_OF_VARIABLES: tuple[Kind, ...] = ("library-not-found", "symbol-not-found")
UNSET = "LD_LIBRARY_PATH and LD_PRELOAD, which may bring what is missing, are taken as unset on that machine"


class GlibcProcess:
    """A process that accumulates what is opened in it; see `tfsetup.loader.model.Process`."""

    def __init__(self, system: System) -> None:
        """Start the interpreter: it and its dependencies are the global scope everybody sees.

        Raises:
            MalformedImage: the interpreter's own files are damaged.
        """
        self._system = system
        self._maps: list[Map] = []
        self._unknown: dict[NotCovered, None] = dict.fromkeys(preloaded(system))
        self._static_tls = 0
        self._global: list[Map] = []
        self._main_rpaths: tuple[tuple[str, str], ...] = ()
        self._read: dict[Hashable, Map] = {}
        self._main = self._start()

    @property
    def images(self) -> int:
        """How many files have been mapped, those of the operating system and the interpreter's own not counted."""
        own = self._system.directories
        started = {id(entry) for entry in self._main.scope or ()}
        return sum(
            entry.elf is not None and id(entry) not in started and not entry.path.startswith(own)
            for entry in self._maps
        )

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
        """The names in DT_NEEDED, and those opened without a slash, with what answered to each."""
        return {name: entry.path for entry in self._maps for name in entry.names if name and "/" not in name}

    @property
    def answering(self) -> Mapping[str, str]:
        """The SONAMEs, and the names under which something was found."""
        sonames = {entry.soname: entry.path for entry in reversed(self._maps) if entry.soname}
        return {**sonames, **self.asked_for}

    def fork(self) -> Self:
        """See `Process.fork`."""
        made = copies(self._maps)
        child = copy(self)
        child._maps, child._unknown = list(made.values()), dict(self._unknown)
        child._main, child._global = made[id(self._main)], [made[id(entry)] for entry in self._global]
        return child

    def joined(self, others: Sequence[Self]) -> Self:
        """See `Process.joined`."""
        whole = self.fork()
        whole._maps = each_once([whole._maps, *(other._maps for other in others)])
        for other in others:
            whole._unknown |= other._unknown
        return whole

    def dlopen(self, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        """Open `path` (a name without slash is searched for) on behalf of the image at `caller`."""
        before = len(self._maps)
        try:
            self._open(path, mode, self._caller(caller))
        except Failed as failed:
            del self._maps[before:]
            if not self._system.real and failed.failure.kind in _OF_VARIABLES:
                self._unknown[NotCovered(reason=UNSET)] = None
            return failed.failure
        return None

    def exports(self, path: str, symbol: str) -> bool:
        """Say whether dlsym finds `symbol` through the file at `path`: in it or in what it needs."""
        entry = self._find(path)
        if entry is None:
            return False
        query = Query(symbol.encode())
        try:
            return any(
                defines(other, query, self._system, newest=True)
                for other in entry.scope or (entry,)
                if other.elf is not None
            )
        except MalformedImage:
            return False

    def locate(self, name: str, *, caller: str | None = None) -> str | None:
        """Return the real path of the file dlopen(`name`) would take for the image at `caller`, without opening it."""
        try:
            known = self._known(name)
            found = known or search(name, self._caller(caller).place, self._system)
        except (Failed, Refusal):
            return None
        if isinstance(found, Map):
            return found.path
        return found.entry.path if isinstance(found, Opened) else None

    # -- the start of the process --------------------------------------------------------------------------------------

    def _start(self) -> Map:
        executable = self._system.executable
        entry = self._system.files.lookup(executable) if executable else None
        if entry is None or entry.source is None:
            main = Map("", path="", place=place_of(None, "/", (), "/"), identity="interpreter")
            self._maps.append(main)
            main.needed = [self._stock(name, main) or main for name in ("libc.so.6", LINKERS[self._system.arch])]
            main.scope = [main, *main.needed]
        else:
            elf = Elf(entry.source)
            self._system = replace(self._system, executable_stack=wants_executable_stack(elf))
            place = place_of(elf, entry.path, (), self._system.cwd)
            main = Map("", path=entry.path, place=place, identity=entry.identity, elf=elf)
            self._main_rpaths = place.rpaths
            self._maps.append(main)
            main.scope = self._map_dependencies(main)
        main.order = main.scope
        self._global = list(main.scope)
        return main

    def _caller(self, path: str | None) -> Map:
        return (self._find(path) if path is not None else None) or self._main

    def _find(self, path: str) -> Map | None:
        return next((entry for entry in self._maps if path in (entry.name, entry.path) or path in entry.names), None)

    # -- opening -------------------------------------------------------------------------------------------------------

    def _open(self, path: str, mode: Mode, caller: Map) -> None:
        known = {id(entry) for entry in self._maps}
        top = self._map(path, caller, opened=True)
        if top.scope is None:
            top.scope = self._map_dependencies(top)
            new = [entry for entry in top.scope if id(entry) not in known]
            try:
                self._complete(top, new, mode)
            except Failed:
                if id(top) in known:
                    top.scope = None
                raise
        if mode.scope == "global":
            self._global = without_repetition(self._global, top.scope)

    def _complete(self, top: Map, new: list[Map], mode: Mode) -> None:
        """Check versions, then relocate, of everything this call has mapped."""
        scope = top.scope or [top]
        for entry in scope:
            if any(entry is other for other in new):
                self._check_versions(entry)
        numbers = {id(entry): number for number, entry in enumerate(scope)}
        needs = [
            None if entry.order is None else [numbers[id(other)] for other in entry.order if id(other) in numbers]
            for entry in scope
        ]
        order = [scope[number] for number in sort_maps(needs, self._system.glibc)]
        self._check_levels([entry for entry in reversed(order) if any(entry is other for other in new)])
        for entry in reversed(order):
            if any(entry is other for other in new):
                self._relocate(entry, scope, mode)
        top.order = order

    def _check_versions(self, entry: Map) -> None:
        with Dying(entry):
            failure, unknown = check_versions(entry, self._maps, self._system.glibc)
        self._unknown.update(dict.fromkeys(unknown))
        if failure:
            raise Failed(failure)

    def _check_levels(self, entries: Sequence[Map]) -> None:
        """Compare the levels of x86-64 that files were built for with the CPU's, dependencies first."""
        for entry in entries:
            with Dying(entry):
                answer = check_level(entry, self._system)
            if isinstance(answer, LoadFailure):
                raise Failed(answer)
            if answer is not None:
                self._unknown[answer] = None

    def _relocate(self, entry: Map, local: list[Map], mode: Mode) -> None:
        if entry.elf is None or entry.symbols is None:
            return
        with Dying(entry):
            own = [entry] if entry.elf.symbolic else []
            scope = without_repetition(own, self._global, local)
            self._check_cut(entry)
            failure, unsure = bind(entry, scope, self._system, now=mode.now)
            failure = failure or self._take_static_tls(entry)
        self._unknown.update(dict.fromkeys(unsure))
        if failure:
            raise Failed(failure)

    def _check_cut(self, entry: Map) -> None:
        """Tell of a file that ends before its segments do: what of it is touched cannot always be known."""
        elf = entry.elf
        if elf is None or not any(s.type == PT_LOAD and s.offset + s.filesz > elf.source.size for s in elf.segments):
            return
        reason = f"{entry.path} is cut short; whether the missing part is touched at load depends on its code"
        self._unknown[NotCovered(reason=reason, image=entry.path, matters=True)] = None

    def _take_static_tls(self, entry: Map) -> LoadFailure | None:
        wanted = static_tls_wanted(entry)
        if not wanted:
            return None
        taken = self._static_tls + wanted
        answer = judge_static_tls(entry, taken, self._maps)
        if isinstance(answer, LoadFailure):
            return answer
        self._static_tls = taken
        if answer is not None:
            self._unknown[answer] = None
        return None

    # -- mapping -------------------------------------------------------------------------------------------------------

    def _map_dependencies(self, top: Map) -> list[Map]:
        """Map everything needed, breadth-first; return the search list (`_dl_map_object_deps`)."""
        found = SearchList(top)
        for entry in found:  # grows while it is walked
            needed = self._map_needed(entry)
            for other in needed:
                if any(other is each for each in entry.filtered):
                    found.put_before(entry, other)
                else:
                    found.add(other)
            if entry.scope is None and entry.order is None and entry is not top:
                entry.order = [entry, *needed]
        return found.entries

    def _map_needed(self, entry: Map) -> list[Map]:
        """Map what one object needs, and the objects it is a filter of: of DT_AUXILIARY those that are there."""
        if entry.needed is not None:
            return entry.needed
        needed: list[Map] = []
        for tag, name in self._dependencies(entry):
            expanded = expand(name, entry.place.origin, self._system)
            try:
                other = self._map(expanded, entry, optional=tag is Tag.AUXILIARY)
            except Failed:
                if tag is not Tag.AUXILIARY:
                    raise
                continue
            needed.append(other)
            entry.filtered += [other] if tag is not Tag.NEEDED else []
        entry.needed = needed
        return needed

    def _dependencies(self, entry: Map) -> Sequence[tuple[Tag, str]]:
        with Dying(entry):
            return entry.elf.dependencies if entry.elf is not None else ()

    def _map(self, name: str, loader: Map, *, opened: bool = False, optional: bool = False) -> Map:
        """Return the object for a name: one that is there already, or a new one (`_dl_map_object`)."""
        known = self._known(name)
        if known is not None:
            return known
        try:
            found = search(name, loader.place, self._system)
        except Refusal as refusal:
            raise Failed(refused(refusal, name, loader)) from refusal
        if isinstance(found, Skip):
            stock = None if "/" in name or self._system.real or optional else self._stock(name, loader)
            if stock is None:
                raise Failed(not_found(found, name, loader, self._system.bits))
            return stock
        return self._map_file(name, found, None if opened else loader)

    def _known(self, name: str) -> Map | None:
        """Return the object that is there under a name (`_dl_lookup_map`)."""
        for entry in self._maps:
            with Dying(entry):
                if entry.answers_to(name):
                    return entry
        return None

    def _map_file(self, name: str, found: Opened, loader: Map | None) -> Map:
        same = next((entry for entry in self._maps if entry.identity == found.entry.identity), None)
        if same is not None:
            same.names.add(name)
            return same
        try:
            known = self._read.get(found.entry.identity)
            elf = known.elf if known is not None and known.elf is not None else Elf(found.source)
            refusal = mapping_refusal(elf, self._system)
        except MalformedImage as error:
            raise Failed(killed(found.name, found.entry.path, error)) from error
        if refusal:
            kind, text = refusal
            raise Failed(LoadFailure(kind=kind, image=found.entry.path, message=f"{name}: {text}"))
        chain = loader.place.rpaths if loader is not None else self._main_rpaths
        with Dying(Map(found.name, path=found.entry.path, place=place_of(None, found.name, (), "/"), identity=None)):
            place = place_of(elf, found.name, chain, self._system.cwd)
        entry = Map(found.name, path=found.entry.path, place=place, identity=found.entry.identity, elf=elf)
        read = self._read.setdefault(entry.identity, entry)  # by whichever process was the first to map it
        entry.elf, entry.symbols, entry.relocations = read.elf, read.symbols, read.relocations
        entry.loader = loader
        entry.names.add(name)
        self._maps.append(entry)
        if needs_small_pages(elf, self._system):
            reason = "a kernel with pages of 64 kB refuses it; the host does not say its page_size, so 4 kB are assumed"
            self._unknown[NotCovered(reason=reason, image=entry.path)] = None
        return entry

    def _stock(self, name: str, loader: Map) -> Map | None:
        stock = stock_library(name, self._system.arch, self._system.glibc, self._system.libraries)
        if stock is None or (not stock.usual and name in self._system.brought):
            return None
        if stock.presence == "unknown":
            self._unknown[self._presence(name, loader)] = None
        path = f"{self._system.directories[0]}/{name}"
        entry = Map(path, path=path, place=place_of(None, path, (), "/"), identity=("stock", name), stock=stock)
        entry.names.add(name)
        entry.needed, entry.order = [], [entry]
        self._maps.append(entry)
        return entry

    def _presence(self, name: str, loader: Map) -> NotCovered:
        """Tell of a library that the system may lack; one that a policy promises the wheel is presumed to be there."""
        why = self._system.promised.why(name, loader.path) if self._system.promised is not None else None
        reason = why or f"whether the system has {name}"
        return NotCovered(reason=reason, image=loader.path, matters=why is None, library=name, presumed=why is not None)
