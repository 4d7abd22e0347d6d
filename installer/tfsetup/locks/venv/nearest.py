"""What would fit in place of what does not: found by asking, nearest first, and never run.

A package without a wheel is left out of these questions, so that none of its code runs before somebody agreed; what it
requires itself is seen when it is locked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tfsetup.errors import TfsetupError, UnsolvableError
from tfsetup.ground.versions import is_prerelease, pair
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.taken import name_of
from tfsetup.locks.venv.behind import uploaded, years_before
from tfsetup.locks.venv.conflict import blamed
from tfsetup.locks.venv.solve import Wish, alone, answered, asked_of_uv

_TRIES = 4  # packages without a wheel that may turn up behind one another
_RELEASES = 12  # how many releases of a package are looked back at


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What does not fit: the wish, the names of the lines to blame, and the packages without a wheel.

    `range` are the releases that the row takes; `at` gives the wish for one of them, None: the row does not take it.
    `behind` are the newest of what came out as a version from years ago, which is no answer. `whole` tells whether the
    packages of an answer bring no path with two contents.
    """

    wish: Wish
    names: frozenset[str]
    sources: tuple[str, ...]
    range: str
    at: Callable[[str], Wish | None]
    behind: tuple[LockedPackage, ...] = ()
    whole: Callable[[Sequence[LockedPackage]], bool] = lambda _: True


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A set that fits: the versions of what was to blame and of what goes with TensorFlow, and what must be built.

    `agreed` is what may be built already.
    """

    versions: Mapping[str, str]
    builds: tuple[str, ...] = ()
    agreed: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The set in a sentence."""
        first, *others = (f"{name} {version}" for name, version in self.versions.items())
        beside = f" with {', '.join(others)}" if others else ""
        options = " ".join(f"--allow-build-of {name}" for name in self.builds if name not in self.agreed)
        built = f", {', '.join(self.builds)} built{f' ({options})' if options else ''}" if self.builds else ""
        return f"What fits, found by asking: {first}{beside}{built}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something to ask in place of what does not fit; `free`: TensorFlow's release is part of the answer."""

    wish: Wish
    free: bool = False


def nearest(trouble: Trouble, environ: Mapping[str, str]) -> Fit | None:
    """Return the nearest set that fits, or None: none was found."""
    if trouble.behind:
        floors = tuple(_floor(newest, trouble.wish, environ) for newest in trouble.behind)
        wish = replace(trouble.wish, team=(*trouble.wish.team, *floors))
        trouble = replace(trouble, wish=wish)
    for question in questions(trouble):
        packages, excluded = _asked(question.wish, trouble.sources, trouble, environ)
        if question.free and packages:
            packages, excluded = _at_release(trouble, packages, excluded, environ)
        if packages and _counts(packages, trouble) and trouble.whole(packages):
            return fit(packages, trouble, excluded)
    return None


def questions(trouble: Trouble) -> Iterator[Question]:
    """Yield what to ask, the smallest change first: a build, another TensorFlow, another version of the line, both."""
    wish = replace(trouble.wish, keep={}, builds=())
    blamed_lines = [line for line in wish.team if name_of(line) in trouble.names]
    rest = [line for line in wish.team if name_of(line) not in trouble.names]
    own = (wish.otherwise or wish).selection.requirements[0].partition("==")[0]
    free = f"{own}{trouble.range}"
    nothing = replace(wish.selection, requirements=())
    higher = [loosened(line) for line in blamed_lines]
    if trouble.sources or trouble.behind:
        yield Question(wish=wish)
    yield Question(wish=replace(wish, selection=nothing, team=(*blamed_lines, *rest, free)), free=True)
    if higher != blamed_lines:
        yield Question(wish=replace(wish, team=(*higher, *rest)))
        newer = (*higher, *rest, f"{free},>={wish.selection.version}")
        lowest = replace(wish, selection=nothing, team=newer, more=("--resolution", "lowest-direct"))
        yield Question(wish=lowest, free=True)
        yield Question(wish=replace(lowest, more=()), free=True)


def _floor(newest: LockedPackage, wish: Wish, environ: Mapping[str, str]) -> str:
    """Return a requirement of the releases that are not from years before the newest: there may be others that fit."""
    limit, oldest = uploaded(newest), newest
    for _ in range(_RELEASES):
        with suppress(TfsetupError):
            (package,) = alone(wish, (f"{newest.name}<{oldest.version}",), environ, None)
            if limit is not None and not is_prerelease(package.version) and not years_before(package, limit):
                oldest = package
                continue
        break
    return f"{newest.name}>={oldest.version}"


def loosened(line: str) -> str:
    """Return a requirement that takes what it takes, and everything newer."""
    return re.sub(r"(?<![=!<>~])(===?|~=)\s*(?=[0-9])", ">=", line.replace(".*", ""))


def _asked(
    wish: Wish, sources: Sequence[str], trouble: Trouble, environ: Mapping[str, str]
) -> tuple[tuple[LockedPackage, ...], tuple[str, ...]]:
    """Return what uv answers, and which packages without a wheel it was told to pass over; nothing: it finds none."""
    excluded = tuple(sources)
    for _ in range(_TRIES):
        question = replace(wish, excluded=excluded, otherwise=_excluding(wish.otherwise, excluded))
        try:
            if question.selection.requirements:
                return answered(question, environ=environ).packages, excluded
            return asked_of_uv(question, question.team, environ, None), excluded
        except UnsolvableError as error:
            more = [name for name in blamed(error, ()).source_only if name not in {*excluded, *trouble.names}]
            if not more:
                break
            excluded = (*excluded, *more)
        except TfsetupError:
            break
    return (), excluded


def _excluding(wish: Wish | None, names: tuple[str, ...]) -> Wish | None:
    return replace(wish, excluded=names, builds=(), keep={}) if wish else None


def _at_release(
    trouble: Trouble, packages: Sequence[LockedPackage], excluded: tuple[str, ...], environ: Mapping[str, str]
) -> tuple[tuple[LockedPackage, ...], tuple[str, ...]]:
    """Return the set as the row has it with the release that was found, which may ask for more than its name."""
    wish = trouble.wish
    name = (wish.otherwise or wish).selection.distribution
    versions = {package.name: package.version for package in packages}
    there = trouble.at(versions[name]) if name in versions else None
    if there is None:
        return (), excluded
    team = tuple(
        f"{name_of(line)}=={versions[name_of(line)]}" if name_of(line) in trouble.names & versions.keys() else line
        for line in wish.team
    )
    return _asked(replace(there, team=team, builds=(), keep={}), excluded, trouble, environ)


def _counts(packages: Sequence[LockedPackage], trouble: Trouble) -> bool:
    """Tell whether a set is an answer: of what was to blame nothing unfinished or years before TensorFlow."""
    ours = [package for package in packages if package.name in trouble.names]
    own = [each.selection.distribution for each in (trouble.wish, trouble.wish.otherwise) if each]
    beside = max((moment for one in packages if one.name in own and (moment := uploaded(one))), default=None)
    return not any(is_prerelease(one.version) or (beside is not None and years_before(one, beside)) for one in ours)


def fit(packages: Sequence[LockedPackage], trouble: Trouble, excluded: Collection[str]) -> Fit:
    """Return what is worth saying of a set: what was to blame, TensorFlow, and native packages of the same release."""
    wish = trouble.wish
    own = {each.selection.distribution for each in (wish, wish.otherwise) if each}
    versions = {package.name: package.version for package in packages}
    release = next((pair(versions[name]) for name in own if name in versions), None)
    first = [name for name in versions if name in trouble.names]
    beside = [one.name for one in packages if one.name in own or (pair(one.version) == release and _native(one))]
    return Fit(
        versions={name: versions[name] for name in dict.fromkeys((*first, *beside))},
        builds=tuple(sorted(excluded)),
        agreed=trouble.wish.builds,
    )


def _native(package: LockedPackage) -> bool:
    return any(not file.filename.endswith("-none-any.whl") for file in package.wheels)
