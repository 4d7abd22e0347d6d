"""Digests that are handed on: written for others, packed small, and believed where somebody vouches for their bytes.

Whoever hands them on writes down the sha256 of each file, in a place that is trusted for itself (a lock's record, the
list that comes with tfsetup). A file that is in no such list is as good as none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfsetup.loader.digest.sparse import DamagedCopy, packed_small
from tfsetup.loader.digest.store import NATIVE, WHEEL, Store
from tfsetup.loader.digest.wheel import encode


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """The sha256 of digests by file name; several lists may know different ones of one name."""

    files: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __call__(self, name: str, data: bytes) -> bool:
        """Say whether somebody vouches for a file of that name with these bytes."""
        known = self.files.get(name)
        return known is not None and hashlib.sha256(data).hexdigest() in known


def vouched(lists: Iterable[Mapping[str, str]]) -> Vouched:
    """Join lists of sha256 by file name."""
    joined: dict[str, set[str]] = {}
    for each in lists:
        for name, sha256 in each.items():
            joined.setdefault(name, set()).add(sha256)
    return Vouched(files={name: frozenset(found) for name, found in joined.items()})


def handed_on(store: Store, wheels: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the digests of wheels (by their sha256) that are in a store, with those of their native files.

    Each is a file's name and its bytes; what is damaged, or not there, is left out.
    """
    done = set[str]()
    for wheel in dict.fromkeys(wheels):
        digest = store.wheel(wheel)
        if digest is None:
            continue
        name = f"{wheel}{WHEEL}"
        yield name, store.untouched(name) or encode(digest)
        for native in sorted({one.sha256 for one in digest.natives.values()} - done):
            done.add(native)
            copy = store.native(native)
            if copy is not None:
                name = f"{native}{NATIVE}"
                try:
                    yield name, store.untouched(name) or packed_small(copy)
                except DamagedCopy:
                    store.spoilt(native)


def write_digests(folder: Path, digests: Iterable[tuple[str, bytes]]) -> tuple[dict[str, str], int]:
    """Write digests into a folder; return the sha256 of each by file name, and how many bytes they have together.

    Raises:
        OSError: the folder cannot be written.
    """
    target, found, total = Store(folder=folder), dict[str, str](), 0
    for name, data in digests:
        target.put(name, data)
        found[name] = hashlib.sha256(data).hexdigest()
        total += len(data)
    return found, total
