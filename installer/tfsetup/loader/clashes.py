"""What two parts of a set do to each other although each would load: here, the same files. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tfsetup.ground.owners import recorded, shared, used
from tfsetup.loader.files.view import Conflict
from tfsetup.loader.model import Clash, Filesystem, read_file

_INFO: Final = ".dist-info"
_LARGEST: Final = 64 << 20  # bytes of a RECORD; TensorFlow's has 1.5 MB
_SHOWN: Final = 5
_CHANCE = "which of them stays is chance, and removing either of the two removes it"


def of_wheels(conflicts: Sequence[Conflict]) -> tuple[Clash, ...]:
    """Return what clashes between wheels that are to be installed together: code of which two contents exist."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for each in conflicts:
        if used(each.path):
            pairs.setdefault(each.wheels, []).append(each.path)
    return tuple(
        Clash(kind="same-file", between=pair, names=tuple(sorted(paths)[:_SHOWN]), consequence=_of(paths), fatal=True)
        for pair, paths in pairs.items()
    )


def of_environment(files: Filesystem, site: str) -> tuple[Clash, ...]:
    """Return the installed distributions that recorded other content for the same path.

    It is fatal where the files that are there are neither all the one's nor all the other's, by their sizes.
    """
    records = {name.removesuffix(_INFO): _record(files, site, name) for name in files.listdir(site)}
    lists = {name.replace("-", " ", 1): record for name, record in records.items() if record}
    found = shared({name: {path: mark for path, (mark, _) in lines.items()} for name, lines in lists.items()})
    return tuple(_judged(files, site, lists, each.distributions, each.names) for each in found)


def _record(files: Filesystem, site: str, folder: str) -> Mapping[str, tuple[str, int]]:
    text = read_file(files, f"{site}/{folder}/RECORD", _LARGEST) if folder.endswith(_INFO) else None
    return {path: (mark, size) for path, mark, size in recorded((text or b"").decode("utf-8", "replace"))}


def _judged(
    files: Filesystem,
    site: str,
    lists: Mapping[str, Mapping[str, tuple[str, int]]],
    pair: tuple[str, str],
    names: tuple[str, ...],
) -> Clash:
    owners = set(_owners(files, site, lists, pair))
    mixed = len(owners) > 1
    whose = f"the files that are there are {' and '.join(sorted(owners))}'s" if owners else _CHANCE
    consequence = f"the files of both are mixed: {_CHANCE}" if mixed else f"{whose}; removing either removes them"
    return Clash(kind="same-file", between=pair, names=names, consequence=consequence, fatal=mixed)


def _owners(
    files: Filesystem, site: str, lists: Mapping[str, Mapping[str, tuple[str, int]]], pair: tuple[str, str]
) -> Iterator[str]:
    """Yield whose each contested file is, where its size tells."""
    first, second = (lists[name] for name in pair)
    for path in first.keys() & second.keys():
        (mark, size), (another, other) = first[path], second[path]
        entry = files.lookup(f"{site}/{path}") if mark != another and size != other else None
        have = entry.source.size if entry is not None and entry.source is not None else None
        yield from (name for name, wanted in zip(pair, (size, other), strict=True) if wanted == have)


def _of(paths: Sequence[str]) -> str:
    one = "1 file has" if len(paths) == 1 else f"{len(paths)} files have"
    return f"{one} another content in each: {_CHANCE}"
