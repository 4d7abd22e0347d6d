"""What a Mach-O image exports: one name looked up in its export trie, without reading the others.

Format: `mach-o/loader.h` (EXPORT_SYMBOL_FLAGS_*), dyld `ExportsTrie.cpp`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from tfsetup.loader.bytes import MalformedImage, cstring, text, uleb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tfsetup.loader.macho import MachO, Range

_WEAK, _REEXPORT = 4, 8
_MAX_NAME = 1 << 16
_NLIST = Struct("<IBBHQ")
_N_STAB, _N_PEXT, _N_TYPE, _N_EXT, _N_SECT = 0xE0, 0x10, 0x0E, 0x01, 0x0E


class Export(NamedTuple):
    """One exported name. `reexport`: the ordinal of the library that really has it (None: this image), as `alias`."""

    weak: bool = False
    reexport: int | None = None
    alias: str = ""


class ExportTable:
    """The exports of one image, looked up by name."""

    def __init__(self, image: MachO) -> None:
        """Read the trie of `image`, or its symbol table where it has no trie."""
        self._trie = _trie(image)
        self._symbols = _symbol_table(image) if self._trie is None else {}

    def find(self, name: str) -> Export | None:
        """Return what the image exports as `name`, None when it does not; errors as in `find_all`."""
        return self.find_all((name,)).get(name)

    def find_all(self, names: Collection[str]) -> dict[str, Export]:
        """Return what the image exports of `names`; those it does not export are missing from the answer.

        Names that begin alike share the way down the trie: a thousand cost much less than a thousand times one.

        Raises:
            MalformedImage: the trie is damaged on the way to one of the names.
        """
        if self._trie is None:
            return {name: self._symbols[name] for name in names if name in self._symbols}
        if not self._trie:
            return {}
        wanted = {name.encode("utf-8", "surrogateescape"): name for name in names}
        return {wanted[raw]: export for raw, export in _descend(self._trie, sorted(wanted))}

    def __iter__(self) -> Iterator[tuple[str, Export]]:
        """Yield every export; for comparing with other tools, no loader needs it."""
        if self._trie is None:
            yield from self._symbols.items()
        elif self._trie:
            yield from _all(self._trie)


def _descend(trie: bytes, wanted: list[bytes]) -> Iterator[tuple[bytes, Export]]:
    """Walk down with all names (sorted) at once. A step is a node and the names that agree with the way to it.

    An edge may be empty (ld64 writes such for a name that begins another): it takes whatever no earlier edge took,
    names that are used up among them.
    """
    todo: list[_Step] = [(0, 0, wanted, 0, len(wanted), 0)]
    while todo:
        at, position, names, start, stop, empty = todo.pop()
        if stop - start == 1:
            export = _follow(trie, at, names[start], position)
            if export:
                yield names[start], export
            continue
        if empty > _MAX_EMPTY_EDGES:
            raise MalformedImage("the exports trie has a cycle", offset=at)
        terminal, edges = _node(trie, at)
        if terminal >= 0 and len(names[start]) == position:
            yield names[start], _terminal(trie, terminal)
            start += 1
        if len({edge[:1] for edge, _ in edges} - {b""}) == len(edges):
            todo += _by_bisection(names, start, stop, position, edges)
        else:
            todo += _in_order(names[start:stop], position, edges, empty)


_Step = tuple[int, int, list[bytes], int, int, int]
"""A node, how much of the names is used up, the names and a stretch of them, how many empty edges lead here."""


def _follow(trie: bytes, at: int, name: bytes, position: int) -> Export | None:
    """Walk down with one name."""
    for _ in range(len(name) - position + _MAX_EMPTY_EDGES):
        terminal, edges = _node(trie, at)
        if terminal >= 0 and position == len(name):
            return _terminal(trie, terminal)
        for edge, target in edges:
            if name.startswith(edge, position):
                at, position = _target(target), position + len(edge)
                break
        else:
            return None
    raise MalformedImage("the exports trie has a cycle", offset=at)


def _by_bisection(names: list[bytes], start: int, stop: int, position: int, edges: list[_Edge]) -> Iterator[_Step]:
    """Where all edges begin differently, the names that take one lie side by side."""
    if start < stop and len(names[start]) == position:
        start += 1
    if start == stop:
        return
    way = names[start][:position]
    for edge, target in edges:
        begin = bisect_left(names, way + edge, start, stop)
        if begin < stop and names[begin].startswith(edge, position):
            end = bisect_left(names, _behind(way + edge), begin, stop)
            yield _target(target), position + len(edge), names, begin, end, 0


def _in_order(names: list[bytes], position: int, edges: list[_Edge], empty: int) -> Iterator[_Step]:
    """Give every name the first edge that agrees, and no second one: so no trie can make a name go two ways."""
    for edge, target in edges:
        agreeing = [name for name in names if name.startswith(edge, position)]
        if agreeing:
            yield _target(target), position + len(edge), agreeing, 0, len(agreeing), 0 if edge else empty + 1
            names = [name for name in names if not name.startswith(edge, position)]


def _behind(prefix: bytes) -> bytes:
    """Return the first string that sorts behind everything that begins with `prefix` (which is not empty)."""
    return prefix[:-1] + bytes((prefix[-1] + 1,)) if prefix[-1] < _LAST_BYTE else prefix + b"\xff" * _MAX_NAME


_LAST_BYTE = 0xFF

_Edge = tuple[bytes, bytes]
"""The text of an edge, and the LEB128 of where it leads."""

_EDGE = re.compile(rb"([^\0]{0,65536})\0([\x80-\xff]{0,9}[\0-\x7f])", re.DOTALL)
_MAX_EMPTY_EDGES = 32


def _node(trie: bytes, at: int) -> tuple[int, list[_Edge]]:
    """Return where the export that ends here is described (-1: none does), and the edges in order."""
    size, body = uleb(trie, at) if at >= len(trie) or trie[at] > _ULEB_LAST else (trie[at], at + 1)
    cursor = body + size
    if cursor >= len(trie):
        raise MalformedImage("a node of the exports trie does not lie inside of it", offset=at)
    edges: list[_Edge] = []
    count, cursor = trie[cursor], cursor + 1
    match = _EDGE.match
    for _ in range(count):
        found = match(trie, cursor)
        if not found:
            raise MalformedImage("an edge of the exports trie has no end", offset=cursor)
        edges.append((found[1], found[2]))
        cursor = found.end()
    return body if size else -1, edges


_ULEB_LAST = 0x7F


def _target(number: bytes) -> int:
    """Read the LEB128 of an edge, whose form is known; that it leads outside of the trie is found on arrival."""
    value = 0
    for byte in reversed(number):
        value = value << 7 | byte & 0x7F
    return value


_PLAIN, _WEAK_DEFINITION = Export(), Export(weak=True)


def _terminal(trie: bytes, at: int) -> Export:
    flags, at = uleb(trie, at)
    if not flags & _REEXPORT:
        return _WEAK_DEFINITION if flags & _WEAK else _PLAIN
    ordinal, at = uleb(trie, at)
    return Export(weak=bool(flags & _WEAK), reexport=_signed(ordinal), alias=text(cstring(trie, at)))


def _signed(ordinal: int) -> int:
    return ordinal - (1 << 64) if ordinal >> 63 else ordinal


def _trie(image: MachO) -> bytes | None:
    place: Range | None = image.exports_trie
    if place is None and image.dyld_info is not None and image.dyld_info.exports.size:
        place = image.dyld_info.exports
    if place is None:
        return b"" if image.dyld_info is not None and image.symtab is None else None
    return image.table(place)


def _symbol_table(image: MachO) -> dict[str, Export]:
    table = image.symtab
    if table is None:
        return {}
    names, entries = image.table(table.strings), image.table(table.entries)
    found: dict[str, Export] = {}
    for name, kind, _section, description, _value in _NLIST.iter_unpack(entries):
        exported = kind & _N_EXT and not kind & (_N_STAB | _N_PEXT) and kind & _N_TYPE == _N_SECT
        if exported:
            found[text(cstring(names, name))] = Export(weak=bool(description & 0x80))
    return found


def _all(trie: bytes) -> Iterator[tuple[str, Export]]:
    seen: set[int] = set()
    todo: list[tuple[int, bytes]] = [(0, b"")]
    while todo:
        at, prefix = todo.pop()
        if at in seen or len(prefix) > _MAX_NAME:
            raise MalformedImage("the exports trie has a cycle", offset=at)
        seen.add(at)
        terminal, edges = _node(trie, at)
        if terminal >= 0:
            yield text(prefix), _terminal(trie, terminal)
        todo += [(_target(target), prefix + edge) for edge, target in edges]
