"""Specifiers over versions (PEP 440), as installers repeat them, and where a version lies among others. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from tfsetup.ground.versions import is_version

_ASKED: Final = re.compile(r"(?:===?|~=|>=|<=|<|>)([0-9][0-9A-Za-z.+*]*+)")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*+")


@lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Return a version as the index writes it."""
    return str(Version(text))


@lru_cache(maxsize=4096)
def base_of(text: str) -> str:
    """Return the final release that a version leads to."""
    return Version(text).base_version


@lru_cache(maxsize=256)
def specifiers(text: str) -> SpecifierSet | None:
    """Return the specifiers; None: they are none."""
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


def fits(wanted: str, version: str) -> bool:
    """Return whether a version would do: a final one, unless the specifiers name another kind."""
    known = specifiers(wanted)
    return known is not None and known.contains(version, prereleases=known.prereleases or False)


def version_in(wanted: str) -> str | None:
    """Return the first version that specifiers name."""
    found = _ASKED.search(wanted)
    text = found[1].rstrip(".*") if found else ""
    return normal(text) if is_version(text) else None


def position(captures: Mapping[str, str]) -> dict[str, str]:
    """Return where the version asked for lies among those `offered` (pip's "from versions: …"), and that version.

    `above` all of them (never published, or needs another Python or platform), `below` (this Python is too new),
    `between` (never published), `listed`, or `none` when nothing was offered.
    """
    if "offered" not in captures:
        return {}
    offered = [Version(text) for text in captures["offered"].split(", ") if is_version(text)]
    asked = _ASKED.search(captures.get("req") or captures.get("rest") or captures.get("want") or "")
    wanted = {"want": asked[1].rstrip(".*")} if asked else {}
    if not offered:
        return {"position": "none", **wanted}
    if asked is None or not is_version(wanted["want"]):
        return {}
    version = Version(wanted["want"])
    if version in offered:
        return {"position": "listed", **wanted}
    where = "above" if version > max(offered) else "below" if version < min(offered) else "between"
    nearest = max((each for each in offered if each < version and not each.is_prerelease), default=min(offered))
    name = _NAME.match(captures.get("req", ""))
    return {"position": where, "nearest": str(nearest), **wanted, **({"name": name[0]} if name else {})}
