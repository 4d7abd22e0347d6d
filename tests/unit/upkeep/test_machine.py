"""The processor: code assembled by hand, imports answered, and every way in which a call can end."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

import pytest

from support.tiny_macho import (
    CODE,
    DATA,
    LINK,
    RET,
    SP,
    Tiny,
    add,
    adr,
    blr,
    branch,
    build,
    ldp,
    ldr,
    movz,
    stp,
    str_,
    sub,
)
from tfsetup.errors import Code, TfsetupError
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.xray import machine as room
from tfsetup.upkeep.xray.images import Image, read_image
from tfsetup.upkeep.xray.machine import HEAP, SLIDES, Answer, Fault, Machine


def _image(tiny: Tiny) -> Image:
    return read_image(Memory(build(tiny)), "arm64")


def _loaded(tiny: Tiny, answers: Mapping[str, Answer] | None = None, *others: Tiny) -> Machine:
    machine = Machine(answers or {})
    machine.load(_image(tiny), *map(_image, others))
    return machine


CALLING = (
    sub(SP, SP, 16),
    stp(29, LINK, SP),
    adr(16, DATA - CODE - 8),
    ldr(16, 16),
    blr(16),
    ldp(29, LINK, SP),
    add(SP, SP, 16),
    RET,
)
"""A function that calls whatever the first pointer in the data leads to."""


def test_a_function_is_called_with_its_arguments() -> None:
    machine = _loaded(Tiny(code=[add(0, 1, 5), RET], exports={"_f": CODE}))
    assert machine.call(machine.export(0, "_f") or 0, 1, 37) == 42


def test_an_export_that_is_not_there_is_none() -> None:
    assert _loaded(Tiny()).export(0, "_f") is None


def test_an_import_is_answered() -> None:
    machine = _loaded(Tiny(code=CALLING, binds={0: "_ask"}), {"_ask": lambda m: m.argument(0) * 2})
    assert machine.call(SLIDES[0] + CODE, 21) == 42


def test_an_import_without_an_answer_ends_the_call_by_its_name() -> None:
    machine = _loaded(Tiny(code=CALLING, binds={0: "_unknown"}))
    with pytest.raises(Fault, match="_unknown was called"):
        machine.call(SLIDES[0] + CODE)


def test_a_weak_bind_is_answered_too() -> None:
    machine = _loaded(Tiny(code=CALLING, weak={0: "_ask"}), {"_ask": lambda _m: 7})
    assert machine.call(SLIDES[0] + CODE) == 7


def test_a_name_is_taken_from_the_image_itself_before_all_others() -> None:
    own = Tiny(code=[*CALLING, movz(0, 9), RET], exports={"_ask": CODE + 32}, weak={0: "_ask"})
    machine = _loaded(own, {"_ask": lambda _m: 7}, Tiny(code=[movz(0, 8), RET], exports={"_ask": CODE}))
    assert machine.call(SLIDES[0] + CODE) == 9


def test_a_name_is_taken_from_the_answers_before_another_image() -> None:
    other = Tiny(code=[movz(0, 8), RET], exports={"_ask": CODE})
    assert _loaded(Tiny(code=CALLING, binds={0: "_ask"}), {"_ask": lambda _m: 7}, other).call(SLIDES[0] + CODE) == 7
    assert _loaded(Tiny(code=CALLING, binds={0: "_ask"}), {}, other).call(SLIDES[0] + CODE) == 8


def test_pointers_into_the_image_follow_it_to_where_it_lies() -> None:
    tiny = Tiny(code=CALLING, data=(CODE + 0x40).to_bytes(8, "little"), rebases=[0])
    machine = _loaded(tiny)
    assert machine.word(SLIDES[0] + DATA) == SLIDES[0] + CODE + 0x40


def test_initializers_are_found_where_they_lie() -> None:
    machine = _loaded(Tiny(), {}, Tiny(initializers=[CODE, CODE + 8]))
    assert machine.initializers(0) == []
    assert machine.initializers(1) == [SLIDES[1] + CODE, SLIDES[1] + CODE + 8]


def test_an_answer_can_hand_over_to_a_function() -> None:
    tiny = Tiny(code=[*CALLING, add(0, 0, 1), RET])

    def hand_over(machine: Machine) -> None:
        machine.go_on_at(SLIDES[0] + CODE + 32, 41)

    machine = _loaded(Tiny(code=tiny.code, binds={0: "_ask"}), {"_ask": hand_over})
    assert machine.call(SLIDES[0] + CODE) == 42


def test_memory_that_is_not_there_ends_the_call() -> None:
    with pytest.raises(Fault, match="stopped at 0x1000 of image 0"):
        _loaded(Tiny(code=[str_(0, 1), RET])).call(SLIDES[0] + CODE, 0, 0x123)


def test_code_without_an_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LIMIT", 50_000)
    with pytest.raises(Fault, match="did not end"):
        _loaded(Tiny(code=[branch(0)])).call(SLIDES[0] + CODE)


def test_an_interrupt_inside_of_an_answer_comes_through() -> None:
    def interrupted(_machine: Machine) -> int:
        raise KeyboardInterrupt

    machine = _loaded(Tiny(code=CALLING, binds={0: "_ask"}), {"_ask": interrupted})
    with pytest.raises(KeyboardInterrupt):
        machine.call(SLIDES[0] + CODE)


def test_memory_is_fresh_zero_and_bounded() -> None:
    machine = Machine({})
    one, other = machine.allocate(100), machine.allocate(1)
    assert other >= one + 100
    assert machine.read(one, 100) == bytes(100)
    assert (machine.size_of(one), machine.size_of(5)) == (100, 0)
    with pytest.raises(Fault, match="used up"):
        machine.allocate(1 << 40)


def test_a_text_ends_at_its_nul_and_a_null_pointer_is_no_text() -> None:
    machine = Machine({})
    assert machine.string(machine.keep(b"x" * 300)) == b"x" * 300
    assert machine.string(0) == b""


def test_what_lies_outside_of_memory_is_a_fault() -> None:
    machine = Machine({})
    with pytest.raises(Fault, match="read where no memory is"):
        machine.read(0x10, 8)
    with pytest.raises(Fault, match="written where no memory is"):
        machine.write(0x10, b"x")
    with pytest.raises(Fault, match="at once"):
        machine.read(HEAP, 1 << 40)


def test_too_many_imports_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine({})
    monkeypatch.setattr(room, "MOST_IMPORTS", 1)
    machine.place("_a")
    with pytest.raises(Fault, match="more than 1 imports"):
        machine.place("_b")


def test_the_name_of_a_type_is_read_from_its_type_information() -> None:
    machine = Machine({})
    assert machine.string(machine.word(machine.place("__ZTIb") + 8)) == b"b"


def test_the_trail_knows_every_answer() -> None:
    def trail(result: int) -> str:
        machine = _loaded(Tiny(code=CALLING, binds={0: "_ask"}), {"_ask": lambda _m: result})
        machine.start_trail()
        machine.call(SLIDES[0] + CODE)
        return machine.trail

    assert trail(1) == trail(1)
    assert trail(1) != trail(2)
    assert trail(HEAP + 8) == trail(HEAP + 16)  # where memory lies is no answer


def test_a_fault_is_no_answer() -> None:
    assert Fault("x").code is Code.UNDECIDED


def test_without_the_emulator_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **more: Any) -> Any:
        if name == "unicorn":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(TfsetupError) as caught:
        Machine({})
    assert caught.value.code is Code.USAGE
    assert "tfsetup[xray]" in caught.value.hint


STORING = (str_(0, 1), RET)
"""A function that writes its first argument where its second one says."""


def test_what_was_done_since_is_undone() -> None:
    machine = _loaded(Tiny(code=STORING, data=b"12345678"))
    kept, data = machine.keep(b"kept"), SLIDES[0] + DATA
    machine.start_trail()
    past, trail = machine.past(), machine.trail
    for place in (data, kept, machine.place("_some"), machine.allocate(64)):
        machine.call(SLIDES[0] + CODE, 7, place)
        assert machine.word(place) == 7
    machine.asked.append(("NAME", 0))
    machine.back_to(past)
    assert (machine.read(data, 8), machine.string(kept)) == (b"12345678", b"kept")
    assert machine.word(machine.allocate(64)) == 0
    assert (machine.trail, machine.asked) == (trail, [("NAME", 0)])  # what was seen stays seen


def test_going_back_is_possible_more_than_once() -> None:
    machine = _loaded(Tiny(code=STORING, data=bytes(8)))
    past = machine.past()
    for value in (1, 2):
        assert machine.word(SLIDES[0] + DATA) == 0
        machine.call(SLIDES[0] + CODE, value, SLIDES[0] + DATA)
        machine.back_to(past)


def test_a_machine_that_stopped_can_be_taken_back() -> None:
    tiny = Tiny(code=CALLING, binds={0: "_ask"})
    answers: dict[str, Answer] = {"_other": lambda _machine: 0}
    machine = _loaded(tiny, answers)
    past = machine.past()
    with pytest.raises(Fault, match="has none for it"):
        machine.call(SLIDES[0] + CODE)
    machine.back_to(past)
    answers["_ask"] = lambda _machine: 5
    assert machine.call(SLIDES[0] + CODE) == 5


def test_an_image_in_the_place_of_another_is_what_runs_there() -> None:
    other = Tiny(code=[movz(0, 8), RET], exports={"_ask": CODE})
    machine = _loaded(Tiny(code=[movz(0, 3), RET]), {}, other)
    assert machine.call(SLIDES[0] + CODE) == 3
    machine.exchange(_image(Tiny(code=CALLING, binds={0: "_ask"})))
    assert machine.call(SLIDES[0] + CODE) == 8


def test_a_machine_knows_which_image_calls_an_import() -> None:
    callers: list[int | None] = []
    tiny = Tiny(code=CALLING, binds={0: "_ask"})
    machine = _loaded(tiny, {"_ask": lambda m: callers.append(m.caller)}, tiny)
    for slide in SLIDES:
        machine.call(slide + CODE)
    assert callers == [0, 1]
