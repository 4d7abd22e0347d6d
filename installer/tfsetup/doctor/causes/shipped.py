"""The causes of this package, from disk: the quick copy while it is current, otherwise the YAML.

`causes.json` is a copy of what they say (`ground/copies.py`), made from the files of causes, the matrix, the index
snapshot and the list of alternatives: where one of them has changed, it is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from tfsetup.doctor.model import Knowledge, Learned
from tfsetup.doctor.resemblance import learn
from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.copies import copy_of, from_copy
from tfsetup.matrix.alternatives import ALTERNATIVES
from tfsetup.matrix.file.disk import MATRIX, SNAPSHOT, environments, read_alternatives, read_matrix
from tfsetup.matrix.file.rows import Matrix

FOLDER: Final = Path(__file__).parent
COMPILED: Final = FOLDER / "causes.json"
LEARNED: Final = FOLDER / "learned.json"
"""What was learned from this repository's own reports (`resemblance.learn`), which an installation lacks."""
_AGAIN: Final = "Install tfsetup again."


@cache
def read_shipped() -> Knowledge:
    """Return the causes and aliases this package ships.

    Raises:
        InvalidFileError: a data file is missing or damaged, so the installation is.
    """
    files = _sources()
    found = from_copy(_text(COMPILED), _made_of(files), Knowledge) if COMPILED.is_file() else None
    return replace(found or _read(files), learned=_learned() if LEARNED.is_file() else Learned())


def compiled_text() -> str:
    """Return `causes.json` as it must be."""
    files = _sources()
    return copy_of(_read(files), _made_of(files))


def learned_text(reports: Iterable[tuple[str, str | None]]) -> str:
    """Return `learned.json` as it must be, from reports and their causes; None: a report of none.

    What does no harm is left out: that nothing is wrong must be seen.
    """
    harmless = {one.slug for one in read_shipped().causes if one.kind == "harmless"}
    told = ((text, cause) for text, cause in reports if cause is not None and cause not in harmless)
    return msgspec.json.encode(learn(told)).decode() + "\n"


def _sources() -> dict[str, str]:
    """Return the texts of the files of causes by their paths."""
    files = {str(path): _text(path) for path in sorted(FOLDER.glob("*.yaml"))}
    if not files:
        message = "The doctor's causes are not part of this installation of tfsetup."
        raise InvalidFileError(message, where=Where(file=str(FOLDER)), hint=_AGAIN)
    return files


def refer(matrix: Matrix) -> Callable[[str], str]:
    """Return what tells for what a reference of a cause stands: a fact of `matrix`, or a sentence that is told."""
    from tfsetup.doctor.causes.references import value_of

    told = {"alternatives": read_alternatives().pointer}
    return lambda reference: value_of(reference, matrix, told)


def _read(files: dict[str, str]) -> Knowledge:
    from tfsetup.doctor.causes.read import read_causes

    return read_causes(files, refer(read_matrix()))


def _learned() -> Learned:
    try:
        return msgspec.json.decode(_text(LEARNED), type=Learned)
    except msgspec.MsgspecError as error:
        message = f"The doctor's knowledge is damaged: {error}."
        raise InvalidFileError(message, where=Where(file=str(LEARNED)), hint=_AGAIN) from error


def _made_of(files: dict[str, str]) -> str:
    facts = (_text(environments() / name) for name in (MATRIX, SNAPSHOT, ALTERNATIVES))
    return "\0".join((*(f"{Path(path).name}\0{text}" for path, text in files.items()), *facts))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The doctor's knowledge cannot be read: {error}."
        raise InvalidFileError(message, where=Where(file=str(path)), hint=_AGAIN) from error
