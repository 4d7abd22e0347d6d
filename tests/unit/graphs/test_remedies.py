"""What would avoid a gap is named only where the plugin really has a kernel for it."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tfsetup.graphs.disk import default_kernels, metal_kernels
from tfsetup.graphs.kernels import Kernels
from tfsetup.graphs.model import Operation, types_of
from tfsetup.graphs.place import place
from tfsetup.graphs.remedies import REWRITES, Runs, remedy


def operation(op: str, **types: str) -> Operation:
    return Operation(op, types_of({name: [type_] for name, type_ in types.items()}))


def device(*runs: Operation) -> Runs:
    return lambda asked: asked in runs


def test_a_narrower_type_is_named_with_its_cost() -> None:
    said = remedy(operation("MatMul", T="float64"), device(operation("MatMul", T="float32")))
    assert said == "float32 in place of float64, which has half the digits"


def test_the_type_that_decides_is_named_of_several() -> None:
    asked = operation("ArgMax", T="float32", Tidx="int32", output_type="int64")
    runs = device(operation("ArgMax", T="float32", Tidx="int32", output_type="int32"))
    assert remedy(asked, runs) == "int32 in place of int64 for output_type, which is equal up to 2147483647"


def test_two_types_are_changed_together_where_one_is_not_enough() -> None:
    asked = operation("ArgMax", T="float64", output_type="int64")
    said = remedy(asked, device(operation("ArgMax", T="float32", output_type="int32")))
    assert said == (
        "float32 in place of float64 for T and int32 in place of int64 for output_type, which has half the digits and "
        "is equal up to 2147483647"
    )


def test_nothing_is_named_that_would_run_on_the_cpu_too() -> None:
    assert remedy(operation("MatMul", T="float64"), device()) == ""
    assert remedy(operation("Einsum", T="float32"), device(operation("BatchMatMulV2", T="float32"))) == ""
    assert remedy(operation("Svd", T="float32"), lambda _one: True) == ""


def test_a_type_that_is_narrow_already_has_no_narrower_one() -> None:
    assert remedy(operation("Svd", T="float32"), lambda _one: True) == ""


def registered(version: str) -> Runs:
    tried = metal_kernels().versions[version]
    assert tried.gru is not None
    kernels: dict[str, Kernels] = {"gru": tried.gru}
    return lambda asked: place(asked, {}, kernels, default_kernels().ops) == "device"


@pytest.mark.parametrize("op", ["Einsum", "Erfc", "Elu", "Softplus", "ReverseV2", "Roll", "Ceil", "MatrixBandPart"])
def test_the_newest_plugin_has_what_is_named_instead(op: str) -> None:
    assert remedy(operation(op, T="float32"), registered("1.2.0")).startswith(REWRITES[op].instead)


@pytest.mark.parametrize("op", ["Erfc", "Einsum"])
def test_a_rewrite_in_a_type_without_kernels_is_not_named(op: str) -> None:
    known: Collection[str] = REWRITES
    assert op in known
    assert remedy(operation(op, T="complex64"), registered("1.2.0")) == ""
