"""What wheels hold, from the directory at their end: read once, then kept by the sha256. (Touches the world.)."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tfsetup.errors import NetworkError
from tfsetup.ground.exchange import at_once
from tfsetup.ground.files import make_folder, write_whole
from tfsetup.ground.folders import cache_folder
from tfsetup.ground.once import Once
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files.archive import Archive, Member, read_archive
from tfsetup.loader.files.sources import open_wheel
from tfsetup.loader.files.view import installed_path

if TYPE_CHECKING:
    from tfsetup.ground.http import Http
    from tfsetup.ground.owners import Listing

_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A wheel whose files are to be listed: its name, sha256, and where it lies: an address, or a path of this disk.

    `size` is in bytes, None: nobody says.
    """

    filename: str
    sha256: str
    url: str | None = None
    path: str | None = None
    size: int | None = None


def listings(
    wanted: Sequence[Wanted],
    session: Callable[[], Http] | None = None,
    known: Callable[[str], Mapping[str, Member] | None] = lambda _sha256: None,
) -> dict[str, Listing]:
    """Return the files of wheels by file name: paths relative to site-packages, each with its CRC-32 and size.

    Of a wheel on an index only the directory is fetched, and only where it is not known from an earlier time; through
    `session`, if somebody has one. `known` gives the members of a wheel of that sha256, if it was read before.

    Raises:
        NetworkError: a server does not answer, or what it sends is no wheel, or a wheel lies nowhere.
        UsageError: an address, or one it leads on to, is plain http on another machine.
    """
    folder = cache_folder(os.environ) / "listings"
    found = {
        each.filename: _of(members) if (members := known(each.sha256)) is not None else _kept(folder / each.sha256)
        for each in wanted
    }
    missing = [each for each in wanted if found[each.filename] is None]
    asked = session or Once(_session)
    for each, listing in zip(missing, at_once(lambda one: _read(one, asked), missing, threads=_AT_ONCE), strict=True):
        found[each.filename] = listing
        _keep(folder, each.sha256, listing)
    return {name: listing for name, listing in found.items() if listing is not None}


def _session() -> Http:
    from tfsetup.ground.http import Http
    from tfsetup.ground.settings import index_choice

    return Http(choice=index_choice())


def _read(wanted: Wanted, session: Callable[[], Http]) -> Listing:
    try:
        archive = _open(wanted, session)
    except (MalformedImage, OSError) as error:
        raise NetworkError(f"What the index has as {wanted.filename} is no wheel: {error}.") from error
    return _of(archive.members)


def _of(members: Mapping[str, Member]) -> Listing:
    marks = ((installed_path(name), f"{member.crc:08x}.{member.size}") for name, member in members.items())
    return {path: mark for path, mark in marks if path is not None}


def _open(wanted: Wanted, session: Callable[[], Http]) -> Archive:
    from tfsetup.loader.files.remote import RemoteFile

    if wanted.path is not None:
        return open_wheel(Path(wanted.path))
    if wanted.url is None:
        raise NetworkError(f"Nothing says where {wanted.filename} lies.")
    return read_archive(RemoteFile(wanted.url, session()))


def _kept(path: Path) -> Listing | None:
    """Return a listing that was kept; None: there is none, or it is damaged (zlib's checksum tells)."""
    try:
        text = zlib.decompress(path.read_bytes()).decode()
    except (OSError, zlib.error, UnicodeDecodeError):
        return None
    pairs = (line.partition(" ") for line in text.split("\n") if line)
    return {path: mark for mark, _, path in pairs}


def _keep(folder: Path, sha256: str, listing: Mapping[str, str]) -> None:
    """Keep a listing; a cache that cannot be written is no harm."""
    text = "".join(f"{mark} {path}\n" for path, mark in listing.items())
    if text.count("\n") == len(listing):  # a name with a line break in it is read anew each time
        with suppress(OSError):
            make_folder(folder)
            write_whole(folder / sha256, zlib.compress(text.encode()))
