"""Two libraries of one name: a process that has loaded one of them never looks for the other.

A loader compares the name in a load command with what is there already before it looks for a file: glibc the SONAME,
dyld an install name below `@rpath`, Windows the base name, musl the last part of the path. Of two packages that each
bring a library of one name, in other builds, the one imported later is served by the other's. What comes of it is
tried: each of the two after the other. `auditwheel` and `delvewheel` put a hash of the content into such names, so
theirs do not meet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfsetup.loader.bytes import ByteSource, MalformedImage, answers
from tfsetup.loader.copies import package_of
from tfsetup.loader.model import Clash, LoadFailure
from tfsetup.loader.packages import Packages

_CHUNK = 1 << 20
_SHOWN = 5


@dataclass(kw_only=True)
class _Meeting:
    """Two files of one name, `names` all such names of the two owners.

    `asking`: the packages that ask for the name and are given the first of `files`, `having` those whose process has
    the second.
    """

    files: tuple[str, str]
    names: list[str] = field(default_factory=list)
    asking: dict[str, None] = field(default_factory=dict)
    having: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """How an import ends, with the file at `path`, in a process that has imported another package before."""

    first: str
    second: str
    path: str
    failure: LoadFailure

    @property
    def sentence(self) -> str:
        return f"after `import {self.first}`, `import {self.second}` ends with: {self.failure.message}"


def same_sonames(packages: Packages) -> Iterator[tuple[Clash, tuple[LoadFailure, ...]]]:
    """Yield each clash of two owners' files, with the failures it really causes: of packages that import the other."""
    found: dict[tuple[str, str], list[_Meeting]] = defaultdict(list)
    for owners, meeting in _meetings(packages).items():
        found[min(owners), max(owners)].append(meeting)
    for meetings in found.values():
        tried = [each for meeting in meetings for each in _try(packages, meeting)]
        yield _clash(meetings[0], tried), tuple(_certain(packages, meetings, tried))


def _meetings(packages: Packages) -> Mapping[tuple[str, str], _Meeting]:
    """Return what meets, by the owners of the file that is asked for and of the one that would be given."""
    site, having = packages.findings.question.site, _having(packages)
    found: dict[tuple[str, str], _Meeting] = {}
    different: dict[tuple[str, str], bool] = {}
    for package in packages.names:
        for name, path in packages.process_of(package).asked_for.items():
            for other in having.get(name, {}).keys() - {path}:
                owners = package_of(path, site), package_of(other, site)
                if owners[0] == owners[1]:
                    continue
                if (path, other) not in different:
                    different[path, other] = different[other, path] = not _alike(packages, path, other)
                if different[path, other]:
                    meeting = found.setdefault(owners, _Meeting(files=(path, other)))
                    meeting.names += [name] if name not in meeting.names else []
                    meeting.asking[package] = None
                    meeting.having |= dict.fromkeys(having[name][other])
    return found


def _having(packages: Packages) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return by name, and file that answers to it, the packages in whose process that file is."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for package in packages.names:
        for name, path in packages.process_of(package).answering.items():
            found[name][path].append(package)
    return found


def _alike(packages: Packages, one: str, other: str) -> bool:
    """Say whether two files have the same bytes; of one that is not at hand nothing is known."""
    sources = [entry.source if entry else None for entry in map(packages.findings.question.files.lookup, (one, other))]
    first, second = sources
    return first is not None and second is not None and _same_bytes(first, second)


def _same_bytes(one: ByteSource, other: ByteSource) -> bool:
    if one.size != other.size:
        return False
    first, second = answers(one), answers(other)
    if first and second:
        return first[0].sha256 == second[0].sha256
    try:
        return all(
            one.read(at, length) == other.read(at, length)
            for at in range(0, one.size, _CHUNK)
            if (length := min(_CHUNK, one.size - at))
        )
    except MalformedImage:
        return False


def _try(packages: Packages, meeting: _Meeting) -> Iterator[_Tried]:
    """Yield what fails of the packages that ask for the one file, in a process that has the other."""
    first = next(iter(meeting.having))
    for second in meeting.asking:
        ended = _after(packages, first, second) if second != first else None
        if ended is not None:
            yield _Tried(first=first, second=second, path=ended[0], failure=ended[1])


def _after(packages: Packages, first: str, second: str) -> tuple[str, LoadFailure] | None:
    """Return the file with which an import ends in a process after another; a bare name is looked for, no more."""
    process = packages.process_of(first).fork()
    for each in packages.openings_of(second):
        failure = process.dlopen(each.path, each.mode, caller=each.caller)
        if failure is not None and "/" in each.path:
            return each.path, failure
    return None


def _clash(meeting: _Meeting, tried: Sequence[_Tried]) -> Clash:
    name = meeting.names[0]
    told = "; ".join(each.sentence for each in tried[:_SHOWN]) or "each package loads with either of them"
    return Clash(
        kind="same-soname",
        between=meeting.files,
        names=tuple(meeting.names),
        consequence=f"In one process the {name} that is loaded first serves all who ask for one: {told}",
    )


def _certain(packages: Packages, meetings: Sequence[_Meeting], tried: Sequence[_Tried]) -> Iterator[LoadFailure]:
    """Yield what fails whoever imports it: the package has imported one of those with the other file by then."""
    holders = {name for meeting in meetings for name in meeting.having}
    for each in tried:
        if packages.imported_before(each.second, each.path) & holders - {each.second}:
            yield replace(each.failure, stage="extension")
