"""`Lock`: the exact files of one target, where each came from, and what the lock was made for (`Origin`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from tfsetup.ground.values import value
from tfsetup.locks.conda.model import PlatformLock

Form = Literal["pylock", "portable"]
"""`pylock`: PEP 751, with addresses. `portable`: a requirements file of names, versions, markers and hashes."""

Source = Literal["source distribution", "directory", "repository", "archive of sources"]
"""What an entry names beside wheels, in words: what would have to be built, which runs its code."""

SCHEMA = 1


@value
class LockedFile:
    """One file: name, size in bytes (None when the index does not say), sha256 in hex, and its address.

    A requirements file that somebody else wrote says neither name nor size: then `filename` is empty. `url` is None in
    the portable form. `path` is a file of this machine, which uv finds through `--find-links`; in a lock on disk it is
    told from the folder of the lock, and in one that tfsetup wrote only the wheel that cures known defects has one.
    `uploaded` is when the index got it; None: it does not say, or this comes from a lock, where it has no place.
    """

    filename: str
    size: int | None
    sha256: str
    url: str | None = None
    path: str | None = None
    uploaded: datetime | None = None


@value
class LockedPackage:
    """One distribution, its exact version, and the files that may be installed for it: wheels, or one sdist.

    Of a conda package it is the one archive of a channel, which stands among the wheels. `marker` is a PEP 508
    environment marker; `index` the index it was found on, where the lock says so. What other programs write may have
    more: a `source` that would have to be built, beside wheels or in their place, and the Pythons it is for. `version`
    is empty where only a `source` would tell it. `line` is where its name stands in the file it was read from.
    """

    name: str
    version: str
    wheels: tuple[LockedFile, ...]
    sdist: LockedFile | None = None
    marker: str | None = None
    index: str | None = None
    source: Source | None = None
    requires_python: str | None = None
    line: int | None = field(default=None, compare=False)

    @property
    def files(self) -> tuple[LockedFile, ...]:
        """Everything that may be installed for it."""
        return (*self.wheels, *((self.sdist,) if self.sdist else ()))

    @property
    def size(self) -> int:
        """Bytes to download at the most, as far as the index tells."""
        return max((file.size or 0 for file in self.wheels), default=self.sdist.size or 0 if self.sdist else 0)


@value
class Bounds:
    """Which environments a lock says it is for: one of these markers (empty: any), these Pythons (empty: all).

    `groups` are the dependency groups that are installed where nobody names any, which markers of packages ask for.
    """

    environments: tuple[str, ...] = ()
    requires_python: str = ""
    groups: tuple[str, ...] = ()


@value
class Origin:
    """What a lock was made for: the row, the target, what was asked and what was decided.

    `tensorflow`, `pre`, `team` (the team's own requirements) and whether a Python was asked for are the ask;
    `requirements`, `source_builds` and `sdists` are what the row answered, as in `Selection`. `platform`, `python`,
    `macos` and `glibc` are the target, in uv's words. `cures` are the variables that cure known defects of what is
    locked; `without_cures`: they were left out, because the user said so. `exclude_newer…`: how young a file might be,
    as a `Cooldown` has it. `allow_build`: packages of pure Python that might be built from
    source, by the team's consent. `rules` are fingerprints of what the row says about the locked release, by the row's
    fields. `digest` is that of all of it: row and ask. `sums` are fingerprints of the lock's packages, so that an edit
    by hand is found and its line named.
    """

    row: str
    platform: str
    python: str
    macos: str | None = None
    glibc: str | None = None
    asked_python: bool = False
    tensorflow: str | None = None
    pre: bool = False
    team: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    source_builds: tuple[str, ...] = ()
    sdists: tuple[str, ...] = ()
    cures: Mapping[str, str] = field(default_factory=dict)
    without_cures: bool = False
    allow_build: tuple[str, ...] = ()
    exclude_newer: str | None = None
    exclude_newer_package: Mapping[str, str] = field(default_factory=dict)
    exclude_newer_since: str | None = None
    rules: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    schema: int = SCHEMA


@value
class Lock:
    """What is locked for one target: `text` is the file itself, `packages` what it says of the target.

    `origin` is None for a lock that `tfsetup lock` did not write: its packages may be those of many environments, and
    `locks/venv/applying.py` tells which of them one environment gets. `part` is the part of a conda lock that is for
    the target, as conda's own values; None: a lock of wheels. `cut_from` is the fingerprint of the file that this is
    one environment's part of; None: it is a file as it lies there.
    """

    text: str
    packages: tuple[LockedPackage, ...]
    form: Form = "pylock"
    origin: Origin | None = None
    part: PlatformLock | None = None
    bounds: Bounds = field(default_factory=Bounds, compare=False)
    cut_from: str | None = None

    @property
    def sha256(self) -> str:
        """The fingerprint of the file's text, in hex."""
        return self.cut_from or hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def download_size(self) -> int:
        """Bytes to download at the most: the largest wheel of each package, as far as the index tells sizes."""
        return sum(package.size for package in self.packages)

    def version_of(self, name: str) -> str | None:
        """Return the locked version of a distribution (normalised name), or None."""
        return next((package.version for package in self.packages if package.name == name), None)


def file_name(form: Form, target: str) -> str:
    """Return the name of the lock of `target` (a row, perhaps with a Python): PEP 751 allows no dot in it."""
    return f"pylock.{target}.toml" if form == "pylock" else f"requirements.{target}.txt"
