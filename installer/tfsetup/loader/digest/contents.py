"""A wheel that is read through its digest, and through itself where that does not reach. (Touches the world.).

What is read of the wheel itself is remembered, so that the next reading need not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from tfsetup.ground.ahead import Ahead
from tfsetup.loader.bytes import ByteSource, MalformedImage
from tfsetup.loader.digest.making import Copy, Made, made, read_ahead, widen
from tfsetup.loader.digest.members import Heard, Kept
from tfsetup.loader.digest.sparse import FAST
from tfsetup.loader.digest.store import WHEEL, Store
from tfsetup.loader.digest.wheel import MOST_TEXT, Native, WheelDigest, encode
from tfsetup.loader.files.archive import Archive, Member
from tfsetup.loader.files.inflate import BlockCache
from tfsetup.loader.files.names import is_native

_BLOCKS: Final = 4
"""Inflated blocks that are kept of a file of which a thread makes the copy."""


@dataclass(kw_only=True)
class Counted:
    """What of some wheels was read through digests, and what was not: numbers of members, and of copies made."""

    kept: int = 0
    fetched: int = 0
    made: int = 0


@dataclass(kw_only=True)
class DigestedWheel:
    """A wheel of a known sha256 as `Contents`. `real` opens the wheel itself, at the first reading that needs it."""

    sha256: str
    store: Store
    real: Callable[[], Archive]
    verified: Callable[[Archive], bool | None]
    """Says whether the whole wheel has that sha256: only then is it remembered by it. None: it is not there."""
    counted: Counted = field(default_factory=Counted)
    ahead: Ahead[Made] | None = None
    """Makes copies before anybody asks for them."""
    seen: str = ""
    """Under which name what was read is kept where the whole wheel is not there; "": it is forgotten."""
    _texts: dict[str, bytes] = field(default_factory=dict)
    _done: dict[str, Made] = field(default_factory=dict)
    _missed: dict[str, tuple[ByteSource, list[range]]] = field(default_factory=dict)
    """Of native files: what was read and is not in their copies."""
    _checked: Ahead[bool | None] = field(default_factory=lambda: Ahead(threads=1))

    # Several wheels are opened at once: up to Python 3.11 `cached_property` lets one of them through at a time.
    _looked_up: list[WheelDigest | None] = field(default_factory=list)
    _opened: list[Archive] = field(default_factory=list)

    @property
    def _known(self) -> WheelDigest | None:
        if not self._looked_up:
            found = self.store.wheel(self.sha256)
            self._looked_up.append(self.store.wheel(self.seen) if found is None and self.seen else found)
        return self._looked_up[0]

    @property
    def _archive(self) -> Archive:
        if not self._opened:
            self._opened.append(self.real())
        return self._opened[0]

    @property
    def known(self) -> bool:
        """Whether there is a digest of it."""
        return self._known is not None

    @property
    def members(self) -> Mapping[str, Member]:
        """See `Contents`."""
        return self._known.members if self._known is not None else self._archive.members

    @property
    def twice(self) -> tuple[str, ...]:
        """See `Contents`."""
        return self._known.twice if self._known is not None else self._archive.twice

    def open(self, name: str) -> ByteSource:
        """Return a member's content; see `Archive.open`."""
        known = self._known
        if known is None:
            return self.fetched(name)
        text, native = known.texts.get(name), known.natives.get(name)
        copy = self.store.native(native.sha256) if native is not None else None
        if text is None and copy is None:
            return self.fetched(name)
        self.counted.kept += 1
        found = (copy, native) if copy is not None and native is not None else None
        size = known.members[name].size
        return self._kept(name, size=size, text=text, copy=found, real=lambda: self.fetched(name))

    def begin(self) -> None:
        """Let what its digest needs be made before anybody asks, unless that is known or nothing is kept."""
        if self.ahead is None or not self.store.keeps or self.known or not self._archive.whole:
            return
        archive, ahead = self._archive, self.ahead
        natives = [member for name, member in archive.members.items() if is_native(name)]
        ahead.plan({(self.sha256, one.name): (one.size, partial(self._ahead, ahead, one.name)) for one in natives})

    def fetched(self, name: str) -> ByteSource:
        """Return a member's content out of the wheel itself; a native file is read once, and then through its copy."""
        self.counted.fetched += 1
        if is_native(name) and self.store.keeps:
            return self._digested(name)
        source = self._archive.open(name)
        return Heard(source, name, self._texts) if self.store.keeps and source.size <= MOST_TEXT else source

    def _digested(self, name: str) -> ByteSource:
        """Make the copy of a native file, unless it is there, and return the file as read through it."""
        done = self._done.get(name) or (self.ahead.take((self.sha256, name)) if self.ahead is not None else None)
        if done is not None:
            source = done.source
            return self._through(name, done, lambda: source or self._archive.open(name))
        source = self._archive.open(name)
        try:
            return self._through(name, made(name, source, self.store), lambda: source)
        except MalformedImage:
            return self._archive.open(name)  # damaged: whoever reads there is told, as if nobody had read before

    def _through(self, name: str, done: Made, real: Callable[[], ByteSource]) -> ByteSource:
        if name not in self._done:
            self._done[name] = done
            self.counted.made += done.new
        return self._kept(name, size=self._archive.members[name].size, copy=(done.copy, done.native), real=real)

    def _ahead(self, ahead: Ahead[Made], name: str) -> Made:
        """Make the copy of a native file in a thread of its own: with no block that others read."""
        source = replace(self._archive, cache=BlockCache(_BLOCKS)).open(name)
        self._checked.plan({self.sha256: (0, lambda: self.verified(self._archive))})  # all of it is on its way now
        done = read_ahead(name, source, self.store, BlockCache(_BLOCKS))
        if done.left is not None:
            left, key = done.left, (self.sha256, name, "left")
            ahead.plan({key: (source.size, lambda: replace(done, new=left(), left=None))})
        return done

    def _complete(self, name: str, done: Made) -> Made:
        """Return a copy that is made to its end and kept."""
        if done.left is None:
            return done
        found = self.ahead.take((self.sha256, name, "left")) if self.ahead is not None else None
        return found or replace(done, new=done.left(), left=None)

    def _kept(
        self,
        name: str,
        *,
        size: int,
        text: bytes | None = None,
        copy: tuple[Copy, Native] | None,
        real: Callable[[], ByteSource],
    ) -> Kept:
        whole = copy if copy is not None and copy[0].size == size else None
        return Kept(name, size=size, text=text, copy=whole, real=real, spoilt=self.store.spoilt, missed=self._miss)

    def _miss(self, name: str, source: ByteSource, what: range) -> None:
        self._missed.setdefault(name, (source, []))[1].append(what)

    def remember(self, *, whole: bool = False) -> None:
        """Keep what was read of the wheel itself: under its hash if the whole of it is there, else as what was seen.

        `whole`: the whole is fetched for it, and its names are kept even if nothing was read.
        """
        if whole:
            self._archive.fetch()
        elif not (self._texts or self._done):
            return
        for name, done in self._done.items():
            self.counted.made += self._complete(name, done).new and not done.new
            if name in self._missed:
                widen(done.native.sha256, *self._missed[name], self.store)
        verified = self._is_verified()
        name = self.sha256 if verified else self.seen if verified is None else ""
        if not name:
            return
        known = self._known or WheelDigest(sha256=name, members=self._archive.members, twice=self._archive.twice)
        digest = WheelDigest(
            sha256=name,
            members=known.members,
            twice=known.twice,
            texts={**known.texts, **self._texts},
            natives={**known.natives, **{name: done.native for name, done in self._done.items()}},
        )
        self.store.keep(name, WHEEL, encode(digest, FAST))
        self._texts, self._done, self._missed = {}, {}, {}

    def _is_verified(self) -> bool | None:
        found = self._checked.take(self.sha256)
        return self.verified(self._archive) if found is None else found
