"""One install command held against the recorded stock: it passes, passes in other words, or is refused. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tfsetup.doctor.already import as_installed, changing, in_the_way
from tfsetup.doctor.bounds import with_bounds
from tfsetup.doctor.commands import Command
from tfsetup.doctor.model import Rebuild
from tfsetup.doctor.needs import Need, Refused, RefusedError, Room, chosen, has_extra, versions_for
from tfsetup.doctor.offers import nearest
from tfsetup.doctor.pairs import paired
from tfsetup.ground.platforms import OS_NAMES
from tfsetup.ground.versions import in_range
from tfsetup.matrix.choose.pythons import order, span
from tfsetup.matrix.file.rows import Row

_KEPT_FOR_DAYS: Final = "-nightly"
_TABLED: Final = frozenset(("pip", "uv"))  # what answers with the index; Poetry and conda have words of their own


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """A command that passes: what it needs, in other words perhaps, and options that it lacks.

    `removed`: what is to go before, as it owns the same files.
    """

    needs: tuple[Need, ...]
    options: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def judged(command: Command, room: Room) -> Passed | Refused:
    """Return a command as it passes in a room, or why it does not."""
    needs = tuple(map(Need.of, command.wanted))
    try:
        needs = _served(needs, room)
        if command.elsewhere or command.tool not in _TABLED:
            return Passed(needs=needs)
        if _is_alone(needs, room):
            needs = tuple(as_installed(one, command, room) for one in needs)
        needs = tuple(_named(one, command, room) for one in needs)
        needs = tuple(_offered(one, command, needs, room) for one in needs)
        needs = paired(tuple(_preferred(one, command, room) for one in needs), command, room)
        needs, options = changing(needs, command, room)
        changed = replace(command, options=command.options | set(options))
        return Passed(
            needs=with_bounds(needs, changed, room), options=options, removed=in_the_way(needs, changed, room)
        )
    except RefusedError as no:
        return no.refused


def _served(needs: tuple[Need, ...], room: Room) -> tuple[Need, ...]:
    """Refuse an extra that is for other machines: it resolves to nothing, or to gigabytes for nothing."""
    for need in needs:
        rows = _with_extra(need, room.matrix.rows)
        place = room.place
        if rows and place.os is not None and not _with_extra(need, room.rows):
            accelerator = rows[0].accelerator
            said = [
                each.because
                for each in room.matrix.refusals
                if each.accelerator == accelerator
                and each.os == place.os
                and (not each.arch or place.arch in each.arch)
            ]
            words = said[0] if said else f"the {'/'.join(sorted(need.extras))} extra is not for {OS_NAMES[place.os]}"
            raise RefusedError("served", words[:1].upper() + words[1:])
    return needs


def _with_extra(need: Need, rows: Sequence[Row]) -> list[Row]:
    return [
        row
        for row in rows
        if row.distribution == need.name and any(need.extras & set(rule.extras) for rule in row.rules)
    ]


def _named(need: Need, command: Command, room: Room) -> Need:
    """Return the need under the name of what has the code, where the other is an empty wheel that leads to it."""
    version = chosen(need, command, room) if need.name in room.cores else None
    wheels = room.stock.wheels_of(need.name, version, room.place) if version is not None else None
    if version is None or wheels is None or wheels.carrier is None or room.place.arch is None:
        return need
    name, release = wheels.carrier
    of = {row.distribution for row in room.rows if in_range(row.versions, release)}
    return replace(need, name=name) if name in of and need.name not in of else need


def _offered(need: Need, command: Command, needs: Sequence[Need], room: Room) -> Need:
    """Return the need if an installer finds something for it, else the nearest that it finds.

    Raises:
        RefusedError: it finds nothing, or only on another Python.
    """
    stock = room.stock
    if need.pin is not None and need.name.endswith(_KEPT_FOR_DAYS):
        raise RefusedError("absent", f"{need.text} was a release of one day, which the index does not keep")
    fitting = versions_for(need, command, room)
    if fitting is None or fitting or not stock.is_recorded(need.name, need.specifier):
        return need
    here = stock.offered(need.name, room.place) or ()
    on_any = replace(room, place=replace(room.place, python=None))
    anywhere = stock.offered(need.name, on_any.place) or ()
    elsewhere = versions_for(need, command, on_any) or ()
    if not anywhere:
        raise RefusedError("absent", f"{need.name} has no wheel for {_system(room)}", _of_other_name(need, room))
    if elsewhere and room.place.python is not None:
        raise RefusedError("python", *_another_python(need, elsewhere, needs, room))
    if not here or need.extras:
        raise RefusedError("python", *_another_python(need, elsewhere or anywhere, needs, room))
    if not _is_alone(needs, room):
        raise RefusedError("absent", f"{need.text} has no wheel for {_system(room)}")
    return need.at(nearest(need.pin, here) if need.pin is not None else here[0])


def _is_alone(needs: Sequence[Need], room: Room) -> bool:
    """Whether a command is about TensorFlow and what it is bounded by: nothing else in it goes with one version."""
    return not {one.name for one in needs} - room.cores - _bounded_by(room) - set(room.matrix.index.companions)


def _of_other_name(need: Need, room: Room) -> Rebuild | None:
    """Return what tfsetup does where another distribution has wheels for this system, on whatever Python."""
    anywhere = replace(room.place, python=None)
    others = {row.distribution for row in room.rows} - {need.name}
    served = need.name in room.cores and any(room.stock.offered(name, anywhere) for name in others)
    return Rebuild() if served and room.place.arch is not None else None


def _another_python(
    need: Need, releases: Sequence[str], needs: Sequence[Need], room: Room
) -> tuple[str, Rebuild | None]:
    """Return why not, and what tfsetup does instead where the command is about nothing but TensorFlow."""
    pythons = room.stock.pythons_for(need.name, releases, room.place)
    newest = room.stock.pythons_for(need.name, releases[:1], room.place)
    words = f"{need.text} has no wheel for Python {room.place.python}, but for {span(newest)}"
    plugged = {row.plugin.distribution for row in room.rows if row.plugin is not None}
    names = {one.name for one in needs} - _bounded_by(room)
    if need.name not in room.cores or not pythons or names - room.cores - plugged:
        return words, None
    if names & plugged:
        return words, Rebuild(accelerator="metal")
    if need.extras:
        return words, Rebuild(tensorflow=need.pin, accelerator="cuda")
    preferred = [row.python for row in room.rows if row.python in pythons]
    python = max(preferred or pythons, key=order)
    text = need.pin or (str(need.specifier) or None)
    return words, Rebuild(tensorflow=text, python=python)


def _bounded_by(room: Room) -> set[str]:
    """Return the names that tfsetup bounds itself where it is needed."""
    matrix = room.matrix
    rules = (*matrix.rules, *(rule for row in matrix.rows for rule in row.rules))
    bounds = [bound for rule in rules for bound in rule.add] + [bound for one in matrix.beside for bound in one.add]
    return {canonicalize_name(Requirement(bound).name) for bound in bounds}


def _preferred(need: Need, command: Command, room: Room) -> Need:
    """Return the need without releases that the matrix avoids where their extra is meant to work."""
    rows = _with_extra(need, room.rows if room.place.os is not None else room.matrix.rows)
    version = chosen(need, command, room)
    if not rows or version is None or (has_extra(need, version, room) and not _avoided(version, rows[0])):
        return need
    good = [one for one in versions_for(need, command, room) or () if not _avoided(one, rows[0])]
    return need.at(good[0]) if good else need


def _avoided(version: str, row: Row) -> bool:
    return any(
        rule.verdict in {"avoid", "refuse"}
        and rule.on_capability is None
        and (rule.tensorflow is None or in_range(rule.tensorflow, version))
        for rule in row.rules
    )


def _system(room: Room) -> str:
    place = room.place
    system = OS_NAMES[place.os] if place.os is not None else "this system"
    floor = f" {place.floor}" if place.os == "macos" and place.floor else ""
    return f"{system}{floor} {place.arch or ''}".rstrip() + (f" and Python {place.python}" if place.python else "")
