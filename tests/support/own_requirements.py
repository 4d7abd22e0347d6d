"""The locks of tfsetup itself: for which Pythons and platforms each of them is, and whether uv finds all its wheels.

The Pythons are the range of pyproject.toml, the platforms those of the matrix: its rows, and the machines that it
refuses, where the tool has to start to say so. What is known to be missing stands in requirements/exceptions.txt.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from packaging.specifiers import SpecifierSet

from support.matrix import shipped
from support.newcomer import uv
from support.process import ROOT
from tfsetup.ground.platforms import UNKNOWN, UV_GLIBC, Platform, fitting_wheels, wheel_tags
from tfsetup.upkeep.index.snapshot import File

Lock = Literal["tool", "conda", "dev"]
LOCKS: Final[tuple[Lock, ...]] = ("tool", "conda", "dev")
REQUIREMENTS: Final = ROOT / "requirements"
EXCEPTIONS: Final = REQUIREMENTS / "exceptions.txt"

_GLIBC: Final = UV_GLIBC[:2]  # the oldest in use, and the next that wheels are made for
_TESTED_GLIBC: Final = _GLIBC[1]  # what the tests use (lief) has no older wheels, and no older system runs them
_BEYOND: Final = 40  # no CPython 3 has a minor of that


class Target(NamedTuple):
    """A platform with the oldest macOS or C library that is meant."""

    platform: Platform
    level: str | None = None
    musl: bool = False

    @property
    def name(self) -> str:
        """Return what the exceptions call it: `macos-arm64`, `linux-x86_64-glibc-2.17`, `linux-aarch64-musl`."""
        libc = "-musl" if self.musl else f"-glibc-{self.level}" if self.platform.os == "linux" else ""
        return f"{self.platform.os}-{self.platform.arch}{libc}"

    @property
    def uv(self) -> str:
        """Return what uv calls it."""
        return self.platform.uv(self.level, musl=self.musl)


class Exemption(NamedTuple):
    """A line of the exceptions."""

    lock: str
    python: str
    platform: str
    package: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One lock on one Python and platform."""

    lock: Lock
    python: str
    target: Target

    def __str__(self) -> str:
        return f"{self.lock} {self.python} {self.target.name}"


def stated_range() -> str:
    """Return pyproject's `requires-python`."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(table["project"]["requires-python"])


@cache
def pythons() -> tuple[str, ...]:
    """Return the Pythons of the range, the oldest first. An open range has no end: that is what it must not be."""
    within = SpecifierSet(stated_range())
    found = tuple(f"3.{minor}" for minor in range(_BEYOND) if f"3.{minor}.0" in within)
    assert f"3.{_BEYOND}.0" not in within, f"{stated_range()} has no end"
    return found


def targets(lock: Lock) -> list[Target]:
    """Return the platforms that a lock is for: of the tool all, of its tests those with a glibc that they need."""
    matrix = shipped()
    rows = {Platform(row.when.os, row.when.interpreter or row.when.arch) for row in matrix.rows}
    found = [one for platform in sorted(rows, key=str) for one in _levels(platform, lock)]
    if lock == "tool":
        refused = {arch for refusal in matrix.refusals if refusal.os == "windows" for arch in refusal.arch}
        found += [Target(Platform("windows", arch)) for arch in sorted(refused)]
    return found


def _levels(platform: Platform, lock: Lock) -> list[Target]:
    if platform.os != "linux":
        return [Target(platform, UNKNOWN[platform.os])]
    if lock == "dev":
        return [Target(platform, _TESTED_GLIBC)]
    musl = [Target(platform, musl=True)] if any(one.libc == "musl" for one in shipped().refusals) else []
    return [*(Target(platform, level) for level in _GLIBC), *musl]


def cells(lock: Lock) -> list[Cell]:
    """Return every Python on every platform of a lock."""
    return [Cell(lock=lock, python=python, target=target) for target in targets(lock) for python in pythons()]


def exemptions(path: Path = EXCEPTIONS) -> list[Exemption]:
    """Return the lines of the exceptions."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Exemption(*line.split(maxsplit=4)) for line in lines if line and not line.startswith("#")]


def exempt(cell: Cell) -> frozenset[str]:
    """Return the packages that are known to have no wheel there."""
    asked = (cell.lock, cell.python, cell.target.name)
    return frozenset(
        one.package
        for one in exemptions()
        if all(fnmatchcase(*pair) for pair in zip(asked, (one.lock, one.python, one.platform), strict=True))
    )


# --------------------------------------------------------------------------------------------------------- wheels


class Pin(NamedTuple):
    """A package of a lock: as many wheels as there are hashes may be meant."""

    name: str
    version: str
    marker: str
    digests: frozenset[str]

    def wanted(self, cell: Cell) -> bool:
        """Return whether it is installed there."""
        from packaging.markers import Marker

        environment = cell.target.platform.environment(f"{cell.python}.0")
        return not self.marker or Marker(self.marker).evaluate(environment)


_PIN: Final = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)(?: ; ([^\\\n]+?))? \\\n((?: .*\n)+)", re.MULTILINE)


def lock_text(lock: Lock) -> str:
    """Return what a lock says."""
    return (REQUIREMENTS / f"{lock}.txt").read_text(encoding="utf-8")


def pins(text: str) -> tuple[Pin, ...]:
    """Return the packages of a requirements file with hashes."""
    return tuple(
        Pin(found[1], found[2], found[3] or "", frozenset(re.findall(r"sha256:([0-9a-f]{64})", found[4])))
        for found in _PIN.finditer(text)
    )


def lacking(cell: Cell, locked: Iterable[Pin], pages: Mapping[str, Sequence[File]]) -> frozenset[str]:
    """Return the packages of which no wheel is for that Python and platform among those with a hash in the lock."""
    tags = list(wheel_tags(cell.python, cell.target.platform.tags(cell.target.level, musl=cell.target.musl)))
    return frozenset(
        pin.name
        for pin in locked
        if pin.wanted(cell) and not fitting_wheels(_meant(pin, cell.python, pages[pin.name]), tags)
    )


def _meant(pin: Pin, python: str, files: Iterable[File]) -> list[str]:
    return [
        file.filename
        for file in files
        if file.sha256 in pin.digests
        and file.filename.endswith(".whl")
        and f"{python}.0" in SpecifierSet(file.requires_python)
    ]


# ------------------------------------------------------------------------------------------------------------- uv


def complaint(cell: Cell, folder: Path) -> str:
    """Return what uv says against installing a lock there, nothing where it would; only metadata is downloaded.

    It resolves: everything that a package asks for must stand in the lock, and suit. It does not look at hashes before
    it downloads, which `lacking` does.
    """
    where = ["--python-version", cell.python, "--python-platform", cell.target.uv, "--target", str(folder / "nothing")]
    strict = ["--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS / f"{cell.lock}.txt")]
    done = subprocess.run(
        [uv(), "pip", "install", "--dry-run", "--quiet", *where, *strict],
        env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": UNKNOWN["macos"]},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else re.sub(r"\s+", " ", done.stderr[done.stderr.rfind("error:") :]).strip()
