"""What an expression of Python code stands for, as far as it can be told without running the code.

A value is one of `values`, one of several (`Either`), or unknown. A text may be known but for some parts: each of
them is a `HOLE` in it. What a package imports from elsewhere is a `Name`; what it defines itself is a function, a
class or an instance of one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Final, TypeAlias

from tfsetup.loader.python.values import UNKNOWN, Between, Nothing, is_true

HOLE: Final = "\0"
"""Stands in a text for a part of it that is not known."""

_MOST = 16


@dataclass(frozen=True, slots=True)
class Either:
    """One of several values, none of which is an `Either`."""

    options: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """Something of another module, by its dotted name; what a call of it returns has `()` at its end."""

    dotted: str


@dataclass(frozen=True, slots=True)
class Table:
    """A dictionary, as pairs of keys and values."""

    items: tuple[tuple[Value, Value], ...]


@dataclass(eq=False, repr=False, slots=True)
class Scope:
    """A module: its dotted name, its file, whether it is a package, and what its names stand for so far."""

    name: str
    path: str
    package: bool
    names: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, repr=False, slots=True)
class Function:
    """A function, with the module and the variables around it, and what `self` is in it (None: no method)."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    around: dict[str, Value]
    owner: Instance | None = None


@dataclass(eq=False, repr=False, slots=True)
class Class:
    """A class, its bases and what is defined in it."""

    name: str
    scope: Scope
    names: dict[str, Value]
    bases: tuple[Value, ...]


@dataclass(eq=False, repr=False, slots=True)
class Instance:
    """An object of a class of the package, with its attributes."""

    of: Class
    names: dict[str, Value] = field(default_factory=dict)


_Plain: TypeAlias = "str | int | float | Between | None"
_OfThePackage: TypeAlias = "Scope | Function | Class | Instance"
Value: TypeAlias = "_Plain | tuple[Value, ...] | Table | Name | _OfThePackage | Either | Nothing"


def either(values: Iterable[Value]) -> Value:
    """Return the value that is one of `values`: `UNKNOWN` where one of them is, or where they are too many."""
    found: list[Value] = []
    for value in values:
        options = value.options if isinstance(value, Either) else (value,)
        found += [option for option in options if option not in found]
    if not found or UNKNOWN in found or len(found) > _MOST:
        return UNKNOWN
    return found[0] if len(found) == 1 else Either(tuple(found))


def lift(function: Callable[[Sequence[Value]], Value], values: Sequence[Value]) -> Value:
    """Return what a function of single values gives for values that may be one of several."""
    choices = [options(value) for value in values]
    if prod(map(len, choices)) > _MOST:
        return UNKNOWN
    return either(function(combination) for combination in product(*choices))


def options(value: Value) -> tuple[Value, ...]:
    """Return the values that a value may be."""
    return value.options if isinstance(value, Either) else (value,)


def text(value: Value) -> str:
    """Return a single value as a part of a text; a `HOLE` for what is not known."""
    match value:
        case str():
            return value
        case bool() | int() | float() | None:
            return str(value)
        case _:
            return HOLE


def whole(found: str) -> Value:
    """Return a text as a value: nothing but holes is not known at all."""
    return found if found.strip(HOLE) else UNKNOWN


def truth(value: Value) -> bool | None:
    """Say whether `if` takes a value for true; None: it cannot be told."""
    match value:
        case Either(options=several):
            found = {truth(option) for option in several}
            return found.pop() if len(found) == 1 else None
        case str():
            return None if value and not value.strip(HOLE) else bool(value)
        case bool() | int() | float() | tuple() | Between() | None:
            return is_true(value)
        case Table(items=items):
            return bool(items)
        case Function() | Class() | Scope():
            return True
        case _:
            return None


def paths_of(value: Value) -> tuple[str, ...] | None:
    """Return the texts that a value may be, as paths with `/`; None: it was not understood. Some may have holes."""
    found = options(value)
    if not all(isinstance(each, str) and each for each in found):
        return None
    return tuple(text(each).replace("\\", "/") for each in found)


def plain(value: Value) -> object:
    """Return a value as `values` compares it: what is not plain, or not whole, is unknown."""
    match value:
        case tuple():
            return tuple(map(plain, value))
        case str():
            return UNKNOWN if HOLE in value else value
        case bool() | int() | float() | Between() | None:
            return value
        case _:
            return UNKNOWN
