"""What a model computes: operations with their types, and how often each stands in what is run. Values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Types = tuple[tuple[str, tuple[str, ...]], ...]
"""Attributes that name types, in order of their names; one that is a list of types has each of them once."""


class Operation(NamedTuple):
    """One kind of operation: its name and its types. Two that differ in nothing else are the same."""

    op: str
    types: Types = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One node of a graph or of a function's body. `calls`: the functions it runs."""

    name: str
    operation: Operation
    inputs: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Defined:
    """What an operation's definition says: its arguments by name, and the types its attributes have if unsaid."""

    arguments: frozenset[str]
    defaults: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """A saved model: its nodes, its functions, its definitions, and the names of the outputs of each signature."""

    nodes: tuple[Node, ...]
    functions: Mapping[str, tuple[Node, ...]]
    definitions: Mapping[str, Defined]
    signatures: Mapping[str, tuple[str, ...]]
    tensorflow: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """How often each operation stands in what a signature runs.

    `signature` is empty where the model has none, and everything was counted. `others`: signatures that were not.
    """

    signature: str
    operations: Mapping[Operation, int]
    others: tuple[str, ...] = ()
    definitions: Mapping[str, Defined] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many there are in all."""
        return sum(self.operations.values())


def types_of(attributes: Mapping[str, Iterable[str]]) -> Types:
    """Return types as they are compared."""
    return tuple((name, tuple(sorted(set(types)))) for name, types in sorted(attributes.items()))
