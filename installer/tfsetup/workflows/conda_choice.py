"""The conda side of `tfsetup install`: which lock is built, solved here or read from a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfsetup.envs.model import Plan
from tfsetup.host.model import Host
from tfsetup.locks.conda.model import CondaLock, CondaPackage, PinnedWheel, PlatformLock
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask, Selection


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaChoice:
    """A conda lock and the part of it that is for this machine; reads like a `Lock` for who reports it.

    `file` is where it was read; "" for one that was solved here.
    """

    lock: CondaLock
    platform: PlatformLock
    file: str = ""

    @property
    def packages(self) -> tuple[CondaPackage | PinnedWheel, ...]:
        """Everything that will be installed."""
        return self.platform.entries

    @property
    def download_size(self) -> int:
        """Bytes to download at the most, as far as sizes are known."""
        return self.platform.download_size

    @property
    def sha256(self) -> str:
        """The fingerprint of the lock's text, in hex."""
        return self.lock.sha256

    def plan(
        self,
        selection: Selection,
        *,
        pinned: bool,
        preflight: bool,
        verify: bool,
        index_url: str | None,
        cures: bool = True,
    ) -> Plan:
        """Return the steps that build it."""
        from tfsetup.envs.plan import Index, plan_conda

        return plan_conda(
            selection,
            self.lock,
            self.platform,
            pinned=pinned,
            preflight=preflight,
            verify=verify,
            cures=cures,
            index=Index(url=index_url),
        )


def is_conda_lock(path: Path | None) -> bool:
    """Tell by its name whether a lock file is conda's."""
    from tfsetup.locks.conda.asking import SUFFIXES

    return path is not None and path.suffix.lower() in SUFFIXES


def read_choice(path: Path, host: Host) -> CondaChoice:
    """Read a conda lock and pick the part for this machine.

    Raises:
        LockError: there is no such file, or nothing in it is for this machine.
        InvalidFileError: it is not a conda lock.
    """
    from tfsetup.locks.conda.asking import platform_for
    from tfsetup.locks.conda.files import read_conda_lock

    lock = read_conda_lock(path)
    return CondaChoice(lock=lock, platform=platform_for(lock, host, str(path)), file=str(path))


def ask_of(choice: CondaChoice, ask: Ask, matrix: Matrix) -> Ask:
    """Return the ask completed by what the lock was made for.

    Raises:
        LockError: something else was asked for in so many words.
    """
    from tfsetup.locks.conda.asking import asked_by

    return asked_by(choice.platform, ask, matrix, choice.file)


def check(choice: CondaChoice, selection: Selection, path: Path) -> None:
    """Refuse a lock that was made for something else than what is asked for.

    Raises:
        LockError: another row, Python or version.
    """
    from tfsetup.locks.conda.asking import check_fits

    check_fits(choice.platform, selection, str(path))


def solve_here(
    selection: Selection, host: Host, *, pre: bool, offline: bool, index_url: str | None = None
) -> CondaChoice:
    """Solve for this machine and return the lock.

    Raises:
        TfsetupError: as `tfsetup.locks.conda.resolve.resolve`.
    """
    from tfsetup.locks.conda.files import read_settings
    from tfsetup.locks.conda.lockfile import make_lock
    from tfsetup.locks.conda.resolve import Options, Wanted, request_for, resolve

    options = Options(settings=read_settings(), pre=pre, offline=offline, index_url=index_url)
    wanted = Wanted(selection=selection, host=host)
    (platform,) = resolve([wanted], options)
    lock = make_lock([platform], request_for(wanted, options.settings).channels)
    return CondaChoice(lock=lock, platform=platform)
