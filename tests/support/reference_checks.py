"""The page of what `tfsetup verify` asks, of the files of `verify/checks`: its words, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import Final

from tfsetup.verify.checks import about, every, module_of
from tfsetup.verify.checks.frame import COSTS, SHARE, About, Limit
from tfsetup.verify.tolerance import limit_of

HEAD: Final = ("check", "what it asks", "why, and whose report", "limit, and why so far")

WHEN: Final = {
    "quick": "At every installation, and with `--quick`",
    "full": "By `tfsetup verify`",
    "thorough": "Only with `--thorough`",
}


def introduction() -> str:
    """Return what the checks have in common."""
    count = len(every())
    return "\n\n".join(
        fill(" ".join(text.split()), 120)
        for text in (
            "# What `tfsetup verify` asks",
            f"""{count} checks, a file each (`installer/tfsetup/verify/checks/`), asked of every device: of
            the CPU too, and of it whatever becomes of the others. The same operations are called one by one and in a
            `tf.function`, with soft placement off, and compared with float64 on the host. With soft placement off an
            operation without a kernel is an error that names it: such a check is `skipped`, and says so. Layers of
            Keras and optimizers are asked with soft placement, as they are used everywhere; what the CPU computed then
            is no answer of the device's.""",
            """One worker asks them in this order. One that hangs (after half a minute; more where the CPU is slow) or
            ends the process costs itself and an import: the next worker goes on behind it. After four of them a device
            is asked no more.""",
            """An error is relative to the largest element of the right answer, unless a unit stands beside it.
            `--thorough` asks the largest sizes too. Numbers are drawn from fixed seeds.""",
        )
    )


def tables() -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Yield a heading and the rows below it for each cost that has checks."""
    for cost in COSTS:
        rows = [_row(one) for one in every() if one.cost == cost]
        if rows:
            yield WHEN[cost], rows


def beside() -> str:
    """Return what is measured beside the checks."""
    one = about("break-even")
    assert one is not None
    return fill(
        f"Beside them, where there is another device than the CPU: {one.asks}. {one.why[0].upper()}{one.why[1:]} "
        f"({one.source}). From it follows a sentence such as: below about 64 units a layer a model of Dense layers is "
        "faster on the CPU.",
        120,
    )


def _row(one: About) -> tuple[str, ...]:
    doc = str(module_of(one.name).__doc__)
    asks = f"{doc.partition(chr(10))[0].rstrip('.')}: {one.asks}."
    why = f"{one.why[0].upper()}{one.why[1:]}. ({one.source})"
    return f"`{one.name}`", asks, why, f"{_limit(one.limit)}: {one.limit.because}"


def _limit(limit: Limit) -> str:
    if limit.terms:
        relaxed = limit_of(limit, tensor_float_32=True)
        own = f"{limit_of(limit):.1e}"
        return f"{own} ({relaxed:.1e} with TensorFloat-32)" if limit.products else own
    if limit.unit == SHARE:
        return "every element"
    return f"{limit.bound:g} {limit.unit}".rstrip()
