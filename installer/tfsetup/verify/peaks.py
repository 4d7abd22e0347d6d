"""How what a device reached stands to what its chip could do at best. Pure.

A virtual machine's GPU has no peak: another GPU does its work. The bands are those of Apple's GPUs; of NVIDIA's the
share is told and not judged, and so is that of cores and of matrix units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from tfsetup.host.model import Host
from tfsetup.matrix.chips import Bands, Chips, Peak, apple_peak, nvidia_peak, peak_of
from tfsetup.verify.devices import HEADLINE, has_tensor_float_32
from tfsetup.verify.model import Blas, Device, Event, Finding, Matmul, Pace
from tfsetup.verify.observed import Observed, number, text
from tfsetup.verify.virtual import named_gpu

LOW_POWER: Final = "pmset -g shows lowpowermode 1 where the Mac is in low-power mode; System Settings, Battery ends it"
"""What to look at first, where a Mac's GPU is slow."""


def rated(
    devices: Sequence[Device], seen: Observed, host: Host | None, chips: Chips | None, cores_gflops: float | None
) -> tuple[Device, ...]:
    """Return the devices with their peaks and shares; one far below its chip's peak is slow.

    `cores_gflops`: the peak of the CPU's cores (None: not known).
    """
    bands = chips.bands if chips is not None else None
    return tuple(_rated(one, _peak(one, seen, host, chips, cores_gflops), bands, seen) for one in devices)


def accelerated(blas: Blas, seen: Observed, host: Host | None, chips: Chips | None) -> Blas:
    """Return NumPy's BLAS, where it is Apple's, with what the chip's matrix units could do, if that is published.

    A process that Rosetta translates does not reach them.
    """
    native = seen.last("interpreter").get("arch") == "arm64"
    if chips is None or host is None or host.cpu is None or blas.library != "accelerate" or not native:
        return blas
    chip, best = chips.named(host.cpu.brand), _best(blas.matmul)
    if chip is None or chip.accelerate_gflops is None:
        return blas
    share = best[0] / chip.accelerate_gflops if best else None
    return replace(blas, peak_gflops=chip.accelerate_gflops, share_of_peak=share)


def _peak(
    device: Device, seen: Observed, host: Host | None, chips: Chips | None, cores_gflops: float | None
) -> Peak | None:
    if device.type == "CPU":
        return None if cores_gflops is None else Peak(least=cores_gflops, most=cores_gflops)
    if device.type != "GPU" or device.virtual or chips is None:
        return None
    entry = _entry(device, seen)
    if entry.get("compute_capability"):
        return _nvidia(device, entry, seen, chips)
    named = named_gpu(seen, host)
    if named is not None:
        return apple_peak(chips, named.name, named.cores)
    return peak_of(chips, host) if host is not None else None


def _nvidia(device: Device, entry: Event, seen: Observed, chips: Chips) -> Peak | None:
    cards = seen.last("cards").get("cards") or ()
    card: Event = next((one for one in cards if one.get("device") == device.name), {})
    capability, count = text(entry.get("compute_capability")), number(card.get("multiprocessors"))
    if card.get("compute_capability") != capability:  # another card than TensorFlow's: nothing is known of that one
        return None
    relaxed = bool(seen.last("tensorflow").get("tensor_float_32")) and has_tensor_float_32(entry)
    clock = number(card.get("clock_ghz"))
    return nvidia_peak(chips, capability, int(count) if count else None, clock, tensor_float_32=relaxed)


def _rated(device: Device, peak: Peak | None, bands: Bands | None, seen: Observed) -> Device:
    best = _best(device.matmul)
    if peak is None:
        return device
    most = peak.most if peak.range else None
    if best is None or device.status not in {"ok", "slow"}:
        return replace(device, peak_gflops=peak.least, peak_gflops_most=most)
    rate, n = best
    judged = bands if device.type == "GPU" and not _entry(device, seen).get("compute_capability") else None
    pace = None if judged is None else _pace(rate, device.matmul, peak, judged, seen)
    rated = replace(
        device, peak_gflops=peak.least, peak_gflops_most=most, share_of_peak=rate / peak.least, pace=pace, best_n=n,
        best_gflops=rate,
    )  # fmt: skip
    return replace(rated, status="slow", reason=told(rated)) if pace == "slow" and device.status == "ok" else rated


def _entry(device: Device, seen: Observed) -> Event:
    """Return what TensorFlow said of a device when it listed it."""
    listed: Sequence[Event] = seen.last("devices").get("devices") or ()
    return next((one for one in listed if one.get("name") == device.name), {})


def _best(products: Sequence[Matmul]) -> tuple[float, int] | None:
    """Return the highest rate of the float32 products, in their best runs, and its size."""
    rates = [(_rate(item), item.n) for item in _timed(products)]
    return max(rates, default=None)


def _timed(products: Sequence[Matmul]) -> list[Matmul]:
    return [item for item in products if item.dtype == HEADLINE and item.error is None and item.min_s]


def _rate(item: Matmul) -> float:
    return 2e-9 * item.n**3 / (item.min_s or 1.0)


def _pace(rate: float, products: Sequence[Matmul], peak: Peak, bands: Bands, seen: Observed) -> Pace | None:
    """Compare the share of the lower peak with the bands; None: too small a product to say that it is not enough."""
    from tfsetup.verify.probes.matmul import levelled  # by which the probe decides that a larger size tells no more

    if rate > bands.most * peak.most:
        return "impossible"
    share = rate / peak.least
    if share >= _good(bands, seen):
        return "good"
    timed = sorted(_timed(products), key=lambda item: item.n)
    if timed[-1].n < bands.n and not levelled([_rate(item) for item in timed]):
        return None
    return "slow" if share < bands.slow else "below"


def _good(bands: Bands, seen: Observed) -> float:
    installed = seen.last("distributions").get("distributions") or {}
    return min((share for name, share in bands.good_with.items() if name in installed), default=bands.good)


_WORDS: dict[Pace | None, str] = {
    "good": ": as it should be",
    "below": ": less than it should be",
    "slow": ": slow; low-power mode?",
    "impossible": ": more than it can do; something else was timed",
    None: "",
}


def told(device: Device) -> str:
    """Return how a device stands to its peak: `2.9 of 3.6 TFLOP/s, 81 %: as it should be`; "" where none is known."""
    if device.peak_gflops is None or device.share_of_peak is None or device.best_gflops is None:
        return ""
    unit, name = (1000.0, "TFLOP/s") if device.peak_gflops >= 1000 else (1.0, "GFLOP/s")  # noqa: PLR2004 - of the unit
    numbers = [_digits(one / unit) for one in (device.best_gflops, device.peak_gflops)]
    upper = f" to {_digits(device.peak_gflops_most / unit)}" if device.peak_gflops_most else ""
    of_lower = " of the lower" if upper else ""
    size = f" at {device.best_n}" if device.pace is None else ""
    share = f"{100 * device.share_of_peak:.0f} %{of_lower}"
    return f"{numbers[0]} of {numbers[1]}{upper} {name}, {share}{size}{_WORDS[device.pace]}"


def _digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}"  # noqa: PLR2004 - three digits are enough


def peak_findings(devices: Sequence[Device]) -> Iterator[Finding]:
    """Say what is below what the chip should reach; what is slow has the device's own finding."""
    for device in devices:
        if device.pace == "below":
            yield Finding(
                severity="note",
                title=f"{device.name} reaches less than its chip should",
                detail=told(device),
                fix=(LOW_POWER, "run it again with nothing else on the GPU"),
            )
        elif device.pace == "impossible":
            yield Finding(
                severity="warning",
                title=f"{device.name} is faster than its chip can be: what was timed is not the whole product",
                detail=told(device),
            )
