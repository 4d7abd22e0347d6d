"""What a distribution needs beside it to keep working, and its metadata does not ask for. Data of the matrix. Pure.

A distribution goes on loading when something it imports leaves another one: setuptools 82 came without `pkg_resources`,
and the programs of every tensorboard that imports it ended. Such bounds belong to whatever is locked, whoever asked for
it: the row, the team, or a package that brings it along.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from tfsetup.ground.kinds import Bound, Distribution, ExactVersion, Prose, Range, Slug, Source
from tfsetup.ground.platforms import Os
from tfsetup.ground.values import value
from tfsetup.ground.versions import in_range, is_version

_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?(?P<range>[^;)]*)")
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_CLAUSE = r"[<>=!~]+\s*(?P<version>[^\s,]+)"


@value
class Beside:
    """Bounds that hold wherever these versions of a distribution are locked.

    `add`: the bounds; what they name is added where nothing else brings it. `admits`: bounds on what something else
    may bring; nothing is added for their sake. `os`: on this system only. `because` is shown to people as it stands.
    """

    id: Slug
    distribution: Distribution
    versions: Range
    because: Prose
    source: Source
    add: tuple[Bound, ...] = ()
    admits: tuple[Bound, ...] = ()
    os: Os | None = None

    @property
    def affects(self) -> str:
        """What it is about, for people: `tensorboard <2.21`."""
        return f"{self.distribution} {self.versions}"


class Held(NamedTuple):
    """A rule that a set of packages calls for: which version of what called for it, and which of its bounds."""

    rule: Beside
    version: ExactVersion
    bounds: tuple[Bound, ...]

    @property
    def sentence(self) -> str:
        """Which bounds, beside what, and why, for people."""
        what = f"{self.rule.distribution} {self.version}"
        return f"{', '.join(self.bounds)} beside {what}: {self.rule.because}"


def on(rules: Sequence[Beside], os: Os) -> tuple[Beside, ...]:
    """Return the rules that hold on a system."""
    return tuple(rule for rule in rules if rule.os in {None, os})


def held(rules: Sequence[Beside], packages: Mapping[str, str]) -> tuple[Held, ...]:
    """Return the rules that packages (normalised name → version) call for, in the order of the matrix."""
    found = ((rule, packages.get(rule.distribution), _called_for(rule, packages)) for rule in rules)
    return tuple(
        Held(rule=rule, version=have, bounds=bounds)
        for rule, have, bounds in found
        if have and bounds and _within(rule.versions, have)
    )


def _called_for(rule: Beside, packages: Mapping[str, str]) -> tuple[str, ...]:
    """Return the bounds of a rule but for those on what nothing brings."""
    return (*rule.add, *(bound for bound in rule.admits if _parts(bound)[0] in packages))


def unmet(rules: Sequence[Beside], packages: Mapping[str, str]) -> tuple[Held, ...]:
    """Return the rules that packages call for and do not keep: what a bound names is missing, or outside of it."""
    return tuple(one for one in held(rules, packages) if not all(_met(bound, packages) for bound in one.bounds))


def broken(rules: Sequence[Beside], packages: Mapping[str, str], *, whole: bool) -> tuple[Held, ...]:
    """Return the rules that a list of packages does not keep, each with the bounds in question.

    Unless the list is `whole`, what is not in it is not missed.
    """
    called = ((one, tuple(bound for bound in one.bounds if not _met(bound, packages))) for one in held(rules, packages))
    seen = ((one, tuple(b for b in bounds if whole or _parts(b)[0] in packages)) for one, bounds in called)
    return tuple(one._replace(bounds=bounds) for one, bounds in seen if bounds)


def required(rules: Sequence[Beside], requirements: Iterable[str]) -> tuple[Beside, ...]:
    """Return the rules that requirements (PEP 508, without extras) are sure to call for before anything is resolved.

    A requirement calls for a rule where a version that it names itself is one of the rule's.
    """
    asked: dict[str, list[str]] = {}
    for name, spec in (_parts(text) for text in requirements if "extra ==" not in text):
        asked.setdefault(name, []).append(spec)
    return tuple(rule for rule in rules if any(_meets(rule, spec) for spec in asked.get(rule.distribution, ())))


def _meets(rule: Beside, spec: str) -> bool:
    named = (found["version"].removesuffix(".*") for found in re.finditer(_CLAUSE, spec))
    return any(_within(rule.versions, text) and _within(spec, text) for text in named)


def bounds_of(rules: Iterable[Beside]) -> tuple[str, ...]:
    """Return the bounds of rules that are to be added, each once."""
    return tuple(dict.fromkeys(bound for rule in rules for bound in rule.add))


def missing(rules: Sequence[Beside], packages: Mapping[str, str]) -> tuple[str, ...]:
    """Return the bounds that packages call for and do not keep, each once."""
    bounds = (bound for one in unmet(rules, packages) for bound in one.bounds)
    return tuple(dict.fromkeys(bounds))


def around(rules: Iterable[Beside]) -> tuple[str, ...]:
    """Return the bounds that keep clear of rules: other versions of what calls for them, where one clause says those.

    A rule for tensorflow-probability >=0.24 is kept clear of by `tensorflow-probability<0.24`.
    """
    clauses = ((rule.distribution, re.fullmatch(r"\s*(<=|>=|<|>)\s*([^\s,]+)\s*", rule.versions)) for rule in rules)
    return tuple(dict.fromkeys(f"{name}{_OPPOSITE[found[1]]}{found[2]}" for name, found in clauses if found))


def reasons_of(rules: Iterable[Beside]) -> dict[str, str]:
    """Return why each bound of rules holds, by the bound."""
    found = ((bound, rule) for rule in rules for bound in (*rule.add, *rule.admits))
    return {bound: f"beside {rule.affects}: {rule.because}" for bound, rule in found}


def _met(bound: str, packages: Mapping[str, str]) -> bool:
    name, spec = _parts(bound)
    have = packages.get(name)
    return have is not None and _within(spec, have)


def _within(spec: str, text: str) -> bool:
    return is_version(text) and in_range(spec, text)


@lru_cache(maxsize=4096)
def _parts(requirement: str) -> tuple[str, str]:
    """Return the normalised name and the range of a requirement, which is empty where there is none."""
    found = _REQUIREMENT.match(requirement)
    if found is None:
        return "", ""
    return re.sub(r"[-_.]+", "-", found["name"]).lower(), found["range"].strip()


def told_of(locks: Iterable[tuple[Sequence[Beside], Mapping[str, str]]]) -> Iterator[str]:
    """Yield a sentence for each rule that one of several locks (its rules, its packages) calls for, each once."""
    yield from dict.fromkeys(one.sentence for rules, packages in locks for one in held(rules, packages))
