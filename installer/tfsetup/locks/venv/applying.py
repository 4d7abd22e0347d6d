"""Which packages of a lock one environment gets. Pure.

The rules are those of PEP 751, "Installing": the Pythons and the environments a file is for, the markers of its
packages, never two of one name. A file in the portable form has markers too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tfsetup.errors import InvalidFileError, LockError, Where
from tfsetup.ground.platforms import fitting_wheels
from tfsetup.ground.values import value
from tfsetup.ground.versions import asked
from tfsetup.locks.model import Lock, LockedPackage
from tfsetup.locks.origin import line_of

if TYPE_CHECKING:
    from packaging.tags import Tag

_KERNEL: Final = ("platform_release", "platform_version")
_ANEW: Final = "Write the lock for this environment too, or judge another: `--python X.Y`, `--host FILE`."


@value
class Surroundings:
    """An environment to be: what its markers see (all but the kernel's version), and the wheels it takes, best first.

    `words` name it to people.
    """

    markers: Mapping[str, str]
    tags: Sequence[Tag]
    words: str

    @property
    def python(self) -> str:
        """Its Python, `X.Y.Z`."""
        return self.markers["python_full_version"]


@value
class Applying:
    """What of a lock an environment gets: packages with the files it takes, best first, and what has only a source."""

    packages: tuple[LockedPackage, ...]
    sources: tuple[LockedPackage, ...]


def applying(lock: Lock, file: str, around: Surroundings) -> Applying:
    """Return what of a lock (called `file`) an environment gets.

    Raises:
        LockError: the lock is not for this Python or this environment.
        InvalidFileError: two packages of one name apply, a marker turns on what nobody knows, or no wheel fits.
    """
    _refuse_bounds(lock, file, around)
    found = [package for package in lock.packages if _applies(package, lock, file, around)]
    _once(found, file)
    for package in found:
        if package.requires_python and not asked(package.requires_python, around.python):
            message = f"{_named(package)} is for Python {package.requires_python}, and this is {around.words}."
            raise LockError(message, hint=_ANEW, where=Where(file=file, line=package.line))
    narrowed = [_narrowed(package, around) for package in found]
    sources = tuple(one for one in narrowed if not one.files)
    for package in sources:
        if package.source is None:
            message = f"No wheel locked for {_named(package)} fits {around.words}."
            raise InvalidFileError(message, where=Where(file=file, line=package.line), hint=_ANEW)
    return Applying(packages=tuple(one for one in narrowed if one.files), sources=sources)


def refuse_sources(found: Applying, file: str) -> None:
    """Refuse packages of which there is no wheel: to build them runs code that no hash vouches for.

    Raises:
        InvalidFileError: with the line of the first.
    """
    for package in found.sources:
        message = (
            f"`{package.name}` is not locked to wheels, but to a {package.source}; "
            "nothing is built from source out of a lock file."
        )
        hint = (
            "Lock it to a wheel, or leave it out of the lock and install it afterwards. "
            "(`uv export --no-emit-project` leaves out the project itself.)"
        )
        raise InvalidFileError(message, where=Where(file=file, line=package.line), hint=hint)


def _refuse_bounds(lock: Lock, file: str, around: Surroundings) -> None:
    bounds = lock.bounds
    if bounds.requires_python and not asked(bounds.requires_python, around.python):
        message = f"This lock is for Python {bounds.requires_python}, and this is {around.words}."
        where = Where(file=file, line=line_of(lock.text, r"^requires-python\b"))
        raise LockError(message, hint="`--python X.Y` names a Python that it is for; or write it anew.", where=where)
    where = Where(file=file, line=line_of(lock.text, r"^environments\b"))
    if bounds.environments and not any(_holds(one, around, (), where) for one in bounds.environments):
        covered = "\n".join(f"  {one}" for one in bounds.environments)
        message = f"This lock is not for {around.words}. It covers:\n{covered}"
        raise LockError(message, hint=_ANEW, where=where)


def _applies(package: LockedPackage, lock: Lock, file: str, around: Surroundings) -> bool:
    where = Where(file=file, line=package.line)
    return package.marker is None or _holds(package.marker, around, lock.bounds.groups, where)


def _holds(text: str, around: Surroundings, groups: Collection[str], where: Where) -> bool:
    """Tell whether a marker holds with no extras and these groups: the default ones, unless anybody asks for others.

    Raises:
        InvalidFileError: it cannot be told.
    """
    from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName

    unknown = next((name for name in _KERNEL if name in text), "")
    seen: dict[str, str | AbstractSet[str]] = {**around.markers, "dependency_groups": frozenset(groups)}
    try:
        if not unknown:
            return Marker(text).evaluate(seen | {"extra": "", "extras": frozenset[str]()}, context="lock_file")
    except (UndefinedComparison, UndefinedEnvironmentName) as problem:
        unknown = str(problem)
    message = f"Whether `{text}` holds for {around.words} cannot be told: {unknown} is not known."
    hint = "Lock without it: markers on `sys_platform`, `platform_machine` and the Python are enough."
    raise InvalidFileError(message, where=where, hint=hint)


def _once(found: Sequence[LockedPackage], file: str) -> None:
    seen: dict[str, LockedPackage] = {}
    for package in sorted(found, key=lambda one: one.line or 0):
        first = seen.setdefault(package.name, package)
        if first is not package:
            both = f"{_named(first)} (line {first.line}) and {_named(package)}"
            message = f"Two entries of `{package.name}` apply at once, {both}, and only one can be installed."
            hint = "Write the lock anew; of groups or extras in conflict, export one."
            raise InvalidFileError(message, where=Where(file=file, line=package.line), hint=hint)


def _narrowed(package: LockedPackage, around: Surroundings) -> LockedPackage:
    """Return a package with the wheels that the environment takes; files without a name are left to the installer."""
    known = {one.filename: one for one in package.wheels if one.filename}
    fitting = tuple(known[name] for name in fitting_wheels(known, around.tags))
    nameless = tuple(one for one in package.wheels if not one.filename)
    return replace(package, wheels=(*fitting, *nameless), marker=None, requires_python=None)


def _named(package: LockedPackage) -> str:
    return f"{package.name} {package.version}".rstrip()
