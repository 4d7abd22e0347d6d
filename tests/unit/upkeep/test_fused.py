"""What kernels build under the emulator: plugins of a few instructions stand in for Apple's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.kernel_plugin import (
    CONVOLUTION_KERNEL,
    PRODUCT_KERNEL,
    RELU,
    RELU_KERNEL,
    Kernel,
    Step,
    plugin,
)
from support.tiny_macho import Tiny, build
from tfsetup.graphs.kernels import Tried
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.xray.fusions import ACTIVATIONS, cases
from tfsetup.upkeep.xray.images import read_image
from tfsetup.upkeep.xray.registrations import Room
from tfsetup.upkeep.xray.wheels import Library

ALL = (RELU_KERNEL, CONVOLUTION_KERNEL, PRODUCT_KERNEL)
PLAIN = "addition(matrixMultiplication(x, w), b)"


def tried(content: bytes) -> Tried:
    room = Room(read_image(Memory(build(Tiny())), "arm64"))
    return room.tried(Library(version="9.1.0", wheels=("w.whl",), content=content), "arm64")


def of(*kernels: Kernel) -> Tried:
    return tried(plugin(*kernels))


def test_what_a_kernel_builds_is_said_in_terms_of_its_inputs() -> None:
    found = of(*ALL).fused
    assert found["Relu"] == {"": "reLU(x)"}
    assert found["_FusedMatMul"]["BiasAdd"] == PLAIN
    assert found["_FusedConv2D"]["BiasAdd"] == "addition(convolution2D(x, w), b)"
    assert found["_FusedConv2D"]["BiasAdd,Relu"] == "reLU(addition(convolution2D(x, w), b))"


def test_every_activation_is_asked_and_one_that_is_not_built_is_dropped() -> None:
    found = of(*ALL)
    assert list(found.fused["_FusedMatMul"]) == ["BiasAdd", *(f"BiasAdd,{one}" for one in ACTIVATIONS)]
    assert set(found.dropped()["_FusedMatMul"]) == set(ACTIVATIONS) - {"Tanh"}
    assert set(found.dropped()["_FusedConv2D"]) == set(ACTIVATIONS) - {"Relu"}
    assert "Relu" not in found.dropped()


def test_what_is_refused_is_not_built_and_not_dropped() -> None:
    found = of(*ALL)
    assert found.fused["_FusedMatMul"]["BiasAdd,Tanh"] == "not built: refused (unimplemented)"
    assert "Tanh" not in found.dropped()["_FusedMatMul"]


def test_a_kernel_that_ends_the_process_is_said_to() -> None:
    found = of(RELU_KERNEL, replace(PRODUCT_KERNEL, aborts="Elu"))
    assert found.fused["_FusedMatMul"]["BiasAdd,Elu"] == "not built: the process is aborted"
    assert found.fused["_FusedMatMul"]["BiasAdd,Relu"] == PLAIN


def test_what_is_given_to_the_stream_before_the_graph_does_not_end_the_emulation() -> None:
    found = of(RELU_KERNEL, replace(PRODUCT_KERNEL, early=True))
    assert found.fused["_FusedMatMul"]["BiasAdd"] == PLAIN


def test_a_message_nobody_knows_leaves_its_case_undecided_and_no_other() -> None:
    odd = replace(PRODUCT_KERNEL, steps=[*PRODUCT_KERNEL.steps, Step(message="compress:", operands=(4,), with_="Elu")])
    found = of(RELU_KERNEL, odd)
    assert found.fused["_FusedMatMul"]["BiasAdd,Elu"].startswith(
        "undecided: compress: was sent to an object of Apple's"
    )
    assert found.fused["_FusedMatMul"]["BiasAdd,Relu"] == PLAIN
    assert "Elu" not in found.dropped()["_FusedMatMul"]


def test_a_graph_that_is_told_of_no_inputs_is_undecided() -> None:
    found = of(RELU_KERNEL, replace(PRODUCT_KERNEL, feeds=False))
    assert found.fused["_FusedMatMul"]["BiasAdd"].startswith("undecided: the stream took a graph")


def test_a_kernel_for_another_type_is_named_where_it_builds_something_else() -> None:
    half = replace(PRODUCT_KERNEL, type_=19)
    assert "_FusedMatMul float16" not in of(RELU_KERNEL, PRODUCT_KERNEL, half).fused
    with_relu = replace(half, steps=[*half.steps, Step(message=RELU, operands=(4,), with_="Relu")])
    found = of(RELU_KERNEL, PRODUCT_KERNEL, with_relu)
    assert found.fused["_FusedMatMul float16"]["BiasAdd,Relu"] == f"reLU({PLAIN})"
    assert "Relu" in found.dropped()["_FusedMatMul"]
    assert "Relu" not in found.dropped()["_FusedMatMul float16"]


WRONG = {
    "Relu": [replace(RELU_KERNEL, steps=[Step(message="sigmoidWithTensor:name:", operands=(0,))]), PRODUCT_KERNEL],
    "_FusedConv2D": [RELU_KERNEL, replace(CONVOLUTION_KERNEL, steps=CONVOLUTION_KERNEL.steps[:2])],
}


@pytest.mark.parametrize(("op", "kernels"), WRONG.items(), ids=WRONG)
def test_a_control_that_does_not_hold_leaves_all_that_was_built_undecided(op: str, kernels: list[Kernel]) -> None:
    found = of(*kernels)
    assert found.fused == {}
    assert found.fused_undecided.startswith(op)
    assert "must build reLU(" in found.fused_undecided
    assert found.plain is not None  # that they are registered is as sure as before


def test_a_control_that_cannot_be_run_does_not_hold() -> None:
    found = of(replace(RELU_KERNEL, steps=[Step(message="compress:", operands=(0,))]), PRODUCT_KERNEL)
    assert (found.fused, "what was seen is undecided: compress:" in found.fused_undecided) == ({}, True)


def test_every_case_finds_the_plugin_as_if_it_were_the_first() -> None:
    # What is fused is kept in the plugin's own memory, and stays there where nothing overwrites it.
    found = of(*ALL).fused["_FusedConv2D"]
    assert [name for name, graph in found.items() if graph.startswith("reLU")] == ["BiasAdd,Relu"]


def test_the_same_bytes_build_the_same_and_a_patched_compare_something_else() -> None:
    content = plugin(*ALL)
    first = tried(content)
    assert tried(content) == first
    patched = bytearray(content)
    patched[content.index(b"Relu\0\0\0\0")] ^= 0x01  # the first one is what the convolution compares with
    other = tried(bytes(patched))
    assert other.fused_undecided.startswith("_FusedConv2D[BiasAdd,Relu] must build")
    assert other != first


def test_a_changed_jump_behind_the_compare_changes_what_is_seen() -> None:
    content = plugin(*ALL)
    subtract = (0xCB0B0000 | 10 << 5 | 10).to_bytes(4, "little")
    jumps = [at + 4 for at in range(0, len(content), 4) if content[at : at + 4] == subtract]
    seen = {repr(tried(_flipped(content, jump)).fused) for jump in jumps}
    assert len(jumps) == 2
    assert repr(tried(content).fused) not in seen


def _flipped(content: bytes, jump: int) -> bytes:
    """Let a jump be taken where it was not, and the other way round: cbz and cbnz differ in one bit."""
    changed = bytearray(content)
    changed[jump + 3] ^= 1
    return bytes(changed)


def test_the_cases_have_controls_and_ask_the_plain_one_first() -> None:
    asked = list(cases())
    assert [case.op for case in asked if case.must] == ["Relu", "_FusedConv2D"]
    for op in {case.op for case in asked}:
        names = [case.fused for case in asked if case.op == op]
        assert len(names) == len(set(names))
        for name in names:
            before = name.rpartition(",")[0]
            assert before == name or not before or names.index(before) < names.index(name)
