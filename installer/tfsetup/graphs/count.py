"""How often each operation runs when a signature is called once, as if every call were written out. Pure.

The body of a loop counts once, and so does each branch of a condition: how often those run, no file says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tfsetup.errors import InvalidFileError, UsageError, Where
from tfsetup.graphs.model import Counted, Graph, Node, Operation

DEFAULT: Final = "serving_default"
_INTERNAL: Final = "__saved_model"
_DEEPEST: Final = 200
"""Functions that call functions; TensorFlow's own are some ten deep."""
_MOST: Final = 1 << 53
"""More than any model has, and still a number that JSON holds."""

Counts = Mapping[Operation, int]


def counted(graph: Graph, file: str, signature: str | None = None) -> Counted:
    """Count what a signature runs: the one named, else `serving_default`, else the first; without any, everything.

    Raises:
        UsageError: there is no signature of this name.
        InvalidFileError: a function calls itself, or one that is not there.
    """
    names = sorted(name for name in graph.signatures if not name.startswith(_INTERNAL))
    if signature is not None and signature not in names:
        known = ", ".join(names) or "none"
        raise UsageError(f"The model has no signature {signature}.", hint=f"It has: {known}.")
    chosen = signature or (DEFAULT if DEFAULT in names else next(iter(names), ""))
    bodies = _Bodies(graph, file)
    nodes = reached(graph.nodes, graph.signatures[chosen]) if chosen else None
    operations = bodies.count(nodes) if nodes is not None else bodies.all()
    others = tuple(name for name in names if name != chosen)
    return Counted(signature=chosen, operations=operations, others=others, definitions=graph.definitions)


def reached(nodes: Sequence[Node], tensors: Iterable[str]) -> list[Node]:
    """Return the nodes that these tensors (`name:0`) need, in the order of the graph."""
    by_name = {node.name: node for node in nodes}
    waiting, seen = [_producer(tensor) for tensor in tensors], set[str]()
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in seen:
            seen.add(name)
            waiting += [_producer(tensor) for tensor in by_name[name].inputs]
    return [node for node in nodes if node.name in seen]


def _producer(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]


class _Bodies:
    """The functions of a graph, each counted once however often it is called."""

    def __init__(self, graph: Graph, file: str) -> None:
        self.graph, self.file = graph, file
        self.known: dict[str, Counts] = {}

    def count(self, nodes: Iterable[Node], above: tuple[str, ...] = ()) -> Counts:
        """Return how often each operation runs in a body; a call counts as what it calls, and as itself."""
        found: Counter[Operation] = Counter()
        for node in nodes:
            found[node.operation] += 1
            for name in self._called(node):
                found.update(self._of(name, above))
        return {operation: min(number, _MOST) for operation, number in found.items()}

    def all(self) -> Counts:
        """Return everything that stands in the graph, and in functions that no other one calls."""
        called = {name for nodes in self.graph.functions.values() for node in nodes for name in self._called(node)}
        called |= {name for node in self.graph.nodes for name in self._called(node)}
        roots = [node for name, nodes in self.graph.functions.items() if name not in called for node in nodes]
        return self.count([*self.graph.nodes, *roots])

    def _called(self, node: Node) -> Iterator[str]:
        yield from node.calls
        if node.operation.op in self.graph.functions:  # before TensorFlow 2 a call was an operation of that name
            yield node.operation.op

    def _of(self, name: str, above: tuple[str, ...]) -> Counts:
        if name in self.known:
            return self.known[name]
        if name not in self.graph.functions:
            raise self._invalid(f"it calls a function that it does not have ({name[:80]})")
        if name in above or len(above) == _DEEPEST:
            raise self._invalid(f"its functions call each other without an end ({name[:80]})")
        self.known[name] = self.count(self.graph.functions[name], (*above, name))
        return self.known[name]

    def _invalid(self, reason: str) -> InvalidFileError:
        return InvalidFileError(f"The model's graph is damaged: {reason}.", where=Where(file=self.file))
