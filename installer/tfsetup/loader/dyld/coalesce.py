"""Weak definitions that dyld makes one of: what images share that each was built to have for itself.

Two-level namespaces do not protect them. An image that binds to weak definitions (MH_BINDS_TO_WEAK) takes, for each
name it lists, the first definition among the images that take part (MH_WEAK_DEFINES), though it has its own. For code
that is harmless where both were made from one source. A variable that two generations of a library lay out differently
is not: each locks, in the other's object, a mutex that is none.

Which variables a library has is read from its guards: C++ writes one beside each variable that is initialised on first
use (Itanium C++ ABI, 5.2.2: `_ZGV`). Rules: dyld `Loader.cpp` (resolveSymbol, weak coalescing).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from tfsetup.loader.bytes import MalformedImage, text
from tfsetup.loader.macho import binds
from tfsetup.loader.macho.image import BINDS_TO_WEAK, WEAK_DEFINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tfsetup.loader.dyld.bind import Loaded

_GUARDS = ("__ZGVZN", "__ZGVZNK", "__ZGVN")
"""Beginnings of the guards of variables: in a function, in a const method, of a namespace or class."""
_OWN = ("__ZN", "__ZNK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """Releases of a library that lay out its variables alike. `marks`: what only the names of its functions hold."""

    name: str
    marks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """A library that packages carry about in themselves. `namespace` is its mangled C++ namespace.

    `consequence` is what is seen where two generations of it share a variable.
    """

    name: str
    namespace: str
    generations: tuple[Generation, ...]
    consequence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """Two images (real paths, in load order) with variables that dyld makes one of, `names` of the guards.

    `generations`: which release each was built with; None where its names do not tell.
    """

    between: tuple[str, str]
    names: tuple[str, ...]
    generations: tuple[str | None, str | None]


def shared(loaded: Sequence[Loaded], library: Library) -> Iterator[Shared]:
    """Yield the pairs that share a variable and are not known to be of one generation of `library`.

    A damaged table says nothing here: dlopen has judged it.
    """
    known: dict[str, str | None] = {}
    having = [(image, found) for image in loaded if (found := _variables(image, library))]
    for (one, ours), (other, theirs) in combinations(having, 2):
        names = _made_one(one, other, ours & theirs)
        if not names:
            continue
        for image in (one, other):
            if image.path not in known:
                known[image.path] = _generation(image, library)
        first, second = known[one.path], known[other.path]
        if first is None or first != second:
            guards = tuple(sorted(map(text, names)))
            yield Shared(between=(one.path, other.path), names=guards, generations=(first, second))


def _variables(image: Loaded, library: Library) -> frozenset[bytes]:
    """Return the guards of the library's variables that an image lays open to coalescing."""
    if not image.image.flags & WEAK_DEFINES:
        return frozenset()
    try:
        return frozenset(name for guard in _GUARDS for name in image.exports.below(_begin(guard, library)))
    except MalformedImage:
        return frozenset()


def _made_one(one: Loaded, other: Loaded, names: frozenset[bytes]) -> frozenset[bytes]:
    """Return those of common names for which either takes the other's definition, whichever is loaded first."""
    if not names:
        return names
    return (names & _taken(one, other)) | (names & _taken(other, one))


def _taken(taker: Loaded, giver: Loaded) -> set[bytes]:
    if giver.hidden or not taker.image.flags & BINDS_TO_WEAK:
        return set()
    try:
        return binds.coalesced(taker.image)
    except MalformedImage:
        return set()


def _generation(image: Loaded, library: Library) -> str | None:
    """Return the generation whose mark is found first among the names of the library's own functions."""
    marks = [(generation.name, mark.encode()) for generation in library.generations for mark in generation.marks]
    for begin in _OWN:
        for symbol in image.exports.below(_begin(begin, library)):
            found = next((name for name, mark in marks if mark in symbol), None)
            if found:
                return found
    return None


def _begin(start: str, library: Library) -> bytes:
    return f"{start}{library.namespace}".encode()
