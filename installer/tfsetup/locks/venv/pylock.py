"""Reading `pylock.toml` (PEP 751), whoever wrote it, with what tfsetup asks beyond the standard: each file's sha256.

What tfsetup wrote itself, and what uv answers it, is wheels only, but for what a row says has none. Locks of other
programs may be for many environments, and hold sources: what one environment gets of them is told by `applying.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.marked_toml import load_toml
from tfsetup.ground.moments import in_utc
from tfsetup.locks.cure import DISTRIBUTION, FILE
from tfsetup.locks.model import Bounds, Lock, LockedFile, LockedPackage, Origin, Source
from tfsetup.locks.origin import CREATED_BY, REMEDY, line_of, read
from tfsetup.locks.venv.write import refuse_edited

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel, Pylock, PylockValidationError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TABLE = re.compile(r"^\[\[packages\]\]", re.MULTILINE)
_NAMED = re.compile(r"^[ \t]*name[ \t]*=", re.MULTILINE)
_NOTE = r"^\[tool\.tfsetup\]"


def read_pylock(text: str, *, file: str, sdists: Collection[str] = (), local: bool = False) -> Lock:
    """Parse and check a lock file; `file` names it in errors.

    `sdists` are the distributions that may be locked to a source distribution, because their row says that no wheel
    exists for its target. `local` is for what uv answers: it admits files of this machine by their path.

    Raises:
        InvalidFileError: not TOML, not a `pylock.toml` of a known version, a file without a sha256, a place on one
            machine only, a distribution twice; in a lock of tfsetup also a source distribution or an edit by hand.
    """
    from packaging.pylock import Pylock, PylockValidationError

    document = load_toml(text, file, hint=REMEDY)
    try:
        found = Pylock.from_dict(document)
    except PylockValidationError as problem:
        where = Where(file=file, line=_line(text, problem))
        raise InvalidFileError(f"This is not a valid lock file: {problem}", where=where, hint=REMEDY) from problem
    origin = _origin(document, text, file)
    reader = _Reader(text, file, {*sdists, *(origin.sdists if origin else ())}, local=local, ours=origin is not None)
    packages = [
        reader.package(package, line) for package, line in zip(found.packages, _entries(text, found), strict=True)
    ]
    _once(packages, file)
    ordered = tuple(sorted(packages, key=lambda package: (package.name, package.marker or "")))
    lock = Lock(text=text, packages=ordered, origin=origin, bounds=_bounds(found))
    if origin is not None:
        refuse_edited(
            lock, origin, file, lambda name: line_of(text, rf'^name = "{re.escape(name)}"' if name else _NOTE)
        )
    return lock


def _bounds(found: Pylock) -> Bounds:
    return Bounds(
        environments=tuple(map(str, found.environments or ())),
        requires_python=str(found.requires_python or ""),
        groups=tuple(found.default_groups or ()),
    )


def _entries(text: str, found: Pylock) -> list[int | None]:
    """Return the line of each package's name; None where the packages are not written as tables of their own."""
    tables = [table.end() for table in _TABLE.finditer(text)]
    if len(tables) != len(found.packages):
        return [None] * len(found.packages)
    names = (_NAMED.search(text, start) for start in tables)
    return [text.count("\n", 0, name.start() if name else start) + 1 for name, start in zip(names, tables, strict=True)]


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

    def __init__(self, text: str, file: str, sdists: Collection[str], *, local: bool, ours: bool) -> None:
        self.text = text
        self.file = file
        self.sdists = sdists
        self.local = local
        self.ours = ours

    def package(self, package: Package, line: int | None) -> LockedPackage:
        name = str(package.name)
        wheels = tuple(self._file(wheel, cure=name == DISTRIBUTION) for wheel in package.wheels or ())
        source = _source(package)
        sdist = None
        if package.sdist and not wheels and name in self.sdists:
            sdist, source = self._file(package.sdist), None
        elif package.archive and (wheel := self._archived(package, package.archive)):
            wheels, source = (wheel,), None
        if source and not wheels and (self.ours or self.local):
            message = f"`{name}` is not locked to wheels; nothing is built from source out of a lock file."
            raise _invalid(self.text, self.file, message, near=f'name = "{name}"')
        return LockedPackage(
            name=name, version=str(package.version or _version(wheels)), wheels=wheels, sdist=sdist,
            index=package.index, marker=str(package.marker) if package.marker else None, source=source, line=line,
            requires_python=str(package.requires_python) if package.requires_python else None,
        )  # fmt: skip

    def _archived(self, package: Package, archive: PackageArchive) -> LockedFile | None:
        """Return the wheel that an archive is; None: it is none, by its name.

        Raises:
            InvalidFileError: it is called a wheel and is not one of this package.
        """
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename

        filename = unquote((archive.path or urlsplit(archive.url or "").path).rpartition("/")[2])
        if not filename.endswith(".whl"):
            return None
        try:
            name, version, _, _ = parse_wheel_filename(filename)
        except InvalidWheelFilename as problem:
            raise _invalid(self.text, self.file, f"`{filename}` is not a wheel's name.", near=filename) from problem
        if name != package.name or package.version not in {None, version}:
            told = f"{package.name} {package.version or ''}".rstrip()
            raise _invalid(self.text, self.file, f"`{filename}` is not a wheel of {told}.", near=filename)
        return self._file(archive, filename)

    def _file(
        self, locked: PackageWheel | PackageSdist | PackageArchive, name: str = "", *, cure: bool = False
    ) -> LockedFile:
        """Return a file; `name` is that of an archive, which does not say it."""
        filename = name or getattr(locked, "filename", "")
        sha256 = str(locked.hashes.get("sha256", ""))
        if not _SHA256.fullmatch(sha256):
            raise _invalid(self.text, self.file, f"`{filename}` has no sha256.", near=filename)
        place = locked.path or ("" if (locked.url or "").startswith(("https://", "http://")) else locked.url or "")
        if place and not self.local and not self._may_lie(place, filename, cure=cure, address=locked.path is None):
            message = f"`{place}` is a place on one machine; only files of an index belong in a lock."
            raise _invalid(self.text, self.file, message, near=place)
        uploaded = in_utc(locked.upload_time) if locked.upload_time else None
        url, path = locked.url, locked.path
        return LockedFile(filename=filename, size=locked.size, sha256=sha256, url=url, path=path, uploaded=uploaded)

    def _may_lie(self, place: str, filename: str, *, cure: bool, address: bool) -> bool:
        """Tell whether a file may lie at a place: of what tfsetup wrote only the wheel that cures, beside the lock.

        Whoever else writes a lock may keep wheels in the project (PEP 751: paths are told from the lock's folder).
        """
        if self.ours or cure:
            return cure and bool(FILE.fullmatch(place)) and place == filename
        return not address and not PurePosixPath(place).is_absolute() and not PureWindowsPath(place).anchor


def _source(package: Package) -> Source | None:
    """Return what an entry holds that would have to be built."""
    if package.vcs:
        return "repository"
    if package.directory:
        return "directory"
    if package.archive:
        return "archive of sources"
    return "source distribution" if package.sdist else None


def _version(wheels: Sequence[LockedFile]) -> str:
    """Return the version that a wheel's name tells, where its entry does not."""
    from packaging.utils import parse_wheel_filename

    return str(parse_wheel_filename(wheels[0].filename)[1]) if wheels else ""


def _once(packages: Collection[LockedPackage], file: str) -> None:
    seen = set()
    for package in packages:
        if (package.name, package.marker) in seen:
            message = f"`{package.name}` stands here a second time."
            raise InvalidFileError(message, where=Where(file=file, line=package.line), hint=REMEDY)
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
