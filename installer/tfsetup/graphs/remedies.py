"""What would avoid a gap: another type, or operations that compute the same and have kernels. Pure.

Only what is known to be equal is named, and what it costs in digits is said. Nothing is named whose own operations the
plugin would leave to the CPU too: that is looked up, not presumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from tfsetup.graphs.model import Operation, types_of

Runs = Callable[[Operation], bool]
"""Tells whether an operation would run on the device."""


class Rewrite(NamedTuple):
    """Other operations for one: `needs` are theirs, `instead` what to write, `because` why it is the same."""

    needs: tuple[str, ...]
    instead: str
    because: str = ""


_SLICES: Final = "the same elements in the same order"

REWRITES: Final[Mapping[str, Rewrite]] = {
    "Ceil": Rewrite(("Floor", "Neg"), "-tf.floor(-x)", "equal for every number"),
    "Cumsum": Rewrite(
        ("MatMul",), "tf.linalg.matmul with a triangular matrix of ones", "the same sums, added in another order"
    ),
    "Einsum": Rewrite(
        ("BatchMatMulV2", "Transpose", "Reshape"),
        "tf.linalg.matmul, with tf.transpose where the axes need it",
        "the same products and sums, for a contraction of two tensors over axes that both have",
    ),
    "Elu": Rewrite(
        ("Exp", "Sub", "Minimum", "Greater", "SelectV2"),
        "tf.where(x > 0, x, tf.exp(tf.minimum(x, 0)) - 1)",
        "equal but for the last digits near 0",
    ),
    "Erfc": Rewrite(("Erf", "Sub"), "1 - tf.math.erf(x)", "equal but for digits that are lost where erf(x) is near 1"),
    "IsFinite": Rewrite(("Sub", "Equal"), "tf.equal(x - x, 0)", "a number less itself is 0, inf and nan give nan"),
    "MatrixBandPart": Rewrite(("Mul",), "x times a constant mask of 0 and 1", "equal where x is finite"),
    "ReverseV2": Rewrite(("GatherV2",), "tf.gather(x, [n-1, …, 0], axis)", _SLICES),
    "Roll": Rewrite(("Slice", "ConcatV2"), "tf.concat of the two slices", _SLICES),
    "Selu": Rewrite(
        ("Exp", "Sub", "Mul", "Minimum", "Greater", "SelectV2"),
        "scale * tf.where(x > 0, x, alpha * (tf.exp(tf.minimum(x, 0)) - 1))",
        "equal but for the last digits near 0",
    ),
    "Softplus": Rewrite(
        ("Maximum", "Log1p", "Exp", "Abs", "Neg", "AddV2"),
        "tf.maximum(x, 0) + tf.math.log1p(tf.exp(-tf.abs(x)))",
        "equal but for the last digit",
    ),
}

_NARROWER: Final = {"float64": "float32", "complex128": "complex64", "int64": "int32"}
_COSTS: Final = {
    "float64": "has half the digits",
    "complex128": "has half the digits",
    "int64": "is equal up to 2147483647",
}


def remedy(operation: Operation, runs: Runs) -> str:
    """Return what would have the device compute it, as a sentence without its stop; empty where nothing is known."""
    return next(_remedies(operation, runs), "")


def _remedies(operation: Operation, runs: Runs) -> Iterator[str]:
    """Yield what would: fewest changes first."""
    types = dict(operation.types)
    for name, (first, *more) in types.items():
        if first in _NARROWER and not more and runs(_with(operation, {name: (_NARROWER[first],)})):
            yield _said(operation, {name: first})
    wide = {name: first for name, (first, *more) in types.items() if first in _NARROWER and not more}
    if len(wide) > 1 and runs(_with(operation, {name: (_NARROWER[first],) for name, first in wide.items()})):
        yield _said(operation, wide)
    yield from _rewritten(operation, runs)


def _with(operation: Operation, changed: Mapping[str, tuple[str, ...]]) -> Operation:
    return Operation(operation.op, types_of({**dict(operation.types), **changed}))


def _said(operation: Operation, wide: Mapping[str, str]) -> str:
    """Say which types to take in place of which, and what that costs."""
    words = dict.fromkeys(_in_place(name, type_, operation) for name, type_ in wide.items())
    return f"{' and '.join(words)}, which {' and '.join(dict.fromkeys(_COSTS[one] for one in wide.values()))}"


def _in_place(name: str, type_: str, operation: Operation) -> str:
    several = len({first for _name, (first, *_more) in operation.types}) > 1
    return f"{_NARROWER[type_]} in place of {type_}{f' for {name}' if several else ''}"


def _rewritten(operation: Operation, runs: Runs) -> Iterator[str]:
    found = REWRITES.get(operation.op)
    type_ = dict(operation.types).get("T", ())
    if found is None or not type_:
        return
    if all(runs(Operation(op, _types_for(op, type_))) for op in found.needs):
        yield f"{found.instead}: {found.because}"


def _types_for(op: str, type_: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the types an operation of a rewrite has: its numbers' type, and plain indices."""
    index = ("int32",)
    extra = {
        "GatherV2": {"Tparams": type_, "Tindices": index, "Taxis": index},
        "Transpose": {"T": type_, "Tperm": index},
        "Reshape": {"T": type_, "Tshape": index},
        "Slice": {"T": type_, "Index": index},
        "ConcatV2": {"T": type_, "Tidx": index},
    }
    return types_of(extra.get(op, {"T": type_}))
