"""What the ways of asking one check came to, as one verdict. Pure.

A wrong answer says more than a way that raised an error, and that more than one without a kernel: an operation that the
device has no kernel for is no failure, and no proof. Where nothing was computed, nothing is `ok`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tfsetup.verify.checks import about
from tfsetup.verify.checks.frame import SHARE, Limit
from tfsetup.verify.kernels import without_kernel, without_xla
from tfsetup.verify.model import Check, CheckStatus, Event
from tfsetup.verify.observed import number, text
from tfsetup.verify.tolerance import limit_of
from tfsetup.verify.words import told

SHOWN = 4  # ways of asking that a message names


def judged(event: Event, cases: Sequence[Event], device: str, *, tensor_float_32: bool) -> Check:
    """Return the verdict on a check whose ways of asking each say how far they are off (`off`), or what they raised."""
    name = str(event["name"])
    said = about(name)
    limits = [_limit(case, said.limit if said else None, tensor_float_32=tensor_float_32) for case in cases]
    computed = [(case, limit) for case, limit in zip(cases, limits, strict=True) if "error" not in case]
    status, message, slowly = _verdict(cases, computed, device)
    means = f"{said.means}: " if said and status in {"wrong", "slow"} else ""
    off, limit = _worst(computed)
    return Check(
        name=name,
        status=status,
        seconds=number(event.get("seconds")),
        max_rel_error=off,
        tolerance=limit,
        message=means + message,
        no_xla=slowly,
    )


def _verdict(
    cases: Sequence[Event], computed: Sequence[tuple[Event, Limit]], device: str
) -> tuple[CheckStatus, str, str | None]:
    infinite = [case for case, _limit in computed if case.get("finite") is not True]
    if infinite:
        return "wrong", f"{ways(infinite)}: values are NaN or infinite", None
    off = [(case, limit) for case, limit in computed if not _within(case.get("off"), limit.bound)]
    if off:
        return _slow_or_wrong(off)
    errors = [case for case in cases if "error" in case]
    compilers = [line for case in errors if (line := without_xla(case["error"]))]
    lacking = [op for case in errors if (op := without_kernel(case["error"]))]
    raised = [case for case in errors if not (without_xla(case["error"]) or without_kernel(case["error"]))]
    if raised:
        return "failed", f"{ways(raised[:1])}: {told(raised[0]['error'])}", None
    elsewhere = [case for case, _limit in computed if case.get("placed_on") not in {None, device}]
    bound = [case for case in elsewhere if not case.get("soft")]
    if bound:
        return "fallback", f"{ways(bound)}: was put on {device} and ran on {bound[0].get('placed_on')}", None
    words = _lacking(lacking, compilers, ways(elsewhere) if elsewhere else "")
    if len(computed) > len(elsewhere):
        return "ok", words, next(iter(compilers), None)
    return ("skipped", words, None) if words else ("failed", "nothing was computed", None)


def _slow_or_wrong(off: Sequence[tuple[Event, Limit]]) -> tuple[CheckStatus, str, None]:
    """Being late is another thing than being wrong: only what is measured in a time may be late."""
    wrong = [(case, limit) for case, limit in off if not limit.unit.startswith("times")]
    case, limit = max(wrong or off, key=lambda item: _ratio(*item))
    named = ways([each for each, _limit in wrong or off])
    return "wrong" if wrong else "slow", f"{named}: {_told(case, limit)}", None


def _told(case: Event, limit: Limit) -> str:
    error = number(case.get("off"))
    if limit.unit == SHARE and limit.bound == 0.0 and error is not None:
        return f"{max(100 * error, 0.01):.3g} % of the elements are not the right ones"
    unit = f" {limit.unit}" if limit.unit else ""
    return f"error {digits(error)}{unit} > {limit.bound:.1e}"


def _lacking(ops: Iterable[str], compilers: Iterable[str], elsewhere: str) -> str:
    """Say what the device has no kernel for, that no XLA was there, and what soft placement put on the CPU."""
    names = ", ".join(dict.fromkeys(ops))
    words = (
        f"no kernel for {names}: it runs on the CPU" if names else "",
        "no XLA" if any(compilers) else "",
        f"computed on the CPU: {elsewhere}" if elsewhere else "",
    )
    return "; ".join(filter(None, words))


def asks(name: str) -> str:
    """Return what a check asks, for people; empty: this version has none of that name."""
    said = about(name)
    return said.asks if said is not None else ""


def kernels_lacking(message: str) -> tuple[str, ...]:
    """Return the operations that a check's message says the device has no kernel for."""
    found = _LACKED.search(message)
    return tuple(found[1].split(", ")) if found else ()


_LACKED: Final = re.compile(r"(?:^|; )no kernel for ([^:;]+): it runs on the CPU")


def _limit(case: Event, own: Limit | None, *, tensor_float_32: bool) -> Limit:
    """Return the limit of one way of asking, as a bound: its own where it brings one, else the check's."""
    given = case.get("limit")
    limit = (
        Limit(**{"because": "", **given}) if isinstance(given, Mapping) else own or Limit("", terms=1000, products=True)
    )
    return limit._replace(bound=limit_of(limit, tensor_float_32=tensor_float_32))


def _worst(computed: Sequence[tuple[Event, Limit]]) -> tuple[float | None, float | None]:
    """Return error and limit of the way that came nearest to its limit, or went beyond it most."""
    if not computed:
        return None, None
    case, limit = max(computed, key=lambda item: _ratio(*item))
    return number(case.get("off")), limit.bound


def _ratio(case: Event, limit: Limit) -> float:
    error = number(case.get("off"))
    if error is None:
        return float("inf")
    return error / limit.bound if limit.bound else error * 1e30


def ways(cases: Sequence[Event]) -> str:
    """Name how it was asked: `float32 17 (eager, graph), int32 17 (graph)`."""
    by_what: dict[str, list[str]] = {}
    for case in cases:
        by_what.setdefault(text(case.get("what")) or "it", []).append(text(case.get("way")) or "")
    words = [f"{what} ({', '.join(filter(None, way))})" if any(way) else what for what, way in by_what.items()]
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def graph(name: str, layer: str, event: Event, cases: Sequence[Event], limit: float) -> Check:
    """Judge what a graph of a layer and an activation computes; `layer` is what Keras calls it."""
    status, message = _graph_verdict(layer, cases, limit)
    errors = [number(case.get("max_rel_error")) for case in cases if "error" not in case]
    return Check(
        name=name,
        status=status,
        seconds=number(event.get("seconds")),
        max_rel_error=None if None in errors else max((error or 0.0 for error in errors), default=None),
        tolerance=limit,
        message=message,
    )


def _graph_verdict(layer: str, cases: Sequence[Event], limit: float) -> tuple[CheckStatus, str]:
    computed = [case for case in cases if "error" not in case]
    infinite = [case for case in computed if case.get("finite") is not True]
    if infinite:
        return "wrong", f"{_asked(layer, infinite)}: values are NaN or infinite"
    off = [case for case in computed if not _within(case.get("max_rel_error"), limit)]
    if off:
        worst = max(number(case.get("max_rel_error")) or 0.0 for case in off)
        lost = all(_within(case.get("without_activation"), limit) for case in off)
        what = "the activation is not computed" if lost else "the result is wrong"
        return "wrong", f"{what} ({_asked(layer, off)}): error {digits(worst)} > {limit:.1e}"
    failed = next((case for case in cases if "error" in case), None)
    if failed is not None or not computed:
        return "failed", f"{_asked(layer, [failed or {}])}: {told((failed or {}).get('error') or {})}"
    return "ok", ""


def _asked(layer: str, cases: Sequence[Event]) -> str:
    """Name how it was asked: `Relu, Elu in a tf.function, Dense through predict`."""
    direct = [str(case.get("way")) for case in cases if case.get("way") != "predict"]
    words = [f"{', '.join(direct)} in a tf.function"] if direct else []
    return ", ".join([*words, *(f"{layer} through predict" for case in cases if case.get("way") == "predict")])


def _within(value: object, limit: float) -> bool:
    error = number(value)
    return error is not None and error <= limit


def digits(value: float | None) -> str:
    """Return an error with two digits."""
    return "nan" if value is None else f"{value:.1e}"
