"""The page of what chips could do at best, of `environments/chips.json`: its words, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import Final

from tfsetup.matrix.chips import Bands, Chip, Chips, Generation, Peak, apple_peak

INTRODUCTION: Final = """# What a chip should reach

`tfsetup verify` holds the fastest float32 product of matrices that a GPU did against what its chip could do at best:
`2.9 of 3.6 TFLOP/s, 81 %: as it should be`. The peak is cores x {lanes} lanes x 2 (a fused multiply-add is a product
and a sum) x clock. `tfsetup host` tells the cores (`ioreg`, else `system_profiler`); where they are not known, or
sources differ on the clock, the peak is a range and its lower end is what counts. Where no clock is published there is
no peak, and nothing is judged. A virtual machine's GPU has none: another GPU does its work.

{bands}
"""

APPLE: Final = ("chip", "GPU cores", "clock, GHz", "peak, TFLOP/s", "published, TFLOP/s", "source")
CPU: Final = """## Apple's CPUs

NumPy on Accelerate computes with the chip's matrix units. What those could do is published of one chip; TensorFlow's
own CPU kernels do not use them.
"""
CPU_HEAD: Final = ("chip", "matrix units, GFLOP/s in float32", "seen with Accelerate")
NVIDIA: Final = """## NVIDIA

Peak = multiprocessors x lanes x 2 x clock; the driver tells multiprocessors and highest clock. From compute capability
8.0 on products of float32 go to the tensor units, unless TensorFloat-32 is switched off; where the lanes of those are
not given here, cards of one capability differ in them, and there is no peak. The share is told and not judged.
"""
NVIDIA_HEAD: Final = ("compute capability", "lanes", "TensorFloat-32 lanes", "source")


def introduction(chips: Chips) -> str:
    """Return what stands above the first table."""
    return INTRODUCTION.format(lanes=chips.lanes, bands=_bands(chips.bands))


def apple(chips: Chips) -> Iterator[tuple[str, ...]]:
    """Yield a row for each variant of each chip."""
    for chip in chips.apple:
        for cores in chip.cores:
            published = chip.published_tflops.get(str(cores))
            clock = " to ".join(f"{one:g}" for one in chip.clock_ghz) or "not published"
            peak = _tflops(apple_peak(chips, chip.name, cores))
            yield chip.name, f"{cores}", clock, peak, "" if published is None else f"{published:g}", chip.source


def cpus(chips: Chips) -> Iterator[tuple[str, ...]]:
    """Yield a row for each chip of whose matrix units something is published."""
    known: list[Chip] = [chip for chip in chips.apple if chip.accelerate_gflops is not None]
    return ((chip.name, f"{chip.accelerate_gflops:g}", f"{chip.accelerate_seen_gflops:g}") for chip in known)


def nvidia(chips: Chips) -> Iterator[tuple[str, ...]]:
    """Yield a row for each compute capability."""
    rows: tuple[Generation, ...] = chips.nvidia
    return ((one.capability, f"{one.lanes}", f"{one.tensor_lanes or ''}", one.source) for one in rows)


def _bands(bands: Bands) -> str:
    others = "; ".join(f"{100 * share:.0f} % with {name}" for name, share in bands.good_with.items())
    good, slow, most = (f"{100 * share:.0f} %" for share in (bands.good, bands.slow, bands.most))
    words = (
        f"From {good} of the peak on it is as it should be ({others}), below {slow} it is slow, between the two it is "
        f"less than it should be: judged by a product of n = {bands.n} or more, or where larger products became no "
        f"faster. More than {most} cannot be: then something else was timed."
    )
    return fill(words, 118)


def _tflops(peak: Peak | None) -> str:
    if peak is None:
        return ""
    digits = 1 if peak.least >= 10_000 else 2
    ends = dict.fromkeys(f"{end / 1000:.{digits}f}" for end in (peak.least, peak.most))
    return " to ".join(ends)
