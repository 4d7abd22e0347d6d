"""Locked packages as the records rattler links. Pure, but for the import of rattler itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal

from tfsetup.locks.conda.library import rattler
from tfsetup.locks.conda.model import CondaPackage

if TYPE_CHECKING:
    from rattler import RepoDataRecord

_NUMBER: Final = re.compile(r"(?:^|_)(\d+)(?:_[a-z]+)?$")


def records(packages: Sequence[CondaPackage], urls: Sequence[str]) -> list[RepoDataRecord]:
    """Return rattler's record for each package; `urls` are where to fetch them, with the user's credentials."""
    library = rattler()
    return [_record(library, package, url) for package, url in zip(packages, urls, strict=True)]


def _record(library: ModuleType, package: CondaPackage, url: str) -> RepoDataRecord:
    plain = library.PackageRecord(
        package.name,
        package.version,
        library.BuildString(package.build),
        build_number(package.build),
        package.subdir,
        noarch=noarch(package),
        depends=list(package.depends),
        sha256=bytes.fromhex(package.sha256),
        md5=bytes.fromhex(package.md5),
    )
    record: RepoDataRecord = library.RepoDataRecord(plain, package.file_name, url, package.channel)
    return record


def noarch(package: CondaPackage) -> Literal["python", "generic"] | None:
    """Return the kind of a `noarch` package, which conda-lock's format does not keep.

    Without it the files of a pure Python package would stay under the old version's folder when Python changes. One
    that depends on Python is `python`; the rest of the subdir is `generic` (conda's documentation, "Noarch packages").
    """
    if package.subdir != "noarch":
        return None
    return "python" if any(spec.split(" ")[0] == "python" for spec in package.depends) else "generic"


def build_number(build: str) -> int:
    """Return the number in a build string (`py312h58c1407_0`, `5_hlocal_openblas`), 0 where there is none."""
    first, _, _ = build.partition("_")
    if first.isdigit():
        return int(first)
    found = _NUMBER.search(build)
    return int(found[1]) if found else 0
