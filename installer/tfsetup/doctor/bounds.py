"""What TensorFlow admits beside it: its own requirements, and the bounds that its metadata forgot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tfsetup.doctor.commands import Command
from tfsetup.doctor.needs import Need, RefusedError, Room, core_after, versions_for
from tfsetup.doctor.offers import needed_by, offered, satisfying, wheels_of
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
    own, forgotten = _own(*after, room), _forgotten(after[1], room)
    held = [_held(one, own, forgotten, after[1], command, room) for one in needs]
    names = {one.name for one in needs}
    if _ALONE in command.options or not names & room.cores:
        return tuple(held)
    missing = ((name, bound) for name, bound in forgotten.items() if name not in names)
    added = (Need(name=name, specifier=bound) for name, bound in missing if not _said(name, bound, own, room))
    return (*held, *added)


def _held(
    need: Need,
    own: Mapping[str, SpecifierSet],
    forgotten: Mapping[str, SpecifierSet],
    core: str,
    command: Command,
    room: Room,
) -> Need:
    admitted = own.get(need.name, SpecifierSet()) & forgotten.get(need.name, SpecifierSet())
    fitting = versions_for(need, command, room)
    if not fitting or not len(admitted) or need.name in room.cores:
        return need
    good = satisfying(admitted, fitting)
    # A bound is kept within: another generation than the one that the step means is not what it means.
    if not good or (len(need.specifier) and numbers(good[0])[:1] != numbers(fitting[0])[:1]):
        raise RefusedError("bound", f"TensorFlow {core} wants {Need(name=need.name, specifier=admitted).text}")
    missing = [str(one) for one in admitted if not one.contains(fitting[0], prereleases=True)]
    return need.within(SpecifierSet(",".join(missing))) if missing else need


def _own(name: str, version: str, room: Room) -> Mapping[str, SpecifierSet]:
    """Return what a release requires; an empty wheel requires what it points to, which has the requirements."""
    for _ in range(_DEEPEST):
        wheels = wheels_of(name, version, room.place, room.matrix.index)
        if wheels is None or wheels.carrier is None or wheels.carrier == (name, version):
            break
        name, version = wheels.carrier
    return needed_by(name, version, room.place, room.matrix.index)


def _forgotten(core: str, room: Room) -> dict[str, SpecifierSet]:
    """Return the bounds of the matrix that this release's own metadata should have had."""
    found: dict[str, SpecifierSet] = {}
    for rule in room.matrix.rules:
        if rule.tensorflow is None or in_range(rule.tensorflow, core):
            for bound in map(Requirement, rule.add):
                found[bound.name] = found.get(bound.name, SpecifierSet()) & bound.specifier
    return found


def _said(name: str, bound: SpecifierSet, own: Mapping[str, SpecifierSet], room: Room) -> bool:
    """Whether a release's own requirement lets nothing through that the bound forbids."""
    known = offered(name, room.place, room.matrix.index) or ()
    admitted = satisfying(own[name], known) if name in own else ()
    return bool(admitted) and satisfying(bound, admitted) == admitted
