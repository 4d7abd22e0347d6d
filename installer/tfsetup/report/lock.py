"""What was locked, or what is stale, for people. Values to lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfsetup.report.hazards import sentences
from tfsetup.report.text import seconds, size

Data = Mapping[str, Any]
_VERDICTS = {"loads": "loads", "fails": "does not load", "undecided": "not proven"}
_SHOWN = 12


def progress(name: str, versions: Sequence[str], duration: float) -> str:
    """Return the line for one target that uv is done with."""
    what = f"{len(versions)} packages" if versions else "no solution"
    return f"{'Resolved' if versions else 'Failed':<9} {name:<28} {what:<14} {seconds(duration)}"


def proving(missing: int, total: int) -> str:
    """Return the line before locks are proven: how many, how, and what of the others."""
    known = f"; the same files as in the other {total - missing} were judged before" if total > missing else ""
    return f"Proving   {missing} of {total}: what a loader would look at is read off the index{known}"


def proven(name: str, verdict: str, images: int) -> str:
    """Return the line for one lock that has been judged."""
    done = "Undecided" if verdict == "undecided" else "Proven"
    return f"{done:<9} {name:<28} {_VERDICTS[verdict]:<14} {images} libraries"


def lock_lines(data: Data) -> Iterator[str]:
    """Yield the outcome of `tfsetup lock`, one paragraph a file."""
    checked = bool(data.get("checked"))
    for file in data["files"]:
        yield from _checked(file) if checked else _written(file)
    if checked:
        stale = sum(not file["fresh"] for file in data["files"])
        total = len(data["files"])
        yield f"{stale} of {total} not fresh: `tfsetup lock` writes them anew." if stale else f"{total} fresh."


def _written(file: Data) -> Iterator[str]:
    state = "written" if file["changed"] else "as it was"
    yield f"{_name(file)}  {state}: {_content(file)}; {_verdict(file)}"
    yield from _defects(file)
    moved = file["versions"] or []
    yield from (f"    {line}" for line in moved[:_SHOWN])
    if len(moved) > _SHOWN:
        yield f"    and {len(moved) - _SHOWN} more"


def _defects(file: Data) -> Iterator[str]:
    """Yield a line for each known defect of what is locked, and whether the lock itself carries the cure."""
    yield from (f"    {said}" for said in sentences(file.get("hazards", ()), file.get("requirements", ())))
    if file.get("environment") and not file.get("cure"):
        lines = "; ".join(f"export {name}={value}" for name, value in sorted(file["environment"].items()))
        yield f"    `tfsetup install` sets it; where pip, uv or conda install this lock, add the line: {lines}"


def _name(file: Data) -> str:
    """Return the file, and the platform where one file holds several."""
    return f"{file['path']} ({file['platform']})" if "platform" in file else str(file["path"])


def _content(file: Data) -> str:
    what = ", ".join(file["requirements"])
    return f"{what} on Python {file['python']}, {file['packages']} packages, {size(file['download_bytes'])}"


def _verdict(file: Data) -> str:
    word = _VERDICTS[file["verdict"]]
    reasons = file["reasons"]
    return word if file["verdict"] == "loads" or not reasons else f"{word}: {reasons[0]}"


def _checked(file: Data) -> Iterator[str]:
    if file["fresh"]:
        yield f"{_name(file)}  fresh, {_verdict(file)}"
        yield from _defects(file)
        return
    yield f"{_name(file)}  stale" if file["packages"] else f"{_name(file)}  missing"
    yield from (f"    {line}" for line in file["changes"])
