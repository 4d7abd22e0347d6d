"""What a command changes of the TensorFlow that is there: nothing, that one, or another beside it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tfsetup.doctor.commands import Command
from tfsetup.doctor.needs import AGAIN, UPGRADE, Need, RefusedError, Room, chosen, versions_for
from tfsetup.ground.versions import is_version

_FORCE: Final = "--force-reinstall"


def as_installed(need: Need, command: Command, room: Room) -> Need:
    """Return the need under the name of the TensorFlow that is there: a second one would own the same files."""
    core = room.core
    if core is None or need.name not in room.cores or need.name in room.installed or need.extras:
        return need
    if _led_to(*core, room) == need.name:
        return need
    same = replace(need, name=core[0])
    found = versions_for(same, command, room) or ()
    return same.at(core[1]) if core[1] in found and command.options & AGAIN else same if found else need


def in_the_way(needs: Sequence[Need], command: Command, room: Room) -> tuple[str, ...]:
    """Return what is there of TensorFlow under names that the command does not want: it owns the same files.

    What the release requires that is wanted stays: an empty wheel leads to it.
    """
    after = {one.name: chosen(one, command, room) for one in needs if one.name in room.cores}
    led_to = {_led_to(name, version, room) for name, version in after.items()}
    others = room.cores & set(room.installed) - set(after) - led_to if after else set()
    return tuple(sorted(one for one in others if _led_to(one, room.installed[one], room) not in after))


def _led_to(name: str, version: str | None, room: Room) -> str:
    """Return the distribution that an empty wheel leads to; nothing: it is none."""
    wheels = room.stock.wheels_of(name, version, room.place) if version is not None else None
    return wheels.carrier[0] if wheels is not None and wheels.carrier is not None else ""


def changing(needs: tuple[Need, ...], command: Command, room: Room) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    """Return the needs, and what makes the command change something where all that it needs is there already.

    Raises:
        RefusedError: it is there, and there is nothing wrong with it.
    """
    if not needs or command.options & AGAIN or not all(_is_there(one, command, room) for one in needs):
        return needs, ()
    there = [one for one in needs if one.name in room.cores and not len(one.specifier)]
    if not (room.broken and there):
        names = " and ".join(f"{one.name} {room.installed[one.name]}" for one in needs)
        raise RefusedError("nothing", f"{names} is installed already")
    return tuple(_again(one, command, room) if one in there else one for one in needs), (_FORCE,)


def _is_there(need: Need, command: Command, room: Room) -> bool:
    have = room.installed.get(need.name)
    if have is None or not is_version(have) or not need.specifier.contains(have, prereleases=True):
        return False
    if need.extras and not room.stock.extra_names(need.name, have, need.extras, room.place) <= set(room.installed):
        return False
    if UPGRADE not in command.options:
        return True
    newest = versions_for(need, command, room)
    return newest is not None and newest[:1] == (have,)


def _again(need: Need, command: Command, room: Room) -> Need:
    have = room.installed[need.name]
    return need.at(have) if have in (versions_for(need, command, room) or ()) else need
