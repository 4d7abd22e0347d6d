"""A lock of wheels that was read from disk, as one to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfsetup.locks.model import Lock, LockedPackage, Origin
from tfsetup.matrix.choose.reference import Levels, reference_host
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Selection, Target
from tfsetup.workflows.backends import Case


def case_of(lock: Lock, matrix: Matrix, *, offline: bool, environ: Mapping[str, str]) -> Case | None:
    """Return a lock that was read from disk as one to judge; the portable form has its addresses looked up first.

    None: the lock does not say what it is for, or the matrix has no such row any more.

    Raises:
        TfsetupError: the addresses cannot be looked up.
    """
    origin = lock.origin
    row = next((row for row in matrix.rows if origin is not None and row.id == origin.row), None)
    if origin is None or row is None:
        return None
    host = reference_host(row, Levels(macos=origin.macos, glibc=origin.glibc))
    packages = lock.packages if lock.form == "pylock" else _looked_up(lock, origin, offline=offline, environ=environ)
    return Case(lock=lock, origin=origin, packages=packages, host=host)


def _looked_up(lock: Lock, origin: Origin, *, offline: bool, environ: Mapping[str, str]) -> tuple[LockedPackage, ...]:
    """Return the packages of a portable lock with the addresses of the very files it names."""
    from tfsetup.locks.venv.solve import Wish, resolve

    target = Target(platform=origin.platform, python=origin.python, macos=origin.macos, glibc=origin.glibc)
    pins = tuple(f"{package.name}=={package.version}" for package in lock.packages)
    selection = Selection(
        installable=True, row=origin.row, requirements=pins, sdists=origin.sdists, target=target, accelerator="cpu"
    )
    found = resolve(Wish(selection=selection, pre=origin.pre, offline=offline), environ=environ)
    wanted = {file.sha256 for package in lock.packages for file in package.files}
    kept = [replace(p, wheels=tuple(wheel for wheel in p.wheels if wheel.sha256 in wanted)) for p in found]
    return tuple(package for package in kept if package.files)
