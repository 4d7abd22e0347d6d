"""The values of a trial: what a command needs, the room it is tried in, and the refusal that it may end with. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from tfsetup.doctor.commands import Command, Specifiers, Wanted
from tfsetup.doctor.model import Rebuild
from tfsetup.doctor.offers import Spot, Stock, satisfying
from tfsetup.ground.versions import is_version
from tfsetup.matrix.file.rows import Matrix, Row

AGAIN: Final = frozenset(("--force-reinstall", "--ignore-installed"))
"""Options by which what is installed is installed again."""
UPGRADE: Final = "--upgrade"

Why = Literal["served", "python", "absent", "nothing", "bound", "pair", "typed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Why a command does not pass, as words; `rebuild` is what tfsetup can do instead, its prefix left open."""

    why: Why
    words: str
    rebuild: Rebuild | None = None


class RefusedError(Exception):
    """Carries a `Refused` out of a check."""

    def __init__(self, why: Why, words: str, rebuild: Rebuild | None = None) -> None:
        """Keep the refusal."""
        super().__init__(words)
        self.refused = Refused(why=why, words=words, rebuild=rebuild)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A requirement as it would be typed. `wanted` is what stood in its place, None: nothing did."""

    name: str
    specifier: Specifiers
    extras: frozenset[str] = frozenset()
    wanted: Wanted | None = None

    @staticmethod
    def of(wanted: Wanted) -> Need:
        """Return the requirement of a command as it stands."""
        one = wanted.requirement
        return Need(name=wanted.name, specifier=one.specifier, extras=frozenset(one.extras), wanted=wanted)

    @property
    def text(self) -> str:
        """The requirement (PEP 508)."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.name}{extras}{','.join(sorted(map(str, self.specifier), reverse=True))}"

    @property
    def pin(self) -> str | None:
        """The one version that it wants; None: it leaves a choice."""
        [*clauses] = self.specifier
        exact = len(clauses) == 1 and clauses[0].operator == "==" and is_version(clauses[0].version)
        return clauses[0].version if exact else None

    def at(self, version: str) -> Need:
        """Return it with one version."""
        return replace(self, specifier=Specifiers(f"=={version}"))

    def within(self, bounds: Specifiers) -> Need:
        """Return it within bounds, besides its own."""
        return replace(self, specifier=self.specifier & bounds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What a command is tried in: a place, and what is `installed` there (normalised names; empty: not known).

    `broken`: what is installed there of TensorFlow does not work.
    """

    matrix: Matrix
    stock: Stock
    place: Spot
    installed: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False

    @property
    def cores(self) -> frozenset[str]:
        """The distributions that are TensorFlow itself."""
        plugins = {row.plugin.distribution for row in self.matrix.rows if row.plugin is not None}
        return frozenset(self.matrix.index.distributions) - plugins

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the matrix that are for this system and process."""
        place = self.place
        return tuple(
            row
            for row in self.matrix.rows
            if row.when.os == place.os and place.arch in {None, row.when.interpreter or row.when.arch}
        )

    @property
    def core(self) -> tuple[str, str] | None:
        """The TensorFlow that is installed: name and version; None: there is none, or nobody knows."""
        here = [name for name in ("tensorflow", *sorted(self.cores)) if name in self.installed]
        return (here[0], self.installed[here[0]]) if here else None


def versions_for(need: Need, command: Command, room: Room) -> tuple[str, ...] | None:
    """Return the versions that an installer may take for a need, newest first; None: nobody recorded them."""
    pre = "--pre" in command.options or bool(need.specifier.prereleases)
    found = room.stock.offered(need.name, room.place, pre=pre)
    if found is None:
        return None
    return tuple(one for one in satisfying(need.specifier, found) if has_extra(need, one, room))


def has_extra(need: Need, version: str, room: Room) -> bool:
    """Return whether a release has the extras that a need asks for; of what nobody recorded it is presumed."""
    if not need.extras or need.name not in room.matrix.index.distributions:
        return True
    return bool(room.stock.extra_names(need.name, version, need.extras, room.place))


def chosen(need: Need, command: Command, room: Room) -> str | None:
    """Return the version that is there after a command; None: that cannot be told."""
    have = room.installed.get(need.name)
    anew = command.options & {*AGAIN, UPGRADE}
    if have is not None and not anew and is_version(have) and need.specifier.contains(have, prereleases=True):
        return have
    found = versions_for(need, command, room)
    return found[0] if found else None


def core_after(needs: Sequence[Need], command: Command, room: Room) -> tuple[str, str] | None:
    """Return the TensorFlow that is there after a command, name and version; None: that cannot be told."""
    for need in needs:
        if need.name in room.cores:
            version = chosen(need, command, room)
            return (need.name, version) if version is not None else None
    return room.core
