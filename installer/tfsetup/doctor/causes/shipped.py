"""The causes of this package, from disk: the quick copy while it is current, otherwise the YAML.

`causes.json` names the digest of what it was made from: the files of causes, the matrix and the index snapshot. Where
one of them has changed, it is not used: it can be late but never wrong.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from tfsetup.doctor.model import Knowledge
from tfsetup.errors import InvalidFileError, Where
from tfsetup.matrix.file.compiled import plain
from tfsetup.matrix.file.disk import MATRIX, SNAPSHOT, environments, read_matrix

FOLDER: Final = Path(__file__).parent
COMPILED: Final = FOLDER / "causes.json"
_AGAIN: Final = "Install tfsetup again."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Copy:
    sha256: str
    knowledge: Knowledge


@cache
def read_shipped() -> Knowledge:
    """Return the causes and aliases this package ships.

    Raises:
        InvalidFileError: a data file is missing or damaged, so the installation is.
    """
    files = _sources()
    try:
        copy = msgspec.json.decode(COMPILED.read_bytes(), type=_Copy)
    except (OSError, msgspec.MsgspecError):
        return _read(files)
    return copy.knowledge if copy.sha256 == _digest(files) else _read(files)


def compiled_text() -> str:
    """Return `causes.json` as it must be."""
    files = _sources()
    return json.dumps({"sha256": _digest(files), "knowledge": plain(_read(files))}, separators=(",", ":")) + "\n"


def _sources() -> dict[str, str]:
    """Return the texts of the files of causes by their paths."""
    files = {str(path): _text(path) for path in sorted(FOLDER.glob("*.yaml"))}
    if not files:
        message = "The doctor's causes are not part of this installation of tfsetup."
        raise InvalidFileError(message, where=Where(file=str(FOLDER)), hint=_AGAIN)
    return files


def _read(files: dict[str, str]) -> Knowledge:
    from tfsetup.doctor.causes.read import read_causes
    from tfsetup.doctor.causes.references import value_of

    matrix = read_matrix()
    return read_causes(files, lambda reference: value_of(reference, matrix))


def _digest(files: dict[str, str]) -> str:
    facts = (_text(environments() / name) for name in (MATRIX, SNAPSHOT))
    parts = [*(part for path, text in files.items() for part in (Path(path).name, text)), *facts]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The doctor's knowledge cannot be read: {error}."
        raise InvalidFileError(message, where=Where(file=str(path)), hint=_AGAIN) from error
