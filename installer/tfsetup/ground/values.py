"""Frozen values: dataclasses that cost little as long as they are only described.

`dataclass` writes, compiles and runs six functions for a class, which takes nearly a millisecond, and `resolve` knows
sixty classes of which it makes a third: that was a quarter of its time. `@value` makes the same class as
`@dataclass(frozen=True, kw_only=True, slots=True)`; what compares, shows and freezes is ready code, and a constructor
is written when it is first asked for. What is decoded from a file (`msgspec`) needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from types import FunctionType, MethodType
from typing import Final, TypeVar, cast, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def value(described: type[T]) -> type[T]:
    """Make a frozen dataclass with slots, whose constructor takes names only. What a class has itself stays.

    A value has no heirs.
    """
    made = dataclass(init=False, repr=False, eq=False, kw_only=True, slots=True)(described)
    made.__dataclass_params__.frozen = made.__dataclass_params__.eq = True  # type: ignore[attr-defined]
    own = vars(described)
    for name, function in _functions(made).items():
        if name not in own:
            setattr(made, name, function)
    return made


def _functions(made: type) -> dict[str, object]:
    """Return what a value can do, of the fields that it has."""
    every = fields(made)
    names = tuple(one.name for one in every)
    shown = tuple(one.name for one in every if one.repr)
    compared = _getter(one.name for one in every if one.compare)
    hashed = _getter(one.name for one in every if (one.compare if one.hash is None else one.hash))

    def equal(self: object, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def described(self: object) -> str:
        inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({inner})"

    def taken_apart(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    def put_together(self: object, state: Iterable[object]) -> None:
        for name, content in zip(names, state, strict=True):
            object.__setattr__(self, name, content)

    return {
        "__init__": _Constructor(made), "__eq__": equal, "__hash__": lambda self: hash(hashed(self)),
        "__repr__": described, "__setattr__": _frozen, "__delattr__": _kept,
        "__getstate__": taken_apart, "__setstate__": put_together,
    }  # fmt: skip


def _frozen(_self: object, name: str, _content: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _kept(_self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getter(names: Iterable[str]) -> Callable[[object], object]:
    found = tuple(names)
    return attrgetter(*found) if found else _nothing


def _nothing(_value: object) -> tuple[()]:
    return ()


class _Constructor:
    """Stands for the constructor of a value until somebody looks at it, and then puts the real one in its own place."""

    def __init__(self, made: type) -> None:
        self._made = made

    def __get__(self, instance: object, owner: type | None = None) -> FunctionType | MethodType:
        written = _written(self._made)
        self._made.__init__ = written  # type: ignore[misc]
        return written if instance is None else MethodType(written, instance)


def _written(made: type) -> FunctionType:
    """Return the constructor of a value, as `dataclass` would write it."""
    every = fields(made)
    known: dict[str, object] = {"_set": object.__setattr__, "_made": _MADE}
    heads, lines = [], []
    for place, one in enumerate(every):
        content, head = one.name, f"{one.name}=_default_{place}"
        if one.default is not MISSING:
            known[f"_default_{place}"] = one.default
        elif one.default_factory is not MISSING:
            known |= {f"_default_{place}": _MADE, f"_factory_{place}": one.default_factory}
            content = f"_factory_{place}() if {one.name} is _made else {one.name}"
        elif one.init:
            head = one.name
        else:
            continue  # its own `__post_init__` sets it
        if one.init:
            heads.append(head)
        elif one.default is not MISSING:
            content = f"_default_{place}"
        else:
            content = f"_factory_{place}()"
        lines.append(f" _set(self, {one.name!r}, {content})\n")
    star = "*, " if heads else ""
    last = " self.__post_init__()\n" if hasattr(made, "__post_init__") else " return\n"
    exec(f"def __init__(self, {star}{', '.join(heads)}):\n{''.join(lines)}{last}", known)  # noqa: S102 - of names only
    written = cast("FunctionType", known["__init__"])
    written.__qualname__, written.__module__ = f"{made.__qualname__}.__init__", made.__module__
    written.__annotations__ = {one.name: one.type for one in every if one.init} | {"return": None}
    return written


class _Made:
    """What a signature shows where a factory makes the default."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE: Final = _Made()
