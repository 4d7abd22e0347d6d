"""A processor with memory and nothing else: images are put into it, their functions called, their imports answered.

No system stands behind it. Each import is a place of its own; what runs there is asked of a table of answers. Whatever
has no answer ends the call: nothing seen is never a yes. All is counted, nothing measured, so that two runs are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Final

from tfsetup.errors import Code, TfsetupError
from tfsetup.upkeep.xray.fixups import POINTER, Rebase
from tfsetup.upkeep.xray.images import POINTERS, Image, initializer_sections
from tfsetup.upkeep.xray.moment import Moment, Region, back, moment
from tfsetup.upkeep.xray.processor import Registers, processor

if TYPE_CHECKING:
    from hashlib import _Hash

    from unicorn import Uc

IMPORTS, IMPORT_SIZE, MOST_IMPORTS = 0x2_0000_0000, 0x200, 0x2000
HEAP, HEAP_SIZE = 0x4_0000_0000, 0x1000_0000
STACK, STACK_SIZE = 0x6_0000_0000, 0x80_0000
END = 0x7_0000_0000
THREAD = 0x8_0000_0000
SLIDES: Final = (0x1_0000_0000, 0x1_8000_0000)
"""Where the first and the second image lie."""

LIMIT: Final = 120_000_000
"""Microseconds a call may take: a hundred times the longest; only a loop without end takes them."""

_PAGE = 0x10000
_RETURN = bytes.fromhex("c0035fd6")
_WORD = Struct("<Q")
_REAL = Struct("<d")
_MASK = (1 << 64) - 1
_MOST_TEXT = 1 << 20
_MOST_BYTES = 1 << 28
_TYPE = "__ZTI"
"""The type information of C++ begins so; its second word points to the type's name."""
_TABLES = "__ZTT"
"""A table of virtual tables begins so; its words point to tables, here to one that is empty."""

_STREAMS = {"__ZNSt3__14coutE", "__ZNSt3__14cerrE", "__ZNSt3__14clogE"}
"""Streams begin with a pointer to a table, here to one that is empty."""

Answer = Callable[["Machine"], "int | None"]
"""Answers one import: reads the arguments, changes memory, returns the result (None: the register stays as it is)."""


class Fault(TfsetupError):  # noqa: N818 - what happened inside of the machine, not an error of ours
    """The code inside of the machine cannot go on: it ran into something that is not there, or never ended."""

    def __init__(self, message: str) -> None:
        """Keep what happened, as the reason why nothing can be said."""
        super().__init__(Code.UNDECIDED, message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """A machine as it was: its memory, what is known of it by name, its trail."""

    memory: Moment
    known: Mapping[str, object]
    trail: _Hash


_KNOWN: Final = ("variables", "statuses", "kept", "_places", "_names", "_sizes", "_heap", "_last")


class Machine:
    """An arm64 processor. `answers`: what each import does, by name; `environment`: the variables its code sees."""

    def __init__(self, answers: Mapping[str, Answer], environment: Mapping[str, str] | None = None) -> None:
        """Start with memory of zeros and no image.

        Raises:
            UsageError: the emulator is not installed.
        """
        self.answers, self.environment = answers, dict(environment or {})
        self.variables: dict[int, int] = {}
        """Where the variables of the thread lie, by the address of their descriptor."""
        self.statuses: dict[int, tuple[int, bytes]] = {}
        """Code and message of TensorFlow's status objects that were set, by address."""
        self.kept: dict[int, Sequence[bytes]] = {}
        """The nodes that whoever runs a graph asks for, by the address of the item."""
        self.asked: list[tuple[str, int | None]] = []
        """The variables of the environment that were looked up, each with the number of the image that asked.

        This is what was seen, and stays when the machine is taken back.
        """
        self.images: list[tuple[Image, int]] = []
        self._trail = hashlib.sha256()
        self._places: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._sizes: dict[int, int] = {}
        self._last = ""
        self._heap = HEAP + 0x100
        self._cpu = processor()
        self._registers = Registers()
        self._map()

    def _map(self) -> None:
        from unicorn import UC_HOOK_CODE, arm64_const

        imports = IMPORT_SIZE * MOST_IMPORTS
        for base, size in ((IMPORTS, imports), (HEAP, HEAP_SIZE), (STACK, STACK_SIZE), (END, _PAGE), (THREAD, _PAGE)):
            self._cpu.mem_map(base, size)
        self._cpu.mem_write(END, _RETURN)
        self._cpu.hook_add(UC_HOOK_CODE, self._called, begin=IMPORTS, end=IMPORTS + imports)
        self._cpu.reg_write(arm64_const.UC_ARM64_REG_CPACR_EL1, 3 << 20)  # floating point is allowed
        self._cpu.reg_write(arm64_const.UC_ARM64_REG_TPIDRRO_EL0, THREAD)

    # ------------------------------------------------------------------------------------------------ images

    def load(self, *images: Image) -> None:
        """Put images into memory and join them: a name is looked for in the image itself, the answers, the others."""
        self.images = list(zip(images, SLIDES[: len(images)], strict=True))
        for image, slide in self.images:
            self._put(image, slide)
        for image, slide in self.images:
            self._fix(image, slide)

    def exchange(self, image: Image) -> None:
        """Put an image in the place of the first one, and join it to the rest, which took nothing of the other."""
        old, slide = self.images[0]
        self._cpu.mem_unmap(*_pages(old, slide))
        self._cpu.ctl_flush_tb()  # code is translated once: what stood at these addresses would be run again
        self.images[0] = (image, slide)
        self._put(image, slide)
        self._fix(image, slide)

    def _put(self, image: Image, slide: int) -> None:
        self._cpu.mem_map(*_pages(image, slide))
        for segment in image.segments:
            self.write(slide + segment.address, segment.content)

    def _fix(self, image: Image, slide: int) -> None:
        for fixup in image.fixups:
            place = slide + fixup.place
            if isinstance(fixup, Rebase):
                target = self.word(place) if fixup.target is None else fixup.target
                self.put(place, target + slide)
            else:
                self.put(place, self._address(fixup.symbol, image, slide) + fixup.addend)

    def _address(self, symbol: str, image: Image, slide: int) -> int:
        if symbol in image.exports:
            return slide + image.exports[symbol]
        if symbol not in self.answers:
            for other, moved in self.images:
                if symbol in other.exports:
                    return moved + other.exports[symbol]
        return self.place(symbol)

    def place(self, symbol: str) -> int:
        """Return the address that stands for a name no image defines; calling it asks for an answer."""
        if symbol not in self._places:
            if len(self._places) == MOST_IMPORTS:
                raise Fault(f"there are more than {MOST_IMPORTS} imports")
            at = self._places[symbol] = IMPORTS + IMPORT_SIZE * len(self._places)
            self._names[at] = symbol
            self.write(at, _RETURN)
            self._describe(symbol, at)
        return self._places[symbol]

    def _describe(self, symbol: str, at: int) -> None:
        """Put what code reads of the C++ library's data where it looks for it."""
        if symbol.startswith(_TYPE):
            self.put(at + POINTER, self.keep(symbol.removeprefix(_TYPE).encode()))
        elif symbol in _STREAMS:
            self.put(at, at + IMPORT_SIZE // 2)
        elif symbol.startswith(_TABLES):
            for offset in range(0, IMPORT_SIZE // 4, POINTER):
                self.put(at + offset, at + IMPORT_SIZE // 2)

    def initializers(self, number: int) -> list[int]:
        """Return the addresses of the functions that loading the image `number` would call, in their order."""
        image, slide = self.images[number]
        found: list[int] = []
        for section in initializer_sections(image):
            raw = self.read(slide + section.address, section.size)
            if section.kind == POINTERS:
                found += [address for (address,) in _WORD.iter_unpack(raw)]
            else:
                found += [slide + image.base + offset for (offset,) in Struct("<I").iter_unpack(raw)]
        return found

    def export(self, number: int, symbol: str) -> int | None:
        """Return the address of a function the image `number` exports, None when it does not."""
        image, slide = self.images[number]
        address = image.exports.get(symbol)
        return None if address is None else slide + address

    # ------------------------------------------------------------------------------------------------ memory

    def read(self, address: int, size: int) -> bytes:
        """Return bytes of memory."""
        from unicorn import UcError

        if not size:
            return b""
        if size > _MOST_BYTES:
            raise Fault(f"{size} bytes of memory were wanted at once")
        try:
            return bytes(self._cpu.mem_read(address, size))
        except UcError as error:
            raise Fault(f"{size} bytes were read where no memory is, at {address:#x}") from error

    def write(self, address: int, data: bytes) -> None:
        """Change bytes of memory."""
        from unicorn import UcError

        if not data:
            return
        try:
            self._cpu.mem_write(address, data)
        except UcError as error:
            raise Fault(f"{len(data)} bytes were written where no memory is, at {address:#x}") from error

    def word(self, address: int) -> int:
        """Return the 64 bits at an address."""
        (value,) = _WORD.unpack(self.read(address, POINTER))
        return int(value)

    def put(self, address: int, value: int) -> None:
        """Write 64 bits."""
        self.write(address, _WORD.pack(value & _MASK))

    def string(self, address: int) -> bytes:
        """Return what stands up to the next NUL; nothing for a null pointer."""
        found = b""
        while address and len(found) < _MOST_TEXT:
            piece = self.read(address + len(found), 64 - (address + len(found)) % 64)
            end = piece.find(b"\0")
            if end >= 0:
                return found + piece[:end]
            found += piece
        return found

    def allocate(self, size: int) -> int:
        """Return the address of so many bytes of fresh memory, all zero; nothing is ever used twice."""
        size = max(size, 16)
        if self._heap + size > HEAP + HEAP_SIZE:
            raise Fault("the machine's memory is used up")
        found, self._heap = self._heap, self._heap + size + 31 & ~31
        self._sizes[found] = size
        return found

    def keep(self, data: bytes) -> int:
        """Return the address of fresh memory with these bytes, and a NUL behind them."""
        found = self.allocate(len(data) + 1)
        self.write(found, data)
        return found

    def size_of(self, address: int) -> int:
        """Return how many bytes were allocated at an address; 0 where none were."""
        return self._sizes.get(address, 0)

    # ------------------------------------------------------------------------------------------------ time

    def past(self) -> Past:
        """Return the machine as it is now, to come back to; its images must be loaded."""
        known = {name: copy(getattr(self, name)) for name in _KNOWN}
        return Past(memory=moment(self._cpu, self._regions()), known=known, trail=self._trail.copy())

    def back_to(self, past: Past) -> None:
        """Be as it was: what has been called, allocated and written since then never was."""
        heap, places = self._heap, len(self._places)
        for name, value in past.known.items():
            setattr(self, name, copy(value))
        self._trail = past.trail.copy()
        self.write(self._heap, bytes(heap - self._heap))
        self.write(IMPORTS + IMPORT_SIZE * len(self._places), bytes(IMPORT_SIZE * (places - len(self._places))))
        back(self._cpu, past.memory)

    def _regions(self) -> list[Region]:
        """Return all memory that code may change, as far as it is used."""
        images = [
            (slide + segment.address, len(segment.content))
            for image, slide in self.images
            for segment in image.segments
            if segment.writable
        ]
        imports, heap = (IMPORTS, IMPORT_SIZE * len(self._places)), (HEAP, self._heap - HEAP)
        return [*images, imports, heap, (STACK, STACK_SIZE), (THREAD, _PAGE)]

    # ------------------------------------------------------------------------------------------------ calls

    def argument(self, index: int) -> int:
        """Return an argument of the import that is being called, as 64 bits; the first is 0."""
        return int(self._cpu.reg_read(self._registers.arguments[index]))

    def small(self, index: int) -> int:
        """Return an argument of 32 bits with its sign."""
        value = self.argument(index) & 0xFFFFFFFF
        return value - (1 << 32) if value >> 31 else value

    def real(self, index: int) -> float:
        """Return an argument that is a number with a fraction, as 64 bits; they are counted by themselves."""
        (value,) = _REAL.unpack(_WORD.pack(int(self._cpu.reg_read(self._registers.reals[index]))))
        return float(value)

    @property
    def result_at(self) -> int:
        """Where a caller wants a result that does not fit into registers."""
        return int(self._cpu.reg_read(self._registers.indirect))

    def go_on_at(self, address: int, *arguments: int) -> None:
        """From an answer: let this function answer instead, with these arguments."""
        self._arguments(arguments)
        self._cpu.reg_write(self._registers.pc, address)

    def call(self, address: int, *arguments: int) -> int:
        """Call a function and return its result.

        Raises:
            Fault: it ran into what is not there, called what has no answer, or did not end.
        """
        from unicorn import UcError

        self._cpu.reg_write(self._registers.stack, STACK + STACK_SIZE - _PAGE)
        self._cpu.reg_write(self._registers.link, END)
        self._arguments(arguments)
        try:
            self._cpu.emu_start(address, END, timeout=LIMIT)
        except UcError as error:
            raise Fault(f"the code stopped at {self.where}: {error}") from error
        if self._cpu.reg_read(self._registers.pc) != END:
            raise Fault(f"the code did not end; it was at {self.where}")
        return self.argument(0)

    @property
    def where(self) -> str:
        """Where the processor is, whereto it would return, and the import that was called last."""
        registers = (self._registers.pc, self._registers.link)
        here, back = (self._in_image(int(self._cpu.reg_read(register))) for register in registers)
        return f"{here} (called from {back}, after {self._last or 'no import'})"

    @property
    def caller(self) -> int | None:
        """The number of the image that called the import that is being answered; None: an answer did."""
        return self._image_at(int(self._cpu.reg_read(self._registers.link)))

    def _in_image(self, at: int) -> str:
        number = self._image_at(at)
        return f"{at:#x}" if number is None else f"{at - self.images[number][1]:#x} of image {number}"

    def _image_at(self, at: int) -> int | None:
        for number, (image, slide) in enumerate(self.images):
            if slide + image.base <= at < slide + image.end:
                return number
        return None

    def start_trail(self) -> None:
        """Forget what was called so far."""
        self._trail = hashlib.sha256()

    @property
    def trail(self) -> str:
        """Every import called since then, in order, with what came back (addresses apart): a short hash of it."""
        return self._trail.hexdigest()[:16]

    def _arguments(self, values: tuple[int, ...]) -> None:
        for register, value in zip(self._registers.arguments, values, strict=False):
            self._cpu.reg_write(register, value & _MASK)

    def _called(self, _cpu: Uc, address: int, _size: int, _data: object) -> None:
        """Answer an import: the processor is about to run what stands at its place, which only returns."""
        name = self._names.get(address)
        if name is None:
            return
        self._last = name
        answer = self.answers.get(name)
        if answer is None:
            raise Fault(f"{name} was called, and the table of answers has none for it")
        result = answer(self)
        self._trail.update(f"{name}={'memory' if result is not None and result >= HEAP else result}\n".encode())
        if result is not None:
            self._cpu.reg_write(self._registers.arguments[0], result & _MASK)


def _pages(image: Image, slide: int) -> tuple[int, int]:
    """Return the address and the size of the memory an image takes, in whole pages."""
    return slide + image.base & -_PAGE, (image.end - image.base + _PAGE) + _PAGE - 1 & -_PAGE
