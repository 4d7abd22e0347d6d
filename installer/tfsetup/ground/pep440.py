"""The part of PEP 440 that a matrix and nearly every ask use, without importing packaging.

`packaging` takes longer to import than all the rest of resolving. What is not in the plain grammar here is handed to it
by `versions.py`: local versions, epochs, odd spellings. A property test holds both to the same answers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_VERSION = re.compile(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(?:\.post(\d+))?(?:\.dev(\d+))?\Z", re.ASCII)
_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*([0-9][0-9a-z.]*)(\.\*)?\s*\Z", re.ASCII)
_REMEMBER = 16_384

Key = tuple[tuple[int, ...], tuple[int, str, int], int, tuple[int, int]]


class Plain(NamedTuple):
    """A version in the plain grammar. `key` sorts as PEP 440 says; `release` are its numbers as written."""

    release: tuple[int, ...]
    key: Key
    is_pre: bool
    is_post: bool


@lru_cache(maxsize=_REMEMBER)
def parse(text: str) -> Plain | None:
    """Return a version; None when it is not in the plain grammar."""
    found = _VERSION.match(text.strip())
    if found is None:
        return None
    release = tuple(int(part) for part in found[1].split("."))
    pre, post, dev = found[2], found[4], found[5]
    if pre is not None:
        place = (0, pre, int(found[3]))
    else:
        place = (-1, "", 0) if post is None and dev is not None else (1, "", 0)
    key = (stripped(release), place, -1 if post is None else int(post), (1, 0) if dev is None else (0, int(dev)))
    return Plain(release, key, pre is not None or dev is not None, post is not None)


def stripped(release: tuple[int, ...]) -> tuple[int, ...]:
    """Return the numbers of a release without the zeros at its end, which mean nothing."""
    end = len(release)
    while end > 1 and release[end - 1] == 0:
        end -= 1
    return release[:end]


class Clause(NamedTuple):
    """One comparison of a specifier. `prefix`: the version stands with `.*`."""

    operator: str
    version: Plain
    prefix: bool


@lru_cache(maxsize=_REMEMBER)
def clauses(text: str) -> tuple[Clause, ...] | None:
    """Return the comparisons of a specifier; None when one is not in the plain grammar."""
    found = []
    for part in text.split(","):
        match = _CLAUSE.match(part)
        version = parse(match[2]) if match else None
        if match is None or version is None or not _sound(match[1], version, prefix=bool(match[3])):
            return None
        found.append(Clause(match[1], version, bool(match[3])))
    return tuple(found)


def _sound(operator: str, version: Plain, *, prefix: bool) -> bool:
    if prefix:
        return operator in {"==", "!="} and not (version.is_pre or version.is_post)
    if operator in {"<", ">"}:  # what these mean of a pre- or post-release is packaging's to say
        return not (version.is_pre or version.is_post)
    return operator != "~=" or len(version.release) > 1


def contains(found: tuple[Clause, ...], version: Plain) -> bool:
    """Tell whether a version satisfies every comparison, pre-releases included."""
    return all(_holds(clause, version) for clause in found)


def _holds(clause: Clause, version: Plain) -> bool:
    wanted = clause.version
    match clause.operator:
        case "==":
            return _starts(version, wanted.release) if clause.prefix else version.key == wanted.key
        case "!=":
            return not (_starts(version, wanted.release) if clause.prefix else version.key == wanted.key)
        case ">=":
            return version.key >= wanted.key
        case "<=":
            return version.key <= wanted.key
        case "<":
            return version.key < wanted.key and not (version.is_pre and _same(version, wanted))
        case ">":
            return version.key > wanted.key and not (version.is_post and _same(version, wanted))
        case _:
            return version.key >= wanted.key and _starts(version, wanted.release[:-1])


def _same(one: Plain, other: Plain) -> bool:
    return one.key[0] == other.key[0]


def _starts(version: Plain, prefix: tuple[int, ...]) -> bool:
    padded = version.release + (0,) * (len(prefix) - len(version.release))
    return padded[: len(prefix)] == prefix
