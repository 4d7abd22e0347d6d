"""What a plugin leaves to the CPU, for people: plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfsetup.report.text import aligned
from tfsetup.workflows.ops import DroppedActivation, Gap, Operations


def ops_lines(found: Operations, *, width: int = 100) -> Iterator[str]:
    """Yield the answer, folded at `width` (columns)."""
    yield from aligned([(f"{found.plugin}:", _verdict(found))], indent=0, width=width)
    yield from aligned(_facts(found), indent=2, width=width)
    for words, part in (("", "predict"), (" in a step of training", "train")):
        here = [gap for gap in found.on_cpu if gap.in_ == part]
        floats, others = ([gap for gap in here if gap.floating is wanted] for wanted in (True, False))
        yield from _gaps(f"On the CPU{words}, with a wait for it and two copies", floats, width)
        yield from _gaps(f"On the CPU{words}, and no floating-point numbers are in them", others, width)
    yield from _dropped(found.dropped, width)
    yield from _gaps("Not decided", () if found.unjudged else found.undecided, width)
    for reason in found.because:
        yield from aligned([("because", reason)], indent=2, width=width)


def _verdict(found: Operations) -> str:
    """Return the answer in a sentence."""
    if found.unjudged:
        return "what it leaves to the CPU could not be decided"
    left = _count(found.on_cpu, "predict")
    open_ = _count(found.undecided, "predict")
    more = f"; {open_} could not be decided" if open_ else ""
    said = f"leaves {left} of {found.total} operations to the CPU" if left else "leaves nothing to the CPU"
    return f"{said} in a prediction{more}"


def _count(gaps: Sequence[Gap], part: str) -> int:
    return sum(gap.count for gap in gaps if gap.in_ == part)


def _facts(found: Operations) -> Iterator[tuple[str, str]]:
    system = f", macOS {found.macos}" if found.macos else ""
    yield "target", f"{found.row}: TensorFlow {found.tensorflow}{system}"
    saved = f" (saved by TensorFlow {found.saved_by})" if found.saved_by else ""
    yield "model", f"{found.model}{saved}"
    others = f" (not counted: {', '.join(found.other_signatures)})" if found.other_signatures else ""
    yield "signature", f"{found.signature or 'none: everything in it was counted'}{others}"
    yield "counted", f"{found.on_gpu} on the GPU, {found.in_host_memory} with shapes and indices beside it"
    left = f"{_count(found.on_cpu, 'train')} of {found.training} operations of a step stay on the CPU"
    yield "training", f"not known: {found.training_unknown}" if found.training is None else left


def _dropped(dropped: Sequence[DroppedActivation], width: int) -> Iterator[str]:
    """Yield the activations that are not computed, and what prevents it, once."""
    if not dropped:
        return
    yield ""
    yield "Wrong on the GPU where nothing prevents it: fused, and the activation dropped"
    for one in dropped:
        where = " in a step of training" if one.in_ == "train" else ""
        named, parts = f"{one.count} x {one.op}", f"of {', '.join(one.parts)}{where}: {one.parts[-1]} is dropped"
        yield from aligned([(named, parts)], indent=2, width=width)
    for cure in dict.fromkeys(one.cure for one in dropped if one.cure):
        yield from aligned([("cured:", f"{cure}. Environments made by tfsetup have it")], indent=6, width=width)


def _gaps(title: str, gaps: Sequence[Gap], width: int) -> Iterator[str]:
    if not gaps:
        return
    yield ""
    yield title
    for gap in gaps:
        named, types = f"{gap.count} x {gap.op}", f"({', '.join(gap.types)})" if gap.types else ""
        yield from (line.rstrip() for line in aligned([(named, types)], indent=2, width=width))
        if gap.remedy:
            yield from aligned([("instead:", gap.remedy)], indent=6, width=width)
