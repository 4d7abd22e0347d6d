"""A conda lock as the prefix it would become: packages and wheels are read where they lie, nothing is linked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tfsetup.errors import NetworkError
from tfsetup.ground.prefix import site_packages
from tfsetup.host.model import Host
from tfsetup.locks.conda.model import PlatformLock
from tfsetup.locks.model import LockedFile
from tfsetup.workflows.opened import Opened
from tfsetup.workflows.subjects import Subject
from tfsetup.workflows.wheels import for_any

_PREFIX: Final = {"macos": "/conda", "linux": "/conda", "windows": "C:/conda"}


@contextmanager
def prefix_of(
    lock: PlatformLock, host: Host, *, offline: bool = False, opened: Opened | None = None
) -> Iterator[Subject]:
    """Show one platform of a lock as the prefix it would become on `host`; the files are there inside the `with` only.

    Raises:
        NetworkError: an archive or a wheel cannot be fetched, or is not the locked one.
        UsageError: py-rattler is missing.
    """
    from tfsetup.envs.conda.unpack import pieces, unpacked
    from tfsetup.loader.files.faults import refused, unclear
    from tfsetup.loader.files.prefix import PrefixView
    from tfsetup.loader.files.view import Overlay, WheelView
    from tfsetup.locks.conda.files import read_settings

    python = lock.minor
    windows = lock.subdir.startswith("win")
    prefix = _PREFIX[host.os or "linux"]
    site = site_packages(prefix, python, windows=windows)
    wanted = [LockedFile(filename=one.file_name, size=one.size, sha256=one.sha256, url=one.url) for one in lock.wheels]
    named = [one for one in wanted if not (offline and for_any(one.filename))]  # what these hold cannot be asked
    with unpacked(lock.packages, read_settings(), offline=offline) as folders:
        linked = PrefixView(pieces(folders, prefix), at=prefix, fold=windows)
        if offline and any((one.url or "").startswith("http") for one in named):
            message = "The wheels lie on the index, and --offline forbids to read them."
            raise NetworkError(message, hint="Run once without --offline.")
        opening = opened or Opened()
        found = opening.on_index(named) if offline else opening.native_on_index(named)
        wheels = WheelView(found, at=site, fold=windows)
        executable = f"{prefix}/python.exe" if windows else f"{prefix}/bin/python{python}"
        yield Subject(
            files=Overlay(wheels, linked),
            site=site,
            prefix=prefix,
            executable=executable if linked.lookup(executable) else None,
            python=python,
            wheels=tuple(name for name, _ in found),
            conflicts=wheels.conflicts,
            unseen=tuple(one for name, each in found for one in unclear(name, each, fold=host.os != "linux")),
            refused=tuple(one for name, each in found if (one := refused(name, each))),
            opened=opening,
        )
