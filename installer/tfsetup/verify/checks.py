"""The correctness checks beyond the product of matrices, judged."""

from __future__ import annotations

from collections.abc import Iterator

from tfsetup.verify.model import Check
from tfsetup.verify.observed import Event, Observed, number, text
from tfsetup.verify.tolerance import check_tolerance


def checks(device: str, seen: Observed, *, tensor_float_32: bool) -> Iterator[Check]:
    """Return the checks that ran on `device`, each with its verdict."""
    for event in seen.all("check"):
        if event.get("device") == device:
            yield _check(event, device, tensor_float_32=tensor_float_32)


def _check(event: Event, device: str, *, tensor_float_32: bool) -> Check:
    name = str(event["name"])
    error = event.get("error")
    if isinstance(error, dict):
        words = str(error.get("message") or "").strip().split("\n")[0]
        return Check(name=name, status="failed", message=f"{error.get('type')}: {words}"[:300])
    limit = check_tolerance(name, tensor_float_32=tensor_float_32)
    problem = _wrong(event, limit)
    placed_on = text(event.get("placed_on"))
    if problem is None and placed_on != device:
        return Check(name=name, status="fallback", message=f"was put on {device} and ran on {placed_on}")
    return Check(
        name=name,
        status="wrong" if problem else "ok",
        seconds=number(event.get("seconds")),
        max_rel_error=number(event.get("max_rel_error")),
        tolerance=limit,
        message=problem or "",
    )


def _wrong(event: Event, limit: float) -> str | None:
    if event.get("finite") is not True:
        return "values are NaN or infinite"
    error, repeat = number(event.get("max_rel_error")), number(event.get("repeat_error"))
    if error is None or error > limit:
        return f"differs from the CPU by {_digits(error)} > {limit:.1e}, more than rounding explains"
    if "repeat_error" in event and (repeat is None or repeat > limit):
        return f"differs from itself by {_digits(repeat)} > {limit:.1e} when run twice from the same seed"
    before, after = number(event.get("loss_before")), number(event.get("loss_after"))
    if before is not None and (after is None or after >= before):
        return f"the loss went from {before:.3g} to {_digits(after)} while training on one batch; it must fall"
    return None


def _digits(value: float | None) -> str:
    return "nan" if value is None else f"{value:.1e}"
