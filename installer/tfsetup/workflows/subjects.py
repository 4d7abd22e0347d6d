"""What a prediction is pointed at: wheels, folders, environments, lock files, requirements, as one view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tfsetup.errors import UsageError
from tfsetup.ground.looking import look, missing
from tfsetup.ground.prefix import Absent, Gone, site_packages
from tfsetup.host.model import Host
from tfsetup.loader.files.archive import Contents
from tfsetup.loader.files.sources import Environment, LocalTree, find_environment, find_wheels
from tfsetup.loader.files.view import Conflict, WheelView
from tfsetup.loader.machine import Machine, machine_of
from tfsetup.loader.model import Filesystem, LoadFailure, NotCovered
from tfsetup.locks.model import Lock, LockedFile, LockedPackage
from tfsetup.locks.venv.applying import Applying
from tfsetup.workflows.applied import applied
from tfsetup.workflows.opened import Opened
from tfsetup.workflows.told import Told, silent
from tfsetup.workflows.wheels import Chosen, choose, name_in

_VIRTUAL_PREFIX = {"macos": "/venv", "linux": "/venv", "windows": "C:/venv"}
_DEFAULT_PYTHON = "3.12"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Files to judge, as one file system. Paths are the target's; `real`: they are this machine's own.

    `unseen` is what belongs to it and of which there are no files to judge, or not one alone; `refused` are the wheels
    that nobody installs; `asked` are the names, normalised, of what was asked for by name; `opened` remembers
    afterwards what was read of wheels.
    """

    files: Filesystem
    site: str
    prefix: str
    executable: str | None = None
    real: bool = False
    python: str | None = None
    wheels: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unseen: tuple[NotCovered, ...] = ()
    refused: tuple[LoadFailure, ...] = ()
    asked: tuple[str, ...] = ()
    opened: Opened | None = None


@dataclass
class _Sorted:
    """The targets by kind."""

    wheels: list[Path] = field(default_factory=list)
    environments: list[Environment] = field(default_factory=list)
    locks: list[Path] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)


def subject_of(
    targets: Sequence[str | Path],
    host: Host,
    python: str | None = None,
    *,
    replayed: bool = False,
    opened: Opened | None = None,
    told: Told = silent,
) -> Subject:
    """Make one subject of all targets: wheels, folders, environments, lock files (PEP 751), requirements (PEP 508).

    A text that is the name of something on this disk means that; a `Path` is never taken for a requirement. `python` is
    `X.Y`; None: the first of the host's, where something must be resolved. `replayed`: `host` is another machine than
    this one, so that an environment's links are followed inside it only. `opened` is how wheels are read.

    Raises:
        UsageError: a target is nothing of the kind, or an environment is mixed with other targets.
        InvalidFileError: a wheel or a lock file cannot be read.
        NetworkError: the index did not answer.
    """
    found = _sort(targets)
    if found.environments:
        if len(targets) > 1:
            raise UsageError("An environment is judged by itself, without other targets.")
        return _of_environment(found.environments[0], replayed=replayed)
    opening = opened or Opened()
    wheels: list[tuple[str, Contents]] = [(path.name, opening.local(path)) for path in found.wheels]
    unseen: tuple[NotCovered, ...] = ()
    if found.locks or found.requirements:
        locked = _locked(found.locks, host, python)
        python = locked.python
        wheels += [(name, opening.local(path)) for name, path in locked.local.items()]
        more, unseen = _from_index(found.requirements, locked, host, opening, told)
        wheels += more
    asked = tuple(map(name_in, found.requirements))
    subject = _of_wheels(wheels, machine_of(host, python), python, unseen)
    return replace(subject, asked=asked, opened=opening)


def of_environment(folder: Path, *, replayed: bool = False) -> Subject:
    """Make a subject of an environment's root. `replayed`: it is to be judged for another machine than this one.

    Raises:
        UsageError: there is no environment.
    """
    found = find_environment(folder)
    if found is None:
        raise UsageError(f"{folder} is not an environment.")
    return _of_environment(found, replayed=replayed)


def of_locked(
    packages: Sequence[LockedPackage], host: Host, python: str, *, pure: bool = False, opened: Opened | None = None
) -> Subject:
    """Make a subject of locked packages with their addresses: of each the wheel that this host would get.

    `pure`: also of those that hold no native file. `opened` is how wheels are read.

    Raises:
        InvalidFileError: a package has no wheel for this host.
        NetworkError: the index did not answer.
    """
    opening = opened or Opened()
    found = _applied(packages, host, python)
    wheels = [package.wheels[0] for package in found.packages if package.wheels]
    every = [one for one in wheels if one.url]
    read = opening.on_index(every) if pure else opening.native_on_index(every)
    subject = _of_wheels(read, machine_of(host, python), python, _unseen([found]))
    return replace(subject, opened=opening)


def wheels_for(packages: Sequence[LockedPackage], host: Host, python: str) -> tuple[LockedFile, ...]:
    """Return of each locked package the wheel that this host would get.

    Raises:
        InvalidFileError: a package has no wheel for this host.
    """
    found = _applied(packages, host, python)
    return tuple(package.wheels[0] for package in found.packages if package.wheels)


def _applied(packages: Sequence[LockedPackage], host: Host, python: str) -> Applying:
    (found,) = applied([(Path("lock"), Lock(text="", packages=tuple(packages)))], host, [python]).found
    return found


def _sort(targets: Sequence[str | Path]) -> _Sorted:
    found = _Sorted()
    for target in targets:
        path = Path(target)
        standing = look(path)
        if isinstance(standing, Gone):
            raise missing(standing)
        if path.is_dir():
            _sort_folder(found, path)
        elif path.is_file():
            _sort_file(found, path)
        else:
            found.requirements.append(_requirement(target))
    return found


def _sort_folder(found: _Sorted, folder: Path) -> None:
    environment = find_environment(folder)
    wheels = find_wheels(folder)
    if environment:
        _refuse_gone(environment)
        found.environments.append(environment)
    elif wheels:
        found.wheels += wheels
    else:
        hint = "A TARGET folder holds wheels, or is an environment's root or its site-packages."
        raise UsageError(f"There is nothing to judge in {folder}.", hint=hint)


def _refuse_gone(environment: Environment) -> None:
    """Refuse the site-packages of an environment whose Python was removed: nothing will be loaded from there."""
    for above in environment.site.parents[:3]:
        standing = look(above)
        if isinstance(standing, Gone):
            raise missing(standing)


def _sort_file(found: _Sorted, path: Path) -> None:
    if path.suffix == ".whl":
        found.wheels.append(path)
    elif path.suffix == ".toml":
        found.locks.append(path)
    else:
        hint = (
            "TARGET is a wheel, a folder, a lock (pylock.toml, conda-lock.yml) or a requirement such as NAME==VERSION."
        )
        raise UsageError(f"{path} is neither a wheel nor a lock file.", hint=hint)


def _requirement(target: str | Path) -> str:
    from packaging.requirements import InvalidRequirement, Requirement

    if isinstance(target, Path):
        raise missing(Absent(path=target))
    try:
        return str(Requirement(target))
    except InvalidRequirement as error:
        if "/" in target or target.startswith("."):
            raise missing(Absent(path=Path(target))) from error
        message = f"{target} is neither a file, a folder nor a requirement."
        raise UsageError(message, hint="Requirements look like NAME==VERSION.") from error


def _of_environment(found: Environment, *, replayed: bool) -> Subject:
    root = found.prefix if replayed else Path(found.prefix.anchor)
    executable = found.executable.resolve().as_posix() if found.executable and not replayed else None
    return Subject(
        files=LocalTree(root), site=found.site.as_posix(), prefix=found.prefix.as_posix(), executable=executable,
        real=not replayed, python=found.python,
    )  # fmt: skip


def _of_wheels(
    wheels: Sequence[tuple[str, Contents]], machine: Machine, python: str | None, unseen: Sequence[NotCovered] = ()
) -> Subject:
    from tfsetup.loader.files.faults import refused, unclear
    from tfsetup.loader.python.distributions import of_wheel, python_of

    names = tuple(name for name, _ in wheels)
    python = python or python_of([each for name in names if (each := of_wheel(name))])
    prefix = _VIRTUAL_PREFIX[machine.system]
    site = site_packages(prefix, python or "3", windows=machine.system == "windows")
    view = WheelView(wheels, at=site, fold=machine.system == "windows")
    fold = machine.system != "linux"
    return Subject(
        files=view, site=site, prefix=prefix, python=python, wheels=names, conflicts=view.conflicts,
        unseen=(*unseen, *(one for name, archive in wheels for one in unclear(name, archive, fold=fold))),
        refused=tuple(one for name, archive in wheels if (one := refused(name, archive))),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Locked:
    """What locks come to on a machine, with a Python `X.Y`: wheels by their file names, on the index or on this disk.

    `unseen` is what must be built first.
    """

    python: str
    remote: Sequence[LockedFile]
    local: Mapping[str, Path]
    unseen: tuple[NotCovered, ...]


def _locked(paths: Sequence[Path], host: Host, python: str | None) -> _Locked:
    """Return what locks come to on a host: with the Python asked for, else the first of the host's they are for."""
    from tfsetup.locks.files import located, read_lock

    own = [each.minor for each in host.pythons or ()] or [_DEFAULT_PYTHON]
    locks = [(path, read_lock(path)) for path in paths]
    found = applied(locks, host, [python] if python else own)
    every = [located(path, one) for path, part in zip(paths, found.found, strict=True) for one in part.packages]
    best = [one.wheels[0] for one in every if one.wheels]
    return _Locked(
        python=found.python,
        remote=[wheel for wheel in best if wheel.url and not wheel.path],
        local={wheel.filename: Path(wheel.path) for wheel in best if wheel.path},
        unseen=_unseen(found.found),
    )


def _unseen(found: Sequence[Applying]) -> tuple[NotCovered, ...]:
    """Return what must be built before it can be judged."""
    built = (one for part in found for one in (*part.packages, *part.sources) if not one.wheels)
    return tuple(NotCovered(reason=_why_unseen(one), matters=True) for one in built)


def _why_unseen(package: LockedPackage) -> str:
    what, source = f"{package.name} {package.version}".rstrip(), package.source or "source distribution"
    return f"{what} is locked to a {source}, which must be built first: what it will hold is not known"


def _from_index(
    requirements: Sequence[str], locked: _Locked, host: Host, opening: Opened, told: Told
) -> tuple[Sequence[tuple[str, Contents]], tuple[NotCovered, ...]]:
    """Open the wheels that lie on the index; return also what has none."""
    from tfsetup.locks.run import refuse_plain, told_index

    for line in told_index():
        told(f"Index     {line}")
    found = choose(requirements, host, locked.python, told) if requirements else Chosen(wheels=(), unseen=())
    refuse_plain(wheel.url for wheel in (*found.wheels, *locked.remote) if wheel.url)
    native = opening.native_on_index(
        (*found.wheels, *locked.remote),
        lambda count: told(f"Reading {count} wheels on the index, only the parts that matter"),
    )
    return native, (*locked.unseen, *found.unseen)
