"""Reads a `saved_model.pb` as far as operations are concerned: no TensorFlow, nothing is run. Pure.

Numbers of the fields: `tensorflow/core/protobuf/{saved_model,meta_graph}.proto` and `tensorflow/core/framework/
{graph,node_def,attr_value,function,op_def}.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from tfsetup.errors import InvalidFileError, Where
from tfsetup.graphs.model import Defined, Graph, Node, Operation, types_of
from tfsetup.graphs.types import type_name
from tfsetup.graphs.wire import MalformedMessage, as_text, fields, message, messages, numbers, text

SERVE: Final = "serve"
"""The tag of the graph that predicts."""

Definitions = Mapping[str, Defined]

_HINT: Final = "Save the model again: `model.export(FOLDER)` (Keras 3) or `tf.saved_model.save(model, FOLDER)`."


def read_saved_model(data: bytes, file: str) -> Graph:
    """Read the content of a `saved_model.pb`.

    Raises:
        InvalidFileError: it is no saved model, damaged, or has no graph.
    """
    try:
        return _graph(_meta_graph(memoryview(data)))
    except MalformedMessage as error:
        reason = f"This is no saved model that can be read: {error.message}."
        raise InvalidFileError(reason, where=Where(file=file), hint=_HINT) from error


def _meta_graph(data: memoryview) -> memoryview:
    """Return the graph for predictions, or the only one there is."""
    graphs = list(messages(data, 2))
    if not graphs:
        raise MalformedMessage("there is no graph in it")
    return next((one for one in graphs if SERVE in _tags(one)), graphs[0])


def _tags(meta_graph: memoryview) -> list[str]:
    return [as_text(tag) for tag in messages(message(meta_graph, 1), 4)]


def _graph(meta_graph: memoryview) -> Graph:
    info, graph = message(meta_graph, 1), message(meta_graph, 2)
    definitions = dict(_definition(raw) for raw in messages(message(info, 2), 1))
    nodes = tuple(_node(raw, definitions) for raw in messages(graph, 1))
    if not nodes:
        raise MalformedMessage("its graph has no operations")
    return Graph(
        nodes=nodes,
        functions=dict(_function(raw, definitions) for raw in messages(message(graph, 2), 1)),
        definitions=definitions,
        signatures=dict(_signature(entry) for entry in messages(meta_graph, 5)),
        tensorflow=text(info, 5),
    )


def _function(raw: memoryview, definitions: Definitions) -> tuple[str, tuple[Node, ...]]:
    return text(message(raw, 1), 1), tuple(_node(node, definitions) for node in messages(raw, 3))


def _signature(entry: memoryview) -> tuple[str, tuple[str, ...]]:
    """Return the name of a signature and the tensors it returns."""
    outputs = (message(output, 2) for output in messages(message(entry, 2), 2))
    return text(entry, 1), tuple(text(tensor, 1) for tensor in outputs)


def _node(raw: memoryview, definitions: Definitions) -> Node:
    """Read a node; what it leaves unsaid is as in the definition of its operation."""
    name = op = ""
    inputs: list[str] = []
    types: dict[str, tuple[str, ...]] = {}
    calls: list[str] = []
    for number, value in fields(raw):
        if not isinstance(value, memoryview):
            continue
        match number:
            case 1:
                name = as_text(value)
            case 2:
                op = as_text(value)
            case 3:
                inputs.append(as_text(value))
            case 5:
                said = _attribute(value)
                if said.types is not None:
                    types[said.name] = said.types
                calls += said.calls
    if op in definitions:
        types = {**definitions[op].defaults, **types}
    return Node(name=name, operation=Operation(op, types_of(types)), inputs=tuple(inputs), calls=tuple(calls))


class _Said(NamedTuple):
    """What an attribute says: the types it names (None: none), and the functions."""

    name: str
    types: tuple[str, ...] | None
    calls: tuple[str, ...]


_NOTHING: Final = _Said("", None, ())
_SHORT: Final = 64  # bytes; a graph says the same few things of thousands of nodes


def _attribute(entry: memoryview) -> _Said:
    """Return what an attribute says. Private ones (`_…`) say nothing of kernels."""
    return _short(bytes(entry)) if len(entry) <= _SHORT else _said(entry)


@lru_cache(maxsize=4096)
def _short(entry: bytes) -> _Said:
    return _said(memoryview(entry))


def _said(entry: memoryview) -> _Said:
    key = message(entry, 1)
    if not len(key) or key[0] == ord("_"):
        return _NOTHING
    value = message(entry, 2)
    return _Said(as_text(key), _types(value), tuple(_functions(value)))


def _types(value: memoryview) -> tuple[str, ...] | None:
    """Return the types a value names; None where it names something else."""
    plain = [type_name(number) for number in numbers(value, 6)]
    if plain:
        return tuple(plain[-1:])
    for inner in messages(value, 1):
        several = tuple(type_name(number) for number in numbers(inner, 6))
        if several:
            return several
    return None


def _functions(value: memoryview) -> Iterator[str]:
    """Yield the functions a value names."""
    for called in messages(value, 10):
        yield text(called, 1)
    for inner in messages(value, 1):
        for called in messages(inner, 9):
            yield text(called, 1)


def _definition(raw: memoryview) -> tuple[str, Defined]:
    arguments = [text(argument, 1) for number in (2, 3) for argument in messages(raw, number)]
    defaults = {}
    for attribute in messages(raw, 4):
        types = _types(message(attribute, 3))
        if types is not None:
            defaults[text(attribute, 1)] = types
    return text(raw, 1), Defined(arguments=frozenset(arguments), defaults=defaults)
