"""Which distributions lie in a site-packages, for which Python and platform they were built, and what pip says of that.

Formats: wheel file names and tags (PEP 425, PEP 427, PEP 600), `*.dist-info` folders (PEP 376, PEP 427 `WHEEL`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.parser import Parser
from functools import lru_cache
from itertools import product

from packaging.utils import canonicalize_name

from tfsetup.ground.platforms import Os, read_tag, wheel_tags
from tfsetup.ground.versions import pair
from tfsetup.loader.model import Filesystem, read_file

_FOLDER = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)\.dist-info")
_FILE = re.compile(
    r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-[^-]+)?-(?P<py>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)
_CPYTHON = re.compile(r"cp(?P<major>\d)(?P<minor>\d*)")
_LARGEST_WHEEL_FILE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """One compatibility tag: Python, ABI and platform as in a wheel's name."""

    python: str
    abi: str
    platform: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """An installed distribution (normalised name), or a wheel not yet installed (then `wheel` is its file name)."""

    name: str
    version: str
    tags: tuple[Tag, ...]
    wheel: str | None = None


def of_wheel(filename: str) -> Distribution | None:
    """Read a wheel's file name; None when it is not one."""
    found = _FILE.fullmatch(filename)
    if not found:
        return None
    tags = _product(found["py"], found["abi"], found["platform"])
    return Distribution(
        name=canonicalize_name(found["name"]), version=found["version"], tags=tuple(tags), wheel=filename
    )


def installed(files: Filesystem, site: str) -> tuple[Distribution, ...]:
    """Return the distributions whose `dist-info` lies in `site`, sorted by name."""
    found = (of_folder(files, site, name) for name in files.listdir(site))
    return tuple(sorted((each for each in found if each), key=lambda each: each.name))


def of_folder(files: Filesystem, site: str, folder: str) -> Distribution | None:
    """Return the distribution whose `dist-info` is the folder of that name in `site`; None: it is no such folder."""
    match = _FOLDER.fullmatch(folder)
    if not match:
        return None
    tags = tuple(_tags(read_text(files, f"{site}/{folder}/WHEEL") or ""))
    return Distribution(name=canonicalize_name(match["name"]), version=match["version"], tags=tags)


def read_text(files: Filesystem, path: str) -> str | None:
    """Return a small text file's content, None when it is absent, unreadable or not small."""
    found = read_file(files, path, _LARGEST_WHEEL_FILE)
    return None if found is None else found.decode("utf-8", "replace")


def _tags(wheel_file: str) -> Iterator[Tag]:
    for line in Parser().parsestr(wheel_file).get_all("Tag") or ():
        parts = str(line).strip().split("-")
        if len(parts) == 3:  # noqa: PLR2004 - python, abi, platform
            yield from _product(*parts)


def _product(pythons: str, abis: str, platforms: str) -> Iterator[Tag]:
    for python, abi, platform in product(pythons.split("."), abis.split("."), platforms.split(".")):
        yield Tag(python=python, abi=abi, platform=platform)


def python_of(distributions: Iterable[Distribution]) -> str | None:
    """Return the one CPython (`3.12`) that wheels are built for, None when they do not say or do not agree."""
    exact = {
        f"{found['major']}.{found['minor']}"
        for each in distributions
        for tag in each.tags
        if tag.abi != "abi3" and (found := _CPYTHON.fullmatch(tag.python)) and found["minor"]
    }
    return exact.pop() if len(exact) == 1 else None


def runs_on_python(each: Distribution, python: str, *, free_threaded: bool = False) -> bool:
    """Say whether a CPython `X.Y` accepts one of the tags (no tags: nothing is said, nothing is refused)."""
    accepted = _accepted(python, free_threaded=free_threaded)
    return not each.tags or any((tag.python, tag.abi) in accepted for tag in each.tags)


@lru_cache(maxsize=64)
def _accepted(python: str, *, free_threaded: bool) -> frozenset[tuple[str, str]]:
    """Return the Pythons and ABIs in the tags that a CPython `X.Y` accepts; `cp3`, which pip lacks, is legal too."""
    found = {(tag.interpreter, tag.abi) for tag in wheel_tags(python, ["any"], free_threaded=free_threaded)}
    return frozenset({*found, (f"cp{python.partition('.')[0]}", "none")})


def fits_libc(each: Distribution, libc: str | None) -> bool:
    """Say whether pip takes a wheel on a Linux with a C library, `glibc` or `musl` (None: could not tell).

    Wheels are built for one of the two (PEP 600, PEP 656); `linux_x86_64` is for the machine that built it, and fits.
    What is installed was taken by somebody, whatever its tags say.
    """
    found = [read.libc for tag in each.tags if (read := read_tag(tag.platform)) and read.os == "linux"]
    return each.wheel is None or libc is None or not found or not {libc, ""}.isdisjoint(found)


def oses(each: Distribution) -> frozenset[Os]:
    """Return the operating systems the tags are for; empty when any will do."""
    found = [read.os if (read := read_tag(tag.platform)) else None for tag in each.tags]
    return frozenset(os for os in found if os) if all(found) else frozenset()


def minimum_macos(each: Distribution) -> tuple[int, int] | None:
    """Return the oldest macOS (major, minor) among the platform tags, None when there is no such tag."""
    found = [read_tag(tag.platform) for tag in each.tags]
    floors = [pair(tag.floor or "") for tag in found if tag is not None and tag.os == "macos"]
    return min((floor for floor in floors if floor), default=None)


def refused_by_pip(each: Distribution) -> str:
    """Return pip's words for a wheel none of whose tags fit (`pip/_internal/req/constructors.py`)."""
    return f"{each.wheel or each.name} is not a supported wheel on this platform."
