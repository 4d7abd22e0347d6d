"""Locked packages unpacked into a folder, to be looked at before anything is linked. (Touches the world.)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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

_DOING: Final = "Reading the conda packages"
_AT_ONCE: Final = 4  # archives fetched and unpacked at the same time


@dataclass(kw_only=True)
class Unpacker:
    """Unpacks archives into `folder`; one that is there already is not unpacked again."""

    folder: Path
    settings: Settings
    offline: bool = False

    def unpack(self, packages: Sequence[CondaPackage]) -> tuple[Path, ...]:
        """Unpack what can hold native code, and return the folders; every archive is checked against its sha256.

        Packages of the subdir `noarch` hold none, so they are not fetched.

        Raises:
            NetworkError: an archive cannot be fetched, is not the locked one, or is damaged.
        """
        native = [package for package in packages if package.subdir != "noarch"]
        waiting = [package for package in native if not self._place(package).is_dir()]
        check_local(waiting)
        wait_for(self._all(waiting))
        return tuple(self._place(package) for package in native)

    def _place(self, package: CondaPackage) -> Path:
        return self.folder / package.sha256[:32]

    async def _all(self, packages: Sequence[CondaPackage]) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)
        known, http = channels((), self.settings), client(self.settings)

        async def one(package: CondaPackage) -> None:
            async with gate:
                await self._one(package, private(package.url, known), http)

        await asyncio.gather(*(one(package) for package in packages))

    async def _one(self, package: CondaPackage, url: str, http: Any) -> None:
        rattler()
        from rattler import exceptions
        from rattler.package_streaming import download_and_extract, extract

        place = self._place(package)
        draft = place.with_suffix(".draft")
        try:
            if url.startswith("file:"):
                await asyncio.to_thread(extract, local_path(url), draft)
            elif self.offline or self.settings.offline:
                raise _offline(package)
            else:
                await download_and_extract(http, url, draft, bytes.fromhex(package.sha256))
        except (exceptions.ExtractError, exceptions.IoError, OSError, ValueError) as problem:
            raise package_failed(str(problem), doing=f"{_DOING} ({package.file_name})") from problem
        draft.rename(place)


@contextmanager
def unpacked(packages: Sequence[CondaPackage], settings: Settings, *, offline: bool) -> Iterator[tuple[Path, ...]]:
    """Unpack into a temporary folder, which is gone after the `with`.

    Raises:
        NetworkError: as `Unpacker.unpack`.
    """
    with temporary_folder() as folder:
        yield Unpacker(folder=folder, settings=settings, offline=offline).unpack(packages)


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
