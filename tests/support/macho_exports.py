"""Every export of a Mach-O image, to be held against what other tools list; no loader needs more than single names."""

from __future__ import annotations

from collections.abc import Iterator

from tfsetup.loader.bytes import MalformedImage, text
from tfsetup.loader.macho.exports import Export, _node, _symbol_table, _target, _terminal, _trie
from tfsetup.loader.macho.image import MachO

_MAX_NAME = 1 << 16


def exports_of(image: MachO) -> Iterator[tuple[str, Export]]:
    """Yield every export, from the trie or, where there is none, from the symbol table."""
    trie = _trie(image)
    if trie is None:
        yield from ((text(name), export) for name, export in _symbol_table(image).items() if export is not None)
    elif trie:
        yield from _all(trie)


def _all(trie: bytes) -> Iterator[tuple[str, Export]]:
    seen: set[int] = set()
    todo: list[tuple[int, bytes]] = [(0, b"")]
    while todo:
        at, prefix = todo.pop()
        if at in seen or len(prefix) > _MAX_NAME:
            raise MalformedImage("the exports trie has a cycle", offset=at)
        seen.add(at)
        terminal, edges, in_order = _node(trie, at)
        if terminal >= 0:
            yield text(prefix), _terminal(trie, terminal)
        todo += [(_target(target), prefix + edge) for edge, target in (*edges.values(), *in_order)]
