"""What TensorFlow admits beside it: its own requirements, and the bounds that its metadata forgot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from packaging.requirements import Requirement

from tfsetup.doctor.commands import Command, Specifiers
from tfsetup.doctor.needs import Need, RefusedError, Room, core_after, versions_for
from tfsetup.doctor.offers import satisfying
from tfsetup.ground.versions import in_range, is_version, numbers

_ALONE: Final = "--no-deps"
_DEEPEST: Final = 3


def with_bounds(needs: Sequence[Need], command: Command, room: Room) -> tuple[Need, ...]:
    """Return the needs within what the TensorFlow admits that is there after the command.

    Of a TensorFlow that the command installs itself, the bounds are added that its metadata does not have.

    Raises:
        RefusedError: nothing is both wanted and admitted.
    """
    after = core_after(needs, command, room)
    if after is None or not is_version(after[1]):
        return tuple(needs)
    names = {one.name for one in needs}
    brought = bool(names & room.cores)
    admits = _Admits(core=after[1], own=_own(*after, room), forgotten=_forgotten(after[1], room), brought=brought)
    held = [_held(one, admits, versions_for(one, command, room) or ()) for one in needs if one.name not in room.cores]
    cores = [one for one in needs if one.name in room.cores]
    added: list[Need] = []
    if brought and _ALONE not in command.options:
        added = [Need(name=name, specifier=admits.forgotten[name]) for name in admits.unsaid(room) if name not in names]
    return (*cores, *held, *added)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Admits:
    """What a TensorFlow admits: by its `own` metadata, and what that forgot. `brought`: the command installs it.

    What it brings itself the installer holds to the metadata, which is in the same command.
    """

    core: str
    own: Mapping[str, Specifiers]
    forgotten: Mapping[str, Specifiers]
    brought: bool

    def of(self, name: str) -> Specifiers:
        """Return all that holds for a name."""
        return self.own.get(name, Specifiers()) & self.forgotten.get(name, Specifiers())

    def unsaid(self, room: Room) -> list[str]:
        """Return the names of bounds without which an installer takes what they forbid."""
        known = {name: room.stock.offered(name, room.place) or () for name in self.forgotten}
        admitted = {name: satisfying(self.own[name], known[name]) if name in self.own else () for name in known}
        said = {name for name, versions in admitted.items() if versions == satisfying(self.forgotten[name], versions)}
        return [name for name in self.forgotten if name not in said or not admitted[name]]


def _held(need: Need, admits: _Admits, fitting: Sequence[str]) -> Need:
    admitted = admits.of(need.name)
    if not fitting or not len(admitted):
        return need
    good = satisfying(admitted, fitting)
    # A bound is kept within: another generation than the one that the step means is not what it means.
    if not good or (len(need.specifier) and _major(good[0]) != _major(fitting[0])):
        raise RefusedError("bound", f"TensorFlow {admits.core} wants {Need(name=need.name, specifier=admitted).text}")
    unsaid = admits.forgotten.get(need.name, Specifiers()) if admits.brought else admitted
    missing = [str(one) for one in unsaid if not one.contains(fitting[0], prereleases=True)]
    return need.within(Specifiers(",".join(missing))) if missing else need


def _own(name: str, version: str, room: Room) -> Mapping[str, Specifiers]:
    """Return what a release requires; an empty wheel requires what it points to, which has the requirements."""
    for _ in range(_DEEPEST):
        wheels = room.stock.wheels_of(name, version, room.place)
        if wheels is None or wheels.carrier is None or wheels.carrier == (name, version):
            break
        name, version = wheels.carrier
    return room.stock.needed_by(name, version, room.place)


def _forgotten(core: str, room: Room) -> dict[str, Specifiers]:
    """Return the bounds of the matrix that this release's own metadata should have had."""
    found: dict[str, Specifiers] = {}
    for rule in room.matrix.rules:
        if rule.tensorflow is None or in_range(rule.tensorflow, core):
            for bound in map(Requirement, rule.add):
                found[bound.name] = found.get(bound.name, Specifiers()) & bound.specifier
    return found


def _major(text: str) -> int | None:
    found = numbers(text)
    return found[0] if found else None
