"""An optimizer is found and called by TensorFlow's C API: here one of a few instructions, assembled by hand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.tiny_macho import CODE, RET, Tiny, adr, branch, build, ldr, movz, plugin, str_
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.xray.answers import ANSWERS
from tfsetup.upkeep.xray.asked import GRAPHS
from tfsetup.upkeep.xray.graphs import Node, write_graph
from tfsetup.upkeep.xray.images import Image, read_image
from tfsetup.upkeep.xray.machine import Answer, Fault
from tfsetup.upkeep.xray.optimizer import Optimizer
from tfsetup.upkeep.xray.optimizer import start as started
from tfsetup.upkeep.xray.stage import Stage

MADE = [Node(name="out", op="Identity", inputs=("x",))]
GIVEN = GRAPHS["dense-relu"]


def _image(content: bytes) -> Image:
    return read_image(Memory(content), "arm64")


EMPTY = _image(build(Tiny()))


def start(image: Image, framework: Image, answers: Mapping[str, Answer], environment: Mapping[str, str]) -> Optimizer:
    return started(Stage(framework, answers, environment).put(image))


def test_what_comes_out_is_what_the_optimizer_made() -> None:
    optimizer = start(_image(plugin(write_graph(MADE))), EMPTY, ANSWERS, {})
    assert optimizer.run(GIVEN, [b"out"]).nodes == tuple(MADE)


def test_the_environment_reaches_it() -> None:
    optimizer = start(_image(plugin(write_graph(MADE))), EMPTY, ANSWERS, {"LEAVE": "1"})
    assert optimizer.run(GIVEN, [b"out"]).nodes == GIVEN


def test_two_runs_are_equal_and_another_answer_is_another_trail() -> None:
    image = _image(plugin(write_graph(GIVEN)))
    first, second, other = (
        start(image, EMPTY, ANSWERS, environment).run(GIVEN, [b"out"]) for environment in ({}, {}, {"LEAVE": "1"})
    )
    assert first == second
    assert (first.nodes, first.trail != other.trail) == (other.nodes, True)


def test_a_plugin_without_an_optimizer_is_a_fault() -> None:
    with pytest.raises(Fault, match="registers no graph optimizer"):
        start(EMPTY, EMPTY, ANSWERS, {})


def _registering(*words: int, text: bytes = b"GPU\0") -> Image:
    code = [*words, *([RET] * (16 - len(words))), int.from_bytes(text, "little")]
    return _image(build(Tiny(code=code, exports={"_TF_InitGraph": CODE})))


def test_an_optimizer_for_another_device_is_a_fault() -> None:
    with pytest.raises(Fault, match="for b'CPU'"):
        start(_registering(adr(2, 64), str_(2, 0, 32), RET, text=b"CPU\0"), EMPTY, ANSWERS, {})


def test_an_optimizer_without_a_function_is_a_fault() -> None:
    with pytest.raises(Fault, match="without a function"):
        start(_registering(adr(2, 64), str_(2, 0, 32), RET), EMPTY, ANSWERS, {})


def test_an_optimizer_that_gives_nothing_back_is_a_fault() -> None:
    image = _registering(adr(2, 64), str_(2, 0, 32), ldr(3, 0, 48), adr(4, 20), str_(4, 3, 24), RET, RET, RET)
    with pytest.raises(Fault, match="a graph of 0 bytes"):
        start(image, EMPTY, ANSWERS, {}).run(GIVEN, [])


def test_a_failing_status_is_a_fault() -> None:
    # TF_InitGraph(params, status) goes on in TF_SetStatus(status, 5, …)
    words = [0xAA0103E0, movz(1, 5), adr(2, 56), adr(16, 0x3000 - 12), ldr(16, 16), 0xD61F0200]
    code = [*words, *([RET] * 10), int.from_bytes(b"bad\0", "little")]
    image = _image(build(Tiny(code=code, exports={"_TF_InitGraph": CODE}, binds={0: "_TF_SetStatus"})))
    with pytest.raises(Fault, match=r"says that it failed: bad \(5\)"):
        start(image, EMPTY, ANSWERS, {})


def test_an_initializer_that_never_ends_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.upkeep.xray.machine.LIMIT", 50_000)
    with pytest.raises(Fault, match="did not end"):
        start(_image(build(Tiny(code=[branch(0)], initializers=[CODE]))), EMPTY, ANSWERS, {})


def test_the_framework_is_loaded_only_where_the_plugin_takes_something_from_it() -> None:
    framework = _image(build(Tiny(code=[movz(0, 1), RET], exports={"_needed": CODE})))
    alone = start(_image(plugin(write_graph(MADE))), framework, ANSWERS, {})
    assert len(alone.machine.images) == 1
    content = plugin(write_graph(MADE)).replace(b"_getenv\0", b"_needed\0")
    assert len(start(_image(content), framework, ANSWERS, {}).machine.images) == 2
