"""The wheel of a kilobyte by which a lock cures known defects for whoever installs it without tfsetup. Pure.

It holds the one start-up file and what every wheel must have, nothing else; its bytes follow from the variables alone,
so that two machines write the same one. Its version is made from its content: a changed wheel of the same version would
stop every `uv sync`, and one in an environment would not be replaced. Sources: Python packaging user guide, "Binary
distribution format" and "Recording installed projects"; PEP 751, `packages.wheels.path`: relative to the lock.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tfsetup.ground.start_up import START_UP, start_up_text
from tfsetup.ground.values import value
from tfsetup.locks.model import Lock, LockedFile, LockedPackage
from tfsetup.matrix.hazards import Hazard, hazards_of
from tfsetup.matrix.model import Selection

DISTRIBUTION: Final = "tfsetup-cures"
FILE: Final = re.compile(r"tfsetup_cures-[0-9.]+-py3-none-any\.whl")
"""What the file may be called: a bare name, for it lies beside the lock and nowhere else."""
_WHEEL = "Wheel-Version: 1.0\nGenerator: tfsetup\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: Sets {variables} at every start of Python, unless it is set: known defects are cured so
"""
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can say
_FILE = 0o100644 << 16  # a plain file that everybody may read, where zip files keep the mode of Unix


@value
class CureWheel:
    """The wheel for some variables: its version, file name and bytes."""

    version: str
    filename: str
    content: bytes

    @property
    def package(self) -> LockedPackage:
        """Its entry in a lock; the wheel lies beside the lock."""
        sha256 = hashlib.sha256(self.content).hexdigest()
        file = LockedFile(filename=self.filename, size=len(self.content), sha256=sha256, path=self.filename)
        return LockedPackage(name=DISTRIBUTION, version=self.version, wheels=(file,))


def cure_wheel(variables: Mapping[str, str]) -> CureWheel:
    """Return the wheel that sets `variables` (at least one): the same bytes on every machine."""
    about = _METADATA.format(name=DISTRIBUTION, version="{version}", variables=", ".join(sorted(variables)))
    texts = {START_UP: start_up_text(variables), "METADATA": about, "WHEEL": _WHEEL}
    version = f"1.{int(hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:8], 16)}"
    stem = f"{DISTRIBUTION.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    members = {START_UP: texts[START_UP], f"{info}/METADATA": about.format(version=version), f"{info}/WHEEL": _WHEEL}
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in sorted(members.items()))
    members[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"  # last, as the standard recommends
    return CureWheel(version=version, filename=f"{stem}-py3-none-any.whl", content=_zipped(members))


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _zipped(members: Mapping[str, str]) -> bytes:
    """Return a zip file without anything of this machine or this moment in it, and not compressed: zlibs differ."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for path, text in members.items():
            entry = zipfile.ZipInfo(path, date_time=_TIME)
            entry.create_system = 3  # Unix, on Windows too
            entry.external_attr = _FILE
            archive.writestr(entry, text.encode())
    return held.getvalue()


def as_locked(
    selection: Selection, packages: Mapping[str, str], known: Sequence[Hazard], macos: str | None
) -> Selection:
    """Return a selection with the known defects of what a lock holds (name → version), not of its own answer.

    Somebody else's lock may hold another plugin than the row would choose. `macos` is the version of the machine.
    """
    found = hazards_of(known, packages, row=selection.row, macos=macos, python=selection.python)
    selection = replace(selection, hazards=found)
    expect = replace(selection.expect, environment=selection.environment) if selection.expect else None
    return replace(selection, expect=expect)


def is_cure(package: LockedPackage) -> bool:
    """Tell whether a locked package is the wheel of `cure_wheel`, for whatever variables."""
    return package.name == DISTRIBUTION


def others(lock: Lock) -> tuple[LockedPackage, ...]:
    """Return what a lock has besides the wheel that cures."""
    return tuple(package for package in lock.packages if not is_cure(package))


def carried(lock: Lock, variables: Mapping[str, str]) -> CureWheel | None:
    """Return the wheel that a lock carries, if it is the one for these variables; None: it carries none, or another."""
    mine = cure_wheel(variables) if variables else None
    found = [package for package in lock.packages if is_cure(package)]
    return mine if mine is not None and found == [mine.package] else None
