"""Which wheel of a release pip would take for a process: the ordered list of supported tags.

Rules: PEP 425, PEP 600 (manylinux), PEP 656 (musllinux), as `packaging.tags` has them for the running system; here for
any system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.tags import Tag

    from tfsetup.loader.machine import Machine

_OLD_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_WINDOWS = {"x86_64": "win_amd64", "i686": "win32", "arm64": "win_arm64"}
_UNKNOWN_GLIBC, _UNKNOWN_MACOS, _NEWEST_MUSL = (2, 17), (12, 0), 2


def best_wheel(filenames: Iterable[str], machine: Machine, python: str) -> str | None:
    """Return the wheel pip prefers among those of one release, None when none of them installs. `python` is `X.Y`."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    ranks = {tag: rank for rank, tag in enumerate(supported_tags(machine, python))}
    fitting = []
    for filename in filenames:
        try:
            tags = parse_wheel_filename(filename)[3]
        except InvalidWheelFilename:
            continue
        rank = min((ranks[tag] for tag in tags if tag in ranks), default=None)
        if rank is not None:
            fitting.append((rank, filename))
    return min(fitting)[1] if fitting else None


def supported_tags(machine: Machine, python: str) -> Iterator[Tag]:
    """Yield the tags a CPython `X.Y` on a machine accepts, best first."""
    from packaging.tags import compatible_tags, cpython_tags

    major, _, minor = python.partition(".")
    version, interpreter = (int(major), int(minor)), f"cp{major}{minor}"
    platforms = list(_platforms(machine))
    yield from cpython_tags(version, abis=[interpreter], platforms=platforms)
    yield from compatible_tags(version, interpreter, platforms)


def _platforms(machine: Machine) -> Iterator[str]:
    match machine.system:
        case "macos":
            from packaging.tags import mac_platforms

            yield from mac_platforms(machine.version or _UNKNOWN_MACOS, machine.arch)
        case "linux":
            yield from _linux_platforms(machine)
        case "windows":
            yield _WINDOWS.get(machine.arch, "win_unknown")


def _linux_platforms(machine: Machine) -> Iterator[str]:
    if machine.libc and machine.libc.name == "musl":
        yield from (f"musllinux_1_{minor}_{machine.arch}" for minor in range(_NEWEST_MUSL, -1, -1))
    else:
        major, minor = glibc_of(machine) or _UNKNOWN_GLIBC
        for level in range(minor, 4, -1):
            yield f"manylinux_{major}_{level}_{machine.arch}"
            if level in _OLD_MANYLINUX:
                yield f"{_OLD_MANYLINUX[level]}_{machine.arch}"
    yield f"linux_{machine.arch}"


def glibc_of(machine: Machine) -> tuple[int, int] | None:
    """Return the glibc of a machine as (major, minor), None when there is none or it could not be told."""
    if machine.libc is None or machine.libc.name != "glibc" or machine.libc.version is None:
        return None
    parts = machine.libc.version.split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):  # noqa: PLR2004 - major, minor
        return None
    return int(parts[0]), int(parts[1])
