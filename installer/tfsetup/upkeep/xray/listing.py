"""What `matrix check --prove` says of kernels: every release registers its own again, beside the list that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from tfsetup.graphs.kernels import Kernels, Plugin, Tried
from tfsetup.upkeep.xray import answers
from tfsetup.upkeep.xray.files import keep_kernels, kept_kernels, read_plan
from tfsetup.upkeep.xray.machine import Answer
from tfsetup.upkeep.xray.plan import Plan
from tfsetup.upkeep.xray.registrations import registrations
from tfsetup.upkeep.xray.wheels import Libraries
from tfsetup.workflows.told import Told, silent


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedRelease:
    """The kernels of one release of a plugin."""

    version: str
    """Its version; with a Python behind it (`0.8.0 cp311`) where that wheel has other kernels than the rest."""
    operations: int
    """How many operations it has kernels for."""
    kernels: int
    """How many kernels it registers where MPSGraph has no GRU."""
    kernels_with_gru: int
    """How many where it has one."""
    undecided: str
    """Why nothing is known; empty where it is."""
    dropped: tuple[str, ...] = ()
    """The operations that drop an activation which is fused into them, with the activations."""
    fused_undecided: str = ""
    """Why it is not known what fused kernels build; empty where it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelsListed:
    """The kernels that a plugin registers, beside the list that is kept."""

    verdict: Literal["not asked", "new", "as kept", "differs"]
    """`new`: nothing was kept yet."""
    versions: tuple[ListedRelease, ...] = ()
    """A line a release."""
    differences: tuple[str, ...] | UnsetType = UNSET
    """Each difference from what is kept; only where it was asked."""
    written: bool | UnsetType = UNSET
    """Whether the list was written, which it is where nothing was kept; only where it was asked."""


def list_kernels(
    folder: Path,
    fetch: Callable[[Plan], Libraries] | None,
    told: Told = silent,
    *,
    kept_in: Path | None = None,
    table: Mapping[str, Answer] = answers.ANSWERS,
) -> KernelsListed:
    """List the kernels of every release of the plan; the list is kept in `folder` where none is, there or in `kept_in`.

    `fetch` reads the libraries; None: nothing may be read. `table` has the answers to the imports.

    Raises:
        UsageError: the emulator is not installed.
        NetworkError: the libraries cannot be read.
        InvalidFileError: what is kept is damaged.
        TfsetupError: what came out cannot be written.
    """
    if fetch is None:
        return KernelsListed(verdict="not asked")
    plan = read_plan()
    kept = kept_kernels(folder, kept_in)
    found = registrations(fetch(msgspec.structs.replace(plan, versions=plan.kernels)), plan, told, table)
    line = compared(kept, found)
    return replace(line, written=kept is None and keep_kernels(folder, found))


def compared(kept: Plugin | None, found: Plugin) -> KernelsListed:
    """Return the verdict over a list. Pure."""
    differences = tuple(_differences(kept, found)) if kept else ()
    return KernelsListed(
        verdict="differs" if differences else "as kept" if kept else "new",
        versions=tuple(_release(version, tried) for version, tried in found.versions.items()),
        differences=differences,
    )


def _release(version: str, tried: Tried) -> ListedRelease:
    plain, gru = tried.plain or Kernels(registrations=0), tried.gru or Kernels(registrations=0)
    return ListedRelease(
        version=version, operations=len(gru.ops), kernels=plain.registrations, kernels_with_gru=gru.registrations,
        undecided=tried.undecided, fused_undecided=tried.fused_undecided,
        dropped=tuple(f"{op} drops {', '.join(names)}" for op, names in tried.dropped().items()),
    )  # fmt: skip


def _differences(kept: Plugin, found: Plugin) -> Iterator[str]:
    for version in dict.fromkeys((*kept.versions, *found.versions)):
        one, other = kept.versions.get(version), found.versions.get(version)
        if one is None or other is None:
            yield f"{version}: {'not among what is kept' if one is None else 'kept, and not there now'}"
        elif one != other:
            yield f"{version}: {_what_differs(one, other)}"


def _what_differs(kept: Tried, found: Tried) -> str:
    if kept.undecided != found.undecided:
        return f"kept is {kept.undecided or 'a list'}, now it is {found.undecided or 'a list'}"
    for name, one, other in (("plain", kept.plain, found.plain), ("gru", kept.gru, found.gru)):
        if one is not None and other is not None and one != other:
            ops = sorted(op for op in {*one.ops, *other.ops} if one.ops.get(op) != other.ops.get(op))
            return f"other kernels ({name}): {', '.join(ops) or 'another number of them'}"
    if kept.libraries != found.libraries:
        return "its libraries are other files"
    if kept.before_macos_12 != found.before_macos_12:
        return "other numbers before macOS 12"
    return "; ".join(_beside(kept, found))


def _beside(kept: Tried, found: Tried) -> Iterator[str]:
    """Yield what fused kernels build otherwise, and which variables are read otherwise."""
    if kept.fused_undecided != found.fused_undecided:
        before, now = (one.fused_undecided or "known" for one in (kept, found))
        yield f"what fused kernels build: kept is {before}, now it is {now}"
        return
    for op in dict.fromkeys((*kept.fused, *found.fused)):
        one, other = kept.fused.get(op, {}), found.fused.get(op, {})
        for name in dict.fromkeys((*one, *other)):
            if one.get(name) != other.get(name):
                yield f"{op}[{name}]: kept is {one.get(name, 'nothing')}, now it is {other.get(name, 'nothing')}"
    for op in dict.fromkeys((*kept.fuses, *found.fuses)):
        if kept.fuses.get(op) != found.fuses.get(op):
            before, now = ("; ".join(one.fuses.get(op, ())) or "nothing" for one in (kept, found))
            yield f"the optimizer puts into {op}: kept is {before}, now it is {now}"
    for name in sorted({*kept.variables, *found.variables}):
        before, now = (one.variables.get(name, "not read") for one in (kept, found))
        if before != now:
            yield f"the variable {name}: kept is {before}, now it is {now}"
