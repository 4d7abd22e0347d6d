"""The note that `tfsetup lock` leaves in a lock: what it was made for, and fingerprints against edits by hand. Pure.

In a `pylock` file the note is the table `[tool.tfsetup]` (PEP 751 keeps `tool` for this), in the portable form the same
TOML behind `#: `, which every installer takes for comments.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import get_type_hints

from msgspec import ValidationError, convert

from tfsetup.errors import InvalidFileError, Where
from tfsetup.locks.model import SCHEMA, LockedPackage, Origin

REMEDY = "Lock files are written by `tfsetup lock`; write it anew rather than editing it."
COMMENT = "#: "
CREATED_BY = "tfsetup lock"
"""What a PEP 751 file with a note says of its maker: the note stands at its end, and may not be missing there."""
_SUM = 16  # hex digits of a fingerprint: 64 bits, against accidents and edits, not against forgery (the hashes are)
_TABLES = ("rules", "sums", "cures", "exclude_newer_package")
# These came after the first locks: where they say nothing, the note is as it was.
_LATER = ("cures", "without_cures", "exclude_newer", "exclude_newer_package", "exclude_newer_since")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def seal(origin: Origin, packages: Sequence[LockedPackage]) -> Origin:
    """Return `origin` with the fingerprints of `packages` and of itself."""
    sums = {_key(package): fingerprint(_plain(package)) for package in packages}
    return replace(origin, sums=sums, digest=_digest(origin))


def fingerprint(value: object) -> str:
    """Return a short fingerprint of plain data, independent of the order of its keys."""
    return _sha256(value)[:_SUM]


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def render(origin: Origin) -> Iterator[str]:
    """Yield the lines of the note as TOML, but for the fingerprints of the packages."""
    for name in (field.name for field in fields(origin)):
        value = getattr(origin, name)
        if name not in _TABLES and value not in {None, (), False, ""}:
            yield f"{name} = {_toml(value)}"
    yield from _table("exclude_newer_package", origin.exclude_newer_package)
    yield from _table("cures", origin.cures)
    yield from _table("rules", origin.rules)


def render_sums(origin: Origin) -> Iterator[str]:
    """Yield the fingerprints of the packages, a line each."""
    yield from _table("sums", origin.sums)


def _table(name: str, values: Mapping[str, str]) -> Iterator[str]:
    for key, value in sorted(values.items()):
        yield f"{name}.{key if _BARE.fullmatch(key) else quoted(key)} = {_toml(value)}"


def quoted(text: str) -> str:
    """Return a TOML basic string. JSON's escapes are TOML's too, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _toml(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(quoted, value))}]"
    return str(value).lower()


def read(table: object, where: Where) -> Origin:
    """Return the note from its TOML table; `where` is its place in errors.

    Raises:
        InvalidFileError: something is missing, unknown or of another type, or another tfsetup wrote it.
    """
    if not isinstance(table, dict):
        raise InvalidFileError("`tfsetup` must be a table here.", where=where, hint=REMEDY)
    if table.get("schema") != SCHEMA:
        message = f"This lock is of schema {table.get('schema')}; this tfsetup reads schema {SCHEMA}."
        raise InvalidFileError(message, where=where, hint="Update tfsetup, or write the lock anew with `tfsetup lock`.")
    known = get_type_hints(Origin)
    wrong = [key for key, value in table.items() if key not in known or not _fits(value, known[key])]
    missing = [name for name in ("row", "platform", "python", "digest") if name not in table]
    if wrong or missing:
        what = f"`{wrong[0]}` does not belong here" if wrong else f"`{missing[0]}` is missing"
        raise InvalidFileError(f"The note of tfsetup in this lock is damaged: {what}.", where=where, hint=REMEDY)
    return convert(table, Origin)


def _fits(value: object, wanted: object) -> bool:
    try:
        convert(value, wanted)
    except ValidationError:
        return False
    return True


def edited(origin: Origin, packages: Sequence[LockedPackage]) -> str | None:
    """Return the name of a package that is not as it was written, "" when the note itself is not; None: all is well."""
    if not packages:
        return ""
    for package in packages:
        if origin.sums.get(_key(package)) != fingerprint(_plain(package)):
            return package.name
    gone = set(origin.sums) - {_key(package) for package in packages}
    return "" if gone or origin.digest != _digest(origin) else None


def _digest(origin: Origin) -> str:
    values = {field.name: getattr(origin, field.name) for field in fields(origin)}
    plain = {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
    silent = {"sums", "digest", *(name for name in _LATER if not plain[name])}
    return _sha256({name: value for name, value in plain.items() if name not in silent})


def _key(package: LockedPackage) -> str:
    return f"{package.name} ; {package.marker}" if package.marker else package.name


def _plain(package: LockedPackage) -> list[object]:
    files = [[file.filename, file.size, file.sha256, file.url] for file in package.files]
    return [package.name, package.version, package.marker, sorted(files, key=str)]


def line_of(text: str, pattern: str) -> int | None:
    """Return the line (from 1) of the first match of a regular expression; None when there is none."""
    found = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None
