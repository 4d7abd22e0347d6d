"""On which side of a range an installed version lies: "requires x<2,>=1, but you have x 3". Pure."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from tfsetup.ground.versions import is_version

_UPPER = ("<", "<=", "==", "~=")
_LOWER = (">", ">=", "==", "~=")


def side(captures: Mapping[str, str]) -> dict[str, str]:
    """Return whether `found` lies `above` or `below` the `range` that somebody asks for, and the `bound` it breaks.

    Nothing where one of the two was not captured, is no version or no range, or where it lies inside.
    """
    found = captures.get("found", "")
    if not is_version(found):
        return {}
    try:
        asked = SpecifierSet(captures.get("range", ""))
    except InvalidSpecifier:
        return {}
    version = Version(found)
    broken = [one for one in asked if not one.contains(version, prereleases=True)]
    for one in broken:
        limit = Version(one.version.removesuffix(".*"))
        if one.operator in _UPPER and version >= limit:
            return {"side": "above", "bound": str(limit)}
        if one.operator in _LOWER and version < limit:
            return {"side": "below", "needed": str(limit)}
    return {}
