"""Where a plugin's optimizer puts operations of a model together, and the kernel that is left drops one. Pure.

What is put together and what is dropped was seen under an emulator (`Tried.lost`). Here is found where a model has it:
a product, the sum of a bias, an activation, each used by the next one alone, as TensorFlow's remapper wants them
(`tensorflow/core/grappler/optimizers/remapper.cc`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from tfsetup.graphs.count import counted
from tfsetup.graphs.kernels import Ops, Words, matches
from tfsetup.graphs.model import Graph, Node, Operation

PRODUCTS: Final[Mapping[str, str]] = {
    "MatMul": "_FusedMatMul",
    "BatchMatMulV2": "_FusedBatchMatMulV2",
    "Conv2D": "_FusedConv2D",
}
"""What a product becomes when others are fused into it."""

_BIAS: Final = "BiasAdd"
_MARK: Final = "dropped by "


class Fusion(NamedTuple):
    """`parts`: the operations that become `op`; the last one is dropped."""

    op: str
    parts: Words


def dropped(
    graph: Graph, file: str, signature: str | None, lost: Mapping[str, Words], kernels: Ops
) -> Mapping[Fusion, int]:
    """Return how often a signature runs an activation that is dropped. `kernels`: what the plugin registers.

    Raises:
        UsageError: there is no signature of this name.
        InvalidFileError: a function calls itself, or one that is not there.
    """
    if not lost:
        return {}
    functions = {name: _marked(nodes, lost, kernels) for name, nodes in graph.functions.items()}
    marked = replace(graph, nodes=_marked(graph.nodes, lost, kernels), functions=functions)
    found: Counter[Fusion] = Counter()
    for operation, count in counted(marked, file, signature).operations.items():
        if operation.op.startswith(_MARK):
            op, *parts = operation.op.removeprefix(_MARK).split()
            found[Fusion(op, tuple(parts))] += count
    return found


def _marked(nodes: Sequence[Node], lost: Mapping[str, Words], kernels: Ops) -> tuple[Node, ...]:
    """Return a body with each activation that is dropped under a name of its own."""
    by_name = {node.name: node for node in nodes}
    used = Counter(source for node in nodes for source in _sources(node))

    def before(node: Node) -> Node | None:
        source = next(_sources(node), "")
        return by_name.get(source) if used[source] == 1 else None

    def mark(node: Node) -> Node:
        bias = before(node) if any(node.operation.op in names for names in lost.values()) else None
        product = before(bias) if bias is not None and bias.operation.op == _BIAS else None
        op = PRODUCTS.get(product.operation.op, "") if product is not None else ""
        if product is None or node.operation.op not in lost.get(op, ()) or not _takes(kernels, op, product):
            return node
        parts = f"{op} {product.operation.op} {_BIAS} {node.operation.op}"
        return replace(node, operation=Operation(_MARK + parts, node.operation.types))

    return tuple(mark(node) for node in nodes)


def _sources(node: Node) -> Iterator[str]:
    """Yield the nodes whose outputs a node takes, in order; what only has to run before it is none."""
    return (source.partition(":")[0] for source in node.inputs if not source.startswith("^"))


def _takes(kernels: Ops, op: str, product: Node) -> bool:
    """Tell whether there is a kernel of the fused operation for the product's type, or there may be."""
    return any(matches(words, Operation(op, product.operation.types)) is not False for words in kernels.get(op, ()))
