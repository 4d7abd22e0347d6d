"""Digests of released pairs: made anew from the index, their hashes written down in `environments/digests.json`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfsetup.errors import UnsolvableError
from tfsetup.ground.encode import encode
from tfsetup.ground.files import write_whole
from tfsetup.host.model import Host
from tfsetup.loader.digest.handing import handed_on, write_digests
from tfsetup.matrix.choose.reference import reference
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Ask
from tfsetup.upkeep.onsite.pairs import trials
from tfsetup.workflows.handed import Listed, Released, parse_released
from tfsetup.workflows.opened import Opened
from tfsetup.workflows.preflight import preflight
from tfsetup.workflows.subjects import Subject, subject_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Packages that are asked about together, on which machine and Python `X.Y`."""

    name: str
    requirements: tuple[str, ...]
    host: Host
    python: str


def asked(rows: Collection[str] = ()) -> Iterator[Pair]:
    """Yield the pairs of rows (none named: of all) that somebody will ask about, each once."""
    matrix, done = read_matrix(), set[tuple[str, ...]]()
    for row in matrix.rows:
        if rows and row.id not in rows:
            continue
        host = reference(row, Ask(), matrix)[0]
        for trial in trials(host, matrix):
            wanted = trial.candidates[0]
            key = (row.when.os, row.when.arch, *wanted.requirements, wanted.python)
            if trial.row == row.id and key not in done:
                done.add(key)
                name = f"{row.id}, {' '.join(wanted.requirements)}, Python {wanted.python}"
                yield Pair(name=name, requirements=wanted.requirements, host=host, python=wanted.python)


def released(pair: Pair, folder: Path, record: Path) -> tuple[int, int]:
    """Judge a pair, write its digests into a folder and their hashes into a list; return how many, and their bytes.

    Raises:
        TfsetupError: the index does not answer, or has no such wheels; the list is damaged.
    """
    opened = Opened()
    subject = _subject(pair, opened)
    preflight(subject, pair.host, python=pair.python)
    opened.complete(opened.asked)
    known = parse_released(record.read_text(encoding="utf-8"), str(record)) if record.exists() else {}
    files, total = 0, 0
    for sha256, name in opened.names.items():
        digests, size = write_digests(folder, handed_on(opened.store, [sha256]))
        if digests:
            known[sha256] = Listed(name=name, digests=digests)
            files, total = files + len(digests), total + size
    write_whole(record, rendered(known))
    return files, total


def _subject(pair: Pair, opened: Opened) -> Subject:
    """Return the wheels of a pair; of one that nobody can install any more the plugin alone."""
    try:
        return subject_of(pair.requirements, pair.host, pair.python, replayed=True, opened=opened)
    except UnsolvableError:
        _, *plugin = pair.requirements
        if not plugin:
            raise
        return subject_of(plugin[:1], pair.host, pair.python, replayed=True, opened=opened)


def rendered(wheels: Mapping[str, Listed]) -> str:
    """Return the list as text: sorted by the wheels' names, the same bytes for the same digests."""
    ordered = dict(sorted(wheels.items(), key=lambda item: (item[1].name, item[0])))
    return json.dumps(encode(Released(schema=1, wheels=ordered)), indent=1) + "\n"
