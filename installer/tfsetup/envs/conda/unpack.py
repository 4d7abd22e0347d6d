"""Locked packages unpacked into a folder, to be looked at before anything is linked. (Touches the world.)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tfsetup.envs.conda.engine import check_local
from tfsetup.errors import NetworkError
from tfsetup.host.temporary import temporary_folder
from tfsetup.loader.files.prefix import Piece, Replaced
from tfsetup.loader.files.sources import MappedFile
from tfsetup.locks.conda.condarc import Settings, channels, private
from tfsetup.locks.conda.failures import package_failed
from tfsetup.locks.conda.library import rattler, wait_for
from tfsetup.locks.conda.model import CondaPackage
from tfsetup.locks.conda.run import client, local_path

if TYPE_CHECKING:
    from rattler import Client

_DOING: Final = "Reading the conda packages"
_AT_ONCE: Final = 4  # archives fetched and unpacked at the same time


@contextmanager
def unpacked(packages: Sequence[CondaPackage], settings: Settings, *, offline: bool) -> Iterator[tuple[Path, ...]]:
    """Unpack what can hold native code into a temporary folder, which is gone after the `with`; yield a folder each.

    Every archive is checked against its sha256. Packages of the subdir `noarch` hold no native code, so they are not
    fetched.

    Raises:
        NetworkError: an archive cannot be fetched, is not the locked one, or is damaged.
    """
    native = [package for package in packages if package.subdir != "noarch"]
    check_local(native)
    with temporary_folder() as folder:
        places = {folder / package.sha256[:32]: package for package in native}
        wait_for(_unpack(places, settings, offline=offline or settings.offline))
        yield tuple(places)


async def _unpack(places: Mapping[Path, CondaPackage], settings: Settings, *, offline: bool) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)
    known, http = channels((), settings), client(settings)

    async def one(place: Path, package: CondaPackage) -> None:
        async with gate:
            await _unpack_one(place, package, private(package.url, known), None if offline else http)

    await asyncio.gather(*(one(place, package) for place, package in places.items()))


async def _unpack_one(place: Path, package: CondaPackage, url: str, http: Client | None) -> None:
    from rattler.exceptions import ExtractError, IoError
    from rattler.package_streaming import download_and_extract, extract

    try:
        if url.startswith("file:"):
            await asyncio.to_thread(extract, local_path(url), place)
        elif http is None:
            raise _offline(package)
        else:
            await download_and_extract(http, url, place, bytes.fromhex(package.sha256))
    except (ExtractError, IoError, OSError, ValueError) as problem:
        raise package_failed(str(problem), doing=f"{_DOING} ({package.file_name})") from problem


def _offline(package: CondaPackage) -> NetworkError:
    message = f"{package.file_name} would have to be fetched to be read, and --offline forbids that."
    return NetworkError(message, hint="Run once without --offline.")


def pieces(folders: Sequence[Path], prefix: str) -> Iterator[Piece]:
    """Yield what unpacked packages would put into `prefix`, binaries with that prefix in them."""
    for folder in folders:
        placeholders = _placeholders(folder)
        for root, names, files in os.walk(folder):
            if Path(root) == folder:
                names[:] = [name for name in names if name != "info"]
            for name in [*files, *(name for name in names if Path(root, name).is_symlink())]:
                yield _piece(Path(root, name), folder, placeholders, prefix)


def _piece(path: Path, folder: Path, placeholders: dict[str, str], prefix: str) -> Piece:
    relative = path.relative_to(folder).as_posix()
    if path.is_symlink():
        return Piece(path=relative, link=path.readlink().as_posix())
    source = MappedFile(path)
    if relative in placeholders:
        return Piece(path=relative, source=Replaced(source, placeholders[relative], prefix))
    return Piece(path=relative, source=source)


def _placeholders(folder: Path) -> dict[str, str]:
    """Return the placeholder of every binary of an unpacked package that has one, by path."""
    library = rattler()
    listed = library.PathsJson.from_package_directory_with_deprecated_fallback(folder)
    found = ((str(entry.relative_path).replace("\\", "/"), entry.prefix_placeholder) for entry in listed.paths)
    return {path: holder.placeholder for path, holder in found if holder is not None and holder.file_mode.binary}
