"""The correctness checks beyond the product of matrices, judged. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfsetup.verify import answers
from tfsetup.verify.breakeven import NAME
from tfsetup.verify.checks import names
from tfsetup.verify.model import Check, Event, Failure, Mode, ProbeOutcome
from tfsetup.verify.observed import Observed, number, text
from tfsetup.verify.tolerance import check_tolerance
from tfsetup.verify.words import told
from tfsetup.verify.workers import broken, given_up, plan

# How each graph check asks Keras, and what it calls the operation.
LAYERS: Mapping[str, str] = {"dense-relu-graph": "Dense", "conv-relu-graph": "Conv2D"}
GRAPHS = tuple(LAYERS)


def checks(
    device: str, seen: Observed, failure: Failure | None = None, *, mode: Mode = "quick", tensor_float_32: bool
) -> tuple[Check, ...]:
    """Return the checks of `device` in their order, each with its verdict; what was not asked is `skipped`.

    `failure` is the process's, None where it came to its end. One that ended before it came to the checks has asked
    none of those of `mode`.
    """
    outcomes = (seen.outcome, *seen.outcome.more)
    found = {check.name: check for check in _answered(device, outcomes, tensor_float_32=tensor_float_32)}
    found |= {check.name: check for check in _ended(device, outcomes) if check.name not in found}
    planned = [name for name, place in plan(seen.outcome) if place == device]
    if failure is not None and not plan(seen.outcome):
        planned = [*found, *(name for name in names(mode) if name not in found)]
    why = _not_asked(device, outcomes, failure)
    skipped = {name: Check(name=name, status="skipped", message=why) for name in planned if name not in found}
    return tuple((found | skipped)[name] for name in dict.fromkeys((*planned, *found)))


def _answered(device: str, outcomes: Sequence[ProbeOutcome], *, tensor_float_32: bool) -> Iterator[Check]:
    for outcome in outcomes:
        for event in Observed(outcome=outcome).all("check"):
            if event.get("device") == device:
                yield _check(event, device, tensor_float_32=tensor_float_32)


def _ended(device: str, outcomes: Sequence[ProbeOutcome]) -> Iterator[Check]:
    """Return the checks in which a process hung or died."""
    for outcome in outcomes:
        step = Observed(outcome=outcome).open_step()
        name = str(step.get("what"))
        if step.get("device") != device or not (broken(outcome) or name in _KNOWN):
            continue
        how = outcome.message or f"the process ended ({outcome.signal or _HOW.get(outcome.ended, outcome.ended)})"
        yield Check(name=name, status="hung" if outcome.ended == "timeout" else "failed", message=how)


_KNOWN = {*GRAPHS, "convolution", "training step"}
"""Checks that were asked before processes told their plan."""
_HOW = {"timeout": "hang", "finished": "died", "exit": "died"}


def _not_asked(device: str, outcomes: Sequence[ProbeOutcome], failure: Failure | None) -> str:
    if device in given_up(outcomes):
        return "not asked: too many checks before it hung or ended the process"
    if any(plan(outcome) for outcome in outcomes):
        return "not reached within the time allowed"
    return "the process ended before its turn" if failure is not None else "not asked"


def _check(event: Event, device: str, *, tensor_float_32: bool) -> Check:
    name = str(event["name"])
    error, cases = event.get("error"), event.get("cases")
    if isinstance(error, dict):
        return Check(name=name, status="failed", message=told(error))
    if name == NAME:
        return Check(name=name, status="ok", seconds=number(event.get("seconds")))
    if not isinstance(cases, list):
        return _training(event, device, check_tolerance(name, tensor_float_32=tensor_float_32))
    if name in LAYERS:
        return answers.graph(name, LAYERS[name], event, cases, check_tolerance(name, tensor_float_32=tensor_float_32))
    return answers.judged(event, cases, device, tensor_float_32=tensor_float_32)


def _training(event: Event, device: str, limit: float) -> Check:
    problem = _wrong(event, limit)
    placed_on = text(event.get("placed_on"))
    if problem is None and placed_on != device:
        words = f"was put on {device} and ran on {placed_on}"
        return Check(name=str(event["name"]), status="fallback", message=words)
    no_xla = text(event.get("no_xla"))
    return Check(
        name=str(event["name"]),
        status="wrong" if problem else "ok",
        seconds=number(event.get("seconds")),
        max_rel_error=number(event.get("max_rel_error")),
        tolerance=limit,
        message=problem or ("no XLA: asked with jit_compile=False" if no_xla else ""),
        no_xla=no_xla,
    )


def _wrong(event: Event, limit: float) -> str | None:
    if event.get("finite") is not True:
        return "values are NaN or infinite"
    error, repeat = number(event.get("max_rel_error")), number(event.get("repeat_error"))
    if error is None or error > limit:
        return f"differs from the CPU by {answers.digits(error)} > {limit:.1e}, more than rounding explains"
    if "repeat_error" in event and (repeat is None or repeat > limit):
        return f"differs from itself by {answers.digits(repeat)} > {limit:.1e} when run twice from the same seed"
    before, after = number(event.get("loss_before")), number(event.get("loss_after"))
    if before is not None and (after is None or after >= before):
        return f"the loss went from {before:.3g} to {answers.digits(after)} while training on one batch; it must fall"
    return None
