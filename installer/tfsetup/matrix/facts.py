"""`Index`: what a package index offers, reduced to what deciding needs. A snapshot of it serves offline.

One release of one distribution has groups of wheels: same platform tag, same requirements. A Python is written as its
minor version (`3.12`), with a `t` for the free-threaded ABI, or `any` for a pure wheel.
"""

from collections.abc import Mapping
from dataclasses import field

from tfsetup.ground.values import value

SHIM_BYTES = 100_000  # the largest wheel without code is 7,617 bytes, the smallest with code 1.1 MB (index, 2026-11-22)


@value
class Wheels:
    """Wheels of one release with the same platform tag (compressed tags joined by dots) and the same requirements.

    `size` is the largest file in bytes, `files` a digest of the files' own hashes. `requires` points into
    `Index.requires`. `carrier` is set on a wheel without code whose one requirement for its platform is the
    distribution that has the code: (name, version).
    """

    platform: str
    pythons: tuple[str, ...]
    size: int
    requires: int
    files: str = ""
    carrier: tuple[str, str] | None = None


@value
class Release:
    """One version of one distribution."""

    date: str
    requires_python: str = ""
    yanked: bool = False
    sdist: bool = False
    wheels: tuple[Wheels, ...] = ()


@value
class Index:
    """Everything known of the index on the day `taken` (ISO date): distribution → version → release.

    `requires` has every distinct list of requirements once. `companions`: stable versions of what TensorFlow requires.
    """

    taken: str
    requires: tuple[tuple[str, ...], ...]
    distributions: Mapping[str, Mapping[str, Release]]
    companions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    schema: int = 1
    _sorted: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    def releases(self, distribution: str) -> tuple[str, ...]:
        """Return the versions of a distribution, newest first; empty when the index does not know it."""
        if distribution not in self._sorted:
            from tfsetup.ground.versions import version

            known = self.distributions.get(distribution, {})
            self._sorted[distribution] = tuple(sorted(known, key=version, reverse=True))
        return self._sorted[distribution]

    def release(self, distribution: str, version: str) -> Release | None:
        """Return one release, or None."""
        return self.distributions.get(distribution, {}).get(version)
