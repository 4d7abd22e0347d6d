"""Operations are counted as if every call were written out, and only what a signature runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.saved_models import Calls, Saved, attention, node
from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.graphs.count import counted
from tfsetup.graphs.saved_model import read_saved_model


def counts(saved: Saved, signature: str | None = None) -> dict[str, int]:
    found: dict[str, int] = {}
    graph = read_saved_model(saved.content(), "f")
    for operation, number in counted(graph, "f", signature).operations.items():
        found[operation.op] = found.get(operation.op, 0) + number
    return found


def call(name: str, *functions: str, to: Sequence[str] = ()) -> bytes:
    return node(name, "PartitionedCall", *to, f=Calls(functions))


def test_a_call_counts_what_it_calls_and_what_nobody_needs_is_left_out() -> None:
    found = counts(attention())
    assert (found["Einsum"], found["Erfc"], found["ArgMax"]) == (2, 1, 1)
    assert "SaveV2" not in found


def test_a_function_called_three_times_counts_three_times() -> None:
    saved = Saved(
        nodes=[call("a", "f"), call("b", "f", to=["a"]), call("c", "f", to=["b"])],
        functions={"f": [node("r", "Relu", T="float32"), call("g", "g")], "g": [node("e", "Elu"), node("h", "Elu")]},
        signatures={"serving_default": ["c:0"]},
    )
    assert counts(saved) == {"PartitionedCall": 6, "Relu": 3, "Elu": 6}


def test_each_branch_of_a_condition_and_the_body_of_a_loop_count_once() -> None:
    loop = node("l", "While", cond=Calls(("c",)), body=Calls(("b",)))
    case = node("k", "Case", "l", branches=Calls(("b", "c")))
    functions = {"b": [node("r", "Relu")], "c": [node("l", "Less")]}
    found = counts(Saved(nodes=[loop, case], functions=functions, signatures={"s": ["k:0"]}))
    assert found == {"While": 1, "Case": 1, "Relu": 2, "Less": 2}


def test_control_inputs_are_needed_too() -> None:
    nodes = [node("init", "NoOp"), node("out", "Identity", "^init"), node("other", "Elu")]
    assert counts(Saved(nodes=nodes, signatures={"s": ["out:0"]})) == {"NoOp": 1, "Identity": 1}


SIGNATURES = Saved(
    nodes=[node("a", "Relu"), node("b", "Elu"), node("c", "Selu")],
    signatures={"serve": ["a:0"], "serving_default": ["b:0"], "__saved_model_init_op": ["c:0"]},
)


def test_the_default_signature_goes_before_the_others_and_one_may_be_named() -> None:
    assert counts(SIGNATURES) == {"Elu": 1}
    assert counts(SIGNATURES, "serve") == {"Relu": 1}
    found = counted(read_saved_model(SIGNATURES.content(), "f"), "f")
    assert (found.signature, found.others) == ("serving_default", ("serve",))


@pytest.mark.parametrize("name", ["train", "__saved_model_init_op", ""])
def test_a_signature_that_is_not_there_is_a_mistake(name: str) -> None:
    with pytest.raises(UsageError, match="no signature") as caught:
        counts(SIGNATURES, name)
    assert "serve, serving_default" in caught.value.hint


def test_without_signatures_everything_counts_and_each_function_as_often_as_it_is_called() -> None:
    saved = Saved(
        nodes=[node("a", "Relu"), call("c", "used")],
        functions={"used": [node("e", "Elu")], "free": [node("s", "Selu")]},
    )
    assert counts(saved) == {"Relu": 1, "PartitionedCall": 1, "Elu": 1, "Selu": 1}


def test_before_tensorflow_2_a_call_was_an_operation_of_the_function_s_name() -> None:
    saved = Saved(nodes=[node("a", "f")], functions={"f": [node("e", "Elu")]}, signatures={"s": ["a:0"]})
    assert counts(saved) == {"f": 1, "Elu": 1}


@pytest.mark.parametrize(
    ("functions", "why"),
    [
        ({"f": [call("a", "f")]}, "without an end"),
        ({"f": [call("a", "g")], "g": [call("b", "f")]}, "without an end"),
        ({"f": [call("a", "gone")]}, "that it does not have"),
        ({f"f{n or ''}": [call("a", f"f{n + 1}")] for n in range(400)} | {"f400": []}, "without an end"),
    ],
)
def test_calls_that_cannot_be_are_a_damaged_file(functions: dict[str, list[bytes]], why: str) -> None:
    with pytest.raises(InvalidFileError, match=why):
        counts(Saved(nodes=[call("c", "f")], functions=functions, signatures={"s": ["c:0"]}))


@given(st.integers(1, 150))
def test_a_tower_of_calls_neither_takes_long_nor_leaves_the_numbers_of_json(height: int) -> None:
    functions = {f"f{n}": [call("a", f"f{n + 1}"), call("b", f"f{n + 1}")] for n in range(height)}
    saved = Saved(
        nodes=[call("c", "f0")], functions={**functions, f"f{height}": [node("r", "Relu")]}, signatures={"s": ["c:0"]}
    )
    assert counts(saved)["Relu"] == min(2**height, 2**53)
