"""What the distributions of a site-packages bring for people to use: programs, packages to import, and who needs whom.

Formats: `entry_points.txt` (packaging.python.org, Entry points specification), `METADATA` (core metadata 2.1, PEP 566),
`RECORD` (PEP 376). Nothing is run. Modules that begin with an underscore, and tests, are nobody's to import.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from tfsetup.loader.model import read_file
from tfsetup.loader.python.distributions import installed

if TYPE_CHECKING:
    from tfsetup.loader.model import Filesystem

_MAX_TEXT = 32 << 20  # TensorFlow's RECORD has 2 MB
_NOT_FOR_IMPORT = frozenset({"test", "tests", "testing", "docs", "doc", "examples", "example", "benchmarks", "scripts"})
_TARGET = re.compile(r"(?P<module>[A-Za-z_][\w.]*)\s*(?::\s*(?P<attribute>[A-Za-z_][\w.]*))?\s*(?:\[.*\])?")
_EXTENSION = re.compile(r"(?P<stem>[^./]+)(?:\.[\w-]+)*\.(?:so|pyd)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A console script: its name, and the function that it calls."""

    name: str
    module: str
    attribute: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Surveyed:
    """What one distribution brings.

    `name` is normalised, `requires` are its requirements (PEP 508), `modules` the dotted names that a person imports.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    programs: tuple[Program, ...] = ()
    modules: tuple[str, ...] = ()


def survey(files: Filesystem, site: str) -> tuple[Surveyed, ...]:
    """Return what the distributions in a site-packages bring, sorted by name."""
    folders = {folder.lower(): folder for folder in files.listdir(site) if folder.endswith(".dist-info")}
    found = []
    for each in installed(files, site):
        wanted = (folder for key, folder in folders.items() if _named(key) == (each.name, each.version.lower()))
        folder = next(wanted, None)
        if folder is not None:
            texts = {name: _text(files, f"{site}/{folder}/{name}") for name in _TEXTS}
            found.append(surveyed(each.name, each.version, texts))
    return tuple(found)


_TEXTS = ("METADATA", "RECORD", "entry_points.txt")


def surveyed(name: str, version: str, texts: Mapping[str, str]) -> Surveyed:
    """Return what a distribution brings, from its `METADATA`, `RECORD` and `entry_points.txt` (missing: empty)."""
    requires = HeaderParser().parsestr(texts.get("METADATA", "")).get_all("Requires-Dist") or ()
    return Surveyed(
        name=name,
        version=version,
        requires=tuple(str(each) for each in requires),
        programs=tuple(_programs(texts.get("entry_points.txt", ""))),
        modules=tuple(sorted(_modules(texts.get("RECORD", "")))),
    )


def _text(files: Filesystem, path: str) -> str:
    return (read_file(files, path, _MAX_TEXT) or b"").decode("utf-8", "replace")


def _named(folder: str) -> tuple[str, str]:
    name, _, version = folder.removesuffix(".dist-info").partition("-")
    return canonicalize_name(name), version


def _programs(text: str) -> Iterator[Program]:
    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case: the specification
    try:
        parser.read_string(text)
    except ConfigError:
        return
    for name, target in parser["console_scripts"].items() if parser.has_section("console_scripts") else ():
        found = _TARGET.fullmatch((target or "").strip())
        if found and found["attribute"]:
            yield Program(name=name, module=found["module"], attribute=found["attribute"])


def _modules(record: str) -> set[str]:
    """Return the packages and modules at the top, and the packages of namespaces, which have no `__init__.py`."""
    paths = [row[0] for row in csv.reader(record.splitlines()) if row]
    packages = {path.removesuffix("/__init__.py") for path in paths if path.endswith("/__init__.py")}
    top = {path for path in packages if not any(_above(path, packages))}
    top |= {stem for path in paths if "/" not in path and (stem := _stem(path))}
    return {name for path in top if _to_import(name := path.replace("/", "."))}


def _above(path: str, packages: set[str]) -> Iterator[bool]:
    parts = path.split("/")
    yield from ("/".join(parts[:count]) in packages for count in range(1, len(parts)))


def _stem(path: str) -> str:
    if path.endswith(".py"):
        return path.removesuffix(".py")
    found = _EXTENSION.fullmatch(path)
    return found["stem"] if found else ""


def _to_import(name: str) -> bool:
    parts = name.split(".")
    return all(part.isidentifier() and not part.startswith("_") and part not in _NOT_FOR_IMPORT for part in parts)


def brought_by(requirements: Iterable[str], found: Sequence[Surveyed]) -> frozenset[str]:
    """Return the names of the distributions that requirements bring, themselves and what these require in turn.

    Environment markers count as if they held: what is installed is there. Extras count where they are asked for.
    """
    known = {each.name: each for each in found}
    waiting = [parsed for text in requirements if (parsed := _parse(text))]
    seen: set[tuple[NormalizedName, frozenset[NormalizedName]]] = set()
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(map(canonicalize_name, wanted.extras)))
        if key in seen or key[0] not in known:
            continue
        seen.add(key)
        inner = [parsed for text in known[key[0]].requires if (parsed := _parse(text))]
        waiting += [each for each in inner if _extra_of(each) is None or _extra_of(each) in key[1]]
    return frozenset(name for name, _ in seen)


def _parse(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _extra_of(requirement: Requirement) -> NormalizedName | None:
    """Return the extra that a requirement is for; None: it is for everybody."""
    found = re.search(r"""extra\s*==\s*['"]([^'"]+)['"]""", str(requirement.marker or ""))
    return canonicalize_name(found[1]) if found else None
