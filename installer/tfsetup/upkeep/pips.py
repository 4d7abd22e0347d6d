"""The project page of pip to the list of pips that go into environments (`matrix/pips.py`). Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from tfsetup.ground.versions import asked, is_prerelease, is_version, version
from tfsetup.matrix.pips import Pips, PipWheel
from tfsetup.upkeep.index.snapshot import File


def recorded(page: Sequence[File], pythons: Sequence[str]) -> Pips:
    """Return the newest pip for each of `pythons`, the newest first: no pre-release, and none that was taken back."""
    wheels = [file for file in page if file.filename.endswith("-py3-none-any.whl") and _sound(file)]
    newest = sorted(wheels, key=lambda file: version(file.version), reverse=True)
    best = [next((file for file in newest if asked(file.requires_python, minor)), None) for minor in pythons]
    return Pips(wheels=tuple(_row(file) for file in newest if file in best))


def text_of(pips: Pips) -> str:
    """Return the file's text: a line a wheel, so that a difference can be read."""
    rows = ",\n".join(json.dumps(asdict(wheel)) for wheel in pips.wheels)
    return f'{{"schema": {pips.schema},\n"wheels": [\n{rows}\n]}}\n'


def _sound(file: File) -> bool:
    known = is_version(file.version) and bool(file.requires_python) and file.size is not None
    return known and not file.yanked and not is_prerelease(file.version)


def _row(file: File) -> PipWheel:
    return PipWheel(version=file.version, requires_python=file.requires_python, size=file.size or 0, sha256=file.sha256)
