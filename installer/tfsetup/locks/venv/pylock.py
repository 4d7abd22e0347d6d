"""Reading `pylock.toml` (PEP 751), with what tfsetup asks beyond the standard: wheels only, each with a sha256."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.marked_toml import load_toml
from tfsetup.ground.moments import in_utc
from tfsetup.locks.cure import DISTRIBUTION, FILE
from tfsetup.locks.model import Lock, LockedFile, LockedPackage, Origin
from tfsetup.locks.origin import CREATED_BY, REMEDY, line_of, read
from tfsetup.locks.venv.write import refuse_edited

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageSdist, PackageWheel, PylockValidationError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TABLE = re.compile(r"^\[\[packages\]\]", re.MULTILINE)
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

    document = load_toml(text, file, hint=REMEDY)
    try:
        found = Pylock.from_dict(document)
    except PylockValidationError as problem:
        where = Where(file=file, line=_line(text, problem))
        raise InvalidFileError(f"This is not a valid lock file: {problem}", where=where, hint=REMEDY) from problem
    origin = _origin(document, text, file)
    allowed = {*sdists, *((*origin.sdists, *origin.allow_build) if origin else ())}
    packages = [_Reader(text, file, allowed, local=local).package(package) for package in found.packages]
    _once(packages, text, file)
    ordered = tuple(sorted(packages, key=lambda package: (package.name, package.marker or "")))
    lock = Lock(text=text, packages=ordered, origin=origin)
    if origin is not None:
        refuse_edited(lock, origin, file, lambda name: line_of(text, rf'^name = "{re.escape(name)}"' if name else _NOTE))
    return lock


def _origin(document: Mapping[str, object], text: str, file: str) -> Origin | None:
    tool = document.get("tool")
    table = tool.get("tfsetup") if isinstance(tool, dict) else None
    note = Where(file=file, line=line_of(text, _NOTE) or 1)
    if table is None and document.get("created-by") == CREATED_BY:
        where = Where(file=file, line=text.count("\n") + 1)
        raise InvalidFileError("This lock is cut off: tfsetup's note is missing at its end.", where=where, hint=REMEDY)
    return None if table is None else read(table, note)


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
            wheels = tuple(self._file(wheel, cure=name == DISTRIBUTION) for wheel in package.wheels)
        version = str(package.version)
        return LockedPackage(name=name, version=version, wheels=wheels, sdist=sdist, marker=marker, index=package.index)

    def _file(self, locked: PackageWheel | PackageSdist, *, cure: bool = False) -> LockedFile:
        """Return a file; that of the wheel that cures may lie beside the lock, and nowhere else."""
        sha256 = str(locked.hashes.get("sha256", ""))
        if not _SHA256.fullmatch(sha256):
            raise _invalid(self.text, self.file, f"`{locked.filename}` has no sha256.", near=locked.filename)
        place = locked.path or ("" if (locked.url or "").startswith(("https://", "http://")) else locked.url or "")
        if place and not self.local and not (cure and FILE.fullmatch(place) and place == locked.filename):
            message = f"`{place}` is a place on one machine; only files of an index belong in a lock."
            raise _invalid(self.text, self.file, message, near=place)
        return LockedFile(filename=locked.filename, size=locked.size, sha256=sha256, url=locked.url, path=locked.path, uploaded=in_utc(locked.upload_time) if locked.upload_time else None)


def _once(packages: Collection[LockedPackage], text: str, file: str) -> None:
    seen = set()
    for package in packages:
        if (package.name, package.marker) in seen:
            entries = list(re.finditer(rf'^name = "{re.escape(package.name)}"', text, re.MULTILINE))
            line = text.count("\n", 0, entries[-1].start()) + 1 if entries else None
            message = f"`{package.name}` stands here a second time."
            raise InvalidFileError(message, where=Where(file=file, line=line), hint=REMEDY)
        seen.add((package.name, package.marker))


def _invalid(text: str, file: str, message: str, *, near: str) -> InvalidFileError:
    return InvalidFileError(message, where=Where(file=file, line=line_of(text, re.escape(near))), hint=REMEDY)


def _line(text: str, problem: PylockValidationError) -> int:
    """Return the line that packaging means: it names a place (`packages[3].wheels[0]`) and quotes what is wrong."""
    context = "lock-version" if "is not supported" in problem.message else problem.context or ""
    start, end = 0, len(text)
    for part in context.split("."):
        name, _, number = part.rstrip("]").partition("[")
        if name == "packages" and number:
            places = [*(table.start() for table in _TABLE.finditer(text)), end]
            start, end = places[int(number) : int(number) + 2] if int(number) < len(places) - 1 else (start, end)
        elif name and (found := re.compile(rf"(?<![\w-]){re.escape(name)}\s*=").search(text, start, end)):
            start = found.start()
    for quoted in re.findall(r"'([^']+)'", problem.message):
        start = max(start, text.find(quoted, start, end))
    return text.count("\n", 0, start) + 1
