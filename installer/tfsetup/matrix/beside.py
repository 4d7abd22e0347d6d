"""What a distribution needs beside it to keep working, and its metadata does not ask for. Data of the matrix. Pure.

A distribution goes on loading when something it imports leaves another one: setuptools 82 came without `pkg_resources`,
and the programs of every tensorboard that imports it ended. Such bounds belong to whatever is locked, whoever asked for
it: the row, the team, or a package that brings it along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tfsetup.ground.kinds import Bound, Distribution, ExactVersion, Prose, Range, Slug, Source
from tfsetup.ground.versions import in_range, is_version

_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?(?P<range>[^;)]*)")
_CLAUSE = re.compile(r"[<>=!~]+\s*(?P<version>[^\s,]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """Bounds that hold wherever these versions of a distribution are locked.

    `add`: the bounds; what they name is added where nothing else brings it. `because` is shown to people as it stands.
    """

    id: Slug
    distribution: Distribution
    versions: Range
    add: tuple[Bound, ...]
    because: Prose
    source: Source

    @property
    def affects(self) -> str:
        """What it is about, for people: `tensorboard <2.21`."""
        return f"{self.distribution} {self.versions}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A rule that a set of packages calls for: which version of what called for it."""

    rule: Beside
    version: ExactVersion

    @property
    def sentence(self) -> str:
        """Which bounds, beside what, and why, for people."""
        what = f"{self.rule.distribution} {self.version}"
        return f"{', '.join(self.rule.add)} beside {what}: {self.rule.because}"


def held(rules: Sequence[Beside], packages: Mapping[str, str]) -> tuple[Held, ...]:
    """Return the rules that packages (normalised name → version) call for, in the order of the matrix."""
    found = ((rule, packages.get(rule.distribution)) for rule in rules)
    return tuple(Held(rule=rule, version=have) for rule, have in found if have and _within(rule.versions, have))


def unmet(rules: Sequence[Beside], packages: Mapping[str, str]) -> tuple[Held, ...]:
    """Return the rules that packages call for and do not keep: what a bound names is missing, or outside of it."""
    return tuple(one for one in held(rules, packages) if not all(_met(bound, packages) for bound in one.rule.add))


def required(rules: Sequence[Beside], requirements: Iterable[str]) -> tuple[Beside, ...]:
    """Return the rules that requirements (PEP 508, without extras) are sure to call for before anything is resolved.

    A requirement calls for a rule where a version that it names itself is one of the rule's.
    """
    asked = [_parts(text) for text in requirements if "extra ==" not in text]
    return tuple(rule for rule in rules if any(_meets(rule, name, spec) for name, spec in asked))


def _meets(rule: Beside, name: str, spec: str) -> bool:
    if name != rule.distribution:
        return False
    named = (found["version"].removesuffix(".*") for found in _CLAUSE.finditer(spec))
    return any(_within(rule.versions, text) and _within(spec, text) for text in named)


def bounds_of(rules: Iterable[Beside]) -> tuple[str, ...]:
    """Return the bounds of rules, each once."""
    return tuple(dict.fromkeys(bound for rule in rules for bound in rule.add))


def _met(bound: str, packages: Mapping[str, str]) -> bool:
    name, spec = _parts(bound)
    have = packages.get(name)
    return have is not None and _within(spec, have)


def _within(spec: str, text: str) -> bool:
    return is_version(text) and in_range(spec, text)


def _parts(requirement: str) -> tuple[str, str]:
    """Return the normalised name and the range of a requirement, which is empty where there is none."""
    found = _REQUIREMENT.match(requirement)
    if found is None:
        return "", ""
    return re.sub(r"[-_.]+", "-", found["name"]).lower(), found["range"].strip()


def told_of(rules: Sequence[Beside], locks: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield a sentence for each rule that one of several locks calls for, each once."""
    yield from dict.fromkeys(one.sentence for packages in locks for one in held(rules, packages))
