"""What was locked, or what is stale, for people. Values to lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfsetup.ground.units import size
from tfsetup.locks import cooldown
from tfsetup.report.hazards import sentences
from tfsetup.workflows.progress import VERDICTS

if TYPE_CHECKING:
    from tfsetup.verify.model import Finding
    from tfsetup.workflows.locked import Locked, LockEntry

_SHOWN = 12


def lock_lines(found: Locked) -> Iterator[str]:
    """Yield the outcome of `tfsetup lock`, one paragraph a file, conflicts first."""
    yield from _conflicts(found)
    for one in found.files:
        yield from _checked(one) if found.checked else _written(one)
    if found.sbom:
        yield f"{found.sbom}  the inventory, in CycloneDX's form"
    if found.digests:
        yield f"{found.digests.folder}  digests of the wheels: {found.digests.files} files, {size(found.digests.bytes)}"
    if found.checked:
        total = len(found.files)
        again = f"{found.stale} of {total} not fresh: `tfsetup lock` writes them anew."
        yield again if found.stale else f"{total} fresh."


def _conflicts(found: Locked) -> Iterator[str]:
    for number, one in enumerate(found.conflicts):
        if number == 0:
            said = "Written all the same, though" if found.files else "Not written, because"
            yield f"{said} a path would have two contents, and which of them stays is chance:"
        yield f"  {one.lock}: {one.words}"
        yield from (f"    also {name}" for name in one.names[1:])
        if one.change:
            yield f"    What costs least: {one.change}"
    if found.conflicts and not found.files:
        yield "  Write it all the same with --force."


def findings_of(found: Locked) -> tuple[Finding, ...]:
    """Return what a person should know of the programs of all locks, where they were tried."""
    from tfsetup.verify.programs import findings

    return tuple(finding for one in found.files for finding in findings(one.programs or None))


def _programs(one: LockEntry) -> Iterator[str]:
    """Yield what the programs of a lock came to, and a line for each that was not seen to work."""
    tried = one.programs
    if not tried:
        return
    from tfsetup.verify.programs import sentence

    how = f"{tried.read} sources read" if tried.read is not None else f"{tried.modules} packages imported"
    yield f"    {tried.because or f'{tried.programs} programs, {how}'}"
    yield from (f"    {sentence(trial)}: {trial.message}" for trial in tried.trouble)


def _written(one: LockEntry) -> Iterator[str]:
    state = "written" if one.changed else "as it was"
    yield f"{_name(one)}  {state}: {_content(one)}; {_verdict(one)}"
    yield from ([f"    {cooldown.sentence(one.exclude_newer)}"] if one.exclude_newer else [])
    yield from _defects(one)
    yield from _programs(one)
    moved = one.versions or ()
    yield from (f"    {line}" for line in moved[:_SHOWN])
    if len(moved) > _SHOWN:
        yield f"    and {len(moved) - _SHOWN} more"


def _defects(one: LockEntry) -> Iterator[str]:
    """Yield a line for each known defect of what is locked, and whether the lock itself carries the cure."""
    yield from (f"    {said}" for said in sentences(one.hazards or (), one.requirements or ()))
    if one.environment and not one.cure:
        lines = "; ".join(f"export {name}={value}" for name, value in sorted(one.environment.items()))
        yield f"    `tfsetup install` sets it; where pip, uv or conda install this lock, add the line: {lines}"


def _name(one: LockEntry) -> str:
    """Return the file, and the platform where one file holds several."""
    return f"{one.path} ({one.platform})" if one.platform else str(one.path)


def _content(one: LockEntry) -> str:
    what = ", ".join(one.requirements or ())
    return f"{what} on Python {one.python}, {one.packages} packages, {size(one.download_bytes or 0)}"


def _verdict(one: LockEntry) -> str:
    word = VERDICTS[one.verdict]
    return word if one.verdict == "loads" or not one.reasons else f"{word}: {one.reasons[0]}"


def _checked(one: LockEntry) -> Iterator[str]:
    if one.fresh:
        yield f"{_name(one)}  fresh, {_verdict(one)}"
        yield from ([f"    {cooldown.sentence(one.exclude_newer)}"] if one.exclude_newer else [])
        yield from _defects(one)
        yield from _programs(one)
        return
    yield f"{_name(one)}  stale" if one.packages else f"{_name(one)}  missing"
    yield from (f"    {line}" for line in one.changes or ())
