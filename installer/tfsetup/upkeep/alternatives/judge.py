"""Is what `environments/alternatives.json` says what the index and the wheels say? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfsetup.ground.versions import is_prerelease, version
from tfsetup.matrix.alternatives import Alternative, Alternatives, Openings
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.machine import floor
from tfsetup.upkeep.alternatives.opening import ARM
from tfsetup.upkeep.index.snapshot import File

Pages = Mapping[str, Sequence[File]]


def unfounded(known: Alternatives, opened: Openings, matrix: Matrix) -> Iterator[str]:
    """Yield what the file says and the matrix, or what was opened, does not."""
    for one in known.alternatives:
        if one.row is not None and one.pin not in _plugins(one.row, matrix):
            yield f"{one.pin}: the row {one.row} has another plugin, or there is no such row"
        if one.row is None and one.library is None:
            yield f"{one.pin}: neither a row nor a library says what it is"
        came = opened.of(one)
        if one.library is not None and (came is None or all(each.verdict == "fails" for each in came.openings)):
            yield f"{one.pin}: {'nobody opened it' if came is None else 'its library opens on no macOS'}"


def _plugins(row_id: str, matrix: Matrix) -> set[str]:
    plugins = [row.plugin for row in matrix.rows if row.id == row_id and row.plugin is not None]
    return {f"{plugin.distribution}=={pair.plugin}" for plugin in plugins for pair in plugin.pairs}


def otherwise(known: Alternatives, pages: Pages) -> Iterator[str]:
    """Yield what the index says otherwise than the file."""
    for one in known.alternatives:
        mine = [file for file in pages[one.distribution] if file.version == one.release.version]
        if not mine or all(file.yanked for file in mine):
            yield f"{one.pin}: {'yanked from the index' if mine else 'not on the index'}"
            continue
        says = {"asks for Python": {file.requires_python for file in mine if file.requires_python}}
        says["is of"] = {file.date for file in mine if file.date}
        told = {"asks for Python": one.release.python, "is of": one.release.released}
        if one.library is not None:
            says["is for macOS"] = {f">={lowest}" for lowest in _floors(pages, one)}
            told["is for macOS"] = one.release.macos
        for what, found in says.items():
            if found and told[what] not in found:
                yield f"{one.pin} {what} {', '.join(sorted(found))}, not {told[what]}"


def _floors(pages: Pages, one: Alternative) -> Iterator[str]:
    library = one.library
    for file in pages[library.distribution] if library is not None else ():
        if library is not None and file.version == library.version and file.filename.endswith(".whl"):
            lowest = floor(file.filename.removesuffix(".whl").rpartition("-")[2], "macos", ARM)
            if lowest is not None:
                yield lowest


def newer(known: Alternatives, pages: Pages) -> Iterator[str]:
    """Yield the releases that are newer than those the file knows, the newest of each."""
    for one in known.alternatives:
        stable = {f.version for f in pages[one.distribution] if not f.yanked and not is_prerelease(f.version)}
        newest = max(stable, key=version, default=one.release.version)
        if version(newest) > version(one.release.version):
            yield f"{one.distribution} {newest}"
