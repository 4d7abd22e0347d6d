"""What of a lock a machine gets: the machine in the words of markers and tags, and the Python to take. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tfsetup.errors import TfsetupError
from tfsetup.ground.platforms import OS_NAMES
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.loader.compat import supported_tags
from tfsetup.loader.machine import Machine, machine_of
from tfsetup.locks.model import Lock
from tfsetup.locks.venv.applying import Applying, Surroundings, applying

_NEWEST = 99  # stands for the newest patch of a Python: what is fetched where the machine has none


@value
class Applied:
    """What a machine gets of locks, a value each, with a Python `X.Y`."""

    python: str
    found: tuple[Applying, ...]


def applied(locks: Sequence[tuple[Path, Lock]], host: Host, pythons: Iterable[str]) -> Applied:
    """Return what `host` gets of locks, with the first of `pythons` (at least one) that they are for.

    Raises:
        UsageError: the host does not say its system or its architecture.
        LockError, InvalidFileError: they are for none of them, or cannot be used here; why, for the first.
    """
    refusal: TfsetupError | None = None
    tried = set[str]()
    for python in pythons:
        if python in tried:
            continue
        tried.add(python)
        around = surroundings(host, python)
        try:
            found = tuple(applying(lock, str(path), around) for path, lock in locks)
        except TfsetupError as error:
            refusal = refusal or error
        else:
            return Applied(python=python, found=found)
    if refusal is None:
        raise ValueError("there must be a Python to ask about")
    raise refusal


def surroundings(host: Host, python: str) -> Surroundings:
    """Return what an environment of a Python `X.Y` on `host` is to markers and wheels.

    Raises:
        UsageError: the host does not say its system or its architecture.
    """
    machine = machine_of(host, python)
    known = (one.version for one in host.pythons or () if one.minor == python)
    markers = machine.platform.environment(next(known, f"{python}.{_NEWEST}"))
    return Surroundings(markers=markers, tags=tuple(supported_tags(machine, python)), words=_words(machine, python))


def _words(machine: Machine, python: str) -> str:
    system = f"{OS_NAMES[machine.system]} {machine.arch}"
    if machine.system == "macos" and machine.level:
        system = f"{OS_NAMES[machine.system]} {machine.level} {machine.arch}"
    libc = f" with {machine.libc.name} {machine.libc.version or ''}".rstrip() if machine.libc else ""
    return f"Python {python} on {system}{libc}"
