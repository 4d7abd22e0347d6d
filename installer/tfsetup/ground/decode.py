"""Nodes → the row types, with every problem found: wrong types, unknown and duplicate keys, numbers for text.

One function a shape of type; `decode` itself only chooses. No value is guessed: what does not fit is a problem with a
line and a column.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from tfsetup.errors import Where
from tfsetup.ground.kinds import Kind
from tfsetup.ground.marked import Node, Problem

Path = tuple[str | int, ...]
_MISSING = dataclasses.MISSING


class Decoder:
    """Decodes one file; `problems` and `marks` fill up as it goes."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.problems: list[Problem] = []
        self.marks: dict[Path, Where] = {}

    def decode(self, node: Node, wanted: Any, path: Path = ()) -> Any:
        """Return the value of `node` as type `wanted`, or None after noting a problem."""
        self.marks[path] = node.where
        if get_origin(wanted) is Annotated:
            return self._text(node, next(k for k in wanted.__metadata__ if isinstance(k, Kind)))
        if get_origin(wanted) in {Union, types.UnionType}:
            return self._optional(node, wanted, path)
        if get_origin(wanted) is Literal:
            return self._choice(node, get_args(wanted))
        if get_origin(wanted) is tuple:
            return self._sequence(node, get_args(wanted)[0], path)
        if get_origin(wanted) is Mapping:
            return self._table(node, get_args(wanted), path)
        if dataclasses.is_dataclass(wanted):
            return self._mapping(node, wanted, path)
        return self._plain(node, wanted)

    def note(self, where: Where, message: str, hint: str = "") -> None:
        """Remember a problem."""
        self.problems.append(Problem(where=where, message=message, hint=hint))

    def _optional(self, node: Node, wanted: Any, path: Path) -> Any:
        inner = next(part for part in get_args(wanted) if part is not type(None))
        if node.kind == "scalar" and node.value is None:
            self.note(node.where, "an empty value", "Give it a value or leave the key out.")
            return None
        return self.decode(node, inner, path)

    def _text(self, node: Node, kind: Kind) -> str | None:
        if node.kind != "scalar":
            self.note(node.where, f"a {kind.name} is expected here, not a {node.kind}")
        elif not isinstance(node.value, str):
            hint = _looks_like(kind) if kind.check(node.text) else f'Write "{node.text}".'
            self.note(node.where, f"`{node.text}` is {_yaml_type(node)}, not a {kind.name}", hint)
        elif complaint := kind.check(node.value):
            self.note(node.where, f"`{node.text}`: {complaint}", _looks_like(kind))
        else:
            return node.value
        return None

    def _choice(self, node: Node, choices: tuple[Any, ...]) -> Any:
        if node.kind == "scalar" and any(node.value == c and type(node.value) is type(c) for c in choices):
            return node.value
        shown = f"`{node.text}`" if node.kind == "scalar" else f"a {node.kind}"
        self.note(node.where, f"{shown} is not one of {', '.join(map(str, choices))}", _close(node.text, choices))
        return None

    def _sequence(self, node: Node, inner: Any, path: Path) -> tuple[Any, ...] | None:
        if node.kind != "sequence":
            self.note(node.where, f"a list is expected here, not a {node.kind}")
            return None
        if not node.value:
            self.note(node.where, "an empty list", "Leave the key out.")
        return tuple(self.decode(item, inner, (*path, place)) for place, item in enumerate(node.value))

    def _table(self, node: Node, inner: tuple[Any, Any], path: Path) -> dict[str, Any] | None:
        """Return a mapping whose keys are free, as far as their kind goes."""
        if node.kind != "mapping":
            self.note(node.where, f"a mapping is expected here, not a {node.kind}")
            return None
        if not node.value:
            self.note(node.where, "an empty mapping", "Leave the key out.")
        found: dict[str, Any] = {}
        for key, child in node.value:
            name = self.decode(key, inner[0], (*path, key.text, "name"))
            if name in found:
                self.note(key.where, f"the key `{name}` stands here a second time", "Keep one of the two.")
            elif name is not None:
                found[name] = self.decode(child, inner[1], (*path, key.text))
        return found

    def _mapping(self, node: Node, wanted: Any, path: Path) -> Any:
        if node.kind != "mapping":
            self.note(node.where, f"a mapping is expected here, not a {node.kind}")
            return None
        hints = hints_of(wanted)
        found = self._keys(node, tuple(hints))
        before = len(self.problems)
        values = {key: self.decode(child, hints[key], (*path, key)) for key, child in found.items()}
        for missing in _required(wanted) - set(found):
            self.note(node.where, f"the key `{missing}` is missing")
        return wanted(**values) if len(self.problems) == before else None

    def _keys(self, node: Node, known: tuple[str, ...]) -> Mapping[str, Node]:
        found: dict[str, Node] = {}
        for key, child in node.value:
            if key.kind != "scalar" or key.text not in known:
                shown = key.text if key.kind == "scalar" else f"a {key.kind}"
                self.note(key.where, f"unknown key `{shown}`", _close(key.text, known))
            elif key.text in found:
                self.note(key.where, f"the key `{key.text}` stands here a second time", "Keep one of the two.")
            else:
                found[key.text] = child
        return found

    def _plain(self, node: Node, wanted: type) -> Any:
        if node.kind == "scalar" and type(node.value) is wanted:
            return node.value
        shown = f"`{node.text}`" if node.kind == "scalar" else f"a {node.kind}"
        self.note(node.where, f"{shown} is not {_PLAIN[wanted]}")
        return None


_PLAIN = {bool: "true or false", int: "a whole number", str: "text"}


@cache
def hints_of(wanted: type) -> dict[str, Any]:
    """Return the field types of a row type, in the order of its fields."""
    hints = get_type_hints(wanted, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(wanted)}


@cache
def _required(wanted: type) -> frozenset[str]:
    fields = dataclasses.fields(wanted)
    return frozenset(f.name for f in fields if f.default is _MISSING and f.default_factory is _MISSING)


def _looks_like(kind: Kind) -> str:
    article = "An" if kind.name[0] in "aeio" else "A"
    return f"{article} {kind.name} looks like {kind.example}."


def _yaml_type(node: Node) -> str:
    names = {bool: "true or false in YAML", int: "a number in YAML", float: "a number in YAML"}
    if isinstance(node.value, float):
        return f"read as the number {node.value:g}"
    return names.get(type(node.value), "empty")


def _close(word: str, known: tuple[Any, ...]) -> str:
    import difflib

    near = difflib.get_close_matches(word, [str(k) for k in known], n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(map(str, known))}."
