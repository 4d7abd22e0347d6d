"""dyld: the process into which images are loaded, one dlopen after another.

Rules: dyld `DyldAPIs.cpp` (dlopen_from), `Loader.cpp` (getLoader), `JustInTimeLoader.cpp` (loadDependents,
matchesPath).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Self

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.dyld import words
from tfsetup.loader.dyld.bind import Binder, Loaded, Tables, copies
from tfsetup.loader.dyld.coalesce import Library, Shared, shared
from tfsetup.loader.dyld.file import Refusal, repeated, usable
from tfsetup.loader.dyld.search import Candidate, Link, Request, candidates, has_rpaths, link, main_link
from tfsetup.loader.dyld.system import System
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.macho.image import MachO
from tfsetup.loader.model import Entry, Failed, Filesystem, Kind, LoadFailure, Mode, NotCovered, each_once

_MAX_IMAGES = 4096
_WORST_FIRST: tuple[Kind, ...] = ("wrong-architecture", "malformed-image", "library-not-found")


class DyldProcess:
    """A macOS process as dyld sees it. See `tfsetup.loader.model.Process`."""

    def __init__(self, mac: Mac, files: Filesystem, system: System, unseen: Iterable[NotCovered] = ()) -> None:
        """Start with nothing but the interpreter and macOS's own libraries. `unseen`: what is not judged of them."""
        self._mac, self._files, self._system, self._lacking = mac, files, system, system.lacking(mac)
        self._loaded: list[Loaded] = []
        self._by_name: dict[str, Loaded] = {}
        self._by_identity: dict[Hashable, Loaded] = {}
        self._not_covered: dict[NotCovered, None] = dict.fromkeys(unseen)
        self._read: dict[tuple[Hashable, bool], Tables | Refusal] = {}

    @property
    def images(self) -> int:
        """How many files are mapped."""
        return len(self._loaded)

    @property
    def not_covered(self) -> Sequence[NotCovered]:
        """What could not be decided so far."""
        return tuple(self._not_covered)

    def dlopen(self, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        """Open `path`; see `Process.dlopen`."""
        before = len(self._loaded)
        chain = self._calling_chain(caller)
        try:
            self._open(path, mode, chain)
        except Failed as stop:
            self._unload(before)
            if stop.failure.message == words.KILLED:
                return stop.failure
            return replace(stop.failure, message=words.dlopen_failed(self._mac, path, mode, stop.failure.message))
        return None

    def exports(self, path: str, symbol: str) -> bool:
        """See `Process.exports`; `symbol` as C spells it, without the underscore of the file format."""
        entry = self._files.lookup(path)
        image = self._by_identity.get(entry.identity) if entry else None
        try:
            return image is not None and image.exports.find(f"_{symbol}") is not None
        except MalformedImage:
            return False

    @property
    def loaded(self) -> Sequence[str]:
        """The real paths of what is mapped, in load order."""
        return tuple(image.path for image in self._loaded)

    @property
    def asked_for(self) -> Mapping[str, str]:
        """The names below `@rpath` in load commands, and what each led to."""
        ties = (
            (dylib.name, found)
            for image in self._loaded
            for dylib, found in zip(image.image.dylibs, image.dependencies, strict=False)
        )
        return {name: found.path for name, found in ties if isinstance(found, Loaded) and name.startswith("@rpath/")}

    @property
    def answering(self) -> Mapping[str, str]:
        """The install names below `@rpath`, and what answers to each."""
        return {name: image.path for name, image in self._by_name.items() if name.startswith("@rpath/")}

    def fork(self) -> Self:
        """See `Process.fork`."""
        child = copy(self)
        child._loaded, child._not_covered = copies(self._loaded), dict(self._not_covered)
        child._index()
        return child

    def joined(self, others: Sequence[Self]) -> Self:
        """See `Process.joined`."""
        whole = self.fork()
        whole._loaded = each_once([whole._loaded, *(other._loaded for other in others)])
        for other in others:
            whole._not_covered |= other._not_covered
        whole._index()
        return whole

    def shared(self, library: Library) -> Sequence[Shared]:
        """Return what images of different generations of a library would have in common: see `coalesce`."""
        return tuple(shared(self._loaded, library))

    def _calling_chain(self, caller: str | None) -> tuple[Link, ...]:
        image = self._by_name.get(caller) if caller else None
        outer = (link(image.path, image.image.rpaths),) if image else ()
        return (*outer, main_link(self._mac))

    def _open(self, path: str, mode: Mode, chain: tuple[Link, ...]) -> None:
        before = len(self._loaded)
        found = self._get(Request(name=path, chain=chain, argument=True))
        if isinstance(found, Refusal):
            raise Failed(LoadFailure(kind=found.kind, image=path, message=found.reason, library=path))
        if not isinstance(found, Loaded):
            return
        is_new = len(self._loaded) > before
        found.hidden = mode.scope == "local" and (is_new or found.hidden)
        if is_new:
            top = link(found.path, found.image.rpaths)
            self._load_dependencies(found, (top, *chain))
            self._bind(self._loaded[before:], mode)

    def _load_dependencies(self, image: Loaded, chain: tuple[Link, ...]) -> None:
        """Map all direct dependencies of an image, then those of each of them. [loadDependents].

        `chain` leads from the dlopened file outwards. The image's own link comes before it, so for dependencies of the
        dlopened file that link stands twice, and dyld really tries and prints it twice.
        """
        here = (link(image.path, image.image.rpaths), *chain)
        fresh: list[Loaded] = []
        for dylib in image.image.dylibs:
            before = len(self._loaded)
            found = self._get(Request(name=dylib.name, chain=here, sdk=image.image.sdk))
            if isinstance(found, Refusal):
                if dylib.link != "weak":
                    text = words.library_not_loaded(self._mac, dylib.name, image.named, found.reason)
                    raise Failed(LoadFailure(kind=found.kind, image=image.path, message=text, library=dylib.name))
                image.dependencies.append(None)
                continue
            image.dependencies.append(found)
            fresh += self._loaded[before:]
        for each in fresh:
            self._load_dependencies(each, here)

    def _get(self, request: Request) -> Loaded | str | Refusal:
        """Return the image a request leads to, mapping it if need be; str: one of macOS's own. [getLoader]."""
        name = request.name
        known = self._known_by_rpath(request)
        if known:
            return known
        tries: list[tuple[str, Refusal]] = []
        found = self._try_all(request, tries)
        real = self._files.lookup(name) if found is None and not name.startswith("@") else None
        if real is not None and (self._mac.old or not name.startswith(real.path)):  # dyld 2 does not compare them
            found = self._try_all(replace(request, name=real.path), tries)
        return found or self._not_found(request, tries)

    def _known_by_rpath(self, request: Request) -> Loaded | None:
        leaf = "/" not in request.name and request.argument
        name = f"@rpath/{request.name}" if leaf else request.name
        return self._by_name.get(name) if name.startswith("@rpath/") else None

    def _try_all(self, request: Request, tries: list[tuple[str, Refusal]]) -> Loaded | str | None:
        for candidate in candidates(self._mac, request):
            found = self._try(candidate, dependency=not request.argument)
            if not isinstance(found, Refusal):
                return found
            tries.append((candidate.path, found))
        return None

    def _try(self, candidate: Candidate, *, dependency: bool) -> Loaded | str | Refusal:
        path = candidate.path
        known = self._by_name.get(path)
        if known is not None:
            return known
        entry = self._files.lookup(path) if path.startswith("/") else None
        if entry is not None:
            return self._by_identity.get(entry.identity) or self._map(entry, dependency=dependency)
        if not candidate.disk_only and self._in_cache(candidate):
            return path
        return Refusal(words.missing(self._mac, path, disk_only=candidate.disk_only), "library-not-found")

    def _in_cache(self, candidate: Candidate) -> bool:
        known = self._system.has_library(self._mac, candidate.path)
        if known is None and not candidate.fallback:
            self._note(f"whether this macOS has {candidate.path} is not known; it is taken as present")
            return True
        return bool(known)

    def _map(self, entry: Entry, *, dependency: bool) -> Loaded | Refusal:
        tables = self._tables(entry, dependency=dependency)
        if isinstance(tables, Refusal):
            return tables
        if len(self._loaded) >= _MAX_IMAGES:
            raise Failed(LoadFailure(kind="malformed-image", image=entry.path, message="too many images"))
        if tables.killed_at_mapping:
            raise Failed(LoadFailure(kind="malformed-image", image=entry.path, message=words.KILLED))
        loaded = Loaded(path=entry.path, identity=entry.identity, tables=tables)
        self._loaded.append(loaded)
        self._remember(loaded)
        self._doubt(loaded)
        return loaded

    def _tables(self, entry: Entry, *, dependency: bool) -> Tables | Refusal:
        """Return what is in a file; each is read once, whichever process maps it."""
        key = (entry.identity, dependency)
        if key not in self._read:
            image = usable(self._mac, entry, dependency=dependency)
            self._read[key] = image if isinstance(image, Refusal) else self._known_tables(entry.identity, image)
        return self._read[key]

    def _known_tables(self, identity: Hashable, image: MachO) -> Tables:
        """Return the tables of an image, which are the same whoever wants it."""
        other = (self._read.get((identity, dependency)) for dependency in (True, False))
        return next((each for each in other if isinstance(each, Tables)), None) or Tables(self._mac, image)

    def _remember(self, image: Loaded) -> None:
        """Make an image known by the names that mean it; of two with one name the earlier is found. [matchesPath]."""
        self._by_identity.setdefault(image.identity, image)
        for name in image.names:
            self._by_name.setdefault(name, image)

    def _unload(self, count: int) -> None:
        """Keep the first `count` images and forget the others."""
        del self._loaded[count:]
        self._index()

    def _index(self) -> None:
        self._by_name, self._by_identity = {}, {}
        for image in self._loaded:
            self._remember(image)

    def _doubt(self, image: Loaded) -> None:
        """Note what dyld 1284 may object to: reports say it refuses repeated rpaths of older SDKs too."""
        if (15, 4) <= self._mac.version < (26, 0) and (twice := repeated(image.image.rpaths)):
            reason = f"it has the LC_RPATH {twice} twice, which dyld of macOS 15.4 to 15.6 may refuse"
            self._note(reason, image.path, matters=True)

    def _not_found(self, request: Request, tries: Sequence[tuple[str, Refusal]]) -> Refusal:
        if not tries and request.name.startswith("@rpath/"):
            return Refusal(words.no_rpaths(self._mac, present=has_rpaths(request)), "library-not-found")
        listed = [(path, refusal.reason) for path, refusal in tries]
        kinds = {refusal.kind for _, refusal in tries}
        kind: Kind = next((each for each in _WORST_FIRST if each in kinds), "library-not-found")
        return Refusal(words.tried(self._mac, listed), kind)

    def _bind(self, new: Sequence[Loaded], mode: Mode) -> None:
        binder = Binder(self._mac, self._system, self._lacking, self._loaded)
        for image in _depth_first(new) if self._mac.old else new:
            if image.tables.killed_at_binding:
                raise Failed(LoadFailure(kind="malformed-image", image=image.path, message=words.KILLED))
            try:
                unbound = binder.first_unbound(image, now=mode.now)
            except MalformedImage as error:
                said = f"{error.reason} in '{image.path}'"
                raise Failed(LoadFailure(kind="malformed-image", image=image.path, message=said)) from error
            self._doubt_symbols(image, binder.unknown_to_this_macos(image))
            if unbound:
                raise Failed(unbound)

    def _doubt_symbols(self, image: Loaded, unknown: Sequence[str]) -> None:
        if unknown and image.image.minos:
            major, minor, _ = image.image.minos
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            reason = f"it was built for macOS {major}.{minor}; whether this macOS has {unknown[0]}{more} is not known"
            self._note(reason, image.path, matters=True)

    def _note(self, reason: str, image: str | None = None, *, matters: bool = False) -> None:
        self._not_covered[NotCovered(reason=reason, image=image, matters=matters)] = None


def _depth_first(new: Sequence[Loaded]) -> Iterator[Loaded]:
    """Yield new images as dyld 2 binds them: of each the dependencies first. [ImageLoader::recursiveBind]."""
    left = dict.fromkeys(map(id, new), True)
    waiting: list[tuple[Loaded, Iterator[Loaded | str | None]]] = []
    for image in new:
        if left.pop(id(image), False):
            waiting.append((image, iter(image.dependencies)))
        while waiting:
            top, rest = waiting[-1]
            below = next((each for each in rest if isinstance(each, Loaded) and left.pop(id(each), False)), None)
            if below is not None:
                waiting.append((below, iter(below.dependencies)))
            else:
                waiting.pop()
                yield top
