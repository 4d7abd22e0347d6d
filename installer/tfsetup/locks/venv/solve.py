"""From a selection to a lock: ask uv, read what it answers, make the text repeatable."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfsetup.errors import BuildError, UnsolvableError
from tfsetup.ground.redaction import bare
from tfsetup.locks.compile import compile_job, preferences
from tfsetup.locks.cooldown import Cooldown, held
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.model import Form, Lock, LockedFile, LockedPackage, Origin, file_name
from tfsetup.locks.run import Children, refuse_plain, run_uv
from tfsetup.locks.taken import name_of
from tfsetup.locks.venv.consent import refuse_impure, without_wheels
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.beside import around, missing, unmet
from tfsetup.matrix.model import Selection


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What to lock, and how. `team` are the team's own requirements, resolved together with the selection's.

    `otherwise` is the wish to resolve in its place where something requires the name that its row gives way to.
    `keeps_out` are names for what the row's own distribution already is (see `answered`). `forbidden` are distributions
    that nothing in the answer may require.
    `keep` has versions by name that stay where they still fit, but for those of `upgrade`. `origin` is the note for the
    file; without one (an installation's own lock) none is written. `index` is the address of the index that was asked
    for, without credentials. `cooldown` says how young a file may be, with its spans counted.
    `builds` are packages of pure Python that may be built where no wheel of theirs fits. `excluded` are left out of the
    answer although something requires them, and `more` are options of uv: both are for questions, not for locks.
    """

    selection: Selection
    pre: bool = False
    offline: bool = False
    team: tuple[str, ...] = ()
    keep: Mapping[str, str] = field(default_factory=dict)
    upgrade: tuple[str, ...] = ()
    origin: Origin | None = None
    form: Form = "pylock"
    index: str | None = None
    otherwise: Wish | None = None
    keeps_out: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    cooldown: Cooldown | None = None
    builds: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came of a wish: its packages, and the wish they answer, which may be the one it gave way to."""

    wish: Wish
    packages: tuple[LockedPackage, ...]


def solve(
    selection: Selection,
    *,
    pre: bool = False,
    offline: bool = False,
    builds: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> Lock:
    """Resolve `selection` for its target and return the lock.

    Raises:
        NetworkError: the index could not be reached, or `offline` and something is not cached.
        UnsolvableError: the requirements do not fit together.
    """
    wish = Wish(selection=selection, pre=pre, offline=offline, builds=builds)
    return rendered(wish, resolve(wish, environ=environ))


def resolve(
    wish: Wish,
    *,
    environ: Mapping[str, str] | None = None,
    children: Children | None = None,
    bounds: list[str] | None = None,
) -> tuple[LockedPackage, ...]:
    """Return the packages uv finds for a wish, with their addresses, whatever the form of the lock.

    Where what uv finds calls for bounds that it does not keep (`Selection.beside`), uv is asked again with them; they
    come to stand in `bounds`, also when nothing is found with them.

    Raises:
        UsageError: the index leads to a file over plain http.
        NetworkError: a cooldown cannot be held, because where a file comes from does not say when it was uploaded.
        BuildError: the requirements do not fit together, or not with such a bound.
    """
    return answered(wish, environ=environ, children=children, bounds=bounds).packages


def answered(
    wish: Wish,
    *,
    environ: Mapping[str, str] | None = None,
    children: Children | None = None,
    bounds: list[str] | None = None,
) -> Answer:
    """Resolve a wish so that of several names for one thing the answer holds one. `bounds` as in `resolve`.

    What requires what shows only in uv's answer, so that uv is asked again where there is more than one: then with
    every other name pinned to the same release, which keeps the bounds that others put on it in force, and left out
    of the answer.

    Raises:
        UsageError: the index leads to a file over plain http.
        NetworkError, BuildError: as in `resolve`.
    """
    added = [] if bounds is None else bounds
    wish = _agreed(wish, environ, children)
    names = {name for line in wish.team if ";" not in line and (name := name_of(line))}
    first = one_name(wish, names)
    found = _bounded(*first, added, environ, children)
    shown = one_name(wish, {package.name for package in found})
    if shown != first:
        found = _bounded(*shown, added, environ, children)
    final, others = shown
    refuse_impure(found, final.builds, environ=environ, children=children, offline=wish.offline)
    return Answer(wish=final, packages=tuple(package for package in found if package.name not in others))


def _agreed(wish: Wish, environ: Mapping[str, str] | None, children: Children | None) -> Wish:
    """Return the wish with only those of the packages to build that have no wheel."""

    def ask(name: str) -> object:
        lines = tuple(line for line in wish.team if name_of(line) == name)
        return alone(wish, lines or (name,), environ, children)

    builds = without_wheels(wish.builds, ask)
    other = replace(wish.otherwise, builds=builds) if wish.otherwise else None
    return replace(wish, builds=builds, otherwise=other)


def alone(
    wish: Wish, lines: tuple[str, ...], environ: Mapping[str, str] | None, children: Children | None
) -> tuple[LockedPackage, ...]:
    """Return the newest of each requirement that there is a wheel of for the target, whatever else it would need."""
    nothing = replace(wish.selection, requirements=(), sdists=())
    question = replace(wish, selection=nothing, team=lines, keep={}, forbidden=(), builds=(), more=("--no-deps",))
    return asked_of_uv(question, lines, environ, children)


def one_name(wish: Wish, names: Collection[str]) -> tuple[Wish, tuple[str, ...]]:
    """Return the wish that goes with a resolution of these names, and the other names in it for the same thing."""
    other = wish.otherwise
    final = other if other is not None and other.selection.distribution in names else wish
    return final, tuple(name for name in final.keeps_out if name in names)


def versions_of(packages: Sequence[LockedPackage]) -> dict[str, str]:
    """Return the versions of packages by name."""
    return {package.name: package.version for package in packages}


def _bounded(
    wish: Wish,
    others: Sequence[str],
    added: list[str],
    environ: Mapping[str, str] | None,
    children: Children | None,
) -> tuple[LockedPackage, ...]:
    """Ask uv until the bounds are kept that its own answer calls for; they are added to `added`.

    Where nothing keeps a bound, there may be versions that do not call for it: those are asked for before giving up.
    """
    pinned = [f"{name}=={wish.selection.version}" for name in others]
    found = asked_of_uv(wish, (*wish.team, *pinned, *added), environ, children)
    while more := [bound for bound in missing(wish.selection.beside, versions_of(found)) if bound not in added]:
        before, clear = list(added), around(one.rule for one in unmet(wish.selection.beside, versions_of(found)))
        added += more
        try:
            found = asked_of_uv(wish, (*wish.team, *pinned, *added), environ, children)
        except UnsolvableError as unsolvable:
            if not set(clear) - set(before):
                raise
            try:
                found = asked_of_uv(wish, (*wish.team, *pinned, *before, *clear), environ, children)
            except UnsolvableError:
                raise unsolvable from None
            added[:] = [*before, *clear]
    return found


def asked_of_uv(
    wish: Wish, team: tuple[str, ...], environ: Mapping[str, str] | None, children: Children | None
) -> tuple[LockedPackage, ...]:
    """Return what uv answers to a wish as it stands, with these requirements beside the row's."""
    job = compile_job(
        wish.selection,
        pre=wish.pre,
        offline=wish.offline,
        team=team,
        upgrade=wish.upgrade if wish.keep else (),
        python=sys.executable,
        cooldown=wish.cooldown.arguments() if wish.cooldown else (),
        builds=wish.builds,
        more=wish.more,
    )
    name = file_name("pylock", wish.selection.row or "row")
    kept = (name, preferences(wish.keep)) if wish.keep else None
    variables = {**(environ or {}), **job.environ}
    done = run_uv(
        job.arguments,
        doing="Locking",
        environ=variables,
        stdin=job.requirements,
        output=kept,
        children=children,
        constraints=[f"{name}<0" for name in wish.forbidden],
        excluded=wish.excluded,
    )
    found = read_pylock(done.stdout, file=name, sdists=(*wish.selection.sdists, *wish.builds), local=True)
    refuse_plain(file.url for package in found.packages for file in package.files if file.url)
    return tuple(_plain(package, wish.index) for package in held(found.packages, wish.cooldown))


def rendered(wish: Wish, packages: Sequence[LockedPackage]) -> Lock:
    """Return the lock of a wish from its packages; one with addresses has the wheel that cures known defects besides.

    Raises:
        BuildError: a file lies on this machine only, and the lock is one for others with addresses in it.
    """
    if wish.origin is not None and wish.form == "pylock":
        _public(packages)
        cures = wish.origin.cures
        packages = [*packages, *([cure_wheel(cures).package] if cures else [])]
    return write_lock(packages, wish.origin, wish.form)


def _plain(package: LockedPackage, index: str | None) -> LockedPackage:
    """Return a package whose addresses hold no credentials; uv adds them again from its settings when it fetches."""
    sdist = _bare(package.sdist) if package.sdist else None
    known = package.index or index
    wheels = tuple(map(_bare, package.wheels))
    return replace(package, wheels=wheels, sdist=sdist, index=bare(known) if known else None)


def _bare(file: LockedFile) -> LockedFile:
    return replace(file, url=bare(file.url)) if file.url else file


def _public(packages: Sequence[LockedPackage]) -> None:
    for package in packages:
        for file in package.files:
            if file.path or not (file.url or "").startswith(("https://", "http://")):
                raise BuildError(
                    f"Locking: {package.name} {package.version} was found in a folder of this machine, "
                    f"where nobody else can fetch it: {file.path or file.url}",
                    hint="Lock from an index, or write the form without addresses: `tfsetup lock --format portable`.",
                )
