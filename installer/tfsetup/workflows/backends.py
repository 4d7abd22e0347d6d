"""What the course of a lock knows of a backend: `Backend`, and the values that go in and out of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol

from msgspec import UNSET, UnsetType

from tfsetup.errors import Code, TfsetupError, Where
from tfsetup.ground.owners import SharedFiles
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.conda.lockfile import seal
from tfsetup.locks.cooldown import Cooldown
from tfsetup.locks.model import Form, Lock, LockedPackage, Origin
from tfsetup.locks.naming import Option
from tfsetup.locks.order import Order, current_rows, rows_for
from tfsetup.locks.proof import Proof, Verdict, subject
from tfsetup.locks.team import ALL, Marked, Team
from tfsetup.matrix.choose.reference import Levels
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.model import Ask
from tfsetup.workflows.told import Told

_SHOWN = 5  # reasons that a proof keeps


@value
class LockOrder:
    """What is asked of `lock`.

    `pythons` are in order of preference, `platforms` rows or platforms; empty: as the team file says, else the matrix.
    `form` None: as the team file says, else as the locks in `folder` are. `upgrade`: names that may move on, None:
    everything. `source` is an `environment.yml` to take over (conda only). `sbom` is the inventory to write.
    `allow_build_of` are packages of pure Python that may be built, besides those of the team file. `cooldown`
    is how young a file may be; None: as the team file says, without one as the lock there was made. Spans count back
    from `now`. `digests` is the folder into which those of the wheels are written, `digests_from` one that was handed
    on.
    """

    ask: Ask
    pythons: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    folder: Path = files.LOCKS
    form: Form | None = None
    prove: bool = True
    force: bool = False
    upgrade: frozenset[str] | None = frozenset()
    index_url: str | None = None
    offline: bool = False
    source: Path | None = None
    without_cures: bool = False
    sbom: Path | None = None
    cooldown: Cooldown | None = None
    allow_build_of: tuple[str, ...] = ()
    digests: Path | None = None
    digests_from: Path | None = None
    now: datetime = field(default_factory=partial(datetime.now, UTC), compare=False)

    @property
    def environ(self) -> dict[str, str]:
        """The variable that names the index to uv; an argument could be read by every user of the machine."""
        return {"UV_DEFAULT_INDEX": self.index_url} if self.index_url else {}


@value
class Scope:
    """An order with what it is held to: the matrix, the team file, the one machine to lock for (None: the team's)."""

    order: LockOrder
    matrix: Matrix
    team: Team | None = None
    host: Host | None = None

    @property
    def asked(self) -> Order:
        """What is asked for now: the order, then the team file."""
        order, team = self.order, self.team or Team(file="")
        ask = replace(order.ask, tensorflow=order.ask.tensorflow or team.tensorflow, pre=order.ask.pre or team.pre)
        return Order(
            ask=ask, pythons=order.pythons or team.pythons, levels=Levels(macos=team.macos, glibc=team.glibc),
            team=tuple(item.text for item in team.requirements), cures=not order.without_cures,
            cooldown=self.team.cooldown if order.cooldown is None and self.team else order.cooldown, now=order.now,
            builds=tuple(sorted({*team.allow_build, *order.allow_build_of})),
            requires_python=team.requires_python.text if team.requires_python else None,
        )  # fmt: skip

    @property
    def option(self) -> Option:
        """How the TensorFlow that is asked for is written: on the command line, else in the team file."""
        given, team = self.order.ask.tensorflow, self.team
        if given is not None or team is None or team.tensorflow is None:
            return Option(words=f"--tensorflow {given}")
        return Option(words=f"tensorflow: {team.tensorflow}", where=team.tensorflow_at)

    @property
    def narrowed(self) -> bool:
        """Whether somebody said what to lock for; else the locks that are there tell."""
        order = self.order
        return bool(order.platforms) or self.host is not None or self.team is not None or ALL in order.pythons

    def rows(self) -> tuple[tuple[Row, Marked | None], ...]:
        """Return the rows to lock, each with the word that asked for it; None: nobody did, it is a current one.

        Raises:
            UsageError: a name is neither a row nor a platform.
            InvalidFileError: the same in the team file.
            TfsetupError: `NO_ROW`: nothing is for the one machine.
        """
        order, accelerator = self.order, self.order.ask.accelerator
        if order.platforms:
            nowhere = Where(file="--platform")
            return rows_for([Marked(text=name, where=nowhere) for name in order.platforms], self.matrix, accelerator)
        if self.host is not None:
            found = select(self.host, order.ask, self.matrix)
            if not found.installable:
                raise TfsetupError(Code.NO_ROW, "; ".join(found.reasons), hint="; ".join(found.suggestions))
            return tuple((row, None) for row in self.matrix.rows if row.id == found.row)
        if self.team is not None and self.team.platforms:
            return rows_for(self.team.platforms, self.matrix, accelerator)
        return tuple((row, None) for row in current_rows(self.matrix, accelerator))


def fingerprint(lock: Lock) -> str:
    """Return the fingerprint of what a proof is about, in hex: a lock's text, or the part of a conda lock."""
    return seal(lock.part) if lock.part else lock.sha256


@value
class Case:
    """One lock to write or to judge, and the machine it is for.

    `name` is the target's, `file` its file's, `key` what its proof is filed under. `packages` have addresses, whatever
    the form of the lock. `conda` are the match specs that were asked of a channel.
    """

    lock: Lock
    origin: Origin
    packages: Sequence[LockedPackage]
    host: Host
    name: str = ""
    file: str = ""
    key: str = ""
    conda: tuple[str, ...] | UnsetType = UNSET

    @property
    def sha256(self) -> str:
        """The fingerprint of what a proof is about."""
        return fingerprint(self.lock)

    @property
    def subject(self) -> str:
        """The fingerprint of what is judged: the files, the machine and the Python."""
        return subject(self.packages, self.host, self.origin.python)

    def proof(
        self, verdict: Verdict, reasons: Sequence[str], images: int = 0, conflicts: Sequence[SharedFiles] = ()
    ) -> Proof:
        """Return a verdict as it is written down."""
        return Proof(
            row=self.origin.row, python=self.origin.python, sha256=self.sha256, subject=self.subject, verdict=verdict,
            images=images, reasons=tuple(dict.fromkeys(reasons))[:_SHOWN], conflicts=tuple(conflicts) or UNSET,
        )  # fmt: skip

    def unproven(self, why: str) -> Proof:
        """Return the record of a lock that was not judged, and why."""
        return self.proof("undecided", [why])


@value
class Standing:
    """A lock that must be there, and what is no longer as it was when it was written; `changes` empty: it is fresh.

    Without a `lock` it is missing, or (`changes` say so) no row is for what is asked. `case` gives it as one to judge,
    which may ask the index for addresses; None: it does not say what it is for.
    """

    path: Path
    row: str | None
    key: str
    lock: Lock | None = None
    changes: tuple[str, ...] = ()
    conda: tuple[str, ...] | UnsetType = UNSET
    case: Callable[[], Case | None] = lambda: None


@value
class Made:
    """Locks that were resolved, each a case, and the files to write, by name.

    `there` are the locks that were there before, by the cases' names; `index` and `left_out` as in `Locked`.
    """

    there: Mapping[str, Lock]
    cases: Sequence[Case]
    texts: Mapping[str, str | bytes]
    index: tuple[str, ...] | UnsetType = UNSET
    left_out: tuple[str, ...] | UnsetType = UNSET


class Backend(Protocol):
    """How locks of one kind are made and read."""

    proofs: ClassVar[str]
    """The name of the file beside the locks that says what was found about them."""
    how: ClassVar[str]
    """How its locks are judged, in words."""
    remedy: ClassVar[str]
    """What else to ask for where a lock would not load."""

    def made(self, told: Told) -> Made:
        """Resolve all that is to be locked, with what is locked already kept where it still fits."""

    def cheapest(self, name: str, conflict: SharedFiles) -> str:
        """Return the single change that costs least and ends a conflict in the lock of the case `name`."""

    def stale(self) -> Sequence[Standing]:
        """Return every lock that must be there, and how it stands."""
