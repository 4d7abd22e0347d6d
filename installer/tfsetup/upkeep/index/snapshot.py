"""The snapshot of the index: how files become facts, how it is written, what has changed since it was taken. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from tfsetup.ground.platforms import NAMES
from tfsetup.ground.versions import version
from tfsetup.matrix.choose.pythons import order
from tfsetup.matrix.facts import SHIM_BYTES, Index, Release, Wheels
from tfsetup.matrix.machine import parse_tags

_MARKERS = ("platform_system", "platform_machine", "sys_platform")
_DIGEST = 16  # hexadecimal digits; enough to tell files apart, short enough to read a diff


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file of a project page. `metadata`: the hash of its METADATA where the index gives one (PEP 658, PEP 714)."""

    filename: str
    version: str
    url: str
    sha256: str
    size: int | None = None
    yanked: bool = False
    requires_python: str = ""
    date: str = ""
    metadata: str | None = None
    has_metadata: bool = False


Shape = tuple[str, str]
"""What a wheel's file name says: platform tag, and the Python it is for (`any` where it is for all of them)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Something that is otherwise on the index than in the snapshot."""

    distribution: str
    """Which distribution."""
    version: str
    """Which release of it."""
    words: str
    """What is otherwise; goes on after distribution and version."""
    grave: bool = False
    """Whether an answer may be wrong because of it."""


def shape(filename: str) -> Shape | None:
    """Return what a wheel's name says; None for an sdist, or a wheel that no CPython here installs."""
    if not filename.endswith(".whl"):
        return None
    try:
        tags = parse_wheel_filename(filename)[3]
    except (InvalidWheelFilename, InvalidVersion):
        return None
    platform = filename.removesuffix(".whl").rsplit("-", 1)[1]
    one = next(iter(tags))
    return (platform, _python(one.interpreter, one.abi)) if parse_tags(platform) else None


def _python(interpreter: str, abi: str) -> str:
    if interpreter.startswith("py"):
        return "any"
    digits = interpreter.removeprefix("cp")
    return f"{digits[0]}.{digits[1:]}{'t' if abi.endswith('t') else ''}"


def digest(files: Iterable[File]) -> str:
    """Return a short digest of a group of files: equal when no file was added, replaced or removed."""
    return hashlib.sha256("\n".join(sorted(file.sha256 for file in files)).encode()).hexdigest()[:_DIGEST]


def releases(index: Index, name: str, files: Iterable[File]) -> dict[str, list[File]]:
    """Return the files of a project page by release, from the oldest one of the snapshot on."""
    known = index.releases(name)
    oldest = Version(known[-1]) if known else Version("0.dev0")
    found: dict[str, list[File]] = {}
    for file in files:
        number = _number(file)
        if number is not None and number >= oldest:
            found.setdefault(str(number), []).append(file)
    return found


def _number(file: File) -> Version | None:
    try:
        return Version(file.version)
    except InvalidVersion:
        return None


def differences(index: Index, pages: Mapping[str, Sequence[File]]) -> list[Difference]:
    """Return what is otherwise on the index than in the snapshot, over the distributions that were asked about."""
    found: list[Difference] = []
    for name, files in pages.items():
        live = releases(index, name, files)
        known = index.distributions.get(name, {})
        found += [
            Difference(distribution=name, version=gone, words="is gone from the index", grave=True)
            for gone in sorted(set(known) - set(live), key=version)
        ]
        for text in sorted(live, key=version):
            if text in known:
                found += _changed(name, text, known[text], live[text])
            elif any(shape(file.filename) for file in live[text]):
                found.append(Difference(distribution=name, version=text, words="is new on the index"))
    return found


def _changed(name: str, text: str, release: Release, files: Sequence[File]) -> list[Difference]:
    def difference(words: str, *, grave: bool) -> Difference:
        return Difference(distribution=name, version=text, words=words, grave=grave)

    yanked = all(file.yanked for file in files)
    if yanked != release.yanked:
        return [difference("was yanked" if yanked else "is no longer yanked", grave=yanked)]
    wheels = {found: file for file in files if (found := shape(file.filename))}
    known = {(group.platform, python) for group in release.wheels for python in group.pythons}
    sides = (("lost its", known - set(wheels), True), ("has a new", set(wheels) - known, False))
    result = [
        difference(f"{words} wheel for {platform}, Python {python}", grave=grave)
        for words, group, grave in sides
        for platform, python in sorted(group)
    ]
    if not result and any(group.files and group.files != digest(_of(group, wheels)) for group in release.wheels):
        result.append(difference("has other files under the same names", grave=True))
    return result


def _of(group: Wheels, wheels: Mapping[tuple[str, str], File]) -> list[File]:
    return [wheels[group.platform, python] for python in group.pythons]


# ------------------------------------------------------------------------------------------------ building


Metadata = Callable[[File], Sequence[str]]  # the Requires-Dist lines of a wheel
_Group = tuple[str, tuple[str, ...], bool]  # platform tag, requirements, and whether there is no code in it


def companions(files: Iterable[File]) -> tuple[str, ...]:
    """Return the stable, unyanked versions of a project page that have a wheel, oldest first."""
    numbers = (_number(file) for file in files if file.filename.endswith(".whl") and not file.yanked)
    found = {str(number) for number in numbers if number is not None and not number.is_prerelease}
    return tuple(sorted(found, key=version))


def refreshed(
    index: Index,
    pages: Mapping[str, Sequence[File]],
    metadata: Metadata,
    *,
    companions: Mapping[str, tuple[str, ...]],
    today: str,
) -> Index:
    """Return the snapshot brought up to date: known releases stay as they are, new and changed ones are read anew.

    It keeps its date when nothing has changed.
    """
    table = {text: place for place, text in enumerate(index.requires)}
    distributions = {name: dict(known) for name, known in index.distributions.items()}
    touched = {(d.distribution, d.version) for d in differences(index, pages)}
    for name, files in pages.items():
        live = releases(index, name, files)
        mine = distributions.setdefault(name, {})
        for gone in set(mine) - set(live):
            del mine[gone]
        for text in live:
            if (name, text) in touched:
                mine[text] = _release(name, live[text], metadata, table)
    same = not touched and all(index.companions.get(name) == found for name, found in companions.items())
    return replace(
        index,
        taken=index.taken if same else today,
        requires=tuple(table),
        distributions=distributions,
        companions={**index.companions, **companions},
        _sorted={},
    )


def _release(name: str, files: Sequence[File], metadata: Metadata, table: dict[tuple[str, ...], int]) -> Release:
    groups: dict[_Group, list[tuple[str, File]]] = {}
    seen: dict[str, tuple[str, ...]] = {}
    for file in files:
        if (found := shape(file.filename)) is None:
            continue
        if file.metadata is None or file.metadata not in seen:
            lines = tuple(str(Requirement(line)) for line in metadata(file))
            seen[file.metadata or file.sha256] = lines
        lines = seen[file.metadata or file.sha256]
        small = file.size is not None and file.size < SHIM_BYTES
        platform, python = found
        groups.setdefault((platform, lines, small), []).append((python, file))
    wheels = [_wheels(name, group, members, table) for group, members in groups.items()]
    return Release(
        date=min((file.date for file in files if file.date), default=""),
        requires_python=next((file.requires_python for file in files if file.requires_python), ""),
        yanked=all(file.yanked for file in files),
        sdist=any(file.filename.endswith((".tar.gz", ".zip")) for file in files),
        wheels=tuple(sorted(wheels, key=lambda group: (group.platform, group.requires))),
    )


def _wheels(name: str, group: _Group, members: Sequence[tuple[str, File]], table: dict[tuple[str, ...], int]) -> Wheels:
    platform, lines, shim = group
    return Wheels(
        platform=platform,
        pythons=tuple(sorted((python for python, _ in members), key=order)),
        size=max(file.size or 0 for _, file in members),
        requires=table.setdefault(lines, len(table)),
        files=digest(file for _, file in members),
        carrier=carrier(name, platform, lines) if shim else None,
    )


def carrier(name: str, platform: str, lines: Iterable[str]) -> tuple[str, str]:
    """Return the one distribution that a wheel without code requires for its own system; itself when there is none."""
    tag = parse_tags(platform)[0]
    native = NAMES.get(f"{tag.os}-{tag.arch}")
    environment = {**(native.markers if native else dict.fromkeys(_MARKERS, "")), "extra": ""}
    for line in lines:
        wanted = Requirement(line)
        pins = [spec.version for spec in wanted.specifier if spec.operator == "=="]
        if pins and (wanted.marker is None or wanted.marker.evaluate(environment)):
            return canonicalize_name(wanted.name), str(Version(pins[0]))
    return name, "0"


# ------------------------------------------------------------------------------------------------ writing


def encode(index: Index) -> str:
    """Return the text of `environments/index.json`: one line a release, so that a diff reads well."""
    parts = [f'{{"schema":{index.schema},"taken":{_json(index.taken)},', '"distributions":{']
    names = list(index.distributions)
    for name in names:
        lines = [f"{_json(v)}:{_json(_facts(index.distributions[name][v]))}" for v in reversed(index.releases(name))]
        parts += [f"{_json(name)}:{{", ",\n".join(lines), "}," if name != names[-1] else "}"]
    companions = [f"{_json(name)}:{_json(list(found))}" for name, found in sorted(index.companions.items())]
    parts += ["},", '"companions":{', ",\n".join(companions), "},", '"requires":[']
    parts += [",\n".join(_json(list(lines)) for lines in index.requires), "]}"]
    return "\n".join(parts) + "\n"


def _facts(release: Release) -> object:
    """Return what is said of a release: what is not so, or not known, is left out."""
    return {**_said(release), "wheels": [_said(group) for group in release.wheels]}


def _said(of: Release | Wheels) -> dict[str, object]:
    values = {field.name: getattr(of, field.name) for field in fields(of)}
    unsaid = {"requires_python": "", "yanked": False, "sdist": False, "carrier": None}
    return {name: value for name, value in values.items() if name not in unsaid or value != unsaid[name]}


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
