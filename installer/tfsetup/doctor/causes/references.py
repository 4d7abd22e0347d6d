"""Facts of the matrix and of the index snapshot that the causes refer to, so that they do not repeat them. Pure.

Any text of a cause may hold `{KIND.…}`; what stands there is worked out when the causes are compiled. Releases are the
stable ones that the snapshot knows.

* ``{row.ROW.newest}``: the newest release of the row for its platform, with a plugin that goes with it where the row
  has one; of that release ``minor``: its first two numbers, ``pythons``: those with a wheel (`3.9 to 3.12`), ``macos``:
  from which one on, ``pins``: release and plugin as a shell takes them, ``beyond``: the Python after those
* ``{row.ROW.python}``: the row's own Python; ``end``: the version before which the row ends; ``end-of-avx``: the one
  before which its wheels need AVX
* ``{first.DISTRIBUTION.PROPERTY}``: the first release that has the property, ``last``: the last one, ``until``: the
  minor of that, ``after``: the first release after it. The first of a minor is written without its patch, `2.16`
* a property is ``on.TAG`` (a wheel for this platform tag, which may have wildcards), ``python.X.Y`` (a wheel for this
  Python), ``before.VERSION``, ``requires.NAME``, and ``admits.NAME.VERSION`` or ``refuses.NAME.VERSION`` (of NAME,
  which it requires, this version would do or would not)
* ``{floor.RULE.NAME}``: the least version of NAME that a rule of `beside` asks for or admits; ``below``: the one that
  it must be older than
* ``{told.NAME}``: a sentence that is told elsewhere too, in the same words; ``alternatives``: where those are named
* ``{needs.DISTRIBUTION.X.Y.NAME}``: what the last release of a minor requires of NAME, `>=0.5.1,<1`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from tfsetup.ground.versions import in_range, is_prerelease, minor, version
from tfsetup.matrix.choose.pythons import order
from tfsetup.matrix.choose.reference import reference
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.facts import Index, Release
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.hazards import pins
from tfsetup.matrix.machine import right_system
from tfsetup.matrix.model import Ask

REFERENCE: Final = re.compile(r"\{([a-z]+\.[^{}|\s]*)\}")
_REQUIREMENT: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?P<range>[<>=!~][^;]*)?(?P<marker>;.*)?")

Found = Callable[[str], bool]
"""Whether a release has a property."""


class UnknownReferenceError(ValueError):
    """Nothing in the matrix or its snapshot is called that."""


def value_of(name: str, matrix: Matrix, told: Mapping[str, str] | None = None) -> str:
    """Return what stands for the reference `name`, which is written without its braces; `told` has sentences by name.

    Raises:
        UnknownReferenceError: it is none of the forms of the module's text, or there is no such thing.
    """
    kind, _, rest = name.partition(".")
    try:
        match kind:
            case "row":
                return _of_row(rest, matrix)
            case "floor":
                return _floor(rest, matrix)
            case "below":
                return _floor(rest, matrix, "<")
            case "told":
                return (told or {})[rest]
            case "needs":
                return _needs(rest, matrix.index)
            case _:
                return _one_of(kind, rest, matrix.index)
    except (LookupError, ValueError, StopIteration) as error:
        raise UnknownReferenceError(f"{{{name}}} refers to nothing in the matrix or its snapshot") from error


def _stable(index: Index, distribution: str) -> dict[str, Release]:
    """Return the stable releases, oldest first; of none a `KeyError`."""
    known = index.distributions[distribution]
    oldest_first = reversed(index.releases(distribution))
    return {one: known[one] for one in oldest_first if not is_prerelease(one) and not known[one].yanked}


def _one_of(which: str, rest: str, index: Index) -> str:
    distribution, name, argument = rest.split(".", 2)
    releases = _stable(index, distribution)
    has = _property(name, argument, releases, index)
    having, ordered = [one for one in releases if has(one)], list(releases)
    match which:
        case "first":
            return _short(having[0], ordered)
        case "last":
            return having[-1]
        case "until":
            return minor(having[-1])
        case "after":
            return _short(ordered[ordered.index(having[-1]) + 1], ordered)
    raise LookupError(which)


def _property(name: str, argument: str, releases: dict[str, Release], index: Index) -> Found:
    asked, _, of_it = argument.partition(".")
    match name:
        case "on":
            return lambda one: any(
                fnmatchcase(tag, argument) for each in releases[one].wheels for tag in each.platform.split(".")
            )
        case "python":
            return lambda one: any(argument in each.pythons for each in releases[one].wheels)
        case "before":
            return lambda one: version(one) < version(argument)
        case "requires":
            return lambda one: bool(_required(releases[one], argument, index))
        case "admits" | "refuses":
            return lambda one: (
                (name == "admits") in {in_range(each, of_it) for each in _required(releases[one], asked, index)}
            )
    raise LookupError(name)


def _required(release: Release, name: str, index: Index) -> list[str]:
    """Return the ranges of `name` that a release requires, those of its extras left out."""
    texts = dict.fromkeys(text for group in release.wheels for text in index.requires[group.requires])
    parsed = [found for text in texts if (found := _REQUIREMENT.fullmatch(text))]
    mine = [one for one in parsed if one["name"].replace("_", "-") == name and "extra ==" not in (one["marker"] or "")]
    return [one["range"] or ">=0" for one in mine]


def _needs(rest: str, index: Index) -> str:
    distribution, major, second, name = rest.split(".")
    releases = _stable(index, distribution)
    last = [one for one in releases if minor(one) == f"{major}.{second}"][-1]
    [found] = _required(releases[last], name, index)
    return ",".join(sorted((re.sub(r"(\.0)+\Z", "", one) for one in found.split(",")), reverse=True))


def _floor(rest: str, matrix: Matrix, operator: str = ">=") -> str:
    rule_id, _, name = rest.rpartition(".")
    rule = next(rule for rule in matrix.beside if rule.id == rule_id)
    [bound] = [bound for bound in (*rule.add, *rule.admits) if bound.partition(operator)[0] == name]
    return bound.partition(operator)[2]


def _of_row(rest: str, matrix: Matrix) -> str:
    name, _, what = rest.partition(".")
    row = next(row for row in matrix.rows if row.id == name)
    match what:
        case "python":
            return row.python
        case "end":
            return _end(row.versions)
        case "end-of-avx":
            return _end(next(rule.tensorflow or "" for rule in row.rules if rule.cpu == "avx"))
    return _of_newest(what, row, matrix)


def _of_newest(what: str, row: Row, matrix: Matrix) -> str:
    """Return a fact of what the row answers when nobody asks for a version."""
    _, answer = reference(row, Ask(), matrix)
    pinned = pins(answer.requirements)
    newest = pinned[row.distribution]
    match what:
        case "newest":
            return newest
        case "minor":
            return minor(newest)
        case "pins":
            return " ".join(f"'{one}'" for one in answer.requirements)
        case "pythons" | "beyond":
            both = set.intersection(*(_pythons(row, name, one, matrix.index) for name, one in pinned.items()))
            oldest, last = min(both, key=order), max(both, key=order)
            return f"{oldest} to {last}" if what == "pythons" else _after(last)
        case "macos" if row.plugin is not None:
            taken = pinned[row.plugin.distribution]
            pair = next(each for each in row.plugin.pairs if each.plugin == taken and in_range(each.tensorflow, newest))
            return (pair.macos or "").removeprefix(">=")
    raise LookupError(what)


def _pythons(row: Row, distribution: str, release: str, index: Index) -> set[str]:
    wheels = index.distributions[distribution][release].wheels
    mine = [each for each in wheels if right_system(each.platform, row.when.os, process_arch(row))]
    return {python for each in mine for python in each.pythons}


def _after(python: str) -> str:
    major, second = order(python)
    return f"{major}.{second + 1}"


def _end(wanted: str) -> str:
    return next(one[1:] for one in wanted.split(",") if one.startswith("<"))


def _short(release: str, ordered: list[str]) -> str:
    """Return the first release of a minor without its patch, any other as it is."""
    first = next(one for one in ordered if minor(one) == minor(release))
    return minor(release) if release == first else release
