"""A backend of locks that lives in memory, and a judge that answers from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from msgspec import UNSET, UnsetType

from support.locks import package
from tfsetup.ground.owners import SharedFiles
from tfsetup.host.model import Host, Libc
from tfsetup.locks.model import Lock, Origin
from tfsetup.locks.proof import Proof, Verdict
from tfsetup.locks.venv.write import write_lock
from tfsetup.workflows.backends import Case, Made, Standing
from tfsetup.workflows.told import Told

LINUX = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))


def origin(row: str, **changes: Any) -> Origin:
    values: dict[str, Any] = {"row": row, "platform": "x86_64-manylinux_2_28", "python": "3.12"}
    return Origin(**(values | changes))


def case(name: str = "linux-x86_64-cpu", version: str = "1.0", host: Host = LINUX, **changes: Any) -> Case:
    """One lock of two packages, one of them its own, as a backend would resolve it."""
    made = origin(name, **changes)
    lock = write_lock([package("alpha", version), package(name, "1.0")], made, "pylock")
    file = f"{name}.lock"
    return Case(name=name, file=file, key=file, lock=lock, origin=made, packages=lock.packages, host=host)


@dataclass
class Judge:
    """Finds `verdicts` or `conflicts` by row, `loads` for the rest, or fails; keeps what it was asked."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    failures: Mapping[str, BaseException] = field(default_factory=dict)
    conflicts: Mapping[str, tuple[SharedFiles, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, one: Case, *_: object, **__: object) -> Proof:
        row = one.origin.row
        self.asked.append(row)
        if row in self.failures:
            raise self.failures[row]
        if row in self.conflicts:
            return one.proof("fails", ["two owners"], conflicts=self.conflicts[row])
        verdict = self.verdicts.get(row, "loads")
        return one.proof(verdict, [] if verdict == "loads" else [f"lib.so: {verdict}"], images=3)


@dataclass
class Memory:
    """A backend that was given what it finds: `cases` when it resolves, `standings` when it checks."""

    cases: Sequence[Case] = ()
    there: Mapping[str, Lock] = field(default_factory=dict)
    standings: Sequence[Standing] = ()
    index: tuple[str, ...] | UnsetType = UNSET
    left_out: tuple[str, ...] | UnsetType = UNSET

    proofs: ClassVar[str] = "proofs.json"
    how: ClassVar[str] = "from memory"
    at_once: ClassVar[int] = 1
    remedy: ClassVar[str] = "Ask for something else"

    def made(self, told: Told) -> Made:
        told(f"{len(self.there)} there")
        told(f"Locking {' '.join(one.name for one in self.cases)}")
        texts = {one.file: one.lock.text for one in self.cases}
        return Made(there=self.there, cases=self.cases, texts=texts, index=self.index, left_out=self.left_out)

    def cheapest(self, name: str, conflict: SharedFiles) -> str:
        return f"less of {conflict.distributions[1]} in {name}."

    def stale(self) -> Sequence[Standing]:
        return self.standings
