"""The values of the conda side: what is asked of a channel, and what a lock says about one platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from urllib.parse import unquote

from tfsetup.ground.values import value
from tfsetup.ground.versions import minor


@value
class VirtualPackage:
    """A fact about a machine in conda's form: `__osx 14.4 0`, `__archspec 1 m1` (CEP 30)."""

    name: str
    version: str
    build: str = "0"

    def __str__(self) -> str:
        """Return `name=version=build`, as conda prints it."""
        return f"{self.name}={self.version}={self.build}"


@value
class Request:
    """What one platform's solve is asked for.

    `channels` are names or URLs, best first; `specs` are match specs of packages that must be there, `limits` match
    specs that hold for a package only if it is there. `before` is the moment that every archive must be from before.
    """

    subdir: str
    channels: tuple[str, ...]
    specs: tuple[str, ...]
    virtual: tuple[VirtualPackage, ...]
    limits: tuple[str, ...] = ()
    before: datetime | None = None


@value
class CondaPackage:
    """One package of a channel: exactly this archive. `size` is in bytes, hashes are hex.

    `subdir` is the channel folder the archive lies in, which is `noarch` for many.
    """

    name: str
    version: str
    build: str
    subdir: str
    url: str
    md5: str
    sha256: str
    depends: tuple[str, ...] = ()
    size: int | None = None

    @property
    def file_name(self) -> str:
        """The archive's name, `numpy-2.1.3-py312h58c1407_0.conda`."""
        return self.url.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The archive's name without its ending: what an unpacked package is called in a cache."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def channel(self) -> str:
        """The channel's URL, with a slash at its end."""
        return self.url.rsplit("/", 2)[0] + "/"


@value
class PinnedWheel:
    """One wheel of the index that goes on top of the conda packages: exactly this file. `name` is normalised."""

    name: str
    version: str
    url: str
    sha256: str
    depends: tuple[str, ...] = ()
    size: int | None = None

    @property
    def file_name(self) -> str:
        """The wheel's name, which carries its tags."""
        return unquote(self.url.partition("#")[0].rpartition("/")[2])

    @property
    def requirement(self) -> str:
        """The line of a requirements file that installs it and nothing else (`--require-hashes`)."""
        return f"{self.name} @ {self.url} --hash=sha256:{self.sha256}"


@value
class PlatformLock:
    """One platform of a conda lock: packages in the order of their names, and what the lock was made for.

    `row` and `digest` identify the selection (`tfsetup.locks.digest`); empty when another program wrote the lock.
    `exclude_newer` is how young an archive might be, and `exclude_newer_since` what a span counts back from.
    """

    subdir: str
    packages: tuple[CondaPackage, ...]
    wheels: tuple[PinnedWheel, ...] = ()
    row: str = ""
    digest: str = ""
    content_hash: str = ""
    exclude_newer: str = ""
    exclude_newer_since: str = ""

    @property
    def entries(self) -> tuple[CondaPackage | PinnedWheel, ...]:
        """Everything that will be installed."""
        return (*self.packages, *self.wheels)

    @property
    def python(self) -> str | None:
        """The version of Python in it."""
        return next((package.version for package in self.packages if package.name == "python"), None)

    @property
    def minor(self) -> str:
        """The Python in it as `X.Y`; "" where there is none."""
        return minor(self.python)


@value
class CondaLock:
    """A `conda-lock.yml`: `text` is the file itself, `platforms` what it says, by subdir."""

    text: str
    channels: tuple[str, ...]
    platforms: Mapping[str, PlatformLock] = field(default_factory=dict)
