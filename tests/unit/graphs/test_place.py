"""Where an operation runs: the plugin's kernels first, then TensorFlow's own, by type and by host memory."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tfsetup.graphs.kernels import Kernels, Words
from tfsetup.graphs.model import Counted, Defined, Operation, types_of
from tfsetup.graphs.place import Place, Placed, placed

FLOAT, LONG = {"T": ["float32"]}, {"T": ["int64"]}
ARGMAX = {"T": ["float32"], "output_type": ["int64"]}
PLUGIN: Mapping[str, tuple[Words, ...]] = {
    "MatMul": (("T:float32",), ("T:float16",)),
    "ArgMax": (("T:float32", "output_type:int32", "@dimension"),),
    "Reshape": (("T:float32", "@shape"),),
    "AddV2": (("T:float32",), ("T:int32", "@x", "@y", "@z")),
    "Relu": ((),),
}
EVERYWHERE: Mapping[str, tuple[Words, ...]] = {
    "Identity": (("T:float32|int64",),),
    "Shape": (("T:float32", "out_type:int32", "@output"),),
    "Range": (("Tidx:int32", "@start", "@limit", "@delta", "@output"),),
    "MatMul": (("T:int64",),),
}
DEFINITIONS = {
    name: Defined(arguments=frozenset(arguments.split()), defaults={})
    for name, arguments in {"AddV2": "x y z", "Range": "start limit delta output", "Shape": "input output"}.items()
}


def place_of(op: str, types: Mapping[str, list[str]], **kinds: Mapping[str, tuple[Words, ...]]) -> Place:
    """Return the place of one operation; `kinds`: the plugin's kernels on each kind of system."""
    sets = {name: Kernels(registrations=1, ops=ops) for name, ops in (kinds or {"gru": PLUGIN}).items()}
    counted = Counted(signature="s", operations={Operation(op, types_of(types)): 1}, definitions=DEFINITIONS)
    (found,) = placed(counted, sets, EVERYWHERE)
    return found.place


@pytest.mark.parametrize(
    ("op", "types", "place"),
    [
        ("MatMul", FLOAT, "device"),
        ("MatMul", {"T": ["float64"]}, "cpu"),
        ("MatMul", LONG, "device"),
        ("Einsum", FLOAT, "cpu"),
        ("ArgMax", ARGMAX, "cpu"),
        ("ArgMax", {**ARGMAX, "output_type": ["int32"]}, "device"),
        ("Reshape", FLOAT, "device"),
        ("AddV2", {"T": ["int32"]}, "host"),
        ("AddV2", FLOAT, "device"),
        ("Range", {"Tidx": ["int32"]}, "host"),
        ("Shape", {**FLOAT, "out_type": ["int32"]}, "device"),
        ("Shape", {**FLOAT, "out_type": ["int64"]}, "cpu"),
        ("Identity", LONG, "device"),
        ("Identity", {"T": ["float32", "int64"]}, "device"),
        ("Identity", {"T": ["float32", "string"]}, "cpu"),
        ("Relu", {}, "device"),
        ("MatMul", {}, "undecided"),
        ("ArgMax", FLOAT, "undecided"),
        ("ArgMax", {"T": ["float64"]}, "cpu"),
    ],
)
def test_a_kernel_must_take_every_type(op: str, types: Mapping[str, list[str]], place: Place) -> None:
    assert place_of(op, types) == place


def test_where_two_kinds_of_system_differ_it_is_undecided() -> None:
    assert place_of("MatMul", FLOAT, plain={}, gru=PLUGIN) == "undecided"
    assert place_of("Einsum", FLOAT, plain={}, gru=PLUGIN) == "cpu"
    assert place_of("Identity", LONG, plain={}, gru=PLUGIN) == "device"


def test_without_any_list_of_kernels_everything_is_undecided() -> None:
    counted = Counted(signature="", operations={Operation("MatMul"): 2, Operation("NoOp"): 1})
    assert {one.place for one in placed(counted, {}, EVERYWHERE)} == {"undecided"}


def test_the_most_frequent_comes_first_and_equals_stand_by_name() -> None:
    counted = Counted(signature="", operations={Operation("B"): 1, Operation("A"): 1, Operation("Z"): 5})
    found = placed(counted, {"gru": Kernels(registrations=0)}, {})
    ordered = (("Z", 5), ("A", 1), ("B", 1))
    assert found == tuple(Placed(operation=Operation(op), count=count, place="cpu") for op, count in ordered)
