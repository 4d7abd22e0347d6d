"""A saved model is read from its bytes alone; whatever they are, the reading ends in a graph or an invalid file."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.saved_models import Calls, Saved, attention, block, definition, node, number
from tfsetup.errors import InvalidFileError
from tfsetup.graphs.model import Graph, Operation
from tfsetup.graphs.saved_model import read_saved_model
from tfsetup.graphs.types import type_name


def read(saved: Saved) -> Graph:
    return read_saved_model(saved.content(), "m/saved_model.pb")


def only(*attributes: bytes) -> Operation:
    """Return the operation of a model of one node."""
    return read(Saved(nodes=attributes)).nodes[0].operation


def test_a_node_is_its_operation_and_its_types() -> None:
    found = only(node("c", "Cast", "x", SrcT="float64", DstT="bfloat16", Truncate=0))
    assert found == Operation("Cast", (("DstT", ("bfloat16",)), ("SrcT", ("float64",))))


def test_a_list_of_types_has_each_once() -> None:
    found = only(node("call", "PartitionedCall", Tin=("resource", "float32", "resource")))
    assert found.types == (("Tin", ("float32", "resource")),)


def test_an_unpacked_list_of_types_is_read_too() -> None:
    entry = block(1, "Tin") + block(2, block(1, number(6, 9) + number(6, 10)))
    assert only(node("call", "X") + block(5, entry)).types == (("Tin", ("bool", "int64")),)


def test_what_a_node_leaves_unsaid_is_as_its_definition_says() -> None:
    known = [definition("ArgMax", output_type="int64", Tidx="int32")]
    saved = Saved(nodes=[node("a", "ArgMax", T="float32", Tidx="int64")], definitions=known)
    assert dict(read(saved).nodes[0].operation.types) == {
        "T": ("float32",), "Tidx": ("int64",), "output_type": ("int64",),
    }  # fmt: skip


def test_private_attributes_say_nothing() -> None:
    assert only(node("a", "Relu", T="float32", _cloned="int32")).types == (("T", ("float32",)),)


def test_functions_are_found_in_attributes_and_lists_of_them() -> None:
    saved = Saved(
        nodes=[
            node("a", "PartitionedCall", f=Calls(("one",))),
            node("b", "Case", branches=Calls(("one", "two"))),
        ],
        functions={"one": [node("r", "Relu", T="float32")], "two": []},
    )
    graph = read(saved)
    assert [one.calls for one in graph.nodes] == [("one",), ("one", "two")]
    assert graph.functions["one"][0].operation.op == "Relu"


def test_signatures_have_the_tensors_they_return() -> None:
    graph = read(attention())
    assert (graph.signatures, graph.tensorflow) == ({"serving_default": ("best:0",)}, "2.18.1")
    assert graph.definitions["Shape"].arguments == {"input", "output"}


def test_the_graph_for_predictions_is_read_of_several() -> None:
    train = Saved(nodes=[node("t", "ReluGrad", T="float32")], tags=("train",))
    serve = Saved(nodes=[node("s", "Relu", T="float32")])
    content = block(2, train.meta_graph()) + block(2, serve.meta_graph())
    assert read_saved_model(content, "f").nodes[0].operation.op == "Relu"
    assert read_saved_model(block(2, train.meta_graph()), "f").nodes[0].operation.op == "ReluGrad"


@pytest.mark.parametrize(
    ("number_", "name"),
    [
        (1, "float32"),
        (2, "float64"),
        (9, "int64"),
        (14, "bfloat16"),
        (19, "float16"),
        (23, "uint64"),
        (101, "float32"),
        (0, "type 0"),
        (77, "type 77"),
    ],
)
def test_types_have_names(number_: int, name: str) -> None:
    assert type_name(number_) == name


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "there is no graph in it"),
        (block(2, b""), "its graph has no operations"),
        (b"\x08", "a number is cut off"),
        (b"\x12\x7f", "a field is cut off"),
        (b"\x0b", "wire type 3"),
        (b"\x00", "has the number 0"),
        (b"\x08" + b"\xff" * 11, "longer than 64 bits"),
        (block(2, block(2, block(1, block(1, b"\xff")))), "not UTF-8"),
        (b"PK\x03\x04 a zip", "This is no saved model"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(content: bytes, why: str) -> None:
    with pytest.raises(InvalidFileError, match=why) as caught:
        read_saved_model(content, "m/saved_model.pb")
    assert str(caught.value.where) == "m/saved_model.pb"
    assert "Save the model again" in caught.value.hint


def ends_well(content: bytes) -> None:
    try:
        read_saved_model(content, "f")
    except InvalidFileError:
        return


@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_graph_or_an_invalid_file(content: bytes) -> None:
    ends_well(content)
    ends_well(block(2, block(2, block(1, content))))
    ends_well(block(2, block(1, block(2, block(1, content)))))


WHOLE = attention().content()


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_changed_byte_ends_in_a_graph_or_an_invalid_file(at: int, byte: int) -> None:
    ends_well(WHOLE[:at] + bytes((byte,)) + WHOLE[at + 1 :])


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_that_was_cut_off_is_never_read_as_a_shorter_model(at: int) -> None:
    with pytest.raises(InvalidFileError):
        read_saved_model(WHOLE[:at], "f")


def test_a_large_model_is_read_in_seconds() -> None:
    body = [
        node(f"block_{at}/product", "MatMul", f"block_{at - 1}/product", T="float32", transpose_a=0, grad_a=0)
        for at in range(20_000)
    ]
    started = process_time()
    graph = read(Saved(nodes=[node("x", "Placeholder", dtype="float32")], functions={"f": body}))
    assert len(graph.functions["f"]) == 20_000
    assert process_time() - started < 2.0
