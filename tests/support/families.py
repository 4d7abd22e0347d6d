"""The doctor's knowledge with one family of causes written anew, to see what it knows of reports nobody had seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from tfsetup.doctor.causes.read import read_causes
from tfsetup.doctor.causes.shipped import FOLDER, refer
from tfsetup.doctor.defects import taught
from tfsetup.doctor.model import Knowledge
from tfsetup.errors import InvalidFileError, Where
from tfsetup.matrix.family import family
from tfsetup.matrix.file.disk import read_matrix

_NEVER: Final = {"weight": "hint", "log": "nothing is known of this cause"}
_ALWAYS: Final = {"do": "Anything"}  # fixes play no part in who is right


def with_family_anew(path: Path) -> tuple[Knowledge, frozenset[str]]:
    """Return what the doctor knows when a family of causes is known by the signals in `path` alone, and its causes.

    The file has `signals:` (and `patterns:` of its own) as a file of causes has them for causes of any file; its
    namesake among the shipped files loses its own signals and the patterns that no other file uses. Of a cause that the
    file leaves out nothing is known.

    Raises:
        InvalidFileError: a signal is none, or is for a cause that is not of this family.
    """
    files = {str(one): one.read_text(encoding="utf-8") for one in sorted(FOLDER.glob("*.yaml"))}
    shipped = yaml.safe_load(files[str(FOLDER / path.name)])
    anew = _with_names_of_its_own(yaml.safe_load(path.read_text(encoding="utf-8")))
    signals: dict[str, list[object]] = {}
    for entry in anew["signals"]:
        signals.setdefault(entry["cause"], []).extend(entry["signals"])
    slugs = frozenset(cause["cause"] for cause in shipped["causes"])
    if strangers := set(signals) - slugs:
        message = f"not of this family: {', '.join(sorted(strangers))}"
        raise InvalidFileError(message, where=Where(file=str(path)))
    causes = [
        {**cause, "signals": signals.get(cause["cause"], [dict(_NEVER)]), "fixes": [dict(_ALWAYS)]}
        for cause in shipped["causes"]
    ]
    del files[str(FOLDER / path.name)]
    lent = {name: what for name, what in shipped.get("patterns", {}).items() if _is_used(name, files.values())}
    patterns = {**lent, **anew.get("patterns", {})}
    files[str(FOLDER / path.name)] = yaml.safe_dump({"patterns": patterns, "causes": causes})
    matrix = read_matrix()
    known = read_causes(files, refer(matrix), tidy=False)
    published = {name for pair in known.aliases.items() for name in (pair[0], *pair[1])}
    return taught(replace(known, family=family(matrix) | published), matrix.hazards), slugs


def _with_names_of_its_own(anew: Any) -> Any:
    """Return what a file says, in which no pattern is called as one of another file is."""
    match anew:
        case dict():
            return {
                key: {f"anew-{name}": _with_names_of_its_own(one) for name, one in value.items()}
                if key == "patterns"
                else _with_names_of_its_own(value)
                for key, value in anew.items()
            }
        case list():
            return [_with_names_of_its_own(one) for one in anew]
        case str() if anew.startswith("$"):
            return f"$anew-{anew.removeprefix('$')}"
        case _:
            return anew


def _is_used(name: str, texts: Iterable[str]) -> bool:
    return any(re.search(rf"\${re.escape(name)}(?![a-z0-9-])", text) for text in texts)


def pooled(figures: Iterable[tuple[int, int]]) -> str:
    """Return the hits of all families together: `7 of 9, 0.778`."""
    right, given = (sum(column) for column in zip(*figures, strict=True))
    return f"{right} of {given}, {right / max(1, given):.3f}"
