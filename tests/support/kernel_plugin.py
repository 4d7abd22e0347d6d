"""A plugin whose kernels build graphs, assembled by hand: in place of Apple's where what is built must be known."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from support.tiny_macho import CODE, DATA, LINK, RET, SP, Tiny, add, adr, blr, build, cbz, ldr, movz, str_, sub

TEXTS: Final = CODE + 0x2000
SLOTS: Final = DATA + 0x400
CALLED: Final = (
    "_TF_NewKernelBuilder", "_TF_KernelBuilder_TypeConstraint", "_TF_RegisterKernelBuilder", "_TF_NewStatus",
    "_TF_OpKernelConstruction_GetAttrStringList", "_TF_OpKernelConstruction_Failure", "_TF_SetStatus", "_TF_GetInput",
    "_TF_TensorData", "_TF_AllocateOutput", "_TF_GetStream", "_objc_msgSend", "_objc_opt_new", "_abort", "_getenv",
    "_setenv", "_sysctl",
)  # fmt: skip
FAILED: Final = 12
"""TF_UNIMPLEMENTED."""

ADDITION: Final = "additionWithPrimaryTensor:secondaryTensor:name:"
CONVOLUTION: Final = "convolution2DWithSourceTensor:weightsTensor:descriptor:name:"
PRODUCT: Final = "matrixMultiplicationWithPrimaryTensor:secondaryTensor:name:"
RELU: Final = "reLUWithTensor:name:"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A node: the message that makes it of `operands` (inputs are 0, 1, …, then the nodes before it).

    `with_`: only where this activation is fused into the kernel.
    """

    message: str
    operands: Sequence[int] = ()
    with_: str = ""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A kernel for `op` of so many inputs. `refuses`, `aborts`: the activations with which it does."""

    op: str
    inputs: int = 1
    steps: Sequence[Step] = ()
    type_: int = 1
    refuses: str = ""
    aborts: str = ""
    reads: str = ""
    early: bool = False
    """Whether the stream is called before anything is built."""
    feeds: bool = True
    """Whether the graph is told of its inputs."""


RELU_KERNEL: Final = Kernel(op="Relu", steps=[Step(message=RELU, operands=(0,))])
CONVOLUTION_KERNEL: Final = Kernel(
    op="_FusedConv2D",
    inputs=3,
    steps=[
        Step(message=CONVOLUTION, operands=(0, 1)),
        Step(message=ADDITION, operands=(3, 2)),
        Step(message=RELU, operands=(4,), with_="Relu"),
    ],
)
PRODUCT_KERNEL: Final = Kernel(
    op="_FusedMatMul",
    inputs=3,
    steps=[Step(message=PRODUCT, operands=(0, 1)), Step(message=ADDITION, operands=(3, 2))],
    refuses="Tanh",
)


@dataclass
class Assembler:
    """Words of code one after the other; texts lie behind them, values between calls in slots of the data."""

    words: list[int] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)

    @property
    def here(self) -> int:
        return CODE + 4 * len(self.words)

    def point(self, register: int, address: int) -> None:
        self.words.append(adr(register, address - self.here))

    def text(self, register: int, text: str) -> None:
        at = TEXTS + sum(map(len, self.texts))
        content = text.encode() + b"\0"
        self.texts.append(content.ljust(len(content) + 7 & -8, b"\0").ljust(16, b"\0"))
        self.point(register, at)

    def slot(self, register: int, number: int) -> None:
        self.point(register, SLOTS + 8 * number)

    def load(self, register: int, number: int) -> None:
        self.slot(register, number)
        self.words.append(ldr(register, register))

    def store(self, number: int) -> None:
        self.slot(9, number)
        self.words.append(str_(0, 9))

    def numbers(self, **values: int) -> None:
        self.words += [movz(int(register[1:]), value) for register, value in values.items()]

    def call(self, name: str) -> None:
        self.point(9, DATA + 8 * CALLED.index(name))
        self.words += [ldr(9, 9), blr(9)]

    def begin(self) -> int:
        start = self.here
        self.words += [sub(SP, SP, 32), str_(LINK, SP, 16)]
        return start

    def end(self) -> None:
        self.words += [ldr(LINK, SP, 16), add(SP, SP, 32), RET]

    def unless_fused(self, activation: str) -> int:
        """Compare the second of what is fused with an activation; return the hole for the jump where it is another."""
        self.load(10, ACTIVATION)
        self.text(11, activation)
        self.words += [ldr(11, 11), 0xCB0B0000 | 10 << 5 | 10]  # sub x10, x10, x11
        self.words.append(0)
        return len(self.words) - 1

    def land(self, hole: int) -> None:
        self.words[hole] = cbz(10, 4 * (len(self.words) - hole)) | 1 << 24  # cbnz

    def image(self, exports: dict[str, int]) -> bytes:
        words = self.words + [RET] * ((TEXTS - CODE) // 4 - len(self.words))
        raw = b"".join(self.texts)
        words += [word for (word,) in struct.iter_unpack("<I", raw)]
        binds = {8 * place: name for place, name in enumerate(CALLED)}
        return build(Tiny(code=words, binds=binds, exports=exports))


VALUES, LENGTHS, STORAGE, ACTIVATION = 0, 4, 8, 1 << 5
CONTEXT, STATUS, GRAPH, TENSORS, BUFFERS, OBJECT, KEYS, OBJECTS = 40, 41, 42, 44, 54, 64, 66, 76


def plugin(*kernels: Kernel) -> bytes:
    """Return a plugin that registers these kernels for the GPU."""
    code = Assembler()
    functions = [(kernel, _create(code, kernel), _compute(code, kernel)) for kernel in kernels]
    start = code.begin()
    for kernel, create, compute in functions:
        _register(code, kernel, create, compute)
    code.end()
    return code.image({"_TF_InitKernel": start})


@dataclass(frozen=True, kw_only=True)
class Device:
    """How a device is made: a variable is read, another one set, the memory asked for, a message sent."""

    reads: str = "DEVICE_SWITCH"
    sets: tuple[str, str] = ("OTHER_SWITCH", "7")
    message: str = "recommendedMaxWorkingSetSize"
    then_reads: str = "CACHE_SWITCH"


def with_device(device: Device, *kernels: Kernel) -> bytes:
    """Return a plugin that registers a platform, whose device is made so, and these kernels."""
    code = Assembler()
    functions = [(kernel, _create(code, kernel), _compute(code, kernel)) for kernel in kernels]
    create = _device(code, device)
    platform = code.here
    code.words.append(ldr(2, 0, 40))
    code.point(3, create)
    code.words += [str_(3, 2, 24), RET]
    start = code.begin()
    for kernel, made, compute in functions:
        _register(code, kernel, made, compute)
    code.end()
    return code.image({"_TF_InitKernel": start, "_SE_InitPlugin": platform})


def _device(code: Assembler, device: Device) -> int:
    """Make a device: the one variable is read only where the system says how much memory there is."""
    start = code.begin()
    code.text(0, device.reads)
    code.call("_getenv")
    code.text(0, device.sets[0])
    code.text(1, device.sets[1])
    code.call("_setenv")
    code.slot(2, OBJECT)
    code.call("_sysctl")
    hole = len(code.words)
    code.words.append(0)
    code.call("_abort")
    code.words[hole] = cbz(0, 4 * (len(code.words) - hole))
    code.text(0, "any object")
    _send(code, device.message)
    code.text(0, device.then_reads)
    code.call("_getenv")
    code.end()
    return start


def _register(code: Assembler, kernel: Kernel, create: int, compute: int) -> None:
    code.text(0, kernel.op)
    code.text(1, "GPU")
    code.point(2, create)
    code.point(3, compute)
    code.call("_TF_NewKernelBuilder")
    code.store(OBJECT)
    code.text(1, "T")
    code.numbers(x2=kernel.type_)
    code.call("_TF_KernelBuilder_TypeConstraint")
    code.text(0, kernel.op)
    code.load(1, OBJECT)
    code.call("_TF_RegisterKernelBuilder")


def _create(code: Assembler, kernel: Kernel) -> int:
    start = code.begin()
    code.store(CONTEXT)
    code.call("_TF_NewStatus")
    code.store(STATUS)
    if kernel.op.startswith("_"):
        _ask(code)
    if kernel.refuses:
        hole = code.unless_fused(kernel.refuses)
        _fail(code)
        code.land(hole)
    if kernel.aborts:
        hole = code.unless_fused(kernel.aborts)
        code.call("_abort")
        code.land(hole)
    if kernel.reads:
        code.text(0, kernel.reads)
        code.call("_getenv")
    code.numbers(x0=1)
    code.end()
    return start


def _ask(code: Assembler) -> None:
    """Read what is fused into the kernel, and keep the first letters of the second of it."""
    code.load(0, CONTEXT)
    code.text(1, "fused_ops")
    code.slot(2, VALUES)
    code.slot(3, LENGTHS)
    code.numbers(x4=4, x6=64)
    code.slot(5, STORAGE)
    code.load(7, STATUS)
    code.call("_TF_OpKernelConstruction_GetAttrStringList")
    code.load(10, VALUES + 1)
    hole = len(code.words)
    code.words += [0, ldr(10, 10)]
    code.words[hole] = cbz(10, 8)
    code.words.append(0xAA0A03E0)  # mov x0, x10
    code.store(ACTIVATION)


def _fail(code: Assembler) -> None:
    code.load(0, STATUS)
    code.numbers(x1=FAILED)
    code.text(2, "no such activation")
    code.call("_TF_SetStatus")
    code.load(0, CONTEXT)
    code.load(1, STATUS)
    code.call("_TF_OpKernelConstruction_Failure")


def _compute(code: Assembler, kernel: Kernel) -> int:
    start = code.begin()
    code.words.append(0xAA0103E0)  # mov x0, x1
    code.store(CONTEXT)
    if kernel.early:
        _stream(code)
    code.call("_objc_opt_new")
    code.store(GRAPH)
    for number in range(kernel.inputs):
        _input(code, number)
    for number, step in enumerate(kernel.steps, kernel.inputs):
        _node(code, step, number)
    _give(code, kernel)
    _stream(code)
    code.end()
    return start


def _send(code: Assembler, message: str) -> None:
    code.text(1, message)
    code.call("_objc_msgSend")


def _input(code: Assembler, number: int) -> None:
    code.load(0, CONTEXT)
    code.numbers(x1=number)
    code.slot(2, OBJECT)
    code.call("_TF_GetInput")
    code.load(0, OBJECT)
    code.call("_TF_TensorData")
    code.store(BUFFERS + number)
    code.load(0, GRAPH)
    _send(code, "placeholderWithShape:dataType:name:")
    code.store(TENSORS + number)


def _node(code: Assembler, step: Step, number: int) -> None:
    """Make a node; where it is left out, the one before stands in its place."""
    code.load(0, TENSORS + number - 1)
    code.store(TENSORS + number)
    hole = code.unless_fused(step.with_) if step.with_ else None
    code.load(0, GRAPH)
    for register, operand in enumerate(step.operands, 2):
        code.load(register, TENSORS + operand)
    _send(code, step.message)
    code.store(TENSORS + number)
    if hole is not None:
        code.land(hole)


def _give(code: Assembler, kernel: Kernel) -> None:
    """Tell the graph of its inputs and its output."""
    for number in range(kernel.inputs if kernel.feeds else 0):
        code.load(0, BUFFERS + number)
        _pair(code, number)
    code.load(0, CONTEXT)
    code.numbers(x1=0, x2=1, x4=0)
    code.slot(3, OBJECT)
    code.call("_TF_AllocateOutput")
    code.call("_TF_TensorData")
    _pair(code, kernel.inputs + len(kernel.steps) - 1)


def _pair(code: Assembler, number: int) -> None:
    """Let the tensor of this number stand in the buffer in the first register."""
    code.words.append(0xAA0003E2)  # mov x2, x0
    code.load(0, GRAPH)
    code.slot(10, OBJECT)
    code.words.append(str_(2, 10))
    code.call("_objc_opt_new")
    code.load(2, OBJECT)
    _send(code, "initWithMTLBuffer:shape:dataType:")
    code.store(OBJECTS)
    code.load(0, TENSORS + number)
    code.store(KEYS)
    code.load(0, GRAPH)
    code.slot(2, OBJECTS)
    code.slot(3, KEYS)
    code.numbers(x4=1)
    _send(code, "dictionaryWithObjects:forKeys:count:")


def _stream(code: Assembler) -> None:
    code.load(0, CONTEXT)
    code.load(1, STATUS)
    code.call("_TF_GetStream")
    code.words += [ldr(9, 0), ldr(9, 9, 24), blr(9)]
