"""Values of Python expressions that are known, known in part, or not: how they compare, without a guess.

A value is a text, a whole number, a truth, None, a tuple or list of values, `Members` of a set; `Between` for a whole
number of which only the bounds are known; or `UNKNOWN`. Rules: Python reference, "Value comparisons" and "Membership
test operations".
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

_SIGNS = frozenset({-1, 0, 1})
_WANTED: dict[type[ast.cmpop], frozenset[int]] = {
    ast.Lt: frozenset({-1}), ast.LtE: frozenset({-1, 0}), ast.Gt: frozenset({1}), ast.GtE: frozenset({0, 1}),
}  # fmt: skip
_LONGEST = 4096  # of a text, and of a number's bits, that is put together here


class Nothing(Enum):
    """The value of which nothing is known."""

    UNKNOWN = "unknown"


UNKNOWN = Nothing.UNKNOWN


@dataclass(frozen=True, slots=True)
class Between:
    """A whole number from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Members:
    """A set, of which only what is in it counts here."""

    items: tuple[object, ...]


def both(answers: Iterable[bool | None]) -> bool | None:
    """Return Kleene's `and`: one that is false decides, else one that is not known leaves it open."""
    found = list(answers)
    return False if False in found else None if None in found else True


def is_true(value: object) -> bool | None:
    """Say whether a value counts as true; None: not known."""
    match value:
        case Nothing():
            return None
        case Between(low=low, high=high):
            return False if low == high == 0 else None if low <= 0 <= high else True
        case Members(items=items):
            return bool(items)
        case _:
            return bool(value)


def compared(operator: ast.cmpop, left: object, right: object) -> bool | None:
    """Return what a comparison of two values gives; None: not known, or it would be an error."""
    match operator:
        case ast.Eq():
            return _equal(left, right)
        case ast.NotEq():
            return _not(_equal(left, right))
        case ast.Is():
            return _is(left, right)
        case ast.IsNot():
            return _not(_is(left, right))
        case ast.In():
            return _in(left, right)
        case ast.NotIn():
            return _not(_in(left, right))
        case _:
            signs, wanted = _signs(left, right), _WANTED[type(operator)]
            return True if signs <= wanted else None if signs & wanted else False


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _is(left: object, right: object) -> bool | None:
    if left is UNKNOWN or right is UNKNOWN:
        return None
    singular = (None, True, False)
    return left is right if any(value is each for each in singular for value in (left, right)) else None


def _in(item: object, container: object) -> bool | None:
    match item, container:
        case str(), str():
            return item in container
        case _, Members(items=items):
            return _in(item, items)
        case _, tuple() | list():
            return _not(both(_not(_equal(item, each)) for each in container))
        case _:
            return None


def _equal(left: object, right: object) -> bool | None:
    match left, right:
        case (Nothing(), _) | (_, Nothing()):
            return None
        case (tuple() as row, tuple() as other) | (list() as row, list() as other):
            return False if len(row) != len(other) else both(map(_equal, row, other))
        case (Between(), int()) | (int(), Between()) | (Between(), Between()):
            signs = _signs(left, right)
            return False if 0 not in signs else True if len(signs) == 1 else None
        case (Between(), _) | (_, Between()):
            return False
        case (Members(), _) | (_, Members()):
            return None
        case _:
            return left == right


def _signs(left: object, right: object) -> frozenset[int]:
    """Return how two values may lie to each other: less, equal, greater."""
    match left, right:
        case (int() | Between(), int() | Between()):
            (low, high), (from_, to) = _bounds(left), _bounds(right)
            possible = {-1: low < to, 0: low <= to and from_ <= high, 1: high > from_}
            return frozenset(sign for sign, may in possible.items() if may)
        case (str(), str()):
            return frozenset({(left > right) - (left < right)})
        case (tuple() as row, tuple() as other) | (list() as row, list() as other):
            return _signs_of_rows(row, other)
        case _:
            return _SIGNS


def _bounds(value: int | Between) -> tuple[int, int]:
    return (value.low, value.high) if isinstance(value, Between) else (value, value)


def _signs_of_rows(left: Sequence[object], right: Sequence[object]) -> frozenset[int]:
    """Compare item by item: the first two that differ decide; all those before may be equal and may not."""
    found: set[int] = set()
    for one, other in zip(left, right, strict=False):
        signs = _signs(one, other)
        found |= signs - {0}
        if 0 not in signs:
            return frozenset(found)
    return frozenset(found | {(len(left) > len(right)) - (len(left) < len(right))})


def combined(operator: ast.operator, left: object, right: object) -> object:
    """Return what an arithmetic operator gives, where it is one of the few that conditions and names are made with."""
    match operator, left, right:
        case ast.Add(), str(), str():
            return left + right if len(left) + len(right) <= _LONGEST else UNKNOWN
        case ast.Add(), tuple(), tuple():
            return left + right
        case (ast.Add(), int(), int()):
            return left + right
        case (ast.Sub(), int(), int()):
            return left - right
        case (ast.Mult(), int(), int()):
            return left * right if left.bit_length() + right.bit_length() <= _LONGEST else UNKNOWN
        case (ast.Pow(), int(), int()) if 0 <= right <= _LONGEST and left.bit_length() * right <= _LONGEST:
            return left**right
        case (ast.LShift(), int(), int()) if 0 <= right <= _LONGEST and left.bit_length() <= _LONGEST:
            return left << right
        case _:
            return UNKNOWN


def indexed(value: object, index: object) -> object:
    """Return an item of a text or a row, or a part of it where `index` is a slice of known numbers."""
    if isinstance(value, str | tuple | list) and isinstance(index, int | slice):
        try:
            return value[index]
        except IndexError:
            return UNKNOWN
    return UNKNOWN
