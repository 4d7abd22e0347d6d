"""Plugins are put into a machine one after the other, and each finds it as if it were the first."""

from __future__ import annotations

import pytest

from support.tiny_macho import CODE, DATA, LINK, RET, SP, Tiny, add, adr, blr, build, ldp, ldr, movz, stp, str_, sub
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.xray.images import Image, read_image
from tfsetup.upkeep.xray.machine import Answer, Fault, Machine
from tfsetup.upkeep.xray.stage import Stage


def image(tiny: Tiny) -> Image:
    return read_image(Memory(build(tiny)), "arm64")


CALLING = (
    sub(SP, SP, 16), stp(29, LINK, SP), adr(16, DATA - CODE - 8), ldr(16, 16), blr(16), ldp(29, LINK, SP),
    add(SP, SP, 16), RET,
)  # fmt: skip


def calling(name: str) -> Tiny:
    """A library whose function calls an import."""
    return Tiny(code=CALLING, binds={0: name}, exports={"_run": CODE})


COUNTING = Tiny(
    # Its function adds one to a number in its data and returns it; its initializer asks for an answer.
    code=[
        adr(1, DATA + 8 - CODE), ldr(0, 1), add(0, 0, 1), str_(0, 1), RET, RET, RET, RET,
        sub(SP, SP, 16), stp(29, LINK, SP), adr(16, DATA - CODE - 40), ldr(16, 16), blr(16), ldp(29, LINK, SP),
        add(SP, SP, 16), RET,
    ],
    binds={0: "_started"}, exports={"_count": CODE}, initializers=[CODE + 32],
)  # fmt: skip


@pytest.fixture
def started() -> list[int]:
    return []


@pytest.fixture
def answers(started: list[int]) -> dict[str, Answer]:
    return {"_started": lambda _machine: started.append(1)}


def run(machine: Machine) -> int:
    address = machine.export(0, "_run")
    assert address is not None
    return machine.call(address)


def test_the_framework_is_loaded_once_and_every_plugin_finds_it_new(
    started: list[int], answers: dict[str, Answer]
) -> None:
    stage = Stage(image(COUNTING), answers)
    assert [run(stage.put(image(calling("_count")))) for _ in range(3)] == [1, 1, 1]
    assert started == [1]


def test_a_plugin_that_stopped_leaves_nothing_to_the_next(answers: dict[str, Answer]) -> None:
    stage = Stage(image(COUNTING), answers)
    machine = stage.put(image(calling("_count")))
    assert run(machine) == 1
    with pytest.raises(Fault):
        machine.call(0x10)
    assert run(stage.put(image(calling("_count")))) == 1


def test_each_plugin_s_own_initializers_run(started: list[int], answers: dict[str, Answer]) -> None:
    stage = Stage(image(Tiny()), answers)
    for _ in range(2):
        stage.put(image(COUNTING))
    assert started == [1, 1]


def test_a_plugin_that_takes_nothing_of_the_framework_is_alone(started: list[int], answers: dict[str, Answer]) -> None:
    machine = Stage(image(COUNTING), answers).put(image(Tiny(code=[movz(0, 4), RET], exports={"_run": CODE})))
    assert (len(machine.images), run(machine), started) == (1, 4, [])


def test_a_framework_that_takes_something_of_the_plugin_is_loaded_with_it(started: list[int]) -> None:
    answers: dict[str, Answer] = {"_other": lambda _machine: started.append(1)}
    framework = Tiny(code=CALLING, binds={0: "_run"}, exports={"_asked": CODE}, initializers=[CODE])
    taking = Tiny(code=CALLING, binds={0: "_other", 8: "_asked"}, exports={"_run": CODE})
    stage = Stage(image(framework), answers)
    for expected in (1, 2):
        assert (len(stage.put(image(taking)).images), len(started)) == (2, expected)


def test_the_environment_is_what_all_code_sees() -> None:
    assert Stage(image(Tiny()), {}, {"NAME": "1"}).put(image(Tiny())).environment == {"NAME": "1"}
