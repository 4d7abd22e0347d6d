"""The conda side of `tfsetup install`: which lock is built, solved here or read from a file."""

from __future__ import annotations

from pathlib import Path

from tfsetup.errors import Code, TfsetupError
from tfsetup.host.model import Host
from tfsetup.locks.conda.model import PlatformLock
from tfsetup.locks.model import Lock
from tfsetup.matrix.model import Selection


def is_conda_lock(path: Path | None) -> bool:
    """Tell by its name whether a lock file is conda's."""
    from tfsetup.locks.conda.asking import SUFFIXES

    return path is not None and path.suffix.lower() in SUFFIXES


def read_part(path: Path, host: Host) -> Lock:
    """Read a conda lock and pick the part for this machine.

    Raises:
        LockError: there is no such file, or nothing in it is for this machine.
        InvalidFileError: it is not a conda lock.
    """
    from tfsetup.locks.conda.asking import platform_for
    from tfsetup.locks.conda.files import read_conda_lock
    from tfsetup.locks.conda.lockfile import as_lock

    lock = read_conda_lock(path)
    return as_lock(platform_for(lock, host, str(path)), text=lock.text)


def part_of(lock: Lock) -> PlatformLock:
    """Return the part of a conda lock that is for one machine, as conda's own values."""
    if lock.part is None:
        raise TfsetupError(Code.BUG, "a lock of wheels has no part for conda")
    return lock.part


def solve_here(selection: Selection, host: Host, *, pre: bool, offline: bool, index_url: str | None = None) -> Lock:
    """Solve for this machine and return the lock.

    Raises:
        TfsetupError: as `tfsetup.locks.conda.resolve.resolve`.
    """
    from tfsetup.locks.conda.files import read_settings
    from tfsetup.locks.conda.lockfile import as_lock, make_lock
    from tfsetup.locks.conda.resolve import Options, Wanted, request_for, resolve

    options = Options(settings=read_settings(), pre=pre, offline=offline, index_url=index_url)
    wanted = Wanted(selection=selection, host=host)
    (platform,) = resolve([wanted], options)
    return as_lock(platform, text=make_lock([platform], request_for(wanted, options.settings).channels).text)
