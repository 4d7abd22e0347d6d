"""The holes of a fix and what may stand in them: values of a type, never the text of a stranger. Pure.

A fix is our own words with holes, written `{NAME:TYPE}` or `{NAME:TYPE|our words instead}`. What is known under NAME
may come out of a log, a package list, an index or metadata that anybody wrote, and people paste fixes into a shell. So
it is read as a value of TYPE and written anew from that value. What is no such value is left out: the words behind `|`
stand there, and without them the fix is not shown. The types:

* ``name``: a distribution of the family, by its normalised name (PEP 508, PEP 503); ``names``: several, with blanks
* ``version``: a version (PEP 440); ``minor``: its first two numbers
* ``range``: specifiers over versions (PEP 440) without `===`, which takes any text; empty for any version
* ``path``: a path of this machine that the doctor looked at itself, quoted for a shell
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tfsetup.ground.versions import is_version

HOLE: Final = re.compile(r"\{([a-z_0-9]+)(?::([a-z]*))?(?:\|([^{}]*))?\}")
PATH: Final = "path"
# Longer than any name or version that is meant: the longest name on the index has 80 characters.
_LONGEST: Final = 100
# No flag for small and capital letters: with it `[a-z]` takes the Kelvin sign and the long s too.
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What holes are filled from: `told` by anybody, `looked` at on this machine (paths), `family`: names to trust."""

    told: Mapping[str, str] = field(default_factory=dict)
    looked: Mapping[str, str] = field(default_factory=dict)
    family: frozenset[str] = frozenset()


def fill(template: str, known: Known) -> str | None:
    """Return `template` with its holes filled; None: a hole without words of its own has nothing to stand in it."""
    filled = {hole[0]: _filled(hole, known) for hole in HOLE.finditer(template)}
    if None in filled.values():
        return None
    return HOLE.sub(lambda hole: filled[hole[0]] or "", template)


def _filled(hole: re.Match[str], known: Known) -> str | None:
    name, kind, instead = hole.groups()
    text = (known.looked if kind == PATH else known.told).get(name)
    value = None if text is None else TYPES[kind](text, known.family)
    return instead if value is None else value


def is_name(text: str) -> bool:
    """Return whether `text` is a name of PEP 508, of a length that a name can have."""
    return len(text) <= _LONGEST and _NAME.fullmatch(text) is not None


def _name(text: str, family: frozenset[str]) -> str | None:
    if not is_name(text):
        return None
    normal = canonicalize_name(text)
    return normal if normal in family else None


def _names(text: str, family: frozenset[str]) -> str | None:
    found = [_name(word, family) for word in text.split(" ")]
    known = [name for name in found if name is not None]
    return " ".join(known) if len(known) == len(found) else None


def _parsed(text: str) -> Version | None:
    return Version(text) if len(text) <= _LONGEST and text.isascii() and is_version(text) else None


def _version(text: str, _family: frozenset[str]) -> str | None:
    found = _parsed(text)
    return None if found is None else str(found)


def _minor(text: str, _family: frozenset[str]) -> str | None:
    found = _parsed(text)
    return None if found is None else f"{found.major}.{found.minor}"


def _range(text: str, _family: frozenset[str]) -> str | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        found = SpecifierSet(text)
    except InvalidSpecifier:
        return None
    return None if any(one.operator == "===" for one in found) else ",".join(sorted(map(_specifier, found)))


def _specifier(one: Specifier) -> str:
    star = ".*" if one.version.endswith(".*") else ""
    return f"{one.operator}{Version(one.version.removesuffix('.*'))}{star}"


def _path(text: str, _family: frozenset[str]) -> str | None:
    if not text or not text.isprintable():
        return None
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


TYPES: Final[Mapping[str, Callable[[str, frozenset[str]], str | None]]] = {
    "name": _name, "names": _names, "version": _version, "minor": _minor, "range": _range, PATH: _path,
}  # fmt: skip
