"""Whether the files of a lock have one owner each, before anything is installed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tfsetup.ground.owners import SharedFiles, shared
from tfsetup.host.model import Host
from tfsetup.loader.compat import best_wheel
from tfsetup.loader.files.listing import Wanted, listings
from tfsetup.loader.machine import Machine, machine_of
from tfsetup.locks.cure import is_cure
from tfsetup.locks.model import LockedFile, LockedPackage

if TYPE_CHECKING:
    from tfsetup.workflows.opened import Opened

_DRIVE = re.compile(r"^/([A-Za-z]:)")
"""The slash before a drive in a file's address (RFC 8089, appendix E.2)."""


def shared_files(
    packages: Sequence[LockedPackage], host: Host, python: str, opened: Opened | None = None
) -> tuple[SharedFiles, ...]:
    """Return the pairs of locked packages with a path of two contents, in the wheels that `host` would get.

    `opened` is how wheels are read.

    A package without a wheel for it is nobody's rival here; the preflight says that it has none.

    Raises:
        NetworkError: the index did not answer.
    """
    machine = machine_of(host, python)
    chosen = {
        f"{package.name} {package.version}": file
        for package in packages
        if not is_cure(package) and (file := _file(package, machine, python))
    }
    every = [wanted(file) for file in chosen.values()]
    found = opened.listings(every) if opened is not None else listings(every)
    named = {name: found[file.filename] for name, file in chosen.items()}
    return shared(named, fold=machine.system == "windows")


def _file(package: LockedPackage, machine: Machine, python: str) -> LockedFile | None:
    known = {wheel.filename: wheel for wheel in package.wheels}
    return known.get(best_wheel(list(known), machine, python) or "")


def wanted(file: LockedFile) -> Wanted:
    """Return a locked wheel as one whose files are to be listed."""
    path, url = file.path, file.url
    if url is not None and url.startswith("file:"):
        path, url = _DRIVE.sub(r"\1", unquote(urlsplit(url).path)), None
    return Wanted(filename=file.filename, sha256=file.sha256, url=url, path=path, size=file.size)
