"""Graphs as TensorFlow writes them (GraphDef, protobuf wire format), written and read without TensorFlow. Pure.

Only what a graph of floating-point operations on one device needs: types, booleans, numbers, texts, lists of them, and
shapes. Numbers of the fields: `tensorflow/core/framework/{graph,node_def,attr_value,tensor_shape,versions}.proto`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tfsetup.loader.bytes import MalformedImage, uleb

FLOAT: Final = 1
"""DT_FLOAT."""

GPU: Final = "/job:localhost/replica:0/task:0/device:GPU:0"

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_PRODUCER: Final = 1882
"""The version of graphs that TensorFlow 2.19 writes; plugins look only at what they know."""


@dataclass(frozen=True, slots=True)
class Type:
    """An attribute that names a type of elements."""

    number: int


@dataclass(frozen=True, slots=True)
class Shape:
    """An attribute that says how large each dimension is."""

    sizes: tuple[int, ...]


Attribute = bytes | bool | int | float | Type | Shape | tuple[bytes | int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One operation of a graph: the name of what is computed, and where its inputs come from."""

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    device: str = GPU

    @property
    def fused(self) -> tuple[str, ...]:
        """The operations that this one does besides its own."""
        found = self.attributes.get("fused_ops", ())
        return tuple(one.decode() for one in found if isinstance(one, bytes)) if isinstance(found, tuple) else ()

    def __str__(self) -> str:
        """Return the operation with what is fused into it: `_FusedMatMul[BiasAdd,Relu]`."""
        return f"{self.op}[{','.join(self.fused)}]" if self.fused else self.op


def write_graph(nodes: Sequence[Node]) -> bytes:
    """Return the GraphDef of these nodes."""
    return b"".join(_bytes(1, _node(node)) for node in nodes) + _bytes(4, _number(1, _PRODUCER))


def read_graph(data: bytes) -> tuple[Node, ...]:
    """Read the nodes of a GraphDef; attributes of other kinds than `Attribute` are left out.

    Raises:
        MalformedImage: this is no protobuf message.
    """
    return tuple(_read_node(raw) for number, raw in _fields(data) if number == 1 and isinstance(raw, bytes))


# ---------------------------------------------------------------------------------------------------------- writing


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - the continuation bit of LEB128
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def _node(node: Node) -> bytes:
    texts = [(1, node.name), (2, node.op), *((3, source) for source in node.inputs), (4, node.device)]
    written = b"".join(_bytes(number, text.encode()) for number, text in texts)
    entries = (_bytes(1, name.encode()) + _bytes(2, _attribute(value)) for name, value in node.attributes.items())
    return written + b"".join(_bytes(5, entry) for entry in entries)


def _attribute(value: Attribute) -> bytes:
    match value:
        case bytes():
            return _bytes(2, value)
        case bool():
            return _number(5, int(value))
        case int():
            return _number(3, value)
        case float():
            return _varint(4 << 3 | _FIXED32) + struct.pack("<f", value)
        case Type():
            return _number(6, value.number)
        case Shape():
            return _bytes(7, b"".join(_bytes(2, _number(1, size)) for size in value.sizes))
        case _:
            return _bytes(1, _list(value))


def _list(values: tuple[bytes | int, ...]) -> bytes:
    texts = b"".join(_bytes(2, value) for value in values if isinstance(value, bytes))
    numbers = b"".join(_varint(value) for value in values if isinstance(value, int))
    return texts + (_bytes(3, numbers) if numbers else b"")


# ---------------------------------------------------------------------------------------------------------- reading


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message: their number, and a number or bytes."""
    at = 0
    while at < len(data):
        key, at = uleb(data, at)
        size = {_FIXED64: 8, _FIXED32: 4}.get(key & 7)
        if key & 7 == _VARINT:
            value, at = uleb(data, at)
            yield key >> 3, value
            continue
        if key & 7 == _BYTES:
            size, at = uleb(data, at)
        if size is None or at + size > len(data):
            raise MalformedImage("a field of the graph is cut off, or of no known kind", offset=at)
        yield key >> 3, data[at : at + size]
        at += size


def _texts(data: bytes) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for number, value in _fields(data):
        if isinstance(value, bytes):
            found.setdefault(number, []).append(value)
    return found


def _read_node(raw: bytes) -> Node:
    found = _texts(raw)
    name, op, device = (found.get(number, [b""])[-1].decode() for number in (1, 2, 4))
    pairs = (_texts(entry) for entry in found.get(5, []))
    entries = {pair[1][-1].decode(): _read_attribute(pair.get(2, [b""])[-1]) for pair in pairs if 1 in pair}
    return Node(
        name=name,
        op=op,
        device=device,
        inputs=tuple(source.decode() for source in found.get(3, [])),
        attributes={key: value for key, value in sorted(entries.items()) if value is not None},
    )


def _read_attribute(raw: bytes) -> Attribute | None:
    value: Attribute | None = None
    for number, content in _fields(raw):
        match number, content:
            case 1, bytes():
                value = _read_list(content)
            case 2, bytes():
                value = content
            case 3, int():
                value = _signed(content)
            case 4, bytes():
                value = float(struct.unpack("<f", content)[0])
            case 5, int():
                value = bool(content)
            case 6, int():
                value = Type(content)
            case 7, bytes():
                value = Shape(tuple(_read_size(size) for size in _texts(content).get(2, [])))
    return value


def _read_list(raw: bytes) -> tuple[bytes | int, ...]:
    found: list[bytes | int] = []
    for number, content in _fields(raw):
        if number == 2 and isinstance(content, bytes):  # noqa: PLR2004 - the field's number
            found.append(content)
        elif number == 3:  # noqa: PLR2004 - the field's number
            found += [_signed(content)] if isinstance(content, int) else _packed(content)
    return tuple(found)


def _packed(raw: bytes) -> list[int]:
    found, at = [], 0
    while at < len(raw):
        value, at = uleb(raw, at)
        found.append(_signed(value))
    return found


def _read_size(raw: bytes) -> int:
    return next((_signed(value) for number, value in _fields(raw) if number == 1 and isinstance(value, int)), 0)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
