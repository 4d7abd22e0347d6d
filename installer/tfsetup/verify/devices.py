"""The verdict on each device, with the number that decided it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tfsetup.ground.versions import numbers
from tfsetup.matrix.model import Expectation
from tfsetup.verify.checked import checks
from tfsetup.verify.failure import failure as why
from tfsetup.verify.model import Check, CheckStatus, Device, DeviceStatus, Event, Failure, Matmul, Mode
from tfsetup.verify.observed import Observed, number, text
from tfsetup.verify.tolerance import tolerance
from tfsetup.verify.words import told

HEADLINE = "float32"
HIDING = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
SLOW_CPU = 1 / 3  # of what NumPy's BLAS reaches on the same cores in the same process
_WORST: Mapping[CheckStatus, DeviceStatus] = {
    "wrong": "wrong", "fallback": "fallback", "failed": "failed", "hung": "failed", "slow": "slow",
}  # fmt: skip
"""What a check makes of its device, the worst first."""
CALL_S = 1e-3  # a product that takes the faster side less than this says more about dispatch than about throughput


def devices(
    seen: Observed,
    expectation: Expectation | None,
    failure: Failure | None,
    *,
    mode: Mode = "quick",
    virtual: bool = False,
) -> tuple[Device, ...]:
    """Return a verdict on every device listed, and one for every expected kind of device that is not listed.

    `virtual`: the GPUs are a virtual machine's, which are never called slow.

    A CPU that was measured alone, after another device had ended the process, is judged by that run.
    """
    listed = seen.last("devices").get("devices")
    if not isinstance(listed, list):
        return ()
    alone = seen.cpu()
    after = alone and (alone, why(alone))
    measured = [
        _device(entry, *((after if entry.get("type") == "CPU" else None) or (seen, failure)), mode, virtual=virtual)
        for entry in listed
    ]
    judged = tuple(
        device if virtual and device.type == "GPU" else _throughput(device, measured, alone or seen)
        for device in measured
    )
    return judged + missing(judged, expectation, seen.last("interpreter").get("influences") or {})


def missing(
    listed: Sequence[Device], expectation: Expectation | None, settings: Mapping[str, str]
) -> tuple[Device, ...]:
    """Return a `fallback` device for each kind that should be there: its work would silently run on the CPU."""
    if expectation is None:
        return ()
    kinds = {device.type for device in listed}
    names = ", ".join(device.name for device in listed) or "nothing"
    hidden = [f"{name}={settings[name]}" for name in HIDING if settings.get(name) in {"", "-1"}]
    hint = f" ({hidden[0]} hides it)" if hidden else ""
    return tuple(
        Device(
            name=f"{kind}:0",
            type=kind,
            status="fallback",
            reason=f"a {kind} was expected, TensorFlow lists {names}{hint}; its work would run on the CPU",
        )
        for kind in expectation.devices
        if kind not in kinds
    )


def _device(entry: Event, seen: Observed, failure: Failure | None, mode: Mode, *, virtual: bool) -> Device:
    name, kind = str(entry.get("name")), str(entry.get("type"))
    relaxed = bool(seen.last("tensorflow").get("tensor_float_32")) and has_tensor_float_32(entry)
    products = tuple(
        product(event, tensor_float_32=relaxed) for event in seen.all("matmul") if event.get("device") == name
    )
    checked = checks(name, seen, failure, mode=mode, tensor_float_32=relaxed) if entry.get("measured") else ()
    spared = virtual and kind == "GPU"
    status, reason = _verdict(name, products, [one for one in checked if not (spared and one.status == "slow")])
    step = seen.open_step()
    if failure is not None and step.get("device") == name:
        status, reason = "failed", f"the process ended ({failure.signal or failure.kind}) during {step.get('what')}"
    elif not products:
        status = "skipped"
        reason = "the process ended before its turn" if failure is not None else "not a device one computes on"
        if failure is None and entry.get("measured"):
            reason = "not reached within the time allowed"
    return Device(
        name=name,
        type=kind,
        status=status,
        reason=reason,
        description=text(entry.get("description")),
        matmul=products,
        checks=checked,
    )


def has_tensor_float_32(entry: Event) -> bool:
    """NVIDIA GPUs from compute capability 8.0 (Ampere) on round the inputs of float32 products, by default."""
    found = numbers(text(entry.get("compute_capability")) or "")
    return found is not None and found[0] >= 8  # noqa: PLR2004 - the sentence above


def product(event: Event, *, tensor_float_32: bool = False) -> Matmul:
    """Return one `matmul` or `numpy` event as a value, with the tolerance its error is judged by."""
    n, dtype = int(event["n"]), str(event["dtype"])
    error = event.get("error")
    if isinstance(error, dict):
        return Matmul(n=n, dtype=dtype, error=told(error))
    return Matmul(
        n=n,
        dtype=dtype,
        median_s=number(event.get("median_s")),
        min_s=number(event.get("min_s")),
        spread=number(event.get("spread")),
        gflops=number(event.get("gflops")),
        max_rel_error=number(event.get("max_rel_error")),
        checksum_error=number(event.get("checksum_error")),
        tolerance=tolerance(dtype, n, tensor_float_32=tensor_float_32),
        finite=event.get("finite") is True,
        repeatable=event.get("repeatable") is True,
        compared=text(event.get("compared")),
        placed_on=text(event.get("placed_on")),
        runs=int(event.get("runs") or 0),
    )


def _verdict(name: str, products: Sequence[Matmul], checked: Sequence[Check]) -> tuple[DeviceStatus, str]:
    """Return the worst of the verdicts on products and checks; without any trouble, the headline number."""
    for item in products:
        if item.error is not None and item.dtype == HEADLINE:
            return "failed", f"{item.dtype} {item.n}: {item.error}"
    for item in products:
        if item.error is None and item.placed_on != name:
            return "fallback", f"{item.dtype} {item.n} was put on {name} and ran on {item.placed_on}"
    for item in products:
        problem = wrong(item)
        if problem:
            return "wrong", problem
    bad = _worst(checked)
    if bad is not None:
        return bad
    best = best_of(products)
    if best is None:
        return ("failed", str(products[0].error)) if products else ("skipped", "")
    return "ok", f"{best.gflops:.0f} GFLOP/s at {best.n}, error {best.max_rel_error:.1e} ≤ {best.tolerance:.1e}"


def _worst(checked: Sequence[Check]) -> tuple[DeviceStatus, str] | None:
    """Return what the worst of the checks makes of the device; None: all is well."""
    for status, makes in _WORST.items():
        bad = next((check for check in checked if check.status == status), None)
        if bad is not None:
            return makes, f"{bad.name}: {bad.message}"
    return None


def wrong(item: Matmul) -> str | None:
    """Return in words what is wrong with a product's numbers; None if they are right (or there are none)."""
    if item.error is not None:
        return None
    if not item.finite:
        return f"{item.dtype} {item.n}: the result holds NaN or infinity"
    limit = item.tolerance or 0.0
    for what, error in (("error", item.max_rel_error), ("checksum error", item.checksum_error)):
        if error is None or error > limit:
            seen = "nan" if error is None else f"{error:.1e}"
            return f"{item.dtype} {item.n}: {what} {seen} > {limit:.1e}, the most that rounding explains"
    return None


def best_of(products: Sequence[Matmul]) -> Matmul | None:
    """Return the fastest product of the headline's type; of any type if that type was not measured."""
    timed = [item for item in products if item.gflops is not None and item.error is None]
    wanted = [item for item in timed if item.dtype == HEADLINE] or timed
    return max(wanted, key=lambda item: item.gflops or 0.0, default=None)


def _throughput(device: Device, every: Sequence[Device], seen: Observed) -> Device:
    """Turn `ok` into `slow` where a device stays behind what this very machine shows to be possible.

    A CPU is held against NumPy on the same cores, everything else against the CPU: an accelerator that only keeps up
    with it is no accelerator, and may well be the CPU under another name.
    """
    if device.status != "ok":
        return device
    if device.type == "CPU":
        numpy = {int(event["n"]): number(event.get("min_s")) for event in seen.all("numpy")}
        return _behind(device, numpy, SLOW_CPU, "what NumPy reaches here")
    cpu = next((other.matmul for other in every if other.type == "CPU"), ())
    return _behind(device, {item.n: item.min_s for item in cpu if item.dtype == HEADLINE}, 1.0, "the CPU's")


def _behind(device: Device, others: Mapping[int, float | None], share: float, words: str) -> Device:
    """Compare the best runs of each size, taken in turns, and let the size that flatters the device decide.

    Best runs, because the median follows whoever else uses the machine; sizes whose product is over in less than a
    call's cost say nothing.
    """
    ratios = [
        (other / item.min_s, item.n, 2e-9 * item.n**3 / item.min_s, 2e-9 * item.n**3 / other)
        for item in device.matmul
        if item.dtype == HEADLINE and item.min_s and (other := others.get(item.n)) and other >= CALL_S
    ]
    if not ratios or max(ratios)[0] >= share:
        return device
    ratio, n, rate, ceiling = max(ratios)
    reason = f"{rate:.0f} GFLOP/s at {n} at best, {ratio:.2f}x {words} ({ceiling:.0f})"
    return replace(device, status="slow", reason=reason)
