"""Versions and ranges of versions, as text in the data and compared by PEP 440.

Ranges in the matrix speak of releases, so a release candidate counts as the release it leads to: `>=2.18` takes in
`2.18.0rc0`. A user's own specifier is compared strictly (`asked`). Every comparison is remembered: a matrix repeats few
texts many times.
"""

from __future__ import annotations

from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_REMEMBER = 65_536


@lru_cache(maxsize=_REMEMBER)
def version(text: str) -> Version:
    """Return the version; raises `packaging.version.InvalidVersion`."""
    return Version(text)


@lru_cache(maxsize=_REMEMBER)
def specifiers(text: str) -> SpecifierSet:
    """Return the specifier set of `text`; a version without an operator means exactly that (`2.19.*`: any 2.19).

    Raises:
        InvalidSpecifier: when `text` is neither.
    """
    bare = text.strip()
    if bare[:1].isdigit() or bare[:1] == "v":
        bare = f"=={bare}"
    if not bare:
        raise InvalidSpecifier("empty")
    return SpecifierSet(bare)


@lru_cache(maxsize=_REMEMBER)
def is_prerelease(text: str) -> bool:
    """Tell whether `text` is a pre-release or development version."""
    return version(text).is_prerelease


@lru_cache(maxsize=_REMEMBER)
def in_range(wanted: str, text: str) -> bool:
    """Tell whether version `text` is in the matrix range `wanted`; a release candidate counts as its release."""
    found = version(text)
    if found.is_prerelease:
        found = Version(found.base_version)
    return specifiers(wanted).contains(found, prereleases=True)


@lru_cache(maxsize=_REMEMBER)
def asked(wanted: str, text: str) -> bool:
    """Tell whether `text` satisfies the user's specifier; pre-releases pass here and are dealt with elsewhere."""
    return specifiers(wanted).contains(version(text), prereleases=True)


@lru_cache(maxsize=_REMEMBER)
def numbers(text: str) -> tuple[int, ...] | None:
    """Return the leading dotted numbers of `text` (`550.54.14` → 550, 54, 14); None when there are none."""
    found: list[int] = []
    for part in text.strip().split("."):
        if not (part.isascii() and part.isdigit()):
            break
        found.append(int(part))
    return tuple(found) or None


@lru_cache(maxsize=_REMEMBER)
def at_least(have: str, want: str) -> bool | None:
    """Compare dotted numbers as far as `have` is known (`12` may well be `12.1`); None when one is not a number."""
    left, right = numbers(have), numbers(want)
    if left is None or right is None:
        return None
    return left >= right[: len(left)] if len(left) < len(right) else left[: len(right)] >= right


__all__ = [
    "InvalidSpecifier",
    "InvalidVersion",
    "asked",
    "at_least",
    "in_range",
    "is_prerelease",
    "numbers",
    "specifiers",
    "version",
]
