"""One mapped object of a glibc process (its `link_map`), and the checks made while a file is mapped.

Source: glibc elf/dl-load.c, `_dl_map_object_from_fd`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from copy import copy

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.elf import image
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Symbols
from tfsetup.loader.glibc.search import Place
from tfsetup.loader.glibc.stock import Stock
from tfsetup.loader.glibc.system import System
from tfsetup.loader.model import Kind

EXECSTACK_REFUSED_SINCE = (2, 41)
PIE_REFUSED_SINCE = (2, 30)
ALIGNMENT_FREE_SINCE = (2, 35)
"""Since then a segment may be aligned to less than a page, if only its place in the file suits (bug 28688)."""

LARGE_PAGE = 1 << 16
"""Pages of Linux on 64-bit ARM have 4, 16 or 64 kB; binutils aligns to the largest (`ELF_MAXPAGESIZE`)."""

STACK = "cannot enable executable stack as shared object requires: Invalid argument"


class Map:
    """An object in a process. Objects are compared by identity.

    `name` is `l_name`, the path it was opened with; `names` all names under which it has been asked for; `path` its
    real path. `elf` is None for objects whose bytes are not at hand; `stock` then says what is known, and both are
    None for an interpreter that cannot be read. `needed` are its direct dependencies once they are mapped, `filtered`
    those of them it is a filter of, `scope` its own search list once it has been opened (breadth-first, itself first
    unless it is a filter).
    """

    def __init__(
        self,
        name: str,
        *,
        path: str,
        place: Place,
        identity: Hashable,
        elf: Elf | None = None,
        stock: Stock | None = None,
    ) -> None:
        """Map an object; nothing is known of its dependencies yet."""
        self.name, self.path, self.place, self.identity = name, path, place, identity
        self.elf, self.stock = elf, stock
        self.symbols = Symbols(elf) if elf is not None else None
        self.relocations = Relocations(self.symbols) if self.symbols is not None else None
        self.names: set[str] = {name}
        self.loader: Map | None = None
        self.needed: list[Map] | None = None
        self.filtered: list[Map] = []
        self.order: list[Map] | None = None
        self.scope: list[Map] | None = None

    @property
    def soname(self) -> str | None:
        """The name the object gives itself."""
        if self.stock is not None:
            return self.stock.soname
        return self.elf.soname if self.elf is not None else None

    def answers_to(self, name: str) -> bool:
        """Whether a request for `name` means this object (`_dl_lookup_map`); the SONAME then joins its names."""
        if name in self.names:
            return True
        if self.soname != name:
            return False
        self.names.add(name)
        return True


def copies(maps: Sequence[Map]) -> dict[int, Map]:
    """Return the objects of a process as another one has them, by the `id` of the first: the same files and ties."""
    made = {id(each): copy(each) for each in maps}

    def of(others: list[Map] | None) -> list[Map] | None:
        return None if others is None else [made.get(id(other), other) for other in others]

    for each in made.values():
        each.names = set(each.names)
        each.loader = made.get(id(each.loader), each.loader)
        each.needed, each.order, each.scope = of(each.needed), of(each.order), of(each.scope)
        each.filtered = of(each.filtered) or []
    return made


class SearchList:
    """The list `_dl_map_object_deps` builds, which grows while it is walked: each object once, in order.

    What a filter stands for is looked into before the filter itself, and walked after it.
    """

    def __init__(self, top: Map) -> None:
        """Start with what is opened."""
        self.entries = [top]
        self._walked: set[int] = set()

    def __iter__(self) -> Iterator[Map]:
        """Yield each object once, always the first that was not yet yielded."""
        while entry := next((each for each in self.entries if id(each) not in self._walked), None):
            self._walked.add(id(entry))
            yield entry

    def add(self, other: Map) -> None:
        """Append an object that is not there yet."""
        if self._place(other) is None:
            self.entries.append(other)

    def put_before(self, entry: Map, other: Map) -> None:
        """See to it that `other` stands before `entry`; one that stands further behind is moved."""
        at, found = self._place(entry) or 0, self._place(other)
        if found is not None and found < at:
            return
        if found is not None:
            del self.entries[found]
        self.entries.insert(at, other)

    def _place(self, entry: Map) -> int | None:
        return next((number for number, each in enumerate(self.entries) if each is entry), None)


def mapping_refusal(elf: Elf, system: System) -> tuple[Kind, str] | None:
    """Return kind and text (after `NAME: `) with which a file is refused while it is mapped, None when it is mapped.

    Raises:
        MalformedImage: the process would be killed: the file ends before a page that is touched.
    """
    text = _segment_refusal(elf, system)
    if text is None and not elf.dynamic:
        raise MalformedImage("its dynamic section is empty")
    text = text or _flag_refusal(elf, system.glibc)
    if text:
        return "malformed-image", text
    return ("executable-stack", STACK) if _stack_refused(elf, system) else None


def _segment_refusal(elf: Elf, system: System) -> str | None:
    loads = [segment for segment in elf.segments if segment.type == image.PT_LOAD]
    if not loads:
        return "object file has no loadable segments"
    if elf.header.type != image.Type.DYN:
        return "cannot dynamically load executable"
    text = misplacement(loads, system.page or image.PAGE, system.glibc)
    if text:
        return text
    _touch(elf)
    return "object file has no dynamic section" if elf.segment(image.PT_DYNAMIC) is None else None


def misplacement(loads: Iterable[image.Segment], page: int, glibc: tuple[int, int] | None) -> str | None:
    """Return why segments cannot be mapped with pages of so many bytes (`PT_LOAD` in `_dl_map_object_from_fd`)."""
    strict = glibc is not None and glibc < ALIGNMENT_FREE_SINCE
    for segment in loads:
        apart = segment.vaddr - segment.offset
        if strict and segment.align % page:
            return "ELF load command alignment not page-aligned"
        if strict and apart & (segment.align - 1):
            return "ELF load command address/offset not properly aligned"
        if apart % page:
            return "ELF load command address/offset not page-aligned"
    return None


def needs_small_pages(elf: Elf, system: System) -> bool:
    """Say whether a file is mapped only if a machine that may have larger pages (64-bit ARM) has those of 4 kB."""
    if system.page is not None or system.machine != image.Machine.AARCH64:
        return False
    loads = [segment for segment in elf.segments if segment.type == image.PT_LOAD]
    return misplacement(loads, LARGE_PAGE, system.glibc) is not None


def _touch(elf: Elf) -> None:
    """What mapping itself touches: the page in which file data ends and zeroes begin (`_dl_map_segments`)."""
    for segment in elf.segments:
        end = segment.offset + segment.filesz
        zeroed = segment.type == image.PT_LOAD and segment.memsz > segment.filesz and end % image.PAGE
        if zeroed and end - end % image.PAGE >= elf.source.size:
            raise MalformedImage(f"it ends after {elf.file_size} bytes, before its data does", offset=end)


def _flag_refusal(elf: Elf, glibc: tuple[int, int] | None) -> str | None:
    if elf.flags_1 & image.DF_1_PIE and (glibc is None or glibc >= PIE_REFUSED_SINCE):
        return "cannot dynamically load position-independent executable"
    return "shared object cannot be dlopen()ed" if elf.flags_1 & image.DF_1_NOOPEN else None


def _stack_refused(elf: Elf, system: System) -> bool:
    """Since 2.41 dlopen no longer makes stacks executable (elf/dl-load.c), which the interpreter may have done."""
    late = system.glibc is not None and system.glibc >= EXECSTACK_REFUSED_SINCE
    return late and not system.executable_stack and wants_executable_stack(elf)


def wants_executable_stack(elf: Elf) -> bool:
    """Say whether a file asks for an executable stack, as those without a mark do where that is the default.

    Source: glibc sysdeps/*/stackinfo.h, `DEFAULT_STACK_PERMS`.
    """
    stack = elf.segment(image.PT_GNU_STACK)
    return elf.header.machine != image.Machine.AARCH64 if stack is None else bool(stack.flags & image.PF_X)
