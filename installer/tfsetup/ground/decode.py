"""Nodes → frozen types, with every problem found: wrong types, unknown and duplicate keys, numbers for text.

One function a shape of type; `decode` itself only chooses. No value is guessed: what does not fit is a problem with a
line and a column. A list or a mapping may be empty only where None is another answer than none (`tuple[Gpu, ...] |
None`); elsewhere an empty one is a key to leave out.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tfsetup.errors import Where
from tfsetup.ground.kinds import Kind, Like
from tfsetup.ground.marked import InvalidTextError, Marked, Node, Problem

Path = tuple[str | int, ...]
Marks = Mapping[Path, Where]
T = TypeVar("T")

CALLED: Final = "called"
"""In the metadata of a field: what it is called in a file, where that is no name in Python."""
_MISSING = dataclasses.MISSING
_LONGEST: Final = 80  # characters of a value that a message repeats
_CLOSE: Final = 0.6  # how alike two words are (difflib) for one to be taken for the other misspelled
_CLOSER: Final = 0.81  # as close as amd64 is to arm64 is not close enough


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Notation:
    """What a notation calls things, and whether its null says the same as leaving a key out."""

    name: str
    sequence: str
    mapping: str
    nulls: bool = False


YAML: Final = Notation(name="YAML", sequence="list", mapping="mapping")
JSON: Final = Notation(name="JSON", sequence="list", mapping="object", nulls=True)


def decode(root: Node, wanted: type[T], notation: Notation = YAML) -> tuple[T, Marks]:
    """Return a document as a value of type `wanted`, and the place of each value in it.

    Raises:
        InvalidTextError: with every problem.
    """
    decoder = Decoder(notation)
    value = decoder.decode(root, wanted)
    if decoder.problems:
        raise InvalidTextError(decoder.problems)
    return value, decoder.marks


class Decoder:
    """Decodes one file; `problems` and `marks` fill up as it goes."""

    def __init__(self, notation: Notation = YAML) -> None:
        """Start with nothing found."""
        self.notation = notation
        self.problems: list[Problem] = []
        self.marks: dict[Path, Where] = {}

    def decode(self, node: Node, wanted: object, path: Path = (), *, empty: bool = False, hint: str = "") -> Any:
        """Return the value of `node` as type `wanted`, or None after noting a problem.

        `empty`: it may be a list or mapping without anything in it; `hint`: what to say where its shape is wrong.
        """
        self.marks[path] = node.where
        if get_origin(wanted) is Annotated:
            inner, mark = get_args(wanted)
            if isinstance(mark, Kind):
                found = self._text(node, mark)
                return found if inner is str or found is None else Marked(text=found, where=node.where)
            return self.decode(node, inner, path, empty=empty, hint=_looks_like(mark))
        if get_origin(wanted) in {Union, types.UnionType}:
            return self._union(node, wanted, path)
        if get_origin(wanted) is Literal:
            return self._choice(node, get_args(wanted))
        if get_origin(wanted) is tuple:
            return self._sequence(node, get_args(wanted)[0], path, empty=empty, hint=hint)
        if get_origin(wanted) is Mapping:
            return self._table(node, get_args(wanted), path, empty=empty, hint=hint)
        if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
            return self._mapping(node, wanted, path, hint)
        return self._plain(node, wanted)

    def note(self, where: Where, message: str, hint: str = "") -> None:
        """Remember a problem."""
        self.problems.append(Problem(where=where, message=message, hint=hint))

    def _union(self, node: Node, wanted: object, path: Path) -> object:
        parts = [part for part in get_args(wanted) if part is not type(None)]
        exact = next((part for part in parts if get_origin(part) is Literal and _is_one(node, get_args(part))), None)
        if exact is not None and len(parts) > 1:  # one of a few values, in place of something else
            return self.decode(node, exact, path)
        parts = [part for part in parts if get_origin(part) is not Literal] or parts
        if len(parts) > 1:  # a word, or a list or a mapping in its place
            return self.decode(node, next((part for part in parts if _shape(part) == node.kind), parts[0]), path)
        if node.kind == "scalar" and node.value is None:
            if not self.notation.nulls:
                self.note(node.where, "an empty value", "Give it a value or leave the key out.")
            return None
        return self.decode(node, parts[0], path, empty=True)

    def _text(self, node: Node, kind: Kind) -> str | None:
        if node.kind != "scalar":
            self.note(node.where, f"a {kind.name} is expected here, not {self._called(node)}")
        elif not isinstance(node.value, str):
            hint = _looks_like(kind) if kind.complaint(node.text) else f'Write "{node.text}".'
            self.note(node.where, f"`{_shown(node.text)}` is {self._read_as(node)}, not a {kind.name}", hint)
        elif complaint := kind.complaint(node.value):
            self.note(node.where, f"`{_shown(node.text)}`: {complaint}", _looks_like(kind))
        else:
            return node.value
        return None

    def _choice(self, node: Node, choices: tuple[object, ...]) -> object:
        if _is_one(node, choices):
            return node.value
        known = [str(choice) for choice in choices]
        hint = _near(node.text, known, _CLOSER)
        if node.text in known:
            hint = "Write it without quotes." if isinstance(node.value, str) else "Write it in quotes."
        self.note(node.where, f"{self._called(node)} is not one of {', '.join(known)}", hint)
        return None

    def _is(self, node: Node, kind: str, hint: str) -> bool:
        """Tell whether a node is a list ("sequence") or a mapping; note it when it is not."""
        if node.kind == kind:
            return True
        self.note(node.where, f"{_a(getattr(self.notation, kind))} is expected here, not {self._called(node)}", hint)
        return False

    def _sequence(self, node: Node, inner: object, path: Path, *, empty: bool, hint: str) -> tuple[object, ...] | None:
        if not self._is(node, "sequence", hint):
            return None
        if not node.value and not empty:
            self.note(node.where, f"an empty {self.notation.sequence}", "Leave the key out.")
        return tuple(self.decode(item, inner, (*path, place), hint=hint) for place, item in enumerate(node.value))

    def _table(
        self, node: Node, inner: tuple[object, ...], path: Path, *, empty: bool, hint: str
    ) -> dict[str, object] | None:
        """Return a mapping whose keys are free, as far as their kind goes."""
        if not self._is(node, "mapping", hint):
            return None
        if not node.value and not empty:
            self.note(node.where, f"an empty {self.notation.mapping}", "Leave the key out.")
        found: dict[str, object] = {}
        for key, child in node.value:
            name = self.decode(key, inner[0], (*path, key.text, "name"))
            if name in found:
                self._again(key)
            elif name is not None:
                found[name] = self.decode(child, inner[1], (*path, key.text))
        return found

    def _mapping(self, node: Node, wanted: type, path: Path, hint: str) -> object:
        if not self._is(node, "mapping", hint):
            return None
        hints, names = hints_of(wanted), _names(wanted)
        found = {names[key]: child for key, child in self._keys(node, tuple(names)).items()}
        before = len(self.problems)
        values = {key: self.decode(child, hints[key], (*path, key)) for key, child in found.items()}
        for missing in sorted(_required(wanted) - set(found)):
            self.note(node.where, f"the key `{missing}` is missing", hint)
        return wanted(**values) if len(self.problems) == before else None

    def _keys(self, node: Node, known: tuple[str, ...]) -> Mapping[str, Node]:
        found: dict[str, Node] = {}
        for key, child in node.value:
            if key.kind != "scalar" or key.text not in known:
                hint = _near(key.text, known, _CLOSE) or f"Known: {', '.join(known)}."
                called = self._called(key)
                self.note(key.where, f"unknown key {called}" if key.kind == "scalar" else f"{called} is no key", hint)
            elif key.text in found:
                self._again(key)
            else:
                found[key.text] = child
        return found

    def _again(self, key: Node) -> None:
        self.note(key.where, f"the key `{_shown(key.text)}` stands here a second time", "Keep one of the two.")

    def _plain(self, node: Node, wanted: object) -> object:
        if node.kind == "scalar" and type(node.value) is wanted:
            return node.value
        hint = "" if wanted is str else f"Write {_PLAIN[wanted]} without quotes, or leave the key out."
        self.note(node.where, f"{self._called(node)} is not {_PLAIN[wanted]}", hint)
        return None

    def _called(self, node: Node) -> str:
        if node.value is None and not node.text:
            return "nothing"
        return f"`{_shown(node.text)}`" if node.kind == "scalar" else _a(getattr(self.notation, node.kind))

    def _read_as(self, node: Node) -> str:
        if isinstance(node.value, float):
            return f"read as the number {node.value:g}"
        names = {bool: "true or false", int: "a number", type(None): "empty"}
        name = names.get(type(node.value), f"a {type(node.value).__name__}")
        return name if node.value is None else f"{name} in {self.notation.name}"


_PLAIN: Final[Mapping[object, str]] = {bool: "true or false", int: "a whole number", str: "text"}


def _is_one(node: Node, choices: tuple[object, ...]) -> bool:
    return node.kind == "scalar" and any(node.value == c and type(node.value) is type(c) for c in choices)


@cache
def hints_of(wanted: type) -> dict[str, object]:
    """Return the field types of a row type, in the order of its fields."""
    hints = get_type_hints(wanted, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(wanted)}


@cache
def _names(wanted: type) -> dict[str, str]:
    """Return the name of each field by what it is called in a file: `field(metadata={CALLED: "exclude-newer"})`."""
    return {field.metadata.get(CALLED, field.name): field.name for field in dataclasses.fields(wanted)}


@cache
def _required(wanted: type) -> frozenset[str]:
    fields = dataclasses.fields(wanted)
    return frozenset(f.name for f in fields if f.default is _MISSING and f.default_factory is _MISSING)


def _shape(wanted: object) -> str:
    if get_origin(wanted) in {tuple, Mapping}:
        return "sequence" if get_origin(wanted) is tuple else "mapping"
    return "mapping" if dataclasses.is_dataclass(wanted) else "scalar"


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _looks_like(kind: Kind | Like) -> str:
    if isinstance(kind, Kind) and kind.remedy:
        return kind.remedy
    name = _a(kind.name) if isinstance(kind, Kind) else "it"
    return f"{name[0].upper()}{name[1:]} looks like {kind.like}."


def _shown(text: str) -> str:
    """Return a value for a message: on one line, not endless, and nothing in it that drives a terminal."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _near(word: str, known: Sequence[str], closeness: float) -> str:
    import difflib

    near = difflib.get_close_matches(word.lower(), known, 1, closeness)
    return f"Did you mean `{near[0]}`?" if near else ""
