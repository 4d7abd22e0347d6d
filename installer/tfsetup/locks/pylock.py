"""Reading `pylock.toml` (PEP 751), with what tfsetup asks beyond the standard: wheels only, each with a sha256."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from tfsetup.errors import InvalidFileError, Where
from tfsetup.locks.model import Lock, LockedFile, LockedPackage, Origin
from tfsetup.locks.origin import CREATED_BY, REMEDY, edited, line_of, read

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageSdist, PackageWheel

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INDEX = re.compile(r"packages\[(\d+)\]")
_TABLE = re.compile(r"^\[\[packages\]\]", re.MULTILINE)
_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")
_NOTE = r"^\[tool\.tfsetup\]"


def read_pylock(text: str, *, file: str, sdists: Collection[str] = (), local: bool = False) -> Lock:
    """Parse and check a lock file; `file` names it in errors.

    `sdists` are the distributions that may be locked to a source distribution, because their row says that no wheel
    exists for its target. `local` admits files of this machine by their path, which have no place in a lock for others.

    Raises:
        InvalidFileError: not TOML, not a `pylock.toml` of a known version, a source distribution, a wheel without a
            sha256 or with a file name that is not a wheel's, a path, a distribution twice, or an edit by hand.
    """
    from packaging.pylock import Pylock, PylockValidationError

    document = _toml(text, file)
    try:
        lock = Pylock.from_dict(document)
    except PylockValidationError as problem:
        raise _invalid(text, file, f"This is not a valid lock file: {problem}") from problem
    origin = _origin(document, text, file)
    allowed = {*sdists, *(origin.sdists if origin else ())}
    packages = [_Reader(text, file, allowed, local=local).package(package) for package in lock.packages]
    _once(packages, text, file)
    ordered = tuple(sorted(packages, key=lambda package: (package.name, package.marker or "")))
    if origin is not None:
        _untouched(origin, ordered, text, file)
    return Lock(text=text, packages=ordered, origin=origin)


def _toml(text: str, file: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        found = _LINE.search(str(problem))
        last = text.count("\n") + 1 if "end of document" in str(problem) else None
        where = Where(file=file, line=int(found[1]), column=int(found[2])) if found else Where(file=file, line=last)
        raise InvalidFileError(f"This is not valid TOML: {problem}", where=where, hint=REMEDY) from problem


def _origin(document: dict[str, Any], text: str, file: str) -> Origin | None:
    table = document.get("tool", {}).get("tfsetup")
    if table is None and document.get("created-by") == CREATED_BY:
        where = Where(file=file, line=text.count("\n") + 1)
        raise InvalidFileError("This lock is cut off: tfsetup's note is missing at its end.", where=where, hint=REMEDY)
    return None if table is None else read(table, Where(file=file, line=line_of(text, _NOTE)))


class _Reader:
    """Turns packaging's values into ours, one file's text and rules at hand."""

    def __init__(self, text: str, file: str, sdists: Collection[str], *, local: bool) -> None:
        self.text = text
        self.file = file
        self.sdists = sdists
        self.local = local

    def package(self, package: Package) -> LockedPackage:
        name = str(package.name)
        marker = str(package.marker) if package.marker else None
        wheels: tuple[LockedFile, ...] = ()
        sdist = None
        if package.sdist and not package.wheels and name in self.sdists:
            sdist = self._file(package.sdist)
        elif not package.wheels or package.vcs or package.directory or package.archive:
            message = f"`{name}` is not locked to wheels; nothing is built from source out of a lock file."
            raise _invalid(self.text, self.file, message, near=f'name = "{name}"')
        else:
            wheels = tuple(self._file(wheel) for wheel in package.wheels)
        version = str(package.version)
        return LockedPackage(name=name, version=version, wheels=wheels, sdist=sdist, marker=marker, index=package.index)

    def _file(self, locked: PackageWheel | PackageSdist) -> LockedFile:
        sha256 = str(locked.hashes.get("sha256", ""))
        if not _SHA256.fullmatch(sha256):
            raise _invalid(self.text, self.file, f"`{locked.filename}` has no sha256.", near=locked.filename)
        place = locked.path or ("" if (locked.url or "").startswith(("https://", "http://")) else locked.url or "")
        if place and not self.local:
            message = f"`{place}` is a place on one machine; only files of an index belong in a lock."
            raise _invalid(self.text, self.file, message, near=place)
        return LockedFile(filename=locked.filename, size=locked.size, sha256=sha256, url=locked.url, path=locked.path)


def _once(packages: Collection[LockedPackage], text: str, file: str) -> None:
    seen = set()
    for package in packages:
        if (package.name, package.marker) in seen:
            entries = list(re.finditer(rf'^name = "{re.escape(package.name)}"', text, re.MULTILINE))
            line = text.count("\n", 0, entries[-1].start()) + 1 if entries else None
            message = f"`{package.name}` stands here a second time."
            raise InvalidFileError(message, where=Where(file=file, line=line), hint=REMEDY)
        seen.add((package.name, package.marker))


def _untouched(origin: Origin, packages: tuple[LockedPackage, ...], text: str, file: str) -> None:
    name = edited(origin, packages)
    if name is not None:
        line = line_of(text, rf'^name = "{re.escape(name)}"' if name else _NOTE)
        what = f"The entry of `{name}`" if name else "This lock"
        message = f"{what} is not what tfsetup wrote: it was edited or cut off afterwards."
        raise InvalidFileError(message, where=Where(file=file, line=line), hint=REMEDY)


def _invalid(text: str, file: str, message: str, *, near: str | None = None) -> InvalidFileError:
    return InvalidFileError(message, where=Where(file=file, line=_line(text, message, near)), hint=REMEDY)


def _line(text: str, message: str, near: str | None) -> int | None:
    """Return the line of `near`, or of the package that packaging names by its position (`packages[3]`)."""
    at = text.find(near) if near else -1
    if at < 0 and (found := _INDEX.search(message)):
        tables = list(_TABLE.finditer(text))
        at = tables[int(found[1])].start() if int(found[1]) < len(tables) else -1
    return text.count("\n", 0, at) + 1 if at >= 0 else None
