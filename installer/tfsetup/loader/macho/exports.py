"""What a Mach-O image exports: one name looked up in its export trie, without reading the others.

Format: `mach-o/loader.h` (EXPORT_SYMBOL_FLAGS_*), dyld `ExportsTrie.cpp`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from struct import Struct
from typing import NamedTuple

from tfsetup.loader.bytes import MalformedImage, cstring, text, uleb
from tfsetup.loader.macho.image import MachO, Range

_WEAK, _REEXPORT = 4, 8
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
        trie = _trie(image)
        self._trie = trie or b""
        self._known: dict[bytes, Export | None] = {} if trie is not None else _symbol_table(image)

    def find(self, name: str) -> Export | None:
        """Return what the image exports as `name`, None when it does not; errors as in `find_all`."""
        return self.find_all((name,)).get(name)

    def find_all(self, names: Collection[str]) -> dict[str, Export]:
        """Return what the image exports of `names`; those it does not export are missing from the answer.

        Raises:
            MalformedImage: the trie is damaged on the way to one of the names.
        """
        wanted = {name.encode("utf-8", "surrogateescape"): name for name in names}
        return {wanted[raw]: export for raw, export in self.find_raw(wanted).items()}

    def find_raw(self, names: Collection[bytes]) -> dict[bytes, Export]:
        """`find_all` of names as they stand in the tables of an image.

        Names that begin alike share the way down the trie: a thousand cost much less than a thousand times one. What
        was asked before is remembered, because the modules of a package ask for much the same names.
        """
        known = self._known
        unknown = [name for name in names if name not in known] if self._trie else ()
        if unknown:
            found = dict(_descend(self._trie, sorted(unknown)))
            known.update({name: found.get(name) for name in unknown})
        return {name: export for name in names if (export := known.get(name)) is not None}

    def below(self, prefix: bytes) -> Iterator[bytes]:
        """Yield the exported names that begin so, in no order; only their part of the trie is walked.

        Raises:
            MalformedImage: the trie is damaged there.
        """
        if not self._trie:
            yield from (name for name, export in self._known.items() if export and name.startswith(prefix))
            return
        pending, seen = [(b"", 0)], set[int]()
        while pending:
            name, at = pending.pop()
            if at in seen:
                continue  # no linker leads to one node by two ways, and a circle must end
            seen.add(at)
            terminal, edges, in_order = _node(self._trie, at)
            if terminal >= 0 and name.startswith(prefix):
                yield name
            ways = ((name + label, number) for label, number in (*edges.values(), *in_order))
            pending += [(way, _target(number)) for way, number in ways if _agree(way, prefix)]


def _agree(one: bytes, other: bytes) -> bool:
    return one.startswith(other) or other.startswith(one)


def _descend(trie: bytes, wanted: list[bytes]) -> Iterator[tuple[bytes, Export]]:
    """Walk down with every name. Of sorted names neighbours share the first part of their way, and walk it once."""
    shared: list[_Step] = [(0, _node(trie, 0))]
    before = b""
    for name in wanted:
        while not name.startswith(before[: shared[-1][0]]):
            shared.pop()
        export = _follow(trie, name, shared)
        if export:
            yield name, export
        before = name


_Edge = tuple[bytes, bytes]
"""The text of an edge, and the LEB128 of where it leads."""

_Edges = dict[bytes, _Edge]
"""Edges by the first byte of their text."""

_Node = tuple[int, _Edges, list[_Edge]]
"""Where the export that ends here is described (-1: none does), and the edges: by first byte, or else in order.

Linkers write nothing else than edges that begin differently, and perhaps an empty one behind them (ld64, for a name
that begins another), which takes whatever no other took, names that are used up among them. The list is for all else.
"""

_Step = tuple[int, _Node]
"""How much of a name is used up on the way to a node, and the node."""

_MAX_EMPTY_EDGES = 32


def _follow(trie: bytes, name: bytes, shared: list[_Step]) -> Export | None:
    """Walk down with one name from where it parted with the one before, always along the first edge that agrees.

    The nodes on the way are added to `shared` as far as no name that begins like this one could take another way.
    [ExportsTrie.cpp, trieWalk].
    """
    position, node = shared[-1]
    sharing, end = True, len(name)
    for _ in range(end - position + _MAX_EMPTY_EDGES):
        terminal, edges, in_order = node
        if terminal >= 0 and position == end:
            return _terminal(trie, terminal)
        edge = edges.get(name[position : position + 1])
        if edge is None or not name.startswith(edge[0], position):
            edge = edges.get(b"") or next((each for each in in_order if name.startswith(each[0], position)), None)
        if edge is None:
            return None
        position += len(edge[0])
        at = _target(edge[1])
        if position == end and at + 1 < len(trie) and 0 < trie[at] <= _ULEB_LAST:
            return _terminal(trie, at + 1)  # most ways end at a leaf, whose edges nobody needs
        node = _node(trie, at)
        sharing = sharing and not in_order and edge[0] != b""
        if sharing:
            shared.append((position, node))
    raise MalformedImage("the exports trie has a cycle")


_EDGE = rb"([^\0]{0,65536}+)\0([\x80-\xff]{0,9}+[\0-\x7f])"
_AT_ONCE = 12
_EDGES = [re.compile(_EDGE * count, re.DOTALL) for count in range(_AT_ONCE + 1)]
"""So many edges are read in one step, which is done in C."""


def _node(trie: bytes, at: int) -> _Node:
    try:
        size, body = trie[at], at + 1
        if size > _ULEB_LAST:
            size, body = uleb(trie, at)
        cursor = body + size
        left = trie[cursor]
    except IndexError as error:
        raise MalformedImage("a node of the exports trie does not lie inside of it", offset=at) from error
    texts: list[bytes] = []
    cursor += 1
    while left > 0:
        found = (_EDGES[left] if left < _AT_ONCE else _EDGES[_AT_ONCE]).match(trie, cursor)
        if not found:
            raise MalformedImage("an edge of the exports trie has no end", offset=cursor)
        texts += found.groups()
        cursor, left = found.end(), left - _AT_ONCE
    parts = iter(texts)
    edges = {edge[:1]: (edge, next(parts)) for edge in parts}
    if len(edges) * 2 < len(texts) or (b"" in edges and texts[-2]):
        return body if size else -1, {}, list(zip(texts[::2], texts[1::2], strict=True))
    return body if size else -1, edges, []


_ULEB_LAST = 0x7F


def _target(number: bytes) -> int:
    """Read the LEB128 of an edge, whose form is known; that it leads outside of the trie is found on arrival."""
    if len(number) == _USUAL:
        low, second, third, high = number
        return low & 0x7F | (second & 0x7F) << 7 | (third & 0x7F) << 14 | high << 21
    value = 0
    for byte in reversed(number):
        value = value << 7 | byte & 0x7F
    return value


_USUAL = 4
"""Tries of 2 to 256 MB have most of their numbers of so many bytes."""

_PLAIN, _WEAK_DEFINITION = Export(), Export(weak=True)


def _terminal(trie: bytes, at: int) -> Export:
    flags, at = (trie[at], at + 1) if trie[at] <= _ULEB_LAST else uleb(trie, at)
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


def defined(image: MachO) -> Iterator[tuple[bytes, int, int]]:
    """Yield what an image defines for others by its symbol table: name, description, address.

    Raises:
        MalformedImage: the table is damaged.
    """
    if image.symtab is None:
        return
    names, entries = image.table(image.symtab.strings), image.table(image.symtab.entries)
    for name, kind, _section, description, value in _NLIST.iter_unpack(entries):
        if kind & _N_EXT and not kind & (_N_STAB | _N_PEXT) and kind & _N_TYPE == _N_SECT:
            yield cstring(names, name), description, value


def _symbol_table(image: MachO) -> dict[bytes, Export | None]:
    return {name: Export(weak=bool(description & 0x80)) for name, description, _value in defined(image)}
