"""`Lock`: the exact files of one target, and where each came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """One wheel: file name, size in bytes (None when the index does not say) and sha256 in hex."""

    filename: str
    size: int | None
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedPackage:
    """One distribution, its exact version, and the wheels that may be installed for it."""

    name: str
    version: str
    wheels: tuple[Wheel, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """A lock file's content: `text` is the file itself (PEP 751), `packages` what it says, sorted by name."""

    text: str
    packages: tuple[LockedPackage, ...]

    @property
    def sha256(self) -> str:
        """The fingerprint of the file's text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def download_size(self) -> int:
        """Bytes to download at the most: the largest wheel of each package, as far as the index tells sizes."""
        return sum(max((wheel.size or 0 for wheel in package.wheels), default=0) for package in self.packages)

    def version_of(self, name: str) -> str | None:
        """Return the locked version of a distribution (normalised name), or None."""
        return next((package.version for package in self.packages if package.name == name), None)
