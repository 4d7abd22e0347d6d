"""`select(host, ask, matrix)`: which row fits, why, and why every other row does not. Pure.

Every row answers its conditions in order; then its releases are judged, newest first. Of the rows that have a release,
the best is the largest under one sort key (`_key`). What a row lost by is kept in its own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import Final

from tfsetup.errors import UsageError
from tfsetup.ground.pep440 import Key
from tfsetup.ground.values import value
from tfsetup.ground.versions import NotAVersionError, asked, check_specifier, in_range, is_prerelease, version
from tfsetup.host.model import Host
from tfsetup.matrix.choose import pythons
from tfsetup.matrix.choose.answer import selection
from tfsetup.matrix.choose.conda import conda_host, with_conda
from tfsetup.matrix.choose.conditions import RELEVANT, VENDORS, first_no, for_another_machine
from tfsetup.matrix.choose.gpus import with_models
from tfsetup.matrix.choose.once import Memo, Once, directly
from tfsetup.matrix.choose.releases import Candidate, Miss, asking_for, has_python, judged, process_arch
from tfsetup.matrix.file.rows import Matrix, Refusal, Row
from tfsetup.matrix.machine import hardware
from tfsetup.matrix.model import Accelerator, Ask, Rejected, Selection

_RANKS = {"first": 2, "asked": 2, "then": 1, "never": 0}
_SHOWN_MISSES = 3
_ACCELERATOR_OF = {("macos", "amd"): "metal", (None, "apple"): "metal", (None, "nvidia"): "cuda", (None, "amd"): "rocm"}


@value
class Outcome:
    """What became of one row: a candidate, or the reason there is none. `near`: it is for this machine and this ask."""

    row: Row
    candidate: Candidate | None = None
    misses: tuple[Miss, ...] = ()
    reason: str = ""
    near: bool = False

    @property
    def brief(self) -> str:
        """The reason in one clause: why the newest release does not fit."""
        if not self.misses:
            return self.reason
        alike = [miss for miss in self.misses if miss.reason == self.misses[0].reason]
        first, others = self.misses[0], len(self.misses) - len(alike)
        span = first.version if len(alike) == 1 else f"{first.version} to {alike[-1].version}"
        return f"{span}: {first.reason}" + (f" ({others} other releases: --explain)" if others else "")


def select(host: Host, ask: Ask, matrix: Matrix) -> Selection:
    """Return the row, versions and Python for this host and ask, or the reasons why nothing fits and what would.

    Raises:
        UsageError: the ask itself is not understood (a specifier or a Python that is none).
    """
    once = Memo()
    answer = decide(host, ask, matrix, once)
    if answer.installable:
        return answer
    from tfsetup.matrix.choose.suggest import suggestions

    return replace(answer, suggestions=suggestions(host, ask, matrix, partial(_fitting, once=once)))


def decide(host: Host, ask: Ask, matrix: Matrix, once: Once = directly) -> Selection:
    """Return the answer without suggestions. `once` remembers what it takes to find it, for one like it."""
    host, outcomes = _looked_at(host, ask, matrix, once)
    answer = _best(outcomes, host, ask, matrix)
    if answer is not None:
        return answer
    rejected = tuple(Rejected(row=o.row.id, reason=o.reason, here=o.near) for o in outcomes)
    return Selection(installable=False, reasons=_why_not(outcomes, host, ask, matrix), rejected=rejected)


_NOTHING: Final = Selection(installable=False)


def _fitting(host: Host, ask: Ask, matrix: Matrix, *, once: Once) -> Selection:
    """Return the answer; where nothing fits, without the reasons, for which nobody asks of what is only tried.

    So a row that is not for this machine and this ask, or has no wheel for the Python, needs no further look.
    """
    host = once(_seen, host, ask.backend == "conda", matrix, once)
    near = once(_near, host, once(_of_rows, ask.accelerator, ask.tensorflow is not None), matrix)
    return _best([_outcome(row, host, ask, matrix, once, tried=True) for row in near], host, ask, matrix) or _NOTHING


def _near(host: Host, ask: Ask, matrix: Matrix) -> list[Row]:
    """Return the rows that are for this machine and this ask."""
    return [row for row in matrix.rows if row.when.os == host.os and not first_no(row, host, ask)[1]]


def _looked_at(host: Host, ask: Ask, matrix: Matrix, once: Once) -> tuple[Host, list[Outcome]]:
    """Return the machine as the rows see it, and what becomes of each of them."""
    check_ask(ask)
    host = once(_seen, host, ask.backend == "conda", matrix, once)
    outcomes = []
    for row in matrix.rows:
        place, reason = first_no(row, host, ask)
        no = Outcome(row=row, reason=reason, near=place >= RELEVANT) if reason else None
        outcomes.append(no or _outcome(row, host, ask, matrix, once))
    return host, outcomes


def _seen(host: Host, conda: bool, matrix: Matrix, once: Once) -> Host:
    return with_models(conda_host(host) if conda else host, matrix.gpus, once)


def _best(outcomes: list[Outcome], host: Host, ask: Ask, matrix: Matrix) -> Selection | None:
    """Return the answer with the best of the rows that fit; None: none does."""
    fitting = [(outcome, outcome.candidate) for outcome in outcomes if outcome.candidate is not None]
    if not fitting:
        return None
    best, candidate = max(fitting, key=lambda pair: _key(pair[1], ask))  # the first in the file among equals
    rejected = tuple(
        Rejected(row=o.row.id, reason=o.reason or _second(o, best), here=o.near) for o in outcomes if o is not best
    )
    answer = selection(candidate, best.misses, host, ask, matrix, rejected)
    if ask.backend == "conda":
        answer = with_conda(answer, candidate, host, matrix.conda)
    idle = tuple(_idle(best.row, outcomes, host, ask, matrix))
    return replace(answer, warnings=(*answer.warnings, *idle)) if idle else answer


def _idle(chosen: Row, outcomes: list[Outcome], host: Host, ask: Ask, matrix: Matrix) -> Iterator[str]:
    """Say why a GPU of this machine stays unused when `auto` settles for the CPU."""
    if chosen.accelerator != "cpu" or ask.accelerator != "auto":
        return
    for gpu in host.gpus or ():
        name = gpu.name or f"{VENDORS[gpu.vendor]} GPU"
        mine = [o for o in outcomes if o.row.when.gpu == gpu.vendor and not for_another_machine(o.row, host)]
        near = [o for o in mine if o.near] or mine
        wanted = _ACCELERATOR_OF.get((host.os, gpu.vendor)) or _ACCELERATOR_OF.get((None, gpu.vendor))
        known = [r.because for r in matrix.refusals if r.accelerator == wanted and _refuses(r, host, r.accelerator)]
        if near:
            yield f"the {name} stays unused: {near[0].brief}"
        elif wanted is not None and known:
            yield f"the {name} stays unused: {known[0]}"


def rivals(host: Host, ask: Ask, matrix: Matrix) -> list[str]:
    """Return the rows that nothing but their order in the file tells apart from the winner, the winner first."""
    _, outcomes = _looked_at(host, ask, matrix, directly)
    keys = {o.row.id: _key(o.candidate, ask) for o in outcomes if o.candidate is not None}
    best = max(keys.values(), default=None)
    return [name for name, key in keys.items() if key == best]


def choice(candidate: Candidate, host: Host, ask: Ask, matrix: Matrix) -> Selection:
    """Return the answer a candidate would be, by itself: for tables."""
    return selection(candidate, (), host, ask, matrix, ())


def check_ask(ask: Ask) -> None:
    """Refuse an ask that is none.

    Raises:
        UsageError: its Python or its TensorFlow is not written as one.
    """
    pythons.check_asked(ask.python)
    if ask.tensorflow is not None:
        try:
            check_specifier(ask.tensorflow)
        except NotAVersionError as error:
            hint = "For instance --tensorflow 2.19.1, --tensorflow '2.19.*' or --tensorflow '>=2.18,<2.20'."
            message = f"--tensorflow {ask.tensorflow}: this is neither a version nor a PEP 440 specifier."
            raise UsageError(message, hint=hint) from error


def _outcome(row: Row, host: Host, ask: Ask, matrix: Matrix, once: Once, *, tried: bool = False) -> Outcome:
    versions, nothing = once(_versions, row, ask.tensorflow, ask.pre, matrix)
    if nothing or (tried and not once(has_python, row, versions, ask.python, matrix)):
        return Outcome(row=row, reason=nothing, near=True)
    return _judged(row, versions, host, once(_of_releases, ask.accelerator, ask.python), matrix, once)


# What of an ask matters to whom: these are the same for asks that differ in the rest.
def _of_rows(accelerator: Accelerator, named: bool) -> Ask:
    return Ask(accelerator=accelerator, tensorflow="named" if named else None)


def _of_releases(accelerator: Accelerator, python: str | None) -> Ask:
    return Ask(accelerator=accelerator, python=python)


def _versions(row: Row, wanted: str | None, pre: bool, matrix: Matrix) -> tuple[list[str], str]:
    """Return the releases of the row that an ask admits, newest first, or the reason there are none."""
    matching = _matching(matrix.index.releases(row.distribution), wanted, row.versions)
    if not matching:
        return [], f"no release of {row.distribution} in this row ({row.versions}) is {wanted}"
    stable = [v for v in matching if pre or not is_prerelease(v)]
    if not stable:
        return [], f"only pre-releases are {wanted or row.versions} ({', '.join(matching)}); they need --pre"
    return stable, ""


@lru_cache(maxsize=1024)
def _matching(releases: tuple[str, ...], wanted: str | None, of_row: str) -> tuple[str, ...]:
    return tuple(v for v in releases if (wanted is None or asked(wanted, v)) and in_range(of_row, v))


def _judged(row: Row, versions: list[str], host: Host, ask: Ask, matrix: Matrix, once: Once) -> Outcome:
    misses: list[Miss] = []
    second: Candidate | None = None
    asking = once(asking_for, process_arch(row), host, ask)
    for release in versions:
        found = once(judged, row, release, asking, matrix)
        if isinstance(found, Miss):
            misses.append(found)
            if found.whole_row:
                break
            continue
        if found.clean:
            return Outcome(row=row, candidate=found, misses=tuple(misses), near=True)
        # Where no release is sure, one that is better avoided still comes behind those that are not.
        second = found if second is None or (second.avoid and not found.avoid) else second
        reason = found.avoid[0].because if found.avoid else f"needs Python {found.python}, which is not here"
        misses.append(Miss(version=release, reason=reason))
    if second is not None:
        others = tuple(miss for miss in misses if miss.version != second.version)
        return Outcome(row=row, candidate=second, misses=others, near=True)
    return Outcome(row=row, misses=tuple(misses), reason=summary(misses), near=True)


def summary(misses: list[Miss]) -> str:
    """Return the reasons of releases newest first, neighbours with the same reason together."""
    groups: list[tuple[str, str, str]] = []
    for miss in misses:
        if groups and groups[-1][2] == miss.reason:
            groups[-1] = (groups[-1][0], miss.version, miss.reason)
        else:
            groups.append((miss.version, miss.version, miss.reason))
    shown = [f"{a if a == b else f'{a} to {b}'}: {reason}" for a, b, reason in groups[:_SHOWN_MISSES]]
    more = len(groups) - len(shown)
    return "; ".join(shown) + (f"; and {more} more reasons for older releases" if more else "")


def _key(candidate: Candidate, ask: Ask) -> tuple[int, bool, bool, int, Key]:
    """Return how good a fitting row is, best largest: what auto prefers, nothing against it, tier, newest."""
    row = candidate.row
    rank = _RANKS[row.auto] if ask.accelerator == "auto" else 0
    return rank, candidate.sure, not candidate.avoid, -row.tier, version(candidate.version)


def _second(outcome: Outcome, best: Outcome) -> str:
    mine, winner = outcome.candidate, best.candidate
    if mine is None or winner is None:
        return outcome.reason
    name = f"would give {mine.row.distribution} {mine.version}"
    if winner.row.accelerator != mine.row.accelerator:
        return f"{name}; {winner.row.id} comes first under --accelerator auto"
    if mine.avoid:
        return f"{name}, which is better avoided: {mine.avoid[0].because}"
    if mine.row.tier > winner.row.tier:
        return f"{name}; a last resort that is not needed here"
    return f"{name}; {winner.row.id} has {winner.version}"


def _why_not(outcomes: list[Outcome], host: Host, ask: Ask, matrix: Matrix) -> tuple[str, ...]:
    """Return why nothing fits: what is known to exist nowhere first, then what the near rows lost by."""
    said = [refusal.because for refusal in matrix.refusals if _refuses(refusal, host, ask.accelerator)]
    said += [f"{o.row.id}: {o.brief}" for o in outcomes if o.near]
    return tuple(dict.fromkeys(said)) or ("no row of the matrix is for this machine and this ask",)


def _refuses(refusal: Refusal, host: Host, accelerator: str | None) -> bool:
    return (
        refusal.os in {None, host.os}
        and (not refusal.arch or hardware(host) in refusal.arch)
        and (refusal.libc is None or (host.libc is not None and host.libc.name == refusal.libc))
        and refusal.accelerator in {None, accelerator}
        and (not refusal.rosetta or bool(host.rosetta))
    )
