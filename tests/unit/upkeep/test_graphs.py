"""Graphs in protobuf's wire format: written and read without TensorFlow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.loader.bytes import MalformedImage
from tfsetup.upkeep.xray.asked import GRAPHS, outputs
from tfsetup.upkeep.xray.graphs import FLOAT, GPU, Attribute, Node, Shape, Type, read_graph, write_graph

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
NUMBERS = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
VALUES: st.SearchStrategy[Attribute] = st.one_of(
    st.binary(max_size=40),
    st.booleans(),
    NUMBERS,
    st.floats(width=32, allow_nan=False),
    st.builds(Type, st.integers(min_value=1, max_value=30)),
    st.builds(Shape, st.lists(NUMBERS, max_size=4).map(tuple)),
    st.lists(st.binary(max_size=8), min_size=1, max_size=4).map(tuple),
    st.lists(NUMBERS, min_size=1, max_size=4).map(tuple),
    st.just(()),
)
NODES = st.builds(
    Node,
    name=NAMES,
    op=NAMES,
    inputs=st.lists(NAMES, max_size=3).map(tuple),
    attributes=st.dictionaries(NAMES, VALUES, max_size=4),
    device=st.sampled_from(["", GPU]),
)


@given(st.lists(NODES, max_size=5))
def test_what_is_written_is_read(nodes: list[Node]) -> None:
    assert read_graph(write_graph(nodes)) == tuple(nodes)


def _read(data: bytes) -> tuple[Node, ...] | None:
    """Return the graph, None where it is refused by name; anything else comes through."""
    try:
        return read_graph(data)
    except MalformedImage:
        return None


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_reading_ends_in_a_value_or_in_a_named_fault(data: bytes) -> None:
    assert _read(data) is None or isinstance(_read(data), tuple)


@given(st.data())
def test_a_graph_cut_off_is_not_a_smaller_graph_without_a_word(data: st.DataObject) -> None:
    whole = write_graph(GRAPHS["dense-relu"][:1])
    cut = data.draw(st.integers(min_value=1, max_value=len(whole) - 6))  # the last five are the version
    assert _read(whole[:cut]) != GRAPHS["dense-relu"][:1]


def test_the_bytes_are_those_that_tensorflow_writes() -> None:
    node = Node(name="a", op="Relu", inputs=("x",), attributes={"T": Type(FLOAT)}, device="")
    assert (
        write_graph([node]).hex()
        == "0a17" + "0a0161" + "120452656c75" + "1a0178" + "2200" + "2a070a0154120230" + "01" + "220308da0e"
    )


def test_a_graph_of_tensorflow_s_own_is_read() -> None:
    # one node with a list of texts, as the remapper writes it; field order of protobuf's maps is free
    entry = (
        bytes.fromhex("0a0966757365645f6f7073")
        + bytes.fromhex("1211")
        + bytes.fromhex("0a0f")
        + b"\x12\x07BiasAdd"
        + b"\x12\x04Relu"
    )
    node = b"\x0a\x01f" + b"\x12\x0c_FusedMatMul" + b"\x2a" + bytes((len(entry),)) + entry
    (found,) = read_graph(b"\x0a" + bytes((len(node),)) + node)
    assert found.fused == ("BiasAdd", "Relu")
    assert str(found) == "_FusedMatMul[BiasAdd,Relu]"


def test_a_field_of_no_known_kind_is_refused() -> None:
    with pytest.raises(MalformedImage, match="no known kind"):
        read_graph(b"\x0b\x00")


def test_every_graph_hangs_together_and_names_what_is_asked_for() -> None:
    for name, nodes in GRAPHS.items():
        names = [node.name for node in nodes]
        assert len(set(names)) == len(names), name
        assert {one for node in nodes for one in node.inputs} <= set(names), name
        assert outputs(nodes), name
        assert all(node.device == GPU for node in nodes), name


def test_the_set_is_the_one_that_was_promised() -> None:
    computing = {
        name: [node.op for node in nodes if node.op not in {"Placeholder", "Identity"}]
        for name, nodes in GRAPHS.items()
    }
    assert computing["dense"] == ["MatMul", "BiasAdd"]
    assert {
        computing[name][2] for name in computing if name.startswith("dense-") and computing[name][1] == "BiasAdd"
    } == {
        "Relu",
        "Relu6",
        "Elu",
        "LeakyRelu",
        "Tanh",
    }
    assert computing["dense-add-relu"] == ["MatMul", "AddV2", "Relu"]
    assert computing["convolution-relu"] == ["Conv2D", "BiasAdd", "Relu"]
    assert computing["training-relu"] == ["MatMul", "BiasAdd", "Relu", "ReluGrad", "BiasAddGrad", "MatMul"]
