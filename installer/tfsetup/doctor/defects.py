"""Known defects of what is installed: which hold, what cures them, and the words of the cure in every fix. Pure.

The matrix says what a defect is, which versions have it and what cures it (`matrix.hazards`). A package list that has
an affected version is a problem although nothing failed yet: the defect is silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.doctor.model import Cause, CurePart, Evidence, Fix, Knowledge, Rebuild
from tfsetup.doctor.prose import is_report, packages_listed, versions_said
from tfsetup.doctor.text import LogText
from tfsetup.doctor.weights import KNOWN_DEFECT, MOST, SAID_DEFECT
from tfsetup.ground.versions import is_version
from tfsetup.matrix.hazards import Hazard, environment_of, hazards_of

# The distribution that a lock brings to set the variables: where it is installed, every process sees them.
CURES: Final = "tfsetup-cures"
_PINNED: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[0-9][0-9A-Za-z.]*)")
# The matrix knows a bound that avoids a defect, not what a user gives up for it.
_BOUND_COSTS: Final = "it forgoes every later release, security fixes too, and does not help a graph written by hand"


@dataclass(frozen=True, kw_only=True, slots=True)
class Defect:
    """A known defect that what is installed has, with no cure in sight; `proof` says how that is known."""

    hazard: Hazard
    proof: str
    confidence: float = KNOWN_DEFECT


@dataclass(frozen=True, kw_only=True, slots=True)
class Defects:
    """`certain`: of packages that are listed, or that a report names. `facts`: the known ones, by id."""

    certain: tuple[Defect, ...] = ()
    facts: Mapping[str, bool] = field(default_factory=dict)


def defects_in(evidence: Evidence, log: LogText, known: Sequence[Hazard], *, macos: str | None) -> Defects:
    """Return the known defects of the packages of `evidence`, or of the list or versions its log speaks of."""
    listed = evidence.packages or packages_listed(log)
    said = versions_said(log, {hazard.distribution for hazard in known})
    spoken = {**{name: one.version for name, one in said.items()}, **listed}
    macos = macos if macos is not None and is_version(macos) else None
    here = hazards_of(known, listed, macos=macos)
    meant = hazards_of(known, spoken, macos=macos)
    asked = tuple(one for one in known if _asked(one, evidence, listed))
    certain = [Defect(hazard=one, proof=_measured(one, evidence), confidence=MOST) for one in asked]
    certain += [
        Defect(hazard=one, proof=_listed(one, listed))
        for one in here
        if one not in asked and not is_cured(one, evidence, log)
    ]
    certain += [
        Defect(hazard=one, proof=said[one.distribution].line, confidence=SAID_DEFECT)
        for one in meant
        if one not in (*asked, *here) and is_report(log) and not is_cured(one, evidence, log)
    ]
    decided = (one for one in known if evidence.whole or is_version(spoken.get(one.distribution, "")))
    facts = {one.id: one in meant and not _surely_cured(one, evidence) for one in decided}
    return Defects(certain=tuple(certain), facts=facts | {one.id: True for one in asked})


def is_cured(hazard: Hazard, evidence: Evidence, log: LogText) -> bool:
    """Return whether the environment has the cure, or the log shows that it was set.

    A defect that no variable cures is never cured this way.
    """
    variables = hazard.cure.environment.items()
    shown = bool(variables) and all(_is_set(name, value, log.stream) for name, value in variables)
    return shown or _surely_cured(hazard, evidence)


def _surely_cured(hazard: Hazard, evidence: Evidence) -> bool:
    variables = hazard.cure.environment.items()
    if not variables or evidence.environment is None:
        return bool(variables) and CURES in (evidence.packages or {})
    return all(evidence.environment.get(name) == value for name, value in variables)


def _is_set(name: str, value: str, stream: str) -> bool:
    """Return whether a log shows the variable set to `value`: in a shell, a Python program, or a Dockerfile."""
    assigned = rf"{re.escape(name)}['\"]?\]?,?\s{{0,3}}[=:]?\s{{0,3}}['\"]?{re.escape(value)}"
    return re.search(rf"(?<![A-Za-z0-9_]){assigned}(?![0-9A-Za-z])", stream) is not None


def _asked(hazard: Hazard, evidence: Evidence, listed: Mapping[str, str]) -> bool:
    """Return whether a device gave the wrong result that shows this defect, and has the distribution (if one knows)."""
    if not evidence.wrong_checks.intersection(hazard.asked_by):
        return False
    return bool(hazards_of([hazard], listed)) if listed else hazard.python is None


def _measured(hazard: Hazard, evidence: Evidence) -> str:
    wrong = ", ".join(sorted(evidence.wrong_checks.intersection(hazard.asked_by)))
    return f"The check {wrong} of this verification computes wrong results on the device."


def _listed(hazard: Hazard, packages: Mapping[str, str]) -> str:
    version = packages[hazard.distribution]
    return f"{hazard.distribution} {version} is installed, and nothing sets {settings(hazard)} for its processes."


def pinned(texts: Iterable[str]) -> dict[str, str]:
    """Return the distributions (normalised) and versions that requirements, or commands with them, pin with `==`."""
    return {canonicalize_name(one["name"]): one["version"] for text in texts for one in _PINNED.finditer(text)}


def settings(hazard: Hazard) -> str:
    """Return the variables of the cure as a shell writes them: `TURN_OFF_REMAPPER=1`."""
    return " ".join(f"{name}={value}" for name, value in hazard.cure.environment.items())


def sentence(hazard: Hazard) -> str:
    """Return what is wrong, in one sentence: what is affected, what it does, and what that means."""
    return f"{hazard.affects} {hazard.title}: {hazard.consequence}."


def taught(known: Knowledge, hazards: Sequence[Hazard]) -> Knowledge:
    """Return `known` with the cures of `hazards` in its fixes, and a cause for every hazard that it has none for.

    A fix that proposes a version with a known defect says so: whoever types it needs the cure as well.
    """
    by_id = {hazard.id: hazard for hazard in hazards}
    causes = [_with_cures(cause, by_id) for cause in known.causes]
    causes += [_cause_of(hazard) for hazard in hazards if hazard.id not in {cause.slug for cause in known.causes}]
    return replace(known, causes=tuple(causes), hazards=tuple(hazards))


def _with_cures(cause: Cause, by_id: Mapping[str, Hazard]) -> Cause:
    hazard = by_id.get(cause.slug)
    return replace(
        cause,
        meaning=f"{cause.meaning} {sentence(hazard)}" if hazard is not None else cause.meaning,
        fixes=tuple(one for fix in cause.fixes for one in _filled(fix, by_id)),
    )


def _filled(fix: Fix, by_id: Mapping[str, Hazard]) -> Sequence[Fix]:
    if fix.cure is None:
        return (replace(fix, do=_told(fix.do, tuple(by_id.values()))),)
    hazard = by_id.get(fix.cure[0])
    steps = _cures(hazard)[fix.cure[1]] if hazard is not None else ()
    remark = f"; {fix.do}" if fix.do else ""
    return [replace(fix, do=step.do + remark, platforms=step.platforms or fix.platforms) for step in steps]


def _told(do: str, hazards: Sequence[Hazard]) -> str:
    """Return the fix with what its pinned versions need; a command of tfsetup brings the cure along by itself."""
    needed = hazards_of(hazards, pinned([do]))
    if not needed:
        return do
    variables = " ".join(f"{name}={value}" for name, value in environment_of(needed).items())
    words = "; ".join(f"without it {hazard.distribution} {hazard.title}" for hazard in needed)
    return f"{do}{';' if ' # ' in do else '   #'} set {variables} for every process too: {words}"


def _cures(hazard: Hazard) -> Mapping[CurePart, tuple[Fix, ...]]:
    """Return the fixes of each part: variables are set in a shell, for programs no shell starts, and in a notebook."""
    cure, found = hazard.cure, hazard.cure.environment.items()
    why = f"{cure.because}; its price: {cure.costs}" if cure.costs else cure.because
    fish = "; ".join(f"set -gx {name} {value}" for name, value in found)
    dock = " && ".join(f"launchctl setenv {name} {value}" for name, value in found)
    cell = "; ".join(f'os.environ["{name}"] = "{value}"' for name, value in found)
    variables = (
        Fix(do=f"export {settings(hazard)}   # before Python starts (fish: {fish}): {why}"),
        Fix(do=f"{dock}   # for programs started from the Dock, such as an editor", platforms=("macos",)),
        Fix(do=f"import os; {cell}   # a notebook's first cell, before TensorFlow is imported; restart its kernel"),
    )
    program = (Fix(do=f"{cure.program}   # in the program, instead of the variable"),)
    bounds = tuple(
        Fix(do=f"python -m pip install '{bound}'   # instead: {_BOUND_COSTS}") for bound in cure.requirements
    )
    return {
        "variables": variables if found else (), "program": program if cure.program else (), "requirements": bounds,
    }  # fmt: skip


def _cause_of(hazard: Hazard) -> Cause:
    """Return a cause for a known defect that only the matrix knows, so that none goes unsaid."""
    install = Fix(do="   # sets it for every process", rebuild=Rebuild())
    parts = _cures(hazard)
    return Cause(
        slug=hazard.id,
        title=f"{hazard.distribution} {hazard.title}",
        meaning=sentence(hazard),
        kind="fatal",
        signals=(),
        fixes=(*parts["variables"], install, *parts["program"], *parts["requirements"]),
    )
