"""Versions and ranges of versions, as text in the data and compared by PEP 440.

Ranges in the matrix speak of releases, so a release candidate counts as the release it leads to: `>=2.18` takes in
`2.18.0rc0`. A user's own specifier is compared strictly (`asked`). Every comparison is remembered: a matrix repeats few
texts many times.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tfsetup.ground import pep440

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

_REMEMBER = 65_536
_FINAL = (1, "", 0)
_DIGITS = 18  # of a number; Python itself refuses to read a long one


class NotAVersionError(ValueError):
    """A text is no version, or no specifier, of PEP 440."""


InvalidSpecifier = NotAVersionError  # the name packaging gives it, for those who know it by that


@lru_cache(maxsize=_REMEMBER)
def version(text: str) -> pep440.Key:
    """Return what a version sorts by: compare it with other results of this function only.

    Raises:
        NotAVersionError: the text is no version.
    """
    plain = pep440.parse(text)
    if plain is not None:
        return plain.key
    from packaging.version import InvalidVersion, Version

    try:
        found = Version(text)
    except InvalidVersion as error:
        raise NotAVersionError(text) from error
    return _odd(found)


def _odd(found: Version) -> pep440.Key:
    """Return the key of a version that only packaging reads, as if it had been written plainly."""
    plain = pep440.parse(str(found).partition("+")[0].rpartition("!")[2])
    return plain.key if plain is not None else ((0,), _FINAL, -1, (1, 0))


@lru_cache(maxsize=_REMEMBER)
def specifiers(text: str) -> SpecifierSet:
    """Return packaging's specifier set; a version without an operator means exactly that (`2.19.*`: any 2.19).

    Raises:
        NotAVersionError: when `text` is neither.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(_explicit(text))
    except InvalidSpecifier as error:
        raise NotAVersionError(text) from error


def check_specifier(text: str) -> None:
    """Refuse what is neither a specifier nor a version.

    Raises:
        NotAVersionError: it is neither.
    """
    if pep440.clauses(_explicit(text)) is None:
        specifiers(text)


def _explicit(text: str) -> str:
    bare = text.strip()
    if not bare:
        raise NotAVersionError("empty")
    return f"=={bare}" if bare[0].isdigit() or bare[0] == "v" else bare


def is_version(text: str) -> bool:
    """Tell whether `text` is a version as PEP 440 reads one."""
    try:
        version(text)
    except NotAVersionError:
        return False
    return True


@lru_cache(maxsize=_REMEMBER)
def is_prerelease(text: str) -> bool:
    """Tell whether `text` is a pre-release or development version."""
    plain = pep440.parse(text)
    if plain is not None:
        return plain.is_pre
    from packaging.version import Version

    return Version(text).is_prerelease


@lru_cache(maxsize=_REMEMBER)
def in_range(wanted: str, text: str) -> bool:
    """Tell whether version `text` is in the matrix range `wanted`; a release candidate counts as its release."""
    plain, found = pep440.parse(text), pep440.clauses(_explicit(wanted))
    if plain is not None and found is not None:
        return pep440.contains(found, _as_release(plain))
    from packaging.version import Version

    odd = Version(text)
    return specifiers(wanted).contains(Version(odd.base_version) if odd.is_prerelease else odd, prereleases=True)


def _as_release(found: pep440.Plain) -> pep440.Plain:
    if not found.is_pre:
        return found
    return found._replace(key=(found.key[0], _FINAL, -1, (1, 0)), is_pre=False, is_post=False)


@lru_cache(maxsize=_REMEMBER)
def asked(wanted: str, text: str) -> bool:
    """Tell whether `text` satisfies the user's specifier; pre-releases pass here and are dealt with elsewhere."""
    plain, found = pep440.parse(text), pep440.clauses(_explicit(wanted))
    if plain is not None and found is not None:
        return pep440.contains(found, plain)
    return specifiers(wanted).contains(text, prereleases=True)


@lru_cache(maxsize=_REMEMBER)
def numbers(text: str) -> tuple[int, ...] | None:
    """Return the leading dotted numbers of `text` (`550.54.14` → 550, 54, 14; `11 (22H2)` → 11); None: it has none."""
    found: list[int] = []
    for part in text.partition("(")[0].strip().split("."):
        if not (part.isascii() and part.isdigit()) or len(part) > _DIGITS:
            break
        found.append(int(part))
    return tuple(found) or None


def pair(text: str, second: int | None = None) -> tuple[int, int] | None:
    """Return the first two numbers of `text`; `second` stands for one that is missing (None: both must be there)."""
    found = numbers(text) or ()
    if len(found) == 1 and second is not None:
        return found[0], second
    return (found[0], found[1]) if len(found) > 1 else None


def minor(text: str | None) -> str:
    """Return `X.Y` of a Python `X.Y.Z`, a shorter text as it is; empty without one."""
    return ".".join((text or "").split(".")[:2])


@lru_cache(maxsize=_REMEMBER)
def at_least(have: str, want: str) -> bool | None:
    """Compare dotted numbers as far as `have` is known (`12` may well be `12.1`); None when one is not a number."""
    left, right = numbers(have), numbers(want)
    if left is None or right is None:
        return None
    return left >= right[: len(left)] if len(left) < len(right) else left[: len(right)] >= right
