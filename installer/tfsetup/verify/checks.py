"""The correctness checks beyond the product of matrices, judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfsetup.verify.model import Check, CheckStatus, Event, Failure
from tfsetup.verify.observed import Observed, number, text
from tfsetup.verify.tolerance import check_tolerance
from tfsetup.verify.words import told

# How each graph check asks Keras, and what it calls the operation.
LAYERS: Mapping[str, str] = {"dense-relu-graph": "Dense", "conv-relu-graph": "Conv2D"}
GRAPHS = tuple(LAYERS)


def checks(device: str, seen: Observed, *, tensor_float_32: bool) -> Iterator[Check]:
    """Return the checks that ran on `device`, each with its verdict."""
    for event in seen.all("check"):
        if event.get("device") == device:
            yield _check(event, device, tensor_float_32=tensor_float_32)


def unfinished(device: str, done: Sequence[Check], seen: Observed, failure: Failure | None) -> Iterator[Check]:
    """Return the check on `device` in which the process ended, and the graph checks that it never came to."""
    if failure is None:
        return
    step = seen.open_step()
    open_check = str(step.get("what")) if step.get("device") == device else None
    names = {check.name for check in done}
    if open_check in _KNOWN:
        status: CheckStatus = "hung" if failure.kind == "hang" else "failed"
        yield Check(
            name=str(open_check), status=status, message=f"the process ended ({failure.signal or failure.kind})"
        )
    for name in GRAPHS:
        if name not in names and name != open_check:
            yield Check(name=name, status="skipped", message="the process ended before its turn")


_KNOWN = {*GRAPHS, "convolution", "training step"}


def _check(event: Event, device: str, *, tensor_float_32: bool) -> Check:
    name = str(event["name"])
    error = event.get("error")
    if isinstance(error, dict):
        return Check(name=name, status="failed", message=told(error))
    limit = check_tolerance(name, tensor_float_32=tensor_float_32)
    cases = event.get("cases")
    if isinstance(cases, list):
        return _graph(name, event, cases, limit)
    problem = _wrong(event, limit)
    placed_on = text(event.get("placed_on"))
    if problem is None and placed_on != device:
        return Check(name=name, status="fallback", message=f"was put on {device} and ran on {placed_on}")
    no_xla = text(event.get("no_xla"))
    return Check(
        name=name,
        status="wrong" if problem else "ok",
        seconds=number(event.get("seconds")),
        max_rel_error=number(event.get("max_rel_error")),
        tolerance=limit,
        message=problem or ("no XLA: asked with jit_compile=False" if no_xla else ""),
        no_xla=no_xla,
    )


def _graph(name: str, event: Event, cases: Sequence[Event], limit: float) -> Check:
    """Judge what a graph computes: a wrong answer says more than a way to ask that raised an error."""
    status, message = _graph_verdict(name, cases, limit)
    errors = [number(case.get("max_rel_error")) for case in cases if "error" not in case]
    return Check(
        name=name,
        status=status,
        seconds=number(event.get("seconds")),
        max_rel_error=None if None in errors else max((error or 0.0 for error in errors), default=None),
        tolerance=limit,
        message=message,
    )


def _graph_verdict(name: str, cases: Sequence[Event], limit: float) -> tuple[CheckStatus, str]:
    computed = [case for case in cases if "error" not in case]
    infinite = [case for case in computed if case.get("finite") is not True]
    if infinite:
        return "wrong", f"{_ways(name, infinite)}: values are NaN or infinite"
    off = [case for case in computed if not _within(case.get("max_rel_error"), limit)]
    if off:
        worst = max(number(case.get("max_rel_error")) or 0.0 for case in off)
        lost = all(_within(case.get("without_activation"), limit) for case in off)
        what = "the activation is not computed" if lost else "the result is wrong"
        return "wrong", f"{what} ({_ways(name, off)}): error {_digits(worst)} > {limit:.1e}"
    failed = next((case for case in cases if "error" in case), None)
    if failed is not None or not computed:
        return "failed", f"{_ways(name, [failed or {}])}: {told((failed or {}).get('error') or {})}"
    return "ok", ""


def _ways(name: str, cases: Sequence[Event]) -> str:
    """Name how it was asked: `Relu, Elu in a tf.function, Dense through predict`."""
    layer = LAYERS.get(name, name)
    direct = [str(case.get("way")) for case in cases if case.get("way") != "predict"]
    words = [f"{', '.join(direct)} in a tf.function"] if direct else []
    return ", ".join([*words, *(f"{layer} through predict" for case in cases if case.get("way") == "predict")])


def _within(value: object, limit: float) -> bool:
    error = number(value)
    return error is not None and error <= limit


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
