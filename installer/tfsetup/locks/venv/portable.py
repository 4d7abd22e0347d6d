"""Reading the portable form: a requirements file in which every line is `name==version` with its hashes, no address.

The syntax is that of pip's requirements files ("Requirements File Format" and "Secure installs" of its documentation),
without everything that would lead elsewhere: options, addresses, paths, other files.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.values import value
from tfsetup.locks.model import Lock, LockedFile, LockedPackage, Origin
from tfsetup.locks.origin import COMMENT, REMEDY, read
from tfsetup.locks.venv.write import refuse_edited

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_PIN = re.compile(rf"({_NAME})(?:\[[A-Za-z0-9._,\s-]*\])?\s*==\s*([A-Za-z0-9.!+_-]+)\s*(?:;\s*(.*?)\s*)?\Z")
_HASH = re.compile(r"(?:^|\s)--hash[=\s]\s*(\S+)")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})\Z")
_FILE = re.compile(r"# ([A-Za-z0-9][A-Za-z0-9._+!-]*\.(?:whl|tar\.gz|zip))(?: (\d{1,15}))?\Z")
_TRAILING = re.compile(r"(?:^|\s+)#.*\Z")


@value
class _Line:
    """A requirement on one or several lines of the file, and the comments right above it."""

    number: int
    text: str
    files: tuple[tuple[str, int | None], ...]


def read_portable(text: str, *, file: str, sdists: Collection[str] = ()) -> Lock:
    """Parse and check a portable lock; `file` names it in errors, `sdists` are what may be a source distribution.

    Raises:
        InvalidFileError: with the line: anything but pins with sha256 hashes, a distribution twice, an edit by hand.
    """
    note, lines = _split(text, file)
    origin = _origin(note, file)
    allowed = {*sdists, *((*origin.sdists, *origin.allow_build) if origin else ())}
    found = [(line, _package(line, file, allowed)) for line in lines]
    _once(found, file)
    packages = tuple(sorted((package for _, package in found), key=lambda p: (p.name, p.marker or "")))
    if not packages and origin is None:
        raise _invalid(file, text.count("\n") + 1, "Nothing is locked here: the file is empty or cut off.")
    lock = Lock(text=text, packages=packages, form="portable", origin=origin)
    if origin is not None:
        refuse_edited(
            lock, origin, file, ({package.name: line.number for line, package in found} | {"": note[0][0]}).get
        )
    return lock


def _split(text: str, file: str) -> tuple[list[tuple[int, str]], list[_Line]]:
    """Return the lines of the note with their numbers, and the requirements."""
    note: list[tuple[int, str]] = []
    lines: list[_Line] = []
    files: list[tuple[str, int | None]] = []
    numbered = iter(enumerate(text.splitlines(), 1))
    for number, line in numbered:
        stripped = line.strip()
        if line.startswith(COMMENT):
            note.append((number, line[len(COMMENT) :]))
        elif named := _FILE.match(stripped):
            files.append((named[1], int(named[2]) if named[2] else None))
        elif stripped and not stripped.startswith("#"):
            lines.append(_Line(number=number, text=_joined(stripped, number, numbered, file), files=tuple(files)))
            files = []
        else:
            files = []
    return note, lines


def _joined(line: str, number: int, numbered: Iterator[tuple[int, str]], file: str) -> str:
    parts = [line]
    while parts[-1].endswith("\\"):
        parts[-1] = parts[-1][:-1]
        following = next(numbered, None)
        if following is None or not following[1].strip():
            raise _invalid(file, number, "This requirement is cut off: a line must follow its `\\`.")
        parts.append(following[1].strip())
    return _TRAILING.sub("", " ".join(parts))


def _origin(note: Sequence[tuple[int, str]], file: str) -> Origin | None:
    if not note:
        return None
    import tomllib

    where = Where(file=file, line=note[0][0])
    try:
        table = tomllib.loads("\n".join(line for _, line in note))
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        message = f"The note of tfsetup in this lock is damaged: {problem}."
        raise InvalidFileError(message, where=where, hint=REMEDY) from problem
    return read(table, where)


def _package(line: _Line, file: str, sdists: Collection[str]) -> LockedPackage:
    from packaging.utils import canonicalize_name, canonicalize_version

    bare = _HASH.sub("", line.text).strip()
    pin = _PIN.match(bare)
    if pin is None:
        raise _invalid(file, line.number, f"`{bare[:80]}` is not a pin such as `name==1.0 --hash=sha256:…`.")
    name, marker = str(canonicalize_name(pin[1])), _marker(pin[3], file, line.number)
    hashes = [_sha256(text, name, file, line.number) for text in _HASH.findall(line.text)]
    if not hashes:
        raise _invalid(file, line.number, f"`{name}` has no sha256.")
    known = line.files if len(line.files) == len(hashes) else [("", None)] * len(hashes)
    files = tuple(
        LockedFile(filename=filename, size=size, sha256=sha256)
        for (filename, size), sha256 in zip(known, hashes, strict=True)
    )
    version = str(canonicalize_version(pin[2], strip_trailing_zero=False))
    package = LockedPackage(name=name, version=version, wheels=files, marker=marker, line=line.number)
    return _with_sdist(package, file, line.number, sdists)


def _with_sdist(package: LockedPackage, file: str, number: int, sdists: Collection[str]) -> LockedPackage:
    """Tell wheels from sdists by their names, where they are known."""
    sources = [each for each in package.wheels if each.filename and not each.filename.endswith(".whl")]
    if not sources:
        return package
    if package.name not in sdists or len(package.wheels) > 1:
        message = f"`{package.name}` is not locked to wheels; nothing is built from source out of a lock file."
        raise _invalid(file, number, message)
    return replace(package, wheels=(), sdist=sources[0])


def _marker(text: str | None, file: str, number: int) -> str | None:
    if not text:
        return None
    from packaging.markers import InvalidMarker, Marker

    try:
        return str(Marker(text))
    except (InvalidMarker, RecursionError) as problem:
        raise _invalid(file, number, f"`{text[:80]}` is not an environment marker.") from problem


def _sha256(text: str, name: str, file: str, number: int) -> str:
    found = _SHA256.match(text)
    if found is None:
        raise _invalid(file, number, f"`{name}` has a hash that is not a sha256: `{text[:80]}`.")
    return found[1]


def _once(found: Sequence[tuple[_Line, LockedPackage]], file: str) -> None:
    seen: dict[tuple[str, str | None], int] = {}
    for line, package in found:
        first = seen.setdefault((package.name, package.marker), line.number)
        if first != line.number:
            raise _invalid(file, line.number, f"`{package.name}` stands here a second time, first at line {first}.")


def _invalid(file: str, line: int, message: str) -> InvalidFileError:
    return InvalidFileError(message, where=Where(file=file, line=line), hint=REMEDY)
