"""`Locked`: what became of a lock that was written or checked; the `data` of `tfsetup lock`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import UNSET, UnsetType

from tfsetup.errors import Code
from tfsetup.ground.owners import SharedFiles
from tfsetup.ground.values import value
from tfsetup.locks.cooldown import CooldownDocument, document, recorded
from tfsetup.locks.cure import carried
from tfsetup.locks.model import Lock
from tfsetup.locks.proof import Proof, Verdict
from tfsetup.matrix.defects import Defect, all_of, defects_of
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import environment_of, hazards_of
from tfsetup.verify.programs import ProgramsTried


@value
class LockEntry:
    """One lock: a file, or one platform of a conda lock. A lock that is missing has nothing but what is stale."""

    path: Path
    """The lock file."""
    row: str | None
    """The row of the matrix it is for; None: it does not say."""
    platform: str | UnsetType = UNSET
    """conda's subdir; only of a conda lock, where one file holds several."""
    packages: int = 0
    """How many packages are locked."""
    fresh: bool
    """Whether it answers what is asked for now; of a lock just written, always."""
    verdict: Verdict = "undecided"
    """Whether it would load on its target."""
    programs: ProgramsTried | UnsetType = UNSET
    """What its programs and packages came to; only where they were tried (`--prove=run`)."""
    reasons: tuple[str, ...] | UnsetType = UNSET
    """Why it would not, or why nothing is known."""
    python: str | UnsetType | None = UNSET
    """The Python it is for, `X.Y`; None: it does not say."""
    requirements: tuple[str, ...] | UnsetType = UNSET
    """What is asked of the index: the row's requirements; of a conda lock also the team's."""
    conda: tuple[str, ...] | UnsetType = UNSET
    """The match specs that are asked of a channel; only of a conda lock."""
    download_bytes: int | UnsetType = UNSET
    """Bytes to download at the most, as far as the index tells sizes."""
    cure: str | UnsetType | None = UNSET
    """The wheel beside it that cures known defects, by its file name; None: it carries none."""
    environment: Mapping[str, str] | UnsetType = UNSET
    """The variables that every process of an environment made of it must see."""
    hazards: tuple[Defect, ...] | UnsetType = UNSET
    """The known defects of what is locked."""
    exclude_newer: CooldownDocument | UnsetType = UNSET
    """How young a file might be; only where the lock was made with a limit."""
    changed: bool | UnsetType = UNSET
    """Whether writing it changed the file; only where it was written."""
    versions: tuple[str, ...] | UnsetType | None = UNSET
    """The packages whose version moved, came or went; None: there was no lock before. Only where it was written."""
    changes: tuple[str, ...] | UnsetType = UNSET
    """What is no longer as it was when it was written; only where it was checked."""


@dataclass(frozen=True, kw_only=True, slots=True)  # a value has no heirs
class Conflict(SharedFiles):
    """A conflict in a lock, and what would end it."""

    row: str
    """The row of the matrix whose lock it is."""
    lock: str
    """The lock it was to be: the row, perhaps with a Python."""
    change: str
    """The single change that costs least, a sentence; "" when none is known."""


@value
class Handed:
    """Digests that were written for others."""

    folder: Path
    """Where they are."""
    files: int
    """How many files."""
    bytes: int
    """How large they are together."""


@value
class Locked:
    """What became of the locks."""

    files: tuple[LockEntry, ...]
    """The locks, in the order they were asked for."""
    index: tuple[str, ...] | UnsetType = UNSET
    """The package indexes that were asked and are not uv's default, in words."""
    left_out: tuple[str, ...] | UnsetType = UNSET
    """What of an `environment.yml` has no place in a lock, with its line."""
    sbom: Path | UnsetType = UNSET
    """The inventory that was written (CycloneDX)."""
    digests: Handed | UnsetType = UNSET
    """The digests of the wheels, where they were written for others."""
    checked: bool | UnsetType = UNSET
    """True: nothing was written."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables of all locks together."""
    hazards: tuple[Defect, ...] = ()
    """The known defects of all locks together: cured is what all of them cure."""
    conflicts: tuple[Conflict, ...] = ()
    """Packages with a path of two contents. Where there are any, nothing was written, unless it was forced."""

    @property
    def stale(self) -> int:
        """How many locks are missing, or not what is asked for."""
        return sum(not one.fresh for one in self.files)

    def code(self, *, proven: bool) -> Code | None:
        """Return why the answer is no, if it is: a lock is stale, or (`proven`: somebody asked) would not load.

        Of locks that were to be written: a conflict kept them from it.
        """
        if not self.checked:
            return Code.ANSWER_IS_NO if self.conflicts and not self.files else None
        failing = proven and any(one.verdict == "fails" or (one.programs and not one.programs.ok) for one in self.files)
        return Code.LOCK if self.stale else Code.ANSWER_IS_NO if failing else None


def entry(
    path: Path, lock: Lock, proof: Proof | None, matrix: Matrix, *, conda: tuple[str, ...] | UnsetType = UNSET
) -> LockEntry:
    """Return what a lock holds and what is known of it: defects are those of everything locked, on its own target."""
    origin = lock.origin
    versions = {package.name: package.version for package in lock.packages}
    here = {"row": origin.row, "macos": origin.macos, "python": origin.python} if origin else {}
    found = hazards_of(matrix.hazards, versions, **here)
    own = next((row.environment for row in matrix.rows if origin is not None and row.id == origin.row), {})
    wheel = carried(lock, origin.cures) if origin else None
    cooldown = recorded(origin) if origin else None
    return LockEntry(
        path=path, row=origin.row if origin else None, platform=lock.part.subdir if lock.part else UNSET,
        packages=len(lock.packages), fresh=True, verdict=proof.verdict if proof else "undecided",
        reasons=proof.reasons if proof else ("never proven",), python=origin.python if origin else None,
        requirements=origin.requirements if origin else (), conda=conda, download_bytes=lock.download_size,
        cure=UNSET if lock.part else wheel.filename if wheel else None, environment={**own, **environment_of(found)},
        hazards=defects_of(found, cured=wheel is not None), exclude_newer=document(cooldown) if cooldown else UNSET,
    )  # fmt: skip


def summed(entries: Iterable[LockEntry]) -> tuple[dict[str, str], tuple[Defect, ...]]:
    """Return the variables and the defects of several locks."""
    entries = tuple(entries)
    environment: dict[str, str] = {}
    for one in entries:
        environment |= one.environment or {}
    return environment, all_of(one.hazards or () for one in entries)
