"""`Cooldown`: how young a file may be that a lock takes, so that what was slipped into an index is found before. Pure.

The words are uv's (`exclude-newer`, `exclude-newer-package`), and uv does the choosing. What it passes over in silence
is looked after here: files of which the index does not say when they came (PEP 700, `upload-time`), as those of a
folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Final

from tfsetup.errors import Code, NetworkError, TfsetupError, UsageError, Where
from tfsetup.ground.kinds import DISTRIBUTION, MOMENT
from tfsetup.ground.moments import before, span, words, written
from tfsetup.ground.redaction import bare
from tfsetup.ground.values import value
from tfsetup.locks.model import LockedPackage, Origin
from tfsetup.matrix.facts import Index, Release
from tfsetup.matrix.file.rows import Matrix

ANY: Final = "false"
"""In place of a moment: files of any age may be taken for this package."""
NONE: Final = "none"
"""What `--exclude-newer` takes to end a cooldown that a lock was made with."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)  # in place of a clock, where nothing is counted
_FILTERED: Final = re.compile(
    r"`(?P<name>[^`]+)` was filtered by `exclude-newer` to only include packages uploaded before (?P<before>\S+?)\. "
    r"The requested version, v(?P<version>\S+), was published at (?P<when>[^\s.]+)"
)


@value
class Cooldown:
    """Nothing is taken that is not from before `newer`, or what `packages` say instead, by normalised name.

    Empty: anything may be taken. `since` is the moment that spans count back from; None: they are not counted yet.
    """

    newer: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    since: str | None = None

    def __bool__(self) -> bool:
        """Tell whether anything may not be taken."""
        return self.newer is not None or any(text != ANY for text in self.packages.values())

    def counted(self, now: datetime | None, was: Cooldown | None = None) -> Cooldown:
        """Return it with spans counted back from `now`, or from where `was` counted the same ones."""
        if not any(span(text) for text in (self.newer or "", *self.packages.values())):
            return replace(self, since=None)
        if was is not None and was.since and was.says == self.says:
            return was
        return replace(self, since=written(now.replace(microsecond=0)) if now else None)

    @property
    def says(self) -> tuple[str, ...]:
        """What was asked for, an item each, whenever it was counted."""
        parts = [f"exclude-newer {self.newer}"] if self.newer else []
        return (*parts, *(f"{name}: {text}" for name, text in sorted(self.packages.items())))

    def limit(self, name: str | None = None) -> datetime | None:
        """Return the moment that files of a package must be from before (None: of any other); None: there is none."""
        text = self.packages.get(name, self.newer) if name is not None else self.newer
        if text is None or text == ANY:
            return None
        if self.since is None and span(text):
            raise ValueError(f"`{text}` is not counted yet")
        return before(text, before(self.since or text, _NEVER))

    def arguments(self) -> list[str]:
        """Return uv's options for it, as moments: a date would be one of this machine's zone."""
        newer = self.limit()
        found = ["--exclude-newer", written(newer)] if newer else []
        for name in sorted(self.packages):
            limit = self.limit(name)
            found += ["--exclude-newer-package", f"{name}={written(limit) if limit else ANY}"]
        return found


@value
class CooldownDocument:
    """How young a file might be that a lock took."""

    asked: str | None
    """What was asked for: a date, a time or a span; None: only of the packages named."""
    before: str | None
    """The moment that files must be from before, in UTC; None: of any age."""
    packages: Mapping[str, str | None] = field(default_factory=dict)
    """The exceptions: a moment by package; None: files of any age."""


def document(cooldown: Cooldown) -> CooldownDocument:
    """Return a cooldown, its spans counted, with the moments that it means."""
    moments = {name: cooldown.limit(name) for name in (None, *sorted(cooldown.packages))}
    texts = {name: written(moment) if moment else None for name, moment in moments.items()}
    packages = {name: text for name, text in texts.items() if name is not None}
    return CooldownDocument(asked=cooldown.newer, before=texts[None], packages=packages)


def sentence(found: CooldownDocument) -> str:
    """Return how young a file may be, for people."""
    parts = [f"only files from before {found.before} ({found.asked})"] if found.before else []
    parts += [f"{name} from before {at}" if at else f"{name} of any age" for name, at in found.packages.items()]
    return ", ".join(parts)


def recorded(origin: Origin) -> Cooldown:
    """Return the cooldown that a lock was made with."""
    packages = dict(origin.exclude_newer_package)
    return Cooldown(newer=origin.exclude_newer, packages=packages, since=origin.exclude_newer_since)


def plain(newer: str | None, packages: Mapping[str, str]) -> Cooldown:
    """Return a cooldown from texts that are known to be right, in one way of writing them."""
    each = {name: text if text == ANY else words(text) for name, text in packages.items()}
    return Cooldown(newer=words(newer) if newer is not None else None, packages=each)


def asked(newer: str | None, packages: Sequence[str]) -> Cooldown | None:
    """Return what `--exclude-newer` and `--exclude-newer-package NAME=WHEN` ask for; None: nothing is said.

    Raises:
        UsageError: one of them says no moment, or names no package.
    """
    if newer is None and not packages:
        return None
    if newer == NONE:
        if packages:
            raise UsageError("--exclude-newer none: nothing is excluded, so there is nothing to make an exception of.")
        return Cooldown()
    if newer is not None:
        _refuse("--exclude-newer", newer, MOMENT.complaint(newer))
    return plain(newer, dict(_exception(text) for text in packages))


def _exception(text: str) -> tuple[str, str]:
    name, _, when = text.partition("=")
    name = re.sub(r"[-_.]+", "-", name.strip()).lower()
    wrong = DISTRIBUTION.complaint(name) or ("" if when == ANY else MOMENT.complaint(when))
    _refuse("--exclude-newer-package", text, wrong)
    return name, when


def _refuse(option: str, text: str, wrong: str) -> None:
    if wrong:
        like = f"`{option} {'keras=' if option.endswith('package') else ''}2026-01-31`, or `…7 days`"
        raise UsageError(f"{option} {text[:80]}: {wrong}.", hint=f"It looks like {like}.")


# ---------------------------------------------------------------------------------------------------- choosing releases


def old_enough(matrix: Matrix, cooldown: Cooldown) -> Matrix:
    """Return the matrix with the releases left out that a cooldown excludes: the newest of the others is chosen.

    The index's snapshot knows days. A release of the very day of the limit counts as too new, one without a day as old
    enough: it is uv that sees the hour.
    """
    if not cooldown:
        return matrix
    known = matrix.index.distributions
    kept = {name: dict(_kept(name, releases, cooldown)) for name, releases in known.items()}
    index = matrix.index
    return replace(
        matrix, index=Index(taken=index.taken, requires=index.requires, distributions=kept, companions=index.companions)
    )


def _kept(name: str, releases: Mapping[str, Release], cooldown: Cooldown) -> Iterator[tuple[str, Release]]:
    limit = cooldown.limit(name)
    for version, release in releases.items():
        if limit is None or not release.date or before(release.date, limit) <= limit:
            yield version, release


def too_new(requirement: str, matrix: Matrix, cooldown: Cooldown) -> str:
    """Return that a pinned requirement is of a release that a cooldown excludes, with its day; "" when it is not."""
    name, _, version = requirement.partition("==")
    name = name.partition("[")[0]
    release, limit = matrix.index.release(name, version), cooldown.limit(name)
    if release is None or limit is None or version in dict(_kept(name, {version: release}, cooldown)):
        return ""
    return (
        f"{name} {version} was uploaded on {release.date}, and only files from before {written(limit)} may be taken "
        "(exclude-newer)"
    )


# ---------------------------------------------------------------------------------------------------- what uv answered


def held(packages: Sequence[LockedPackage], cooldown: Cooldown | None) -> tuple[LockedPackage, ...]:
    """Return packages with the files that may be taken; one without a file like that is refused.

    Raises:
        NetworkError: where a file comes from does not say when it was uploaded, or all of them are too new.
    """
    if not cooldown:
        return tuple(packages)
    unknown = [one for one in packages if cooldown.limit(one.name) and any(f.uploaded is None for f in one.files)]
    if unknown:
        lines = [f"  {one.name} {one.version}, from {_source(one)}" for one in unknown]
        raise NetworkError(
            "\n".join(["`exclude-newer` cannot be held: it is not said when these were uploaded:", *lines]),
            hint="Use an index that says it (PEP 700, `upload-time`; no folder of wheels does), or make an exception: "
            + exception(one.name for one in unknown),
        )
    found = tuple(_cooled(one, cooldown.limit(one.name)) for one in packages)
    for one in found:
        if not one.files:
            raise NetworkError(
                f"`exclude-newer` cannot be held: the index gave {one.name} {one.version}, which is newer.",
                hint=f"A setting of uv for that index may say otherwise; or make an exception: {exception([one.name])}",
            )
    return found


def exception(names: Iterator[str] | Sequence[str]) -> str:
    """Return how to make an exception of packages, in the team file's words and the command line's."""
    listed = list(names)
    team = ", ".join(f"{name}: {ANY}" for name in listed[:3])
    return f"`exclude-newer-package: {{{team}}}` in the team file, --exclude-newer-package {listed[0]}={ANY}."


def _source(package: LockedPackage) -> str:
    file = package.files[0]
    return bare(package.index or file.path or (file.url or "").rpartition("/")[0])


def _cooled(package: LockedPackage, limit: datetime | None) -> LockedPackage:
    if limit is None:
        return package
    wheels = tuple(file for file in package.wheels if file.uploaded is None or file.uploaded < limit)
    sdist = (
        package.sdist if package.sdist and (package.sdist.uploaded is None or package.sdist.uploaded < limit) else None
    )
    return replace(package, wheels=wheels, sdist=sdist)


def explained(error: TfsetupError, cooldown: Cooldown | None, where: Where | None) -> TfsetupError:
    """Return the error of a resolution that the cooldown made impossible, by what uv says of it; others as they are.

    `where` is the place of `exclude-newer` in a file.
    """
    found = _FILTERED.search(" ".join(error.message.split()))
    if not cooldown or found is None:
        return error
    name, version, when = found["name"], found["version"], found["when"].rstrip("Z")
    message = (
        f"{name} {version} is asked for, which was uploaded at {when}Z, and only files from before {found['before']} "
        "may be taken (exclude-newer)."
    )
    hint = f"Ask for an older {name}, for a later moment, or make an exception: {exception([name])}"
    return TfsetupError(Code.ANSWER_IS_NO, message, hint=hint, where=where)
