"""From a selection to a lock: ask uv, read what it answers, make the text repeatable."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfsetup.errors import BuildError
from tfsetup.ground.redaction import bare
from tfsetup.locks.compile import compile_job, preferences
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.model import Form, Lock, LockedFile, LockedPackage, Origin, file_name
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.locks.run import Children, refuse_plain, run_uv
from tfsetup.locks.venv.write import write_lock
from tfsetup.matrix.beside import missing
from tfsetup.matrix.model import Selection


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What to lock, and how. `team` are the team's own requirements, resolved together with the selection's.

    `keep` has versions by name that stay where they still fit, but for those of `upgrade`. `origin` is the note for the
    file; without one (an installation's own lock) none is written. `index` is the address of the index that was asked
    for, without credentials.
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


def solve(
    selection: Selection, *, pre: bool = False, offline: bool = False, environ: Mapping[str, str] | None = None
) -> Lock:
    """Resolve `selection` for its target and return the lock.

    Raises:
        NetworkError: the index could not be reached, or `offline` and something is not cached.
        BuildError: the requirements do not fit together.
    """
    wish = Wish(selection=selection, pre=pre, offline=offline)
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
        BuildError: the requirements do not fit together, or not with such a bound.
    """
    added = [] if bounds is None else bounds
    while True:
        found = _asked(wish, (*wish.team, *added), environ, children)
        more = missing(wish.selection.beside, versions_of(found))
        if not set(more) - set(added):
            return found
        added += [bound for bound in more if bound not in added]


def versions_of(packages: Sequence[LockedPackage]) -> dict[str, str]:
    """Return the versions of packages by name."""
    return {package.name: package.version for package in packages}


def _asked(
    wish: Wish, team: tuple[str, ...], environ: Mapping[str, str] | None, children: Children | None
) -> tuple[LockedPackage, ...]:
    job = compile_job(
        wish.selection,
        pre=wish.pre,
        offline=wish.offline,
        team=team,
        upgrade=wish.upgrade if wish.keep else (),
        python=sys.executable,
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
    )
    found = read_pylock(done.stdout, file=name, sdists=wish.selection.sdists, local=True)
    refuse_plain(file.url for package in found.packages for file in package.files if file.url)
    return tuple(_plain(package, wish.index) for package in found.packages)


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
