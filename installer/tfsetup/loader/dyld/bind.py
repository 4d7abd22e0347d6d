"""Which loaded image has a symbol: dyld's rules for two-level, flat and coalesced imports.

Rules: dyld `Loader.cpp` (resolveSymbol, hasExportedSymbol), `MachOLayout.cpp` (forEachBindTarget).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tfsetup.loader.bytes import text
from tfsetup.loader.dyld import pages, words
from tfsetup.loader.dyld.system import Lacking, System
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.macho import binds
from tfsetup.loader.macho.binds import Import
from tfsetup.loader.macho.exports import Export, ExportTable
from tfsetup.loader.macho.image import DYLIB, WEAK_DEFINES, MachO
from tfsetup.loader.model import LoadFailure


class Tables:
    """What is read of one image, when it is first asked for, and once for all processes that map it."""

    def __init__(self, mac: Mac, image: MachO) -> None:
        """Read no table yet."""
        self._mac, self.image = mac, image

    @cached_property
    def exports(self) -> ExportTable:
        """The image's exports."""
        return ExportTable(self.image)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """The image's imports in binding order."""
        return tuple(binds.imports(self.image))

    @cached_property
    def killed_at_mapping(self) -> bool:
        """Whether a page that mapping touches lacks its hash."""
        return pages.killed_at_mapping(self._mac, self.image)

    @cached_property
    def killed_at_binding(self) -> bool:
        """Whether a page that binding touches lacks its hash."""
        return pages.killed_at_binding(self._mac, self.image)


@dataclass(eq=False)
class Loaded:
    """An image in the process. `dependencies` follow the load commands; None is an absent weak one, str one of macOS's.

    `hidden`: opened with RTLD_LOCAL, so flat look-ups pass it by.
    """

    path: str
    identity: Hashable
    tables: Tables
    hidden: bool = False
    dependencies: list[Loaded | str | None] = field(default_factory=list)

    @property
    def image(self) -> MachO:
        """The file's load commands."""
        return self.tables.image

    @property
    def exports(self) -> ExportTable:
        """The image's exports."""
        return self.tables.exports

    @property
    def imports(self) -> tuple[Import, ...]:
        """The image's imports in binding order."""
        return self.tables.imports

    @property
    def named(self) -> words.Named:
        """The image as messages name it."""
        return words.Named(path=self.path, uuid=self.image.uuid, minos=self.image.minos)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that mean this image: its real path, and the install name if it is a dylib. [matchesPath]."""
        if self.image.install_name is None or self.image.file_type != DYLIB:
            return (self.path,)
        return (self.path, self.image.install_name)


def copies(loaded: Sequence[Loaded]) -> list[Loaded]:
    """Return the images of a process as another one has them: the same files, the same ties between them."""
    made = {id(each): replace(each) for each in loaded}
    for each in made.values():
        each.dependencies = [made.get(id(other), other) for other in each.dependencies]
    return list(made.values())


class _FatalError(Exception):
    """A re-export that leads nowhere ends the whole dlopen; the message is dyld's."""


class Binder:
    """Binds newly mapped images against everything loaded, in load order."""

    def __init__(self, mac: Mac, system: System, lacking: Lacking, loaded: Sequence[Loaded]) -> None:
        """Look at `loaded` (all images of the process in load order, new ones included).

        `lacking` is what this macOS, of which `system` tells, is known not to export.
        """
        self._mac, self._system, self._lacking, self._loaded = mac, system, lacking, loaded

    def first_unbound(self, image: Loaded, *, now: bool) -> LoadFailure | None:
        """Return the first import of `image` that cannot be bound, in dyld's order. `now`: lazy ones must bind too.

        Raises:
            MalformedImage: a table of an image that was asked is damaged.
        """
        missing = self._not_at_once(image, now=now)
        if not missing:
            return None
        for each in image.imports:
            if (now or each.stream != "lazy") and each.symbol in missing.get(each.ordinal, ()):
                unbound = self._judge(image, each)
                if unbound:
                    return unbound
        return None

    def unknown_to_this_macos(self, image: Loaded) -> list[str]:
        """Return what an image built for a newer macOS takes from macOS, as far as it is not known to be there already.

        dyld maps such an image (it compares no versions), so a missing function is all that can go wrong.
        """
        minos = image.image.minos
        if minos is None or minos[:2] <= self._mac.version:
            return []
        wanted = [each for each in _of_macos(image) if not self._system.surely_exports(self._mac, each[1])]
        known = self._taken_for_granted() if wanted else frozenset()
        return [symbol for library, symbol in wanted if (library, symbol) not in known]

    def _taken_for_granted(self) -> frozenset[tuple[str, str]]:
        """Return what images built for this macOS or an older one cannot do without: library and symbol.

        What came later than the release that an image is built for is a weak import in it: the compiler sees to that.
        """
        fitting = (each for each in self._loaded if each.image.minos and each.image.minos[:2] <= self._mac.version)
        return frozenset(pair for each in fitting for pair in _of_macos(each))

    def _not_at_once(self, image: Loaded, *, now: bool) -> Mapping[int, set[str]]:
        """Return the names that take more than one look, by ordinal.

        The great majority is found in one walk down each trie, without an object for any of them.
        """
        missing = {}
        for ordinal, names in binds.names(image.image, lazy=now).items():
            if left := names - self._found(image, ordinal, names):
                missing[ordinal] = {text(name) for name in left}
        return missing

    def _found(self, image: Loaded, ordinal: int, names: set[bytes]) -> set[bytes]:
        if ordinal == binds.FLAT:
            return self._flat(image, names)
        if ordinal == binds.WEAK_COALESCE:
            return self._shared(names, (image, *self._sharing()))
        target = _dependency(image, ordinal)
        if isinstance(target, Loaded):
            exported = target.exports.find_raw(names)
            return {name for name, export in exported.items() if export.reexport is None}
        return names - self._lacking.of(names) if target is not None else set()

    def _flat(self, image: Loaded, names: set[bytes]) -> set[bytes]:
        """Return which names the interpreter, a visible image or the asking one has. [resolveSymbol, flat lookup]."""
        found = {name for name in names if self._interpreter_has(text(name))}
        return found | self._shared(names - found, [each for each in self._loaded if each is image or not each.hidden])

    def _shared(self, names: set[bytes], images: Iterable[Loaded]) -> set[bytes]:
        """Return which names one of some images has in its own trie."""
        left = set(names)
        for each in images:
            if left:
                exported = each.exports.find_raw(left)
                left -= {name for name, export in exported.items() if self._leads_on(each, text(name), export)}
        return names - left

    def _sharing(self) -> list[Loaded]:
        return [each for each in self._loaded if each.image.flags & WEAK_DEFINES and not each.hidden]

    def _leads_on(self, image: Loaded, symbol: str, export: Export) -> bool:
        try:
            return self._has(image, symbol, export, {(id(image), symbol)})
        except _FatalError:
            return False  # told when the import is judged by itself

    def _judge(self, image: Loaded, wanted: Import) -> LoadFailure | None:
        """Resolve one import with all rules; None when it binds or may stay unbound."""
        try:
            match wanted.ordinal:
                case binds.FLAT:
                    return self._judge_flat(image, wanted)
                case binds.WEAK_COALESCE:
                    return self._judge_coalesced(image, wanted)
                case binds.MAIN_EXECUTABLE:
                    return self._judge_main(image, wanted)
                case ordinal:
                    return self._judge_two_level(image, wanted, ordinal)
        except _FatalError as fatal:
            return _unbound(image, wanted, str(fatal))

    def _judge_two_level(self, image: Loaded, wanted: Import, ordinal: int) -> LoadFailure | None:
        if not 0 <= ordinal <= len(image.image.dylibs):
            return _unbound(image, wanted, words.unknown_ordinal(ordinal, image.named, wanted.symbol))
        target = _dependency(image, ordinal)
        if target is not None and self._exported(target, wanted.symbol, set()):
            return None
        if wanted.weak:
            return None
        expected = target.named if isinstance(target, Loaded) else words.system_library(target)
        message = words.symbol_not_found(self._mac, wanted.symbol, image.named, expected)
        return _unbound(image, wanted, message, expected.path)

    def _judge_flat(self, image: Loaded, wanted: Import) -> LoadFailure | None:
        if wanted.weak or self._may_export(wanted.symbol):
            return None
        if any(
            self._exported_shallow(each, wanted.symbol) for each in self._loaded if each is image or not each.hidden
        ):
            return None
        return _unbound(image, wanted, words.flat_not_found(self._mac, wanted.symbol, image.named))

    def _judge_coalesced(self, image: Loaded, wanted: Import) -> LoadFailure | None:
        if wanted.weak or self._may_export(wanted.symbol):
            return None
        if any(self._exported_shallow(each, wanted.symbol) for each in (image, *self._sharing())):
            return None
        return _unbound(image, wanted, words.weak_def_not_found(self._mac, wanted.symbol, image.named))

    def _judge_main(self, image: Loaded, wanted: Import) -> LoadFailure | None:
        if wanted.weak or self._interpreter_has(wanted.symbol):
            return None
        expected = words.Named(path=self._mac.executable, uuid=None)
        message = words.symbol_not_found(self._mac, wanted.symbol, image.named, expected)
        return _unbound(image, wanted, message, expected.path)

    @staticmethod
    def _interpreter_has(symbol: str) -> bool:
        """Say whether the interpreter exports it: the C API; which version of it is judged by the wheel's tags."""
        return symbol.startswith(("_Py", "__Py"))

    def _exported_shallow(self, image: Loaded, symbol: str) -> bool:
        export = image.exports.find(symbol)
        return export is not None and self._has(image, symbol, export, {(id(image), symbol)})

    def _exported(self, image: Loaded | str, symbol: str, seen: set[tuple[int, str]]) -> bool:
        """Say whether an image has a symbol for a two-level import: itself, or by either kind of re-export."""
        if isinstance(image, str):
            return not self._lacking.has(symbol)
        if (id(image), symbol) in seen:
            return False
        seen.add((id(image), symbol))
        export = image.exports.find(symbol)
        if export is not None:
            return self._has(image, symbol, export, seen)
        whole = (
            target
            for dylib, target in zip(image.image.dylibs, image.dependencies, strict=False)
            if dylib.link == "reexport" and target is not None
        )
        return any(self._reexported(target, symbol, seen) for target in whole)

    def _reexported(self, target: Loaded | str, symbol: str, seen: set[tuple[int, str]]) -> bool:
        if isinstance(target, str):  # what a library of macOS exports is not seen, so only likely names are believed
            return self._may_export(symbol)
        return self._exported(target, symbol, seen)

    def _may_export(self, symbol: str) -> bool:
        return self._system.may_export(symbol) and not self._lacking.has(symbol)

    def _has(self, image: Loaded, symbol: str, export: Export, seen: set[tuple[int, str]]) -> bool:
        if export.reexport is None:
            return True
        if not 0 < export.reexport <= len(image.dependencies):
            raise _FatalError(words.reexport_out_of_range(export.reexport, image.named, symbol))
        target = image.dependencies[export.reexport - 1]
        return target is not None and self._exported(target, export.alias or symbol, seen)


def _unbound(image: Loaded, wanted: Import, message: str, library: str | None = None) -> LoadFailure:
    return LoadFailure(
        kind="symbol-not-found", image=image.path, message=message, symbol=wanted.symbol, library=library
    )


def _of_macos(image: Loaded) -> Iterator[tuple[str, str]]:
    """Yield what an image cannot do without of macOS's libraries: library and symbol."""
    for each in image.imports:
        library = _dependency(image, each.ordinal)
        if not each.weak and isinstance(library, str):
            yield library, each.symbol


def _dependency(image: Loaded, ordinal: int) -> Loaded | str | None:
    if ordinal == binds.SELF:
        return image
    return image.dependencies[ordinal - 1] if 0 < ordinal <= len(image.dependencies) else None
