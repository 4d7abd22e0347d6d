"""One mapped object of a glibc process (its `link_map`), and the checks made while a file is mapped.

Source: glibc elf/dl-load.c, `_dl_map_object_from_fd`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.elf import image
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Symbols
from tfsetup.loader.glibc.search import Place
from tfsetup.loader.glibc.stock import Stock

EXECSTACK_REFUSED_SINCE = (2, 41)
PIE_REFUSED_SINCE = (2, 30)


class Map:
    """An object in a process. Objects are compared by identity.

    `name` is `l_name`, the path it was opened with; `names` all names under which it has been asked for; `path` its
    real path. `elf` is None for objects whose bytes are not at hand; `stock` then says what is known, and both are
    None for an interpreter that cannot be read. `needed` are its direct dependencies once they are mapped, `scope` its
    own search list once it has been opened (breadth-first, itself first).
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
    return made


def mapping_refusal(elf: Elf, glibc: tuple[int, int] | None) -> str | None:
    """Return the text after `NAME: ` with which a file is refused while it is mapped, None when it is mapped.

    Raises:
        MalformedImage: the process would be killed: the file ends before a page that is touched.
    """
    loads = [segment for segment in elf.segments if segment.type == image.PT_LOAD]
    if not loads:
        return "object file has no loadable segments"
    if elf.header.type != image.Type.DYN:
        return "cannot dynamically load executable"
    if any((segment.vaddr - segment.offset) % image.PAGE for segment in loads):
        return "ELF load command address/offset not page-aligned"
    _touch(elf)
    if elf.segment(image.PT_DYNAMIC) is None:
        return "object file has no dynamic section"
    if not elf.dynamic:
        raise MalformedImage("its dynamic section is empty")
    return _flag_refusal(elf, glibc) or _stack_refusal(elf, glibc)


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


def _stack_refusal(elf: Elf, glibc: tuple[int, int] | None) -> str | None:
    """Since 2.41 dlopen no longer makes stacks executable (elf/dl-load.c; tunable glibc.rtld.execstack)."""
    if glibc is None or glibc < EXECSTACK_REFUSED_SINCE:
        return None
    stack = elf.segment(image.PT_GNU_STACK)
    wanted = (
        elf.header.machine in (image.Machine.X86_64, image.Machine.I386)
        if stack is None
        else bool(stack.flags & image.PF_X)
    )
    return "cannot enable executable stack as shared object requires: Invalid argument" if wanted else None
