"""`Lock`: the exact files of one target, and where each came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedFile:
    """One file: name, size in bytes (None when the index does not say) and sha256 in hex."""

    filename: str
    size: int | None
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedPackage:
    """One distribution, its exact version, and the files that may be installed for it: wheels, or one sdist."""

    name: str
    version: str
    wheels: tuple[LockedFile, ...]
    sdist: LockedFile | None = None

    @property
    def size(self) -> int:
        """Bytes to download at the most, as far as the index tells."""
        return max((file.size or 0 for file in self.wheels), default=self.sdist.size or 0 if self.sdist else 0)


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
        return sum(package.size for package in self.packages)

    def version_of(self, name: str) -> str | None:
        """Return the locked version of a distribution (normalised name), or None."""
        return next((package.version for package in self.packages if package.name == name), None)
