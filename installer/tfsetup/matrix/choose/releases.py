"""One release for one row on one host: may it be installed, with which Python and which plugin, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from tfsetup.ground.platforms import OS_NAMES, Arch
from tfsetup.ground.values import value
from tfsetup.ground.versions import at_least, in_range
from tfsetup.host.model import Host, Python
from tfsetup.matrix.choose import pythons
from tfsetup.matrix.choose.gpus import concerns, unfit
from tfsetup.matrix.facts import Release, Wheels
from tfsetup.matrix.file.rows import Matrix, Pair, Row, RowRelease, Rule
from tfsetup.matrix.machine import fits, floor, floor_version, macos_in, macos_version, right_system
from tfsetup.matrix.model import Ask

_ANY = frozenset(f"3.{minor}" for minor in range(6, 30))


class Miss(NamedTuple):
    """A release that does not fit, and why. `whole_row`: no older release of the row may stand in for it."""

    version: str
    reason: str
    whole_row: bool = False


@value
class Candidate:
    """A release that fits, with its wheels. `avoid` has the reasons to take another one if any other fits.

    `sure` is false when the Python must be downloaded and nobody could tell whether that works.
    """

    row: Row
    version: str
    python: str
    interpreter: Python | None
    sure: bool
    pair: Pair | None
    wheels: Wheels
    rules: tuple[Rule, ...]
    avoid: tuple[Rule, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing speaks against it."""
        return self.sure and not self.avoid


class _NoError(Exception):
    """Carries a `Miss` out of a check."""

    def __init__(self, reason: str, *, whole_row: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.whole_row = whole_row


def process_arch(row: Row) -> Arch:
    """Return the architecture of the processes a row is about."""
    return row.when.interpreter or row.when.arch


def rules_for(row: Row, version: str, matrix: Matrix) -> tuple[Rule, ...]:
    """Return the rules of the row, then of the whole matrix, that speak of this release."""
    return tuple(
        rule for rule in (*row.rules, *matrix.rules) if rule.tensorflow is None or in_range(rule.tensorflow, version)
    )


def has_python(row: Row, versions: Sequence[str], python: str | None, matrix: Matrix) -> bool:
    """Tell whether any of these releases has a wheel for a Python (None: any), on whichever machine."""
    found = (matrix.index.release(row.distribution, version) for version in versions)
    wheels = ((release, group) for release in found if release is not None for group in release.wheels)
    return python is None or any(python in _admitted(group.pythons, one.requires_python) for one, group in wheels)


def _offer(row: Row, version: str, matrix: Matrix) -> RowRelease | None:
    """Return what a release offers; None: it is yanked. A matrix is asked for its own releases again and again."""
    known = matrix.offers.get((id(row), version))
    if known is None or known[0] is not row:
        known = matrix.offers[id(row), version] = (row, _offered(row, version, matrix))
    return known[1]


def _offered(row: Row, version: str, matrix: Matrix) -> RowRelease | None:
    release = matrix.index.release(row.distribution, version)
    if release is None or release.yanked:
        return None
    arch, os, rules = process_arch(row), row.when.os, rules_for(row, version, matrix)
    return RowRelease(
        release=release,
        wheels=tuple(group for group in release.wheels if right_system(group.platform, os, arch)),
        rules=rules,
        machine=tuple(rule for rule in rules if _of_machines(rule)),
        pythons=tuple((rule.python, rule.because) for rule in rules if rule.python is not None),
    )


def _of_machines(rule: Rule) -> bool:
    """Tell whether a rule may refuse a machine: what `_machine_rule` looks at."""
    wants = (rule.cpu, rule.macos, rule.driver, rule.capability, rule.capability_most)
    return rule.verdict in {"refuse", "asked"} or bool(rule.gfx) or wants != (None, None, None, None, None)


class Asking(NamedTuple):
    """A machine and an ask, with what is worked out of them but once: its Pythons for a row, and its floor of tags."""

    host: Host
    ask: Ask
    here: Sequence[Python]
    have: str | None


def asking_for(arch: Arch, host: Host, ask: Ask) -> Asking:
    """Return a machine and an ask as the releases of rows for processes of `arch` see them."""
    return Asking(host=host, ask=ask, here=pythons.usable(host, arch), have=floor_version(host))


def judge(row: Row, version: str, host: Host, ask: Ask, matrix: Matrix) -> Candidate | Miss:
    """Return the release as a candidate for this host, or why it is not one.

    Of the ask only the accelerator and the Python matter.
    """
    return judged(row, version, asking_for(process_arch(row), host, ask), matrix)


def judged(row: Row, version: str, asking: Asking, matrix: Matrix) -> Candidate | Miss:
    """Return what `judge` does."""
    try:
        return _judged(row, version, asking, matrix)
    except _NoError as no:
        return Miss(version=version, reason=no.reason, whole_row=no.whole_row)


def _judged(row: Row, version: str, asking: Asking, matrix: Matrix) -> Candidate:
    offer, host = _offer(row, version, matrix), asking.host
    if offer is None:
        raise _NoError("yanked from the index")
    groups = _wheels(row, offer, asking.have)
    for rule in offer.machine:
        _machine_rule(rule, host, asking.ask)
    allowed, lost = _pythons(row, offer.release, groups, asking.have, matrix)
    for wanted, because in offer.pythons:
        lost |= {minor: because for minor in allowed if not in_range(wanted, minor)}
    choice, pair = _with_plugin(row, version, allowed - lost.keys() if lost else allowed, asking, matrix, lost)
    wheels = next(group for group in groups if choice.minor in group.pythons or "any" in group.pythons)
    return Candidate(
        row=row,
        version=version,
        python=choice.minor,
        interpreter=choice.interpreter,
        sure=choice.sure,
        pair=pair,
        wheels=wheels,
        rules=tuple(rule for rule in offer.rules if _holds(rule, choice.minor, host)),
        avoid=tuple(
            rule for rule in offer.rules if rule.verdict in {"avoid", "asked"} and concerns(rule, host, every=True)
        ),
    )


def _holds(rule: Rule, python: str, host: Host) -> bool:
    """Whether what a rule adds and says holds for this Python and this machine's GPUs."""
    return (rule.on_python is None or in_range(rule.on_python, python)) and concerns(rule, host)


def _wheels(row: Row, offer: RowRelease, have: str | None) -> list[Wheels]:
    arch, os = process_arch(row), row.when.os
    if not offer.wheels:
        raise _NoError(f"no wheel for {OS_NAMES[os]} {arch}")
    groups = [group for group in offer.wheels if fits(group.platform, os, arch, have)]
    if not groups:
        lowest = min((floor(group.platform, os, arch) or "0" for group in offer.wheels), key=pythons.order)
        name = "macOS" if os == "macos" else "glibc"
        raise _NoError(f"its wheels need {name} {lowest} or newer; this is {have}")
    return groups


def _machine_rule(rule: Rule, host: Host, ask: Ask) -> None:
    if not concerns(rule, host, every=True):
        return
    if rule.verdict == "refuse" or (rule.verdict == "asked" and ask.accelerator == "auto"):
        raise _NoError(rule.because, whole_row=rule.verdict == "asked")
    features = host.cpu.features if host.cpu is not None else None
    if rule.cpu is not None and features is not None and rule.cpu not in features:
        raise _NoError(rule.because)
    if rule.macos is not None and (have := macos_version(host)) is not None and not macos_in(rule.macos, have):
        raise _NoError(f"{rule.because} (this is macOS {have})")
    if rule.driver is not None:
        _driver(rule, rule.driver, host, ask)
    if reason := unfit(rule, host):
        raise _NoError(reason)


def _driver(rule: Rule, wanted: str, host: Host, ask: Ask) -> None:
    whole_row = rule.newest and ask.accelerator == "auto"
    known = [gpu.driver for gpu in host.gpus or () if gpu.vendor == "nvidia" and gpu.driver]
    if not known:
        if ask.accelerator == "auto":
            raise _NoError("could not tell the NVIDIA driver's version", whole_row=True)
        return
    if not any(at_least(driver, wanted) for driver in known):
        raise _NoError(f"{rule.because} (the driver here is {known[0]})", whole_row=whole_row)


def _pythons(
    row: Row, release: Release, groups: Sequence[Wheels], have: str | None, matrix: Matrix
) -> tuple[AbstractSet[str], dict[str, str]]:
    """Return the Pythons with a wheel of this release and of what carries its code, and those lost to empty wheels."""
    found: set[str] = set()
    lost: dict[str, str] = {}
    if (
        len(groups) == 1
        and groups[0].carrier is None
        and (only := _admitted(groups[0].pythons, release.requires_python))
    ):
        return only, lost
    for group in groups:
        minors = _minors(group, release.requires_python)
        if group.carrier is not None:
            carried = _carried(row, group.carrier, have, matrix)
            reason = _dead(row, group.carrier, carried)
            lost |= dict.fromkeys(minors - carried, reason)
            minors &= carried
        found |= minors
    if not found:
        raise _NoError(next(iter(lost.values()), "no wheel for any Python"))
    return found, lost


def _carried(row: Row, carrier: tuple[str, str], have: str | None, matrix: Matrix) -> set[str]:
    name, version = carrier
    release = matrix.index.release(name, version)
    if release is None or release.yanked:
        return set()
    arch, os = process_arch(row), row.when.os
    return {
        minor
        for group in release.wheels
        if group.carrier is None and fits(group.platform, os, arch, have)
        for minor in _minors(group, release.requires_python)
    }


def _dead(row: Row, carrier: tuple[str, str], carried: set[str]) -> str:
    name, version = carrier
    itself = " itself" if name == row.distribution else ""
    rest = f"only has wheels for Python {pythons.span(carried)} here" if carried else "has no code for this machine"
    return f"an empty wheel that points to{itself} {name} {version}, which {rest}"


def _minors(group: Wheels, requires_python: str) -> set[str]:
    return set(_admitted(group.pythons, requires_python))


@lru_cache(maxsize=4096)
def _admitted(pythons: tuple[str, ...], requires_python: str) -> frozenset[str]:
    minors = _ANY if "any" in pythons else frozenset(pythons)
    if not requires_python:
        return minors
    return frozenset(minor for minor in minors if in_range(requires_python, f"{minor.rstrip('t')}.99"))


def coded_wheels(row: Row, version: str, python: str, host: Host, matrix: Matrix) -> tuple[str, Wheels | None]:
    """Return the wheels that have the code of a release for a host (an empty wheel's target), and a name for them."""
    name = row.distribution
    wheels = _one(row, name, version, python, host, matrix)
    if wheels is not None and wheels.carrier is not None:
        name, version = wheels.carrier
        wheels = _one(row, name, version, python, host, matrix)
    return f"{name} {version}", wheels


def _one(row: Row, name: str, version: str, python: str, host: Host, matrix: Matrix) -> Wheels | None:
    release = matrix.index.release(name, version)
    arch, os, have = process_arch(row), row.when.os, floor_version(host)
    groups = release.wheels if release is not None else ()
    mine = (g for g in groups if fits(g.platform, os, arch, have) and (python in g.pythons or "any" in g.pythons))
    return next(mine, None)


def _with_plugin(
    row: Row, version: str, allowed: AbstractSet[str], asking: Asking, matrix: Matrix, lost: dict[str, str]
) -> tuple[pythons.Choice, Pair | None]:
    """Return the Python, and the first plugin of the row's pairs that fits with it."""
    if row.plugin is None:
        return _choose(row, allowed, asking, lost), None
    reasons = []
    for pair, minors in _pairs(row, version, asking.have, matrix):
        both = allowed & minors
        words = f"{row.plugin.distribution} {pair.plugin} has no wheel for Python {{}}"
        try:
            return _choose(row, both, asking, lost | {minor: words.format(minor) for minor in allowed - both}), pair
        except _NoError as no:
            reasons.append(no.reason)
    raise _NoError("; ".join(dict.fromkeys(reasons)) or f"no {row.plugin.distribution} loads with it on this machine")


def _pairs(row: Row, version: str, have: str | None, matrix: Matrix) -> Iterator[tuple[Pair, set[str]]]:
    plugin = row.plugin
    if plugin is None:
        return
    arch, os = process_arch(row), row.when.os
    for pair in plugin.pairs:
        if not in_range(pair.tensorflow, version):
            continue
        if pair.macos is not None and have is not None and not macos_in(pair.macos, have):
            continue
        if plugin.distribution not in matrix.index.distributions:
            yield pair, set(_ANY)  # a team's own, from an index of theirs: their row is all there is to go by
            continue
        release = matrix.index.release(plugin.distribution, pair.plugin)
        if release is None or release.yanked:
            continue
        if plugin.build == "source":
            yield pair, {m for m in _ANY if in_range(release.requires_python or ">=3", f"{m}.99")}
        else:
            groups = [g for g in release.wheels if fits(g.platform, os, arch, have)]
            yield pair, {minor for g in groups for minor in _minors(g, release.requires_python)}


def _choose(row: Row, allowed: AbstractSet[str], asking: Asking, lost: dict[str, str]) -> pythons.Choice:
    """Return the Python; `lost` says why Pythons are not allowed that have a wheel all the same."""
    arch, host, asked, here = process_arch(row), asking.host, asking.ask.python, asking.here
    choice = pythons.choose(
        allowed, preferred=row.python, reuse=row.reuse, asked=asked, arch=arch, host=host, here=here
    )
    if isinstance(choice, str):
        wanted = [asked] if asked else [python.minor for python in here]
        raise _NoError(next((lost[minor] for minor in wanted if minor in lost), choice))
    return choice
