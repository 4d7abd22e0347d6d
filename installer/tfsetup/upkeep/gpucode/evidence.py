"""What is to be read of which wheels, and what was read of them, as both are kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tfsetup.ground.versions import version
from tfsetup.loader.gpu.scan import GpuCode
from tfsetup.loader.gpu.targets import Target, read_target
from tfsetup.upkeep import kept

SCHEMA: Final = 1
_AGAIN: Final = "Delete it and run `tfsetup matrix check --prove`."


class Subject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Releases of one distribution, and the libraries that decide. `newest`: its newest stable release too."""

    distribution: str
    versions: tuple[str, ...]
    libraries: tuple[str, ...]
    newest: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is read: Linux wheels for one architecture.

    `drivers`: the oldest NVIDIA driver that compiles a version of PTX. `capabilities`: the GPUs to try the rules on.
    """

    architecture: str
    wheels: tuple[Subject, ...]
    drivers: Mapping[str, str]
    capabilities: tuple[str, ...]


class Library(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One library: how many fat binaries of which targets, bundles of which GPUs, and gfx names joined."""

    name: str
    fatbins: Mapping[str, int] = {}
    bundles: Mapping[str, int] = {}
    joined: tuple[str, ...] = ()
    damaged: int = 0

    def targets(self) -> list[frozenset[Target]]:
        """Return the targets of each kind of fat binary."""
        return [frozenset(t for word in words.split() if (t := read_target(word))) for words in self.fatbins]

    def gfx(self) -> frozenset[str]:
        """Return the GPUs that every bundle has code for."""
        return frozenset.intersection(*(frozenset(words.split()) for words in self.bundles))


class Wheel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One wheel and its libraries, in the order of their names."""

    distribution: str
    version: str
    wheel: str
    sha256: str
    libraries: tuple[Library, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that was read, by distribution and version."""

    schema: int
    wheels: tuple[Wheel, ...]


def library(name: str, code: GpuCode) -> Library:
    """Return what was found in a library as it is kept."""
    return Library(
        name=name,
        fatbins=_counted({" ".join(map(str, sorted(kinds))): count for kinds, count in code.fatbins.items()}),
        bundles=_counted({" ".join(sorted(kinds)): count for kinds, count in code.bundles.items()}),
        joined=tuple(sorted(code.joined)),
        damaged=code.damaged,
    )


def _counted(found: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def evidence_of(wheels: Iterable[Wheel]) -> Evidence:
    """Return wheels as they are kept: each once, by distribution, then oldest first."""
    once = {(wheel.distribution, wheel.version): wheel for wheel in wheels}
    ordered = sorted(once.values(), key=lambda wheel: (wheel.distribution, version(wheel.version)))
    return Evidence(schema=SCHEMA, wheels=tuple(ordered))


def render_evidence(evidence: Evidence) -> str:
    """Return the text of the file: the same evidence is the same text."""
    return kept.render(evidence)


def read_evidence(text: str, file: str) -> Evidence:
    """Read a file of evidence.

    Raises:
        InvalidFileError: it is no such file, or of another schema.
    """
    return kept.read(text, Evidence, SCHEMA, file=file, what="code for GPUs", hint=_AGAIN)


def parse_plan(text: str, file: str) -> Plan:
    """Read a plan.

    Raises:
        InvalidFileError: it is no YAML, or has other fields.
    """
    return kept.read_plan(text, Plan, file=file, what="which code for GPUs to read")
