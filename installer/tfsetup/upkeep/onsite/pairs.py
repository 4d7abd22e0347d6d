"""Which sets of packages a machine's own loader is asked about, from the matrix and the index. Pure.

For each release of a plugin: the newest TensorFlow that it was made for, and the first later one that it does not load
with. Which one that is nobody wrote down: the later ones are tried in turn until preflight says no. Without a plugin:
the newest release of each row of the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from tfsetup.ground.versions import in_range, is_prerelease, minor, version
from tfsetup.host.model import Host
from tfsetup.matrix.choose.pythons import order
from tfsetup.matrix.choose.releases import Miss, coded_wheels, judge, process_arch, rules_for
from tfsetup.matrix.file.rows import Matrix, Pair, Row
from tfsetup.matrix.machine import fits, floor_version, hardware
from tfsetup.matrix.model import Ask


class Wanted(NamedTuple):
    """One environment to be built: what is required, and on which Python `X.Y`."""

    requirements: tuple[str, ...]
    python: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One question to a loader. `expects`: what is known; of `candidates` the first is asked of which that holds.

    `about` is the plugin's pin, or that of TensorFlow where there is none.
    """

    row: str
    about: str
    expects: Literal["loads", "fails"]
    candidates: tuple[Wanted, ...]


def trials(host: Host, matrix: Matrix) -> tuple[Trial, ...]:
    """Return every question to this machine's loader, in the order of the matrix."""
    machine = replace(host, python_downloads=True, rosetta=False)
    rows = [row for row in matrix.rows if _here(row, machine)]
    return (*_plugins(rows, machine, matrix), *_alone(rows, machine, matrix))


def _here(row: Row, host: Host) -> bool:
    """Whether a row is for this system; the GPU that it is for need not be there: nothing computes on it."""
    native = row.when.interpreter in {None, row.when.arch} and not row.when.rosetta
    return native and (row.when.os, row.when.arch) == (host.os, hardware(host))


def _alone(rows: list[Row], host: Host, matrix: Matrix) -> Iterator[Trial]:
    """Yield the newest release of each row that wants no GPU and no plugin."""
    for row in rows:
        if row.when.gpu is not None or row.plugin is not None or row.when.by_version:
            continue
        found = next((one for one in _candidates(row, host, matrix)), None)
        if found is not None:
            yield Trial(row=row.id, about=found.requirements[0], expects="loads", candidates=(found,))


def _candidates(row: Row, host: Host, matrix: Matrix) -> Iterator[Wanted]:
    for release in _releases(row, matrix):
        fit = judge(row, release, host, Ask(), matrix)
        if not isinstance(fit, Miss):
            yield Wanted((f"{row.distribution}=={release}", *_added(row, release, fit.python, matrix)), fit.python)


def _releases(row: Row, matrix: Matrix) -> list[str]:
    """Return a row's final releases, newest first."""
    known = matrix.index.releases(row.distribution)
    return [one for one in known if in_range(row.versions, one) and not is_prerelease(one)]


def _added(row: Row, release: str, python: str, matrix: Matrix) -> tuple[str, ...]:
    rules = (rule for rule in rules_for(row, release, matrix) if not rule.on_python or in_range(rule.on_python, python))
    return tuple(dict.fromkeys(bound for rule in rules for bound in rule.add))


def _plugins(rows: list[Row], host: Host, matrix: Matrix) -> Iterator[Trial]:
    """Yield for each release of each prebuilt plugin its own TensorFlow, and those that came later."""
    plugins = {row.id: row.plugin for row in rows if row.plugin is not None and row.plugin.build == "wheel"}
    for name in dict.fromkeys(plugin.distribution for plugin in plugins.values()):
        mine = [row for row in rows if row.id in plugins and plugins[row.id].distribution == name]
        paired = [(row, pair) for row in mine for pair in plugins[row.id].pairs]
        others = [row for row in rows if row not in mine and row.plugin is None]
        for release in matrix.index.releases(name):
            made_for = _made_for(release, paired)
            if made_for is not None:
                plugin = _Plugin(name, release, *made_for, _pythons_of(made_for[0], name, release, host, matrix))
                yield from _of_release(plugin, [*mine, *others], host, matrix)


class _Plugin(NamedTuple):
    name: str
    release: str
    row: Row
    pair: Pair
    pythons: set[str]

    @property
    def pin(self) -> str:
        return f"{self.name}=={self.release}"


def _of_release(plugin: _Plugin, rows: list[Row], host: Host, matrix: Matrix) -> Iterator[Trial]:
    """Yield the trials of one release of a plugin: none where nothing that it was made for is here."""
    fitting = (one for one in _releases(plugin.row, matrix) if in_range(plugin.pair.tensorflow, one))
    made = (_with(plugin, plugin.row, one, plugin.row.python, host, matrix) for one in fitting)
    own = next((one for one in made if one is not None), None)
    if own is None:
        return
    yield Trial(row=plugin.row.id, about=plugin.pin, expects="loads", candidates=(own,))
    after = _later(own.requirements[0].partition("==")[2], rows, matrix)
    later = (_with(plugin, row, one, own.python, host, matrix) for row, one in after)
    if candidates := tuple(one for one in later if one is not None):
        yield Trial(row=plugin.row.id, about=plugin.pin, expects="fails", candidates=candidates)


def _pythons_of(row: Row, name: str, release: str, host: Host, matrix: Matrix) -> set[str]:
    """Return the Pythons for which a plugin's release has a wheel for this machine."""
    found = matrix.index.release(name, release)
    wheels = found.wheels if found is not None and not found.yanked else ()
    arch, have = process_arch(row), floor_version(host)
    return {one for each in wheels if fits(each.platform, row.when.os, arch, have) for one in each.pythons}


def _made_for(release: str, paired: list[tuple[Row, Pair]]) -> tuple[Row, Pair] | None:
    """Return the first row and pair of a plugin's release, else of one of the same series (1.0.1: that of 1.0.0)."""
    exact = (one for one in paired if one[1].plugin == release)
    akin = (one for one in paired if minor(one[1].plugin) == minor(release))
    return next(exact, None) or next(akin, None)


def _later(newest: str, rows: list[Row], matrix: Matrix) -> Iterator[tuple[Row, str]]:
    """Yield the first release of each later minor version, oldest first, with the first row that has it."""
    found: dict[str, tuple[Row, str]] = {}
    for row in rows:
        ours = {minor(one): one for one in _releases(row, matrix)}  # newest first, so that the oldest of a series stays
        found = {series: (row, one) for series, one in ours.items()} | found
    after = (each for each in found.values() if version(each[1]) > version(newest) and minor(each[1]) != minor(newest))
    yield from sorted(after, key=lambda each: version(each[1]))


def _with(plugin: _Plugin, row: Row, release: str, python: str, host: Host, matrix: Matrix) -> Wanted | None:
    """Return a release with a plugin: on the Python named, or else the newest that both have a wheel for."""
    both = [one for one in plugin.pythons if coded_wheels(row, release, one, host, matrix)[1] is not None]
    if not both:
        return None
    chosen = python if python in both else max(both, key=order)
    return Wanted((f"{row.distribution}=={release}", plugin.pin, *_added(row, release, chosen, matrix)), chosen)
