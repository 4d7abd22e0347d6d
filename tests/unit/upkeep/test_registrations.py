"""A plugin registers its kernels in a machine; what came out is kept, one text for the same kernels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from support.tiny_macho import CODE, DATA, LINK, RET, SP, Tiny, add, adr, blr, build, cbz, ldr, movz, str_, sub
from tfsetup.graphs.kernels import Kernels, Plugin, Tried, read_plugin
from tfsetup.loader.bytes import Memory
from tfsetup.upkeep.xray.answers import ANSWERS
from tfsetup.upkeep.xray.files import read_plan
from tfsetup.upkeep.xray.images import Image, read_image
from tfsetup.upkeep.xray.kernels import Kernel, Registry, System
from tfsetup.upkeep.xray.kernels import Plugin as Asked
from tfsetup.upkeep.xray.listing import KernelsListed, compared, list_kernels
from tfsetup.upkeep.xray.machine import Fault
from tfsetup.upkeep.xray.plan import Plan
from tfsetup.upkeep.xray.registrations import Build, Room, registrations, render, together
from tfsetup.upkeep.xray.stage import Stage
from tfsetup.upkeep.xray.wheels import Libraries, Library

TEXTS = DATA + 0x100
STRIDE = 0x40
IMPORTS = (
    "_TF_NewKernelBuilder", "_TF_KernelBuilder_TypeConstraint", "_TF_KernelBuilder_HostMemory",
    "_TF_RegisterKernelBuilder", "_objc_msgSend",
)  # fmt: skip
NEW, TYPE, HOST, REGISTER, SEND = range(len(IMPORTS))


class Code:
    """Words that are written one after the other, and the texts they point to."""

    def __init__(self) -> None:
        self.words: list[int] = [sub(SP, SP, 32), str_(LINK, SP, 16)]
        self.texts: list[bytes] = []

    def point(self, register: int, text: str) -> None:
        self.texts.append(text.encode() + b"\0")
        place = TEXTS + STRIDE * (len(self.texts) - 1)
        self.words.append(adr(register, place - CODE - 4 * len(self.words)))

    def call(self, imported: int) -> None:
        self.words.append(adr(9, DATA + 8 * imported - CODE - 4 * len(self.words)))
        self.words += [ldr(9, 9), blr(9)]

    def kernel(self, op: str, type_: int, host: str) -> None:
        """Register a kernel for the GPU."""
        self.point(0, op)
        self.point(1, "GPU")
        self.call(NEW)
        self.words.append(str_(0, SP))
        self.point(1, "T")
        self.words.append(movz(2, type_))
        self.call(TYPE)
        self.words.append(ldr(0, SP))
        self.point(1, host)
        self.call(HOST)
        self.point(0, op)
        self.words.append(ldr(1, SP))
        self.call(REGISTER)

    def image(self, export: str = "_TF_InitKernel") -> bytes:
        words = [*self.words, ldr(LINK, SP, 16), add(SP, SP, 32), RET]
        data = bytes(TEXTS - DATA) + b"".join(text.ljust(STRIDE, b"\0") for text in self.texts)
        binds = {8 * place: name for place, name in enumerate(IMPORTS)}
        return build(Tiny(code=words, data=data, binds=binds, exports={export: CODE}))


def plain() -> Code:
    code = Code()
    code.kernel("Sum", 19, "axis")
    code.kernel("MatMul", 1, "shape")
    return code


def with_question(selector: str = "GRUWithSourceTensor:name:", message: str = "instancesRespondToSelector:") -> Code:
    """A plugin that registers one kernel more where MPSGraph has a method."""
    code = plain()
    code.point(1, message)
    code.point(2, selector)
    code.call(SEND)
    hole = len(code.words)
    code.words.append(0)
    code.kernel("StatelessRandomUniformV2", 1, "shape")
    code.words[hole] = cbz(0, 4 * (len(code.words) - hole))
    return code


def image(content: bytes) -> Image:
    return read_image(Memory(content), "arm64")


EMPTY = image(build(Tiny()))


def in_machine(content: bytes) -> Asked:
    registry = Registry()
    return Asked(Stage(EMPTY, {**ANSWERS, **registry.table}).put(image(content)), registry)


def on(code: Code, *, gru: bool = True) -> tuple[Sequence[Kernel], frozenset[str]]:
    found = in_machine(code.image()).kernels(System(macos_12=True, gru=gru))
    return found.kernels, found.asked


def test_a_kernel_is_its_operation_its_types_and_what_stays_in_host_memory() -> None:
    assert on(plain()) == (
        (Kernel("MatMul", "GPU", (("T", 1),), ("shape",)), Kernel("Sum", "GPU", (("T", 19),), ("axis",))),
        frozenset(),
    )


def test_what_mpsgraph_has_decides_where_it_is_asked() -> None:
    (more, asked), (fewer, _asked) = on(with_question()), on(with_question(), gru=False)
    assert asked == {"gru"}
    assert {kernel.op for kernel in more} - {kernel.op for kernel in fewer} == {"StatelessRandomUniformV2"}


def test_a_question_nobody_knows_the_answer_to_is_a_fault() -> None:
    with pytest.raises(Fault, match="asked for LSTMWithSourceTensor:"):
        on(with_question(selector="LSTMWithSourceTensor:"))
    with pytest.raises(Fault, match="newCommandQueue was sent"):
        on(with_question(message="newCommandQueue"))


def test_a_plugin_that_registers_no_kernels_is_a_fault() -> None:
    with pytest.raises(Fault, match="registers no kernels"):
        in_machine(plain().image("_other"))


def test_a_plugin_is_asked_again_as_if_it_had_never_been() -> None:
    plugin, newest = in_machine(with_question().image()), System(macos_12=True, gru=True)
    first = plugin.kernels(newest)
    assert plugin.kernels(System(macos_12=True, gru=False)) != first
    assert plugin.kernels(newest) == first


def library(content: bytes, version: str = "9.1.0") -> Library:
    return Library(version=version, wheels=("w.whl",), content=content)


def kept(*libraries: Library) -> str:
    framework = library(build(Tiny()))
    return render(registrations(Libraries(framework=framework, plugins=libraries), read_plan()))


def test_the_file_says_what_was_registered_and_reads_back() -> None:
    text = kept(library(with_question().image()), library(plain().image("_other"), "9.0.0"))
    found = read_plugin(text.encode(), "f").versions
    known, unknown = found["9.1.0"], found["9.0.0"]
    assert known.plain == Kernels(
        registrations=2, ops={"MatMul": (("T:float32", "@shape"),), "Sum": (("T:float16", "@axis"),)}
    )
    assert known.gru is not None
    assert known.gru.registrations == 3
    assert (unknown.plain, unknown.undecided) == (None, "the plugin registers no kernels")
    assert list(json.loads(text)) == ["schema", "distribution", "architecture", "source", "versions"]


def test_the_same_libraries_are_the_same_text_and_one_changed_byte_is_another() -> None:
    content = with_question().image()
    assert kept(library(content)) == kept(library(content))
    changed = content.replace(b"MatMul\0", b"MatNul\0")
    assert changed != content
    assert kept(library(changed)) != kept(library(content))


ONE = Tried(plain=Kernels(registrations=1), gru=Kernels(registrations=1), libraries=("a",))
OTHER = Tried(plain=Kernels(registrations=2), gru=Kernels(registrations=2), libraries=("b",))
WHEEL = "plugin-9.1.0-{}-{}-macosx_12_0_arm64.whl"


def build_of(tried: Tried, *pythons: str) -> Build:
    return Build(tuple(WHEEL.format(python, python) for python in pythons), tried)


def test_builds_that_register_the_same_are_one_release() -> None:
    same = msgspec.structs.replace(ONE, libraries=("c",))
    assert dict(together("9.1.0", [build_of(ONE, "cp39"), build_of(same, "cp310")])) == {
        "9.1.0": msgspec.structs.replace(ONE, libraries=("a", "c"))
    }


def test_a_build_that_differs_stands_under_its_python_and_most_wheels_under_the_version() -> None:
    found = dict(together("9.1.0", [build_of(OTHER, "cp311"), build_of(ONE, "cp39", "cp310")]))
    assert found == {"9.1.0": ONE, "9.1.0 cp311": OTHER}
    plugin = Plugin(schema=1, distribution="p", architecture="arm64", source="s", versions=found)
    assert [plugin.of("9.1.0", python) for python in ("3.11", "3.10")] == [OTHER, ONE]
    assert plugin.of("9.2.0", "3.11") is None


def test_a_build_that_could_not_be_run_is_told_of_its_own_python() -> None:
    stopped = Tried(libraries=("b",), undecided="it stopped")
    found = dict(together("9.1.0", [build_of(ONE, "cp39", "cp310"), build_of(stopped, "cp311")]))
    assert (found["9.1.0"].undecided, found["9.1.0 cp311"].undecided) == ("", "it stopped")


def listed(folder: Path, *libraries: Library) -> KernelsListed:
    found = Libraries(framework=library(build(Tiny())), plugins=libraries)
    return list_kernels(folder, lambda _plan: found, kept_in=folder / "nothing")


def test_a_list_is_written_where_none_is_kept_and_then_held_against_what_is_found(tmp_path: Path) -> None:
    first = listed(tmp_path, library(with_question().image()))
    assert (first.verdict, first.written, first.versions[0].kernels_with_gru) == ("new", True, 3)
    text = (tmp_path / "metal-kernels.json").read_text()
    second = listed(tmp_path, library(with_question().image()))
    assert (second.verdict, second.written, second.differences) == ("as kept", False, ())
    other = listed(tmp_path, library(plain().image()), library(plain().image(), "9.2.0"))
    assert (other.verdict, other.written) == ("differs", False)
    assert other.differences == (
        "9.1.0: other kernels (gru): StatelessRandomUniformV2",
        "9.2.0: not among what is kept",
    )
    assert (tmp_path / "metal-kernels.json").read_text() == text


def test_the_plan_says_which_releases_are_listed(tmp_path: Path) -> None:
    asked: list[str] = []

    def fetch(plan: Plan) -> Libraries:
        asked.append(plan.versions)
        return Libraries(framework=library(build(Tiny())), plugins=(library(plain().image()),))

    list_kernels(tmp_path, fetch)
    assert asked == [read_plan().kernels]
    assert list_kernels(tmp_path, None).verdict == "not asked"


def test_a_release_that_can_no_longer_be_run_is_a_difference() -> None:
    def of(tried: Tried) -> Plugin:
        return Plugin(schema=1, distribution="p", architecture="arm64", source="s", versions={"9.1.0": tried})

    stopped = Tried(libraries=("a",), undecided="it stopped")
    assert compared(of(ONE), of(stopped)).differences == ("9.1.0: kept is a list, now it is it stopped",)
    changed = msgspec.structs.replace(ONE, libraries=("z",))
    assert compared(of(ONE), of(changed)).differences == ("9.1.0: its libraries are other files",)


def test_what_is_built_and_read_otherwise_is_a_difference() -> None:
    def of(**fields: object) -> Plugin:
        tried = msgspec.structs.replace(ONE, **fields)
        return Plugin(schema=1, distribution="p", architecture="arm64", source="s", versions={"9.1.0": tried})

    first = of(fused={"_F": {"": "a(x)", "Relu": "r(a(x))"}}, variables={"A": "each graph"}, fuses={"_F": ("Relu",)})
    assert compared(first, first).verdict == "as kept"
    other = of(fused={"_F": {"": "a(x)", "Relu": "a(x)"}}, variables={"B": "loading"})
    (line_of_all,) = compared(first, other).differences or ()
    assert line_of_all.split("; ") == [
        "9.1.0: _F[Relu]: kept is r(a(x)), now it is a(x)",
        "the optimizer puts into _F: kept is Relu, now it is nothing",
        "the variable A: kept is each graph, now it is not read",
        "the variable B: kept is not read, now it is loading",
    ]
    assert compared(first, of(fused_undecided="no control")).differences == (
        "9.1.0: what fused kernels build: kept is known, now it is no control",
    )
    (line,) = compared(None, other).versions
    assert (line.dropped, line.fused_undecided) == (("_F drops Relu",), "")


def test_the_same_content_is_asked_once() -> None:
    room, content = Room(EMPTY), with_question().image()
    assert room.tried(library(content), "arm64") is room.tried(library(content, "9.2.0"), "arm64")
