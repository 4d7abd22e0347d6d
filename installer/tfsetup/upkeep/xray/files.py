"""The files of this room: the plan, and the evidence that is kept. (Touches the world.)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tfsetup.errors import Code, TfsetupError
from tfsetup.graphs.kernels import METAL_KERNELS, Plugin, read_plugin
from tfsetup.ground.files import write_whole
from tfsetup.ground.text import find, read
from tfsetup.matrix.file.disk import environments
from tfsetup.upkeep.xray.evidence import Evidence, read_evidence, render_evidence
from tfsetup.upkeep.xray.plan import Plan, parse_plan
from tfsetup.upkeep.xray.registrations import render

PLAN: Final = "xray.yaml"
EVIDENCE: Final = "evidence"
_LIMIT: Final = 64 << 20  # bytes


def read_plan() -> Plan:
    """Return the plan that comes with tfsetup.

    Raises:
        InvalidFileError: it is missing or damaged.
    """
    path = environments() / PLAN
    return parse_plan(read(path, "plan"), str(path))


def kept_evidence(hazard: str, folder: Path | None = None, beside: Path | None = None) -> Evidence | None:
    """Return what is kept about a hazard, in `folder` or else in `beside` (None: with tfsetup); None when nothing is.

    Raises:
        InvalidFileError: the file is damaged.
    """
    for place in (folder, beside or environments() / EVIDENCE):
        path = place / f"{hazard}.json" if place else None
        text = find(path, "evidence", most=_LIMIT) if path else None
        if text is not None:
            return read_evidence(text, str(path))
    return None


def keep_evidence(folder: Path, evidence: Evidence) -> bool:
    """Write evidence where none is kept yet, and say whether it was written.

    Raises:
        TfsetupError: it cannot be written.
    """
    return _keep(folder, f"{evidence.hazard}.json", render_evidence(evidence))


def kept_kernels(folder: Path, beside: Path | None = None) -> Plugin | None:
    """Return the list of kernels, from `folder` or else `beside` (None: with tfsetup); None when there is none.

    Raises:
        InvalidFileError: the file is damaged.
    """
    for place in (folder, beside or environments() / EVIDENCE):
        text = find(place / METAL_KERNELS, "list of kernels", most=_LIMIT)
        if text is not None:
            return read_plugin(text.encode(), str(place / METAL_KERNELS))
    return None


def keep_kernels(folder: Path, plugin: Plugin) -> bool:
    """Write a list of kernels where none is kept yet, and say whether it was written.

    Raises:
        TfsetupError: it cannot be written.
    """
    return _keep(folder, METAL_KERNELS, render(plugin))


def _keep(folder: Path, name: str, text: str) -> bool:
    path = folder / name
    if path.exists():
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise TfsetupError(Code.BUILD, f"The evidence cannot be written to {folder}: {error}") from error
    return True
