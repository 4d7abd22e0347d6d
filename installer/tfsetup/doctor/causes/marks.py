"""Reading a YAML node as what it should be, or a complaint with its file, line and column. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn, TypeVar

from tfsetup.doctor.causes.references import REFERENCE, UnknownReferenceError
from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.marked import Node, compose

T = TypeVar("T", bound=str)
Refer = Callable[[str], str]
"""What stands for a reference to a fact; raises `UnknownReferenceError`."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A YAML node. Reading it as the wrong type raises `InvalidFileError` at its place."""

    node: Node

    def fail(self, message: str) -> NoReturn:
        """Raise the complaint `message` about this node.

        Raises:
            InvalidFileError: always.
        """
        raise InvalidFileError(message, where=self.node.where)

    def entries(self, allowed: Sequence[str], required: Sequence[str] = ()) -> dict[str, Marked]:
        """Return the mapping's values by key, each key one of `allowed`, and all of `required` there."""
        found: dict[str, Marked] = {}
        for name, (key, value) in self.pairs().items():
            if name not in allowed:
                key.fail(f"unknown key {name!r}; known here: {', '.join(allowed)}")
            found[name] = value
        if missing := [name for name in required if name not in found]:
            self.fail(f"key {missing[0]!r} is missing")
        return found

    def pairs(self) -> dict[str, tuple[Marked, Marked]]:
        """Return the (key, value) nodes of a mapping by key, each key a text given once."""
        if self.node.kind != "mapping":
            self.fail("must be a mapping")
        found: dict[str, tuple[Marked, Marked]] = {}
        for key, value in self.node.value:
            name = Marked(key).text()
            if name in found:
                Marked(key).fail(f"key {name!r} is given twice")
            found[name] = Marked(key), Marked(value)
        return found

    def items(self) -> Iterator[Marked]:
        """Yield the items of a list; a single value counts as a list of one."""
        yield from map(Marked, self.node.value if self.node.kind == "sequence" else [self.node])

    def text(self) -> str:
        """Return a text; numbers must be quoted, so that 2.10 never becomes 2.1."""
        if self.node.kind != "scalar" or not isinstance(self.node.value, str) or not self.node.value.strip():
            self.fail("must be a text that is not empty (quote numbers)")
        return self.node.value

    def choice(self, options: tuple[T, ...]) -> T:
        """Return the one of `options` that this text is."""
        value = self.text()
        if value not in options:
            self.fail(f"{value!r} is not one of {', '.join(options)}")
        return options[options.index(value)]


NOTHING: Final = Marked(Node(kind="sequence", value=(), where=Where(file="")))
"""What stands for a list that was left out."""


def parse(text: str, file: str, refer: Refer | None = None) -> Marked:
    """Return the root of the one document in `text`, with facts in the place of references to them.

    Raises:
        InvalidFileError: it is no YAML, or uses what is not read here (anchors, tags, a second document), or a
            reference refers to nothing.
    """
    root = compose(text, file)
    return Marked(root if refer is None else _referred(root, refer))


def _referred(node: Node, refer: Refer) -> Node:
    match node.kind:
        case "scalar" if isinstance(node.value, str):
            try:
                return replace(node, value=REFERENCE.sub(lambda found: refer(found[1]), node.value))
            except UnknownReferenceError as error:
                raise InvalidFileError(f"{error}.", where=node.where) from error
        case "sequence":
            return replace(node, value=tuple(_referred(item, refer) for item in node.value))
        case "mapping":
            return replace(node, value=tuple((key, _referred(value, refer)) for key, value in node.value))
    return node
