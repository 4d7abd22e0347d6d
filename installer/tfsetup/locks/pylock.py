"""Reading `pylock.toml` (PEP 751), with what tfsetup asks beyond the standard: wheels only, each with a sha256."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from tfsetup.errors import InvalidFileError, Where
from tfsetup.locks.model import Lock, LockedFile, LockedPackage

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageSdist, PackageWheel

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INDEX = re.compile(r"packages\[(\d+)\]")
_TABLE = re.compile(r"^\[\[packages\]\]", re.MULTILINE)
_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_pylock(text: str, *, file: str, sdists: Collection[str] = ()) -> Lock:
    """Parse and check a lock file; `file` names it in errors.

    `sdists` are the distributions that may be locked to a source distribution, because their row says that no wheel
    exists for its target.

    Raises:
        InvalidFileError: not TOML, not a `pylock.toml` of a known version, a source distribution, or a wheel without a
            sha256 or with a file name that is not a wheel's.
    """
    from packaging.pylock import Pylock, PylockValidationError

    document = _toml(text, file)
    try:
        lock = Pylock.from_dict(document)
    except PylockValidationError as problem:
        raise _invalid(text, file, f"This is not a valid lock file: {problem}") from problem
    packages = [_package(package, text, file, sdists) for package in lock.packages]
    return Lock(text=text, packages=tuple(sorted(packages, key=lambda package: package.name)))


def _toml(text: str, file: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        found = _LINE.search(str(problem))
        where = Where(file=file, line=int(found[1]), column=int(found[2])) if found else Where(file=file)
        raise InvalidFileError(f"This is not valid TOML: {problem}", where=where, hint=_REMEDY) from problem


_REMEDY = "Lock files are written by `tfsetup lock`; write it anew rather than editing it."


def _package(package: Package, text: str, file: str, sdists: Collection[str]) -> LockedPackage:
    name, version = str(package.name), str(package.version)
    if package.sdist and not package.wheels and name in sdists:
        return LockedPackage(name=name, version=version, wheels=(), sdist=_file(package.sdist, text, file))
    if not package.wheels or package.vcs or package.directory or package.archive:
        message = f"`{package.name}` is not locked to wheels; nothing is built from source out of a lock file."
        raise _invalid(text, file, message, near=f'name = "{package.name}"')
    wheels = tuple(_file(wheel, text, file) for wheel in package.wheels)
    return LockedPackage(name=name, version=version, wheels=wheels)


def _file(locked: PackageWheel | PackageSdist, text: str, file: str) -> LockedFile:
    sha256 = str(locked.hashes.get("sha256", ""))
    if not _SHA256.fullmatch(sha256):
        raise _invalid(text, file, f"`{locked.filename}` has no sha256.", near=locked.filename)
    return LockedFile(filename=locked.filename, size=locked.size, sha256=sha256)


def _invalid(text: str, file: str, message: str, *, near: str | None = None) -> InvalidFileError:
    return InvalidFileError(message, where=Where(file=file, line=_line(text, message, near)), hint=_REMEDY)


def _line(text: str, message: str, near: str | None) -> int | None:
    """Return the line of `near`, or of the package that packaging names by its position (`packages[3]`)."""
    at = text.find(near) if near else -1
    if at < 0 and (found := _INDEX.search(message)):
        tables = list(_TABLE.finditer(text))
        at = tables[int(found[1])].start() if int(found[1]) < len(tables) else -1
    return text.count("\n", 0, at) + 1 if at >= 0 else None
