"""On which side of a range an installed version lies: "requires x<2,>=1, but you have x 3". Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tfsetup.ground.versions import NotAVersionError, asked, at_least, is_version, specifiers

_UPPER = ("<", "<=", "==", "~=")
_LOWER = (">", ">=", "==", "~=")


def side(captures: Mapping[str, str]) -> dict[str, str]:
    """Return whether `found` lies `above` or `below` the `range` that somebody asks for, and the `bound` it breaks.

    Nothing where one of the two was not captured, is no version or no range, or where it lies inside.
    """
    found, wanted = captures.get("found", ""), captures.get("range", "")
    if not wanted or not is_version(found):
        return {}
    try:
        broken = [one for one in specifiers(wanted) if not asked(str(one), found)]
    except NotAVersionError:
        return {}
    for one in broken:
        limit = one.version.removesuffix(".*")
        above = at_least(found, limit)
        if one.operator in _UPPER and above:
            return {"side": "above", "bound": limit}
        if one.operator in _LOWER and above is False:
            return {"side": "below", "needed": limit}
    return {}
