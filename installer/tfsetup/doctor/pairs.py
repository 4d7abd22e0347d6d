"""Plug-ins beside TensorFlow: which pairs the matrix knows to load. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tfsetup.doctor.commands import Command
from tfsetup.doctor.model import Rebuild
from tfsetup.doctor.needs import Need, RefusedError, Room, chosen, core_after, versions_for
from tfsetup.ground.versions import in_range, is_version
from tfsetup.matrix.file.rows import Row


def paired(needs: Sequence[Need], command: Command, room: Room) -> tuple[Need, ...]:
    """Return the needs so that TensorFlow and its plug-in are a pair that loads, where the matrix knows pairs.

    A plug-in that is installed already holds the new TensorFlow back.

    Raises:
        RefusedError: no pair comes of it.
    """
    after, rows = core_after(needs, command, room), _with_plugin(room)
    name = next((one.name for one in needs if one.name in rows), None) or next(iter(rows.keys() & room.installed), None)
    touched = any(one.name in {name, *room.cores} for one in needs)
    if after is None or name is None or not touched or not is_version(after[1]):
        return tuple(needs)
    mine = next((one for one in needs if one.name == name), None)
    plugin = chosen(mine, command, room) if mine is not None else room.installed[name]
    if plugin is None or any(_loads(row, after[1], plugin) for row in rows[name]):
        return tuple(needs)
    return _held_back(needs, name, plugin, after, command, room)


def _held_back(
    needs: Sequence[Need], name: str, plugin: str, after: tuple[str, str], command: Command, room: Room
) -> tuple[Need, ...]:
    rows = _with_plugin(room)[name]
    core = next((one for one in needs if one.name in room.cores), None)
    fitting = versions_for(core, command, room) or () if core is not None else ()
    loading = [one for one in fitting if any(_loads(row, one, plugin) for row in rows)]
    if core is not None and loading and core.pin is None:
        return tuple(replace(one, specifier=one.at(loading[0]).specifier) if one is core else one for one in needs)
    words = f"{name} {plugin} does not load with TensorFlow {after[1]}"
    raise RefusedError("pair", words, Rebuild(accelerator="metal"))


def _with_plugin(room: Room) -> dict[str, tuple[Row, ...]]:
    """Return the rows of this place that have a plug-in made of wheels, by its name."""
    found: dict[str, tuple[Row, ...]] = {}
    for row in room.rows:
        if row.plugin is not None and row.plugin.build == "wheel":
            found[row.plugin.distribution] = (*found.get(row.plugin.distribution, ()), row)
    return found


def _loads(row: Row, tensorflow: str, plugin: str) -> bool:
    pairs = row.plugin.pairs if row.plugin is not None else ()
    return any(pair.plugin == plugin and in_range(pair.tensorflow, tensorflow) for pair in pairs)
