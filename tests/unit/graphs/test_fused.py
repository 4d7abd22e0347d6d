"""Where a model has what a plugin's optimizer puts together, and whose activation its kernel drops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.saved_models import Calls, Saved, node
from tfsetup.graphs.fused import Fusion, dropped
from tfsetup.graphs.kernels import Kernels, Tried, Words
from tfsetup.graphs.saved_model import read_saved_model

LOST: dict[str, Words] = {"_FusedMatMul": ("Relu", "Elu"), "_FusedBatchMatMulV2": ("Relu",)}
KERNELS = {"_FusedMatMul": (("T:float32",), ("T:float16",)), "_FusedBatchMatMulV2": (("T:float32",),)}


def layer(
    activation: str = "Relu", product: str = "MatMul", bias: str = "BiasAdd", type_: str = "float32", at: str = ""
) -> list[bytes]:
    return [
        node(f"p{at}", product, "x", "w", T=type_),
        node(f"b{at}", bias, f"p{at}", "v", T=type_),
        node(f"a{at}", activation, f"b{at}", T=type_),
    ]


def found(*nodes: bytes, functions: dict[str, list[bytes]] | None = None, ends: str = "a:0") -> dict[Fusion, int]:
    saved = Saved(nodes=nodes, functions=functions or {}, signatures={"serving_default": [ends]})
    return dict(dropped(read_saved_model(saved.content(), "f"), "f", None, LOST, KERNELS))


def test_a_dense_layer_is_a_product_a_bias_and_an_activation() -> None:
    assert found(*layer()) == {Fusion("_FusedMatMul", ("MatMul", "BiasAdd", "Relu")): 1}
    assert found(*layer("Elu")) == {Fusion("_FusedMatMul", ("MatMul", "BiasAdd", "Elu")): 1}
    batch = Fusion("_FusedBatchMatMulV2", ("BatchMatMulV2", "BiasAdd", "Relu"))
    assert found(*layer(product="BatchMatMulV2")) == {batch: 1}


@pytest.mark.parametrize(
    "nodes",
    [
        layer("Tanh"), layer(bias="AddV2"), layer(product="Conv2D"), layer(product="Einsum"), layer(type_="bfloat16"),
        layer("Elu", product="BatchMatMulV2"), [node("a", "Relu", "x")],
        [node("b", "BiasAdd", "x"), node("a", "Relu", "b")],
    ],
    ids=["activation", "sum", "convolution", "einsum", "type", "batch", "alone", "no product"],
)  # fmt: skip
def test_what_is_not_put_together_or_not_dropped_is_not_named(nodes: list[bytes]) -> None:
    assert found(*nodes) == {}


@pytest.mark.parametrize("source", ["p", "b"])
def test_what_another_node_needs_too_stays_as_it_is(source: str) -> None:
    other = node("o", "Tanh", source, T="float32")
    both = node("both", "AddV2", "a", "o", T="float32")
    assert found(*layer(), other, both, ends="both:0") == {}


def test_what_only_has_to_run_before_is_no_use() -> None:
    waiting = node("o", "Tanh", "x", "^b", T="float32")
    both = node("both", "AddV2", "a", "o", T="float32")
    assert len(found(*layer(), waiting, both, ends="both:0")) == 1


def test_a_type_that_is_not_said_may_be_one_that_has_a_kernel() -> None:
    nodes = [node("p", "MatMul", "x", "w"), node("b", "BiasAdd", "p", "v"), node("a", "Relu", "b")]
    assert len(found(*nodes)) == 1


def test_layers_in_functions_count_as_often_as_those_are_called() -> None:
    calls = [node(name, "PartitionedCall", "x", f=Calls(("f",))) for name in ("one", "two")]
    last = node("a", "AddV2", "one", "two", T="float32")
    body = [*layer(at="1"), *layer("Elu", at="2")]
    assert set(found(*calls, last, functions={"f": body}).values()) == {2}


def test_what_a_signature_does_not_run_is_not_counted() -> None:
    assert found(*layer(), *layer(at="2")) == {Fusion("_FusedMatMul", ("MatMul", "BiasAdd", "Relu")): 1}


def test_where_nothing_is_lost_nothing_is_looked_for() -> None:
    saved = Saved(nodes=layer(), signatures={"s": ["a:0"]})
    assert dropped(read_saved_model(saved.content(), "f"), "f", "none of this name", {}, KERNELS) == {}


@given(st.lists(st.sampled_from(["Relu", "Tanh", "Elu"]), max_size=8))
def test_each_layer_counts(activations: list[str]) -> None:
    nodes = [one for at, activation in enumerate(activations) for one in layer(activation, at=str(at))]
    ends = node("end", "AddN", *(f"a{at}" for at in range(len(activations))), T="float32")
    total = sum(found(*nodes, ends, ends="end:0").values())
    assert total == len(activations) - activations.count("Tanh")


def known(**fields: object) -> Tried:
    one = Kernels(registrations=1)
    return Tried(plain=one, gru=one, **fields)  # type: ignore[arg-type]


BUILT = {
    "_FusedMatMul": {
        "BiasAdd": "addition(x)", "BiasAdd,Relu": "addition(x)", "BiasAdd,Elu": "elu(addition(x))",
        "BiasAdd,Relu6": "addition(x)", "BiasAdd,Tanh": "not built: refused (unimplemented)",
    },
    "_FusedBatchNormEx": {"": "norm(x)", "Relu": "norm(x)"},
    "Relu": {"": "reLU(x)"},
    "_Odd": {"BiasAdd": "undecided: it stopped", "BiasAdd,Relu": "undecided: it stopped"},
}  # fmt: skip


def test_dropped_is_what_builds_the_same_as_without_and_lost_what_is_fused_as_well() -> None:
    tried = known(fused=BUILT, fuses={"_FusedMatMul": ("BiasAdd", "BiasAdd,Elu", "BiasAdd,Relu")})
    assert tried.dropped() == {"_FusedMatMul": ("Relu", "Relu6"), "_FusedBatchNormEx": ("Relu",)}
    assert tried.lost() == {"_FusedMatMul": ("Relu",)}
    assert known(fused=BUILT).lost() == {}


def test_what_only_another_type_drops_is_lost_too() -> None:
    half = {"_FusedMatMul": {"BiasAdd": "b", "BiasAdd,Relu": "r(b)"}, "_FusedMatMul float16": {"BiasAdd": "b"}}
    half["_FusedMatMul float16"]["BiasAdd,Relu"] = "b"
    assert known(fused=half, fuses={"_FusedMatMul": ("BiasAdd,Relu",)}).lost() == {"_FusedMatMul": ("Relu",)}
