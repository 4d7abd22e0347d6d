"""What a conda lock answers before anything is asked: which row, Python and TensorFlow it was made for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tfsetup.errors import LockError, UsageError, Where
from tfsetup.ground.platforms import Platform
from tfsetup.ground.versions import is_prerelease, is_version
from tfsetup.host.model import Host
from tfsetup.locks.asked import MadeFor, asked_otherwise
from tfsetup.locks.conda.model import CondaLock, PlatformLock
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask, Selection

SUFFIXES: Final = (".yml", ".yaml")
"""How the name of a conda lock ends; other lock files are TOML."""


def platform_for(lock: CondaLock, host: Host, file: str) -> PlatformLock:
    """Return the part of a lock that is for this machine.

    Raises:
        LockError: there is none.
        UsageError: no conda channel is for such a machine.
    """
    subdir = Platform(host.os, host.arch).subdir if host.os and host.arch else None
    if subdir is None:
        raise UsageError(f"No conda channel has packages for {host.os} {host.arch}.", hint="Use --backend venv.")
    if subdir not in lock.platforms:
        has = ", ".join(lock.platforms) or "nothing"
        message = f"This lock has no packages for {subdir}; it has {has}."
        raise LockError(message, where=Where(file=file), hint="Write it with this platform: `tfsetup lock`.")
    return lock.platforms[subdir]


def made_for(platform: PlatformLock, matrix: Matrix) -> MadeFor:
    """Return what this part of a lock is for. It holds no word on pre-releases, unless its TensorFlow is one."""
    rows = [row for row in matrix.rows if row.id == platform.row]
    names = {row.distribution for row in (rows or matrix.rows)}
    names |= {row.conda.package for row in (rows or matrix.rows) if row.conda}
    version = next((one.version for one in platform.entries if one.name in names), None)
    return MadeFor(
        backend="conda",
        tensorflow=version,
        accelerator=rows[0].accelerator if rows else None,
        python=platform.minor or None,
        pre=True if version and is_version(version) and is_prerelease(version) else None,
    )


def asked_by(platform: PlatformLock, ask: Ask, matrix: Matrix, file: str) -> Ask:
    """Return the ask completed by what the lock was made for; `file` is its name in errors.

    Raises:
        LockError: something else was asked for in so many words.
    """
    made = made_for(platform, matrix)
    if reason := asked_otherwise(made, ask):
        hint = "Name another lock with --lock, or resolve without: leave --lock out."
        raise LockError(f"This lock cannot be used here: {reason}.", where=Where(file=file), hint=hint)
    return replace(
        ask,
        backend="conda",
        tensorflow=ask.tensorflow or made.tensorflow,
        python=ask.python or made.python,
        accelerator=made.accelerator if made.accelerator and ask.accelerator == "auto" else ask.accelerator,
    )


def check_fits(platform: PlatformLock, selection: Selection, file: str) -> None:
    """Refuse a lock that was made for something else than what is asked for here.

    Raises:
        LockError: another row, another Python, or another version of what the selection pins.
    """
    for problem in _problems(platform, selection):
        hint = "Leave the lock out, or write it anew: `tfsetup lock`."
        raise LockError(f"This lock {problem}", where=Where(file=file), hint=hint)


def _problems(platform: PlatformLock, selection: Selection) -> Iterator[str]:
    if platform.row and selection.row != platform.row:
        yield f"is for the row {platform.row}, and here {selection.row} was chosen."
    if platform.minor != selection.python:
        yield f"is for Python {platform.minor or 'none'}, and {selection.python} is asked for."
    locked = {one.name: one.version for one in platform.entries}
    for requirement in selection.requirements:
        name, exact, version = requirement.partition("==")
        name = name.partition("[")[0]
        if exact and locked.get(name) != version:
            has = f"has {name} {locked[name]}" if name in locked else f"has no {name}"
            yield f"{has}, and {requirement} is asked for."
