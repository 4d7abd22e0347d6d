"""The wheels of one question, opened through their digests; afterwards what was read of them is remembered."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tfsetup.errors import InvalidFileError, NetworkError, Where
from tfsetup.ground.ahead import Ahead
from tfsetup.ground.once import Once
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.digest.contents import Counted, DigestedWheel
from tfsetup.loader.digest.making import Made
from tfsetup.loader.digest.opening import Opener, local_wheel, seen_as
from tfsetup.loader.digest.store import Store, own_store
from tfsetup.loader.files.inflate import BlockCache
from tfsetup.loader.files.remote import Traffic
from tfsetup.locks.model import LockedFile

if TYPE_CHECKING:
    from tfsetup.ground.http import Http
    from tfsetup.ground.owners import Listing
    from tfsetup.loader.files.archive import Member
    from tfsetup.loader.files.listing import Wanted


_LARGE: Final = 64 << 20


@dataclass(kw_only=True)
class Opened:
    """Wheels that were opened for one question."""

    store: Store = field(default_factory=own_store)
    counted: Counted = field(default_factory=Counted)
    traffic: Traffic = field(default_factory=Traffic)
    names: dict[str, str] = field(default_factory=dict)
    """The file names of the wheels, by sha256."""
    asked: list[LockedFile] = field(default_factory=list)
    """The wheels on an index that were asked for, also those that hold no native file."""
    _wheels: list[DigestedWheel] = field(default_factory=list)
    _session: Once[Http] = field(default_factory=lambda: Once(_http))
    _ahead: Ahead[Made] = field(default_factory=Ahead)
    _cache: BlockCache = field(default_factory=lambda: BlockCache(8))

    def __post_init__(self) -> None:
        """Let threads begin nothing more once nobody has this any longer."""
        weakref.finalize(self, self._ahead.give_up)

    def local(self, path: Path) -> DigestedWheel:
        """Open a wheel on this disk.

        Raises:
            InvalidFileError: it is none, or cannot be read.
        """
        try:
            wheel = local_wheel(path, self.store, self._cache, self.counted, self._ahead)
        except (MalformedImage, OSError) as error:
            raise InvalidFileError(f"This wheel cannot be read: {error}.", where=Where(file=str(path))) from error
        self._wheels.append(wheel)
        self.names[wheel.sha256] = path.name
        return wheel

    def on_index(self, files: Sequence[LockedFile]) -> list[tuple[str, DigestedWheel]]:
        """Open wheels on an index; return (file name, contents) in the order given.

        Raises:
            NetworkError: a server does not answer, or what it sends is no wheel.
        """
        from tfsetup.workflows.owners import wanted

        opener = Opener(
            store=self.store, counted=self.counted, traffic=self.traffic, session=self._session, ahead=self._ahead
        )
        found = opener.open_all([wanted(each) for each in files])
        self._wheels += [wheel for _, wheel in found]
        self.names.update((wheel.sha256, name) for name, wheel in found)
        return found

    def native_on_index(
        self, files: Sequence[LockedFile], counted: Callable[[int], object] = lambda _: None
    ) -> list[tuple[str, DigestedWheel]]:
        """Open those wheels on an index that hold native files, in the order given; `counted` hears how many they are.

        Raises:
            NetworkError: a server does not answer, or what it sends is no wheel.
        """
        from tfsetup.ground.exchange import at_once
        from tfsetup.workflows.wheels import for_any, with_native

        there = [one for one in files if one.url]
        self.asked += there
        asked = [one for one in there if for_any(one.filename)]
        certain = [one for one in there if one not in asked]
        found = dict[str, DigestedWheel]()

        def open_those(wanted: Callable[[], Sequence[LockedFile]]) -> int:
            native = wanted()
            found.update((one.sha256, wheel) for one, (_, wheel) in zip(native, self.on_index(native), strict=True))
            return len(native)

        # What is certain need not wait for what must be asked first.
        counted(
            sum(
                at_once(
                    open_those, [lambda: certain, lambda: with_native(asked, self._session, self._members)], threads=2
                )
            )
        )
        return [(one.filename, found[one.sha256]) for one in there if one.sha256 in found]

    def listings(self, wanted: Sequence[Wanted]) -> dict[str, Listing]:
        """Return the files of wheels by file name; see `listings`.

        Raises:
            NetworkError: a server does not answer, or what it sends is no wheel.
        """
        from tfsetup.loader.files.listing import listings

        return listings(wanted, self._session, self._members)

    def _members(self, sha256: str) -> Mapping[str, Member] | None:
        known = self.store.wheel(sha256)
        return None if known is None else known.members

    def was_read(self, file: LockedFile) -> bool:
        """Say whether anything of a wheel is kept: as the wheel of its hash, or as what its address has."""
        names = (file.sha256, seen_as(file.sha256, file.url or ""))
        return any(self.store.wheel(name) is not None for name in names)

    def complete(self, files: Sequence[LockedFile]) -> None:
        """Keep also the names in those wheels on an index of which nothing was needed, to hand them on.

        What cannot be fetched, or is large, is left out.
        """
        from tfsetup.workflows.wheels import for_any

        missing = [
            one for one in files
            if one.url and (one.size or 0) <= _LARGE and self.store.wheel(one.sha256) is None
            and (for_any(one.filename) or self.was_read(one))
        ]  # fmt: skip
        with suppress(NetworkError):
            for _, wheel in self.on_index(missing):
                wheel.remember(whole=True)

    def remember(self) -> None:
        """Keep what was read of the wheels themselves; what cannot be kept is no harm."""
        for wheel in self._wheels:
            wheel.remember()
        self._ahead.give_up()
        self.store.sweep()

    def unbelieved(self) -> Iterator[str]:
        """Yield the digests that somebody handed on and that nobody vouches for, by file name."""
        yield from dict.fromkeys(self.store.refused)


def _http() -> Http:
    from tfsetup.ground.http import Http
    from tfsetup.ground.settings import index_choice

    return Http(choice=index_choice())
