"""What a GPU could do at best in float32: cores times lanes times clock, a fused multiply-add counting as two. Pure.

`environments/chips.json` has the chips. Apple's formula gives the published figures to two percent. A chip of which no
clock is published has no peak; where sources differ, or nobody said how many cores there are, the peak is a range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from tfsetup.ground.values import value
from tfsetup.host.model import Host

CHIPS: Final = "chips.json"
_FUSED: Final = 2  # a fused multiply-add is a product and a sum


@value
class Peak:
    """GFLOP/s in float32, from `least` to `most`; the same number twice where it is known."""

    least: float
    most: float

    @property
    def range(self) -> bool:
        """Whether it is known between two bounds only."""
        return self.least < self.most


@value
class Bands:
    """Which share of the peak a product of n-by-n matrices should reach; smaller ones say less.

    From `good` on it is as it should be (`good_with`: with that plugin's distribution), below `slow` it is slow. Beyond
    `most` of the peak nothing can be: then something else was timed.
    """

    n: int
    good: float
    slow: float
    most: float
    source: str
    good_with: Mapping[str, float] = field(default_factory=dict)


@value
class Chip:
    """An Apple chip. `cores`: of the GPU, in each variant that is sold. `clock_ghz`: empty, one, or a lower and upper.

    `published_tflops`: by cores, only where somebody published it and sources agree. `accelerate_gflops`: what the
    matrix units of all its CPU cores could do, which Apple's Accelerate uses; None: nobody published it.
    """

    name: str
    cores: tuple[int, ...]
    source: str
    clock_ghz: tuple[float, ...] = ()
    published_tflops: Mapping[str, float] = field(default_factory=dict)
    accelerate_gflops: float | None = None
    accelerate_seen_gflops: float | None = None


@value
class Generation:
    """NVIDIA GPUs of one compute capability, by multiprocessor: `lanes` of float32, `tensor_lanes` of TensorFloat-32.

    `tensor_lanes` None: cards of this capability differ.
    """

    capability: str
    lanes: int
    source: str
    tensor_lanes: int | None = None


@value
class Chips:
    """The content of the file. `lanes`: float32 lanes of a core of Apple's GPUs."""

    lanes: int
    bands: Bands
    apple: tuple[Chip, ...]
    nvidia: tuple[Generation, ...] = ()
    schema: int = 1

    def named(self, name: str | None) -> Chip | None:
        """Return the chip of a name such as `Apple M2 Pro`: of the whole name, for a guest's chip is none of them."""
        wanted = " ".join((name or "").split()).lower()
        return next((chip for chip in self.apple if chip.name.lower() == wanted), None)


def peak(lanes: int, cores: int, clock_ghz: float) -> float:
    """Return GFLOP/s in float32."""
    return lanes * cores * _FUSED * clock_ghz


def apple_peak(chips: Chips, name: str | None, cores: int | None) -> Peak | None:
    """Return the peak of a chip's GPU; `cores` None: that of any variant. None: no such chip, or no published clock."""
    chip = chips.named(name)
    if chip is None or not chip.clock_ghz:
        return None
    counts = (cores,) if cores else chip.cores
    every = [peak(chips.lanes, count, clock) for count in counts for clock in chip.clock_ghz]
    return Peak(least=min(every), most=max(every))


def peak_of(chips: Chips, host: Host) -> Peak | None:
    """Return the peak of a machine's GPU where that is an Apple chip's own; None: it is not, or not known."""
    gpus = [gpu for gpu in host.gpus or () if gpu.vendor != "intel"]  # beside another card the plugin may use that
    if len(gpus) != 1 or gpus[0].vendor != "apple" or gpus[0].virtual:
        return None
    return apple_peak(chips, gpus[0].name or (host.cpu.brand if host.cpu else None), gpus[0].cores)


def nvidia_peak(
    chips: Chips, capability: str | None, multiprocessors: int | None, clock_ghz: float | None, *, tensor_float_32: bool
) -> Peak | None:
    """Return the peak of an NVIDIA GPU by what its driver says; None: it does not say, or nobody knows the lanes.

    `tensor_float_32`: products of float32 are computed by the tensor units, which round their operands.
    """
    known = next((one for one in chips.nvidia if one.capability == capability), None)
    lanes = None if known is None else known.tensor_lanes if tensor_float_32 else known.lanes
    if not lanes or not multiprocessors or not clock_ghz:
        return None
    found = peak(lanes, multiprocessors, clock_ghz)
    return Peak(least=found, most=found)
