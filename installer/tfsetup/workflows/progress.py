"""What the courses that resolve and prove locks say meanwhile. Pure."""

from __future__ import annotations

from tfsetup.ground.units import seconds
from tfsetup.locks.proof import Verdict

VERDICTS = {"loads": "loads", "fails": "does not load", "undecided": "not proven"}
OFF_THE_INDEX = "what a loader would look at is read off the index"


def progress(name: str, packages: int, duration: float) -> str:
    """Return the line for one target that is resolved, or not (no packages), after `duration` seconds."""
    what = f"{packages} packages" if packages else "no solution"
    return f"{'Resolved' if packages else 'Failed':<9} {name:<28} {what:<14} {seconds(duration)}"


def proving(missing: int, total: int, how: str = OFF_THE_INDEX) -> str:
    """Return the line before locks are proven: how many, how, and what of the others."""
    known = f"; the same files as in the other {total - missing} were judged before" if total > missing else ""
    return f"Proving   {missing} of {total}: {how}{known}"


def proven(name: str, verdict: Verdict, images: int) -> str:
    """Return the line for one lock that has been judged."""
    done = "Undecided" if verdict == "undecided" else "Proven"
    return f"{done:<9} {name:<28} {VERDICTS[verdict]:<14} {images} libraries"


def gave_way(name: str, taken: str, instead_of: str) -> str:
    """Return the line for a target whose row gives way to the name that something else requires."""
    return f"Note      {name}: {taken} in place of {instead_of}, because something else requires {taken}"
