"""Saved models built byte by byte, as `saved_model.proto` says: small enough to see what must come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "string": 7, "complex64": 8, "int64": 9, "bool": 10,
    "bfloat16": 14, "float16": 19, "resource": 20,
}  # fmt: skip
"""Numbers of types, written down a second time: the reader's own table is what is tested."""


def varint(value: int) -> bytes:
    """Return a number in seven bits a byte, lowest first."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes((*found, value))


def number(key: int, value: int) -> bytes:
    """Return a field that is a number."""
    return varint(key << 3) + varint(value)


def block(key: int, content: bytes | str) -> bytes:
    """Return a field that is a text or a message."""
    raw = content.encode() if isinstance(content, str) else content
    return varint(key << 3 | 2) + varint(len(raw)) + raw


@dataclass(frozen=True)
class Calls:
    """An attribute that names functions."""

    names: tuple[str, ...]


Attribute = str | tuple[str, ...] | Calls | int


def attribute(value: Attribute) -> bytes:
    """Return an attribute's value: a type by name, types, functions, or a number."""
    match value:
        case str():
            return number(6, NUMBERS[value])
        case tuple():
            return block(1, block(6, b"".join(varint(NUMBERS[one]) for one in value)))
        case Calls((name,)):
            return block(10, block(1, name))
        case Calls(names):
            return block(1, b"".join(block(9, block(1, name)) for name in names))
        case _:
            return number(3, value)


def node(name: str, op: str, *inputs: str, **attributes: Attribute) -> bytes:
    """Return a node."""
    entries = (block(1, key) + block(2, attribute(value)) for key, value in attributes.items())
    return (
        block(1, name)
        + block(2, op)
        + b"".join(block(3, one) for one in inputs)
        + b"".join(block(5, entry) for entry in entries)
    )


def definition(op: str, arguments: Sequence[str] = (), **defaults: str) -> bytes:
    """Return the definition of an operation: its arguments, and the types its attributes have if unsaid."""
    inputs = b"".join(block(2, block(1, name)) for name in arguments)
    unsaid = (block(1, key) + block(2, "type") + block(3, attribute(value)) for key, value in defaults.items())
    return block(1, op) + inputs + b"".join(block(4, one) for one in unsaid)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A saved model. `signatures`: the tensors each returns; `functions`: their bodies."""

    nodes: Sequence[bytes]
    functions: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    signatures: Mapping[str, Sequence[str]] = field(default_factory=dict)
    definitions: Sequence[bytes] = ()
    tags: Sequence[str] = ("serve",)
    tensorflow: str = "2.18.1"

    def meta_graph(self) -> bytes:
        """Return the graph with what is known of it."""
        functions = (
            block(1, block(1, name)) + b"".join(block(3, one) for one in body) for name, body in self.functions.items()
        )
        library = b"".join(block(1, one) for one in functions)
        graph = b"".join(block(1, one) for one in self.nodes) + block(2, library)
        info = (
            block(2, b"".join(block(1, one) for one in self.definitions))
            + b"".join(block(4, tag) for tag in self.tags)
            + block(5, self.tensorflow)
        )
        return block(1, info) + block(2, graph) + b"".join(map(self._signature, self.signatures))

    def _signature(self, name: str) -> bytes:
        outputs = (
            block(2, block(1, f"output_{place}") + block(2, block(1, tensor)))
            for place, tensor in enumerate(self.signatures[name])
        )
        return block(5, block(1, name) + block(2, b"".join(outputs)))

    def content(self) -> bytes:
        """Return the content of `saved_model.pb`."""
        return number(1, 1) + block(2, self.meta_graph())

    def write(self, folder: Path) -> Path:
        """Write it into a folder, and return that."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "saved_model.pb").write_bytes(self.content())
        return folder


def attention() -> Saved:
    """A model that predicts with two einsums and an erfc in a function, and an argmax to int64 that does not say so."""
    body = [
        node("one", "Einsum", "x", "w", T="float32"),
        node("two", "Einsum", "one:output:0", "w", T="float32"),
        node("act", "Erfc", "two:output:0", T="float32"),
        node("shape", "Shape", "act:y:0", T="float32", out_type="int32"),
        node("sum", "AddV2", "act:y:0", "act:y:0", T="float32"),
    ]
    nodes = [
        node("x", "Placeholder", dtype="float32"),
        node("w", "VarHandleOp", dtype="float32"),
        node("call", "PartitionedCall", "x", "w", f=Calls(("layer",)), Tin=("float32", "resource"), Tout=("float32",)),
        node("axis", "Const", dtype="int32"),
        node("best", "ArgMax", "call", "axis", T="float32", Tidx="int32"),
        node("save", "SaveV2", "x", dtypes=("float32",)),
    ]
    definitions = [
        definition("ArgMax", ["input", "dimension", "output"], output_type="int64", Tidx="int32"),
        definition("Shape", ["input", "output"], out_type="int32"),
    ]
    return Saved(
        nodes=nodes, functions={"layer": body}, signatures={"serving_default": ["best:0"]}, definitions=definitions
    )
