"""What a resolution came to that nobody meant: a pre-release, or a version from years before what fits. Pure.

uv goes back as far as it has to until everything fits, and takes a pre-release where nothing else is left. What was
published years before the rest knows nothing of it: that its bounds admit it says only that it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tfsetup.errors import UnsolvableError
from tfsetup.ground.marked import Marked
from tfsetup.ground.versions import is_prerelease
from tfsetup.locks.model import LockedPackage
from tfsetup.locks.taken import name_of

_YEARS: Final = timedelta(days=2 * 365)  # what TensorFlow was two years ago is four releases back


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """A package that came out as something nobody meant; `line` is what asks for it, None: another package does.

    `refused`: no lock is written with it, unless somebody insists: it is from years before the TensorFlow beside it, or
    a pre-release of what a line asks for.
    """

    chosen: LockedPackage
    newest: LockedPackage
    line: Marked | None = None
    refused: bool = False

    @property
    def words(self) -> str:
        """What came out, and what there would be."""
        who = f"`{self.line.text}` ({self.line.where})" if self.line else self.chosen.name
        kind = "a pre-release that nobody asked for" if is_prerelease(self.chosen.version) else "years behind"
        fits = "the newest that fits the line" if self.line else "the newest that fits here"
        chosen = f"{self.chosen.name} {self.chosen.version}{_year(self.chosen)}"
        return f"{who} comes out as {chosen}, {kind}: {fits} is {self.newest.version}{_year(self.newest)}"

    def error(self, row: str) -> UnsolvableError:
        """Return the refusal."""
        hint = "Name that version in the line if it is meant, or write it all the same with --force."
        where = self.line.where if self.line else None
        return UnsolvableError(f"{row}: {self.words}.", hint=hint, where=where)


def suspects(packages: Sequence[LockedPackage], team: Sequence[str], *, pre: bool) -> tuple[str, ...]:
    """Return the requirements to ask the newest of: those of the team, and the names of pre-releases that others bring.

    A requirement that names a pre-release asks for it, and with `pre` everything does. What there is no date of cannot
    be told to be old.
    """
    latest = max((moment for package in packages if (moment := uploaded(package))), default=None)
    lines = {name_of(line): line for line in team}
    found = []
    for package in packages:
        line = lines.get(package.name)
        unasked = is_prerelease(package.version) and not pre and not (line and _names_one(line))
        old = line is not None and latest is not None and years_before(package, latest)
        if package.wheels and (unasked or old):
            found.append(line or package.name)
    return tuple(found)


def behind(
    packages: Sequence[LockedPackage], newest: Sequence[LockedPackage], team: Sequence[Marked], tensorflow: str
) -> tuple[Behind, ...]:
    """Return what is behind the newest that fits; `tensorflow` is the name it has among the packages."""
    by_name = {package.name: package for package in packages}
    lines = {name_of(item.text): item for item in team}
    found = []
    for best in newest:
        chosen, line = by_name[best.name], lines.get(best.name)
        limit, beside = uploaded(best), uploaded(by_name[tensorflow]) if tensorflow in by_name else None
        pre = is_prerelease(chosen.version) and not is_prerelease(best.version)
        old = limit is not None and years_before(chosen, limit)
        if pre or old:
            refused = line is not None and (pre or (beside is not None and years_before(chosen, beside)))
            found.append(Behind(chosen=chosen, newest=best, line=line, refused=refused))
    return tuple(found)


def uploaded(package: LockedPackage) -> datetime | None:
    """Return when the first of a package's files came onto the index; None: the index does not say."""
    return min((file.uploaded for file in package.files if file.uploaded), default=None)


def years_before(package: LockedPackage, moment: datetime) -> bool:
    """Tell whether a package came onto the index years before a moment."""
    mine = uploaded(package)
    return mine is not None and mine + _YEARS <= moment


def _names_one(line: str) -> bool:
    from packaging.requirements import Requirement

    return any(is_prerelease(each.version.removesuffix(".*")) for each in Requirement(line).specifier)


def _year(package: LockedPackage) -> str:
    moment = uploaded(package)
    return f" of {moment.year}" if moment else ""
