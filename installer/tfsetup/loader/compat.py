"""Which wheel of a release pip would take for a process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.tags import Tag

from tfsetup.ground import platforms
from tfsetup.loader.machine import Machine


def best_wheel(filenames: Iterable[str], machine: Machine, python: str) -> str | None:
    """Return the wheel pip prefers among those of one release, None when none of them installs. `python` is `X.Y`."""
    return platforms.best_wheel(filenames, supported_tags(machine, python))


def supported_tags(machine: Machine, python: str) -> Iterator[Tag]:
    """Yield the tags a CPython `X.Y` on a machine accepts, best first."""
    names = machine.platform.tags(machine.level, musl=machine.musl)
    return platforms.wheel_tags(python, names, free_threaded=machine.free_threaded)
