"""`conda-lock.yml`, version 1: writing its content as plain values, reading and checking it. Pure.

The format is conda-lock's (`conda_lock.lockfile.v1.models`, conda-lock 4). What it has no place for (build strings of
dependencies, `noarch`) is taken from the archive's URL when a lock is read. What tfsetup adds stands in
`custom_metadata`, which conda-lock keeps and ignores.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.marked import load_yaml
from tfsetup.locks.conda.model import CondaLock, CondaPackage, PinnedWheel, PlatformLock
from tfsetup.locks.model import Lock, LockedFile, LockedPackage

VERSION: Final = 1
SOURCE: Final = "environment.yml"
_REMEDY: Final = "Lock files are written by `tfsetup lock`; write it anew rather than editing it."
_ARCHIVE: Final = re.compile(r"(?P<name>[^/]+)-(?P<version>[^/-]+)-(?P<build>[^/-]+)\.(?:conda|tar\.bz2)")
_Mapping = Mapping[str, object]
_HEX: Final = {"md5": re.compile(r"[0-9a-f]{32}"), "sha256": re.compile(r"[0-9a-f]{64}")}


def document(platforms: Iterable[PlatformLock], channels: Sequence[str]) -> dict[str, object]:
    """Return the content of a lock file as mappings and lists, in conda-lock's order."""
    locks = sorted(platforms, key=lambda one: one.subdir)
    found = [entry for lock in locks for entry in _entries(lock)]
    packages = sorted(found, key=lambda entry: [str(entry[key]) for key in ("manager", "name", "platform")])
    metadata: dict[str, object] = {
        "content_hash": {lock.subdir: lock.content_hash for lock in locks},
        "channels": [{"url": channel, "used_env_vars": []} for channel in channels],
        "platforms": [lock.subdir for lock in locks],
        "sources": [SOURCE],
    }
    ours = {f"tfsetup-{key}-{lock.subdir}": value for lock in locks for key, value in _identity(lock) if value}
    metadata |= {"custom_metadata": ours} if ours else {}
    return {"version": VERSION, "metadata": metadata, "package": packages}


def _identity(lock: PlatformLock) -> tuple[tuple[str, str], ...]:
    return (
        ("row", lock.row),
        ("selection", lock.digest),
        ("packages", seal(lock) if lock.digest else ""),
        ("exclude-newer", lock.exclude_newer),
        ("exclude-newer-since", lock.exclude_newer_since),
    )


def seal(lock: PlatformLock) -> str:
    """Return a sha256 (hex) over what is installed, so that an edit by hand is found.

    Addresses are left out but for the file's name: a mirror serves the same bytes, and the hashes see to that.
    """
    lines = sorted(f"{one.name} {one.version} {one.url.rpartition('/')[2]} {one.sha256}" for one in lock.entries)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def as_lock(part: PlatformLock, *, text: str = "") -> Lock:
    """Return one platform of a conda lock as a `Lock`; `text` is the whole file, "" while it is not written."""
    return Lock(text=text, packages=tuple(map(_locked, part.entries)), part=part)


def _locked(one: CondaPackage | PinnedWheel) -> LockedPackage:
    file = LockedFile(filename=one.file_name, size=one.size, sha256=one.sha256, url=one.url)
    return LockedPackage(name=one.name, version=one.version, wheels=(file,))


def _entries(lock: PlatformLock) -> Iterator[dict[str, object]]:
    for one in lock.entries:
        md5 = {"md5": one.md5} if isinstance(one, CondaPackage) else {}
        yield {
            "name": one.name,
            "version": one.version,
            "manager": "conda" if md5 else "pip",
            "platform": lock.subdir,
            "dependencies": dependencies(one.depends),
            "url": one.url,
            "hash": {**md5, "sha256": one.sha256},
            "category": "main",
            "optional": False,
        }


def dependencies(specs: Iterable[str]) -> dict[str, str]:
    """Return match specs as name to version, without builds. A name that is given twice keeps both of its bounds.

    Records do list a name twice: `__osx >=11.0`, `__osx >=13.3`.
    """
    found: dict[str, list[str]] = {}
    for spec in specs:
        name, _, rest = spec.partition(" ")
        found.setdefault(name, []).append(rest.split(" ")[0])
    return {name: ",".join(dict.fromkeys(filter(None, bounds))) for name, bounds in sorted(found.items())}


def dump(content: _Mapping) -> str:
    """Return a document as YAML text."""
    import yaml

    return str(yaml.safe_dump(dict(content), sort_keys=False, width=1000))


def make_lock(platforms: Sequence[PlatformLock], channels: Sequence[str]) -> CondaLock:
    """Return the lock of these platforms, its text written plainly (an installation keeps it beside the prefix)."""
    text = dump(document(platforms, channels))
    return CondaLock(text=text, channels=tuple(channels), platforms={lock.subdir: lock for lock in platforms})


def read_conda_lock_text(text: str, *, file: str) -> CondaLock:
    """Parse and check a lock file; `file` names it in errors.

    Raises:
        InvalidFileError: not YAML, another version, a package without the hashes that installing it needs, or a name
            that is not its archive's.
    """
    reader = _Reader(text, file)
    content = load_yaml(text, file, "conda lock file", hint=_REMEDY)
    if not isinstance(content, dict):
        raise reader.invalid("This is not a conda lock file.", None)
    version = content.get("version")
    if version != VERSION:
        said = "does not say its version" if version is None else f"has version {version}"
        raise reader.invalid(f"This conda lock file {said}; version {VERSION} is known.", "version:")
    metadata = content.get("metadata")
    packages = content.get("package")
    if not isinstance(metadata, dict) or not isinstance(packages, list):
        raise reader.invalid("A conda lock file has `metadata` and a list `package`; this one has not.", None)
    return CondaLock(
        text=text,
        channels=tuple(reader.channel(entry) for entry in metadata.get("channels") or ()),
        platforms=reader.platforms(metadata, packages),
    )


class _Reader:
    """Checks entries one by one; errors name the line of the entry's URL or name."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file

    def invalid(self, message: str, near: str | None) -> InvalidFileError:
        at = self._text.find(near) if near else -1
        line = self._text.count("\n", 0, at) + 1 if at >= 0 else None
        return InvalidFileError(message, where=Where(file=self._file, line=line), hint=_REMEDY)

    def channel(self, entry: object) -> str:
        url = entry.get("url") if isinstance(entry, dict) else entry
        if not isinstance(url, str):
            raise self.invalid("A channel in `metadata` has no URL.", "channels:")
        return url

    def platforms(self, metadata: _Mapping, packages: list[object]) -> dict[str, PlatformLock]:
        names = metadata.get("platforms")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.invalid("`platforms` in `metadata` must be a list of names.", "platforms:")
        ours, hashes = metadata.get("custom_metadata") or {}, metadata.get("content_hash") or {}
        if not isinstance(ours, dict) or not isinstance(hashes, dict):
            raise self.invalid("`custom_metadata` and `content_hash` must be mappings.", "metadata:")
        found: dict[object, list[CondaPackage | PinnedWheel]] = {name: [] for name in names}
        for entry in packages:
            self._add(found, entry)
        return {name: self._sealed(name, sorted(found[name], key=lambda one: one.name), ours, hashes) for name in names}

    def _sealed(
        self, name: str, entries: Sequence[CondaPackage | PinnedWheel], ours: _Mapping, hashes: _Mapping
    ) -> PlatformLock:
        lock = PlatformLock(
            subdir=name,
            packages=tuple(one for one in entries if isinstance(one, CondaPackage)),
            wheels=tuple(one for one in entries if isinstance(one, PinnedWheel)),
            row=str(ours.get(f"tfsetup-row-{name}", "")),
            digest=str(ours.get(f"tfsetup-selection-{name}", "")),
            content_hash=str(hashes.get(name, "")),
            exclude_newer=str(ours.get(f"tfsetup-exclude-newer-{name}", "")),
            exclude_newer_since=str(ours.get(f"tfsetup-exclude-newer-since-{name}", "")),
        )
        if ours.get(key := f"tfsetup-packages-{name}") not in {None, seal(lock)}:
            message = f"The packages for {name} are not those that were locked: this file was edited."
            raise self.invalid(message, key)
        return lock

    def _add(self, found: dict[object, list[CondaPackage | PinnedWheel]], entry: object) -> None:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(name, str):
            raise self.invalid("An entry of `package` has no name.", "package:")
        platform, manager = entry.get("platform"), entry.get("manager")
        if platform not in found:
            raise self.invalid(f"`{name}` is for `{platform}`, which `platforms` does not list.", f"name: {name}\n")
        if manager not in ("conda", "pip"):
            raise self.invalid(f"`{name}` has the manager `{manager}`; conda and pip are known.", f"name: {name}\n")
        found[platform].append(self._conda(name, entry) if manager == "conda" else self._wheel(name, entry))

    def _text_of(self, name: str, entry: _Mapping, key: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str) or not value:
            raise self.invalid(f"`{name}` has no `{key}`.", f"name: {name}\n")
        return value

    def _hash(self, name: str, entry: _Mapping, kind: str) -> str:
        hashes = entry.get("hash")
        value = hashes.get(kind) if isinstance(hashes, dict) else None
        if not isinstance(value, str) or not _HEX[kind].fullmatch(value):
            url = entry.get("url")
            raise self.invalid(
                f"`{name}` has no {kind}; nothing is installed unchecked.", url if isinstance(url, str) else name
            )
        return value

    def _depends(self, name: str, entry: _Mapping) -> tuple[str, ...]:
        found = entry.get("dependencies") or {}
        if not isinstance(found, dict):
            raise self.invalid(f"The `dependencies` of `{name}` must be a mapping.", f"name: {name}\n")
        return tuple(f"{key} {value or ''}".strip() for key, value in found.items())

    def _conda(self, name: str, entry: _Mapping) -> CondaPackage:
        url, version = self._text_of(name, entry, "url"), self._text_of(name, entry, "version")
        parts = url.rsplit("/", 2)
        archive = _ARCHIVE.fullmatch(parts[-1])
        if len(parts) != 3 or archive is None or (archive["name"], archive["version"]) != (name, version):  # noqa: PLR2004 - channel, subdir, file
            raise self.invalid(f"`{name}` {version} is not what its URL names: {parts[-1]}", url)
        subdir = parts[1]
        if subdir not in {"noarch", entry["platform"]}:
            raise self.invalid(f"`{name}` is for {entry['platform']}, and its archive for {subdir}.", url)
        return CondaPackage(
            name=name,
            version=version,
            build=archive["build"],
            subdir=subdir,
            url=url,
            md5=self._hash(name, entry, "md5"),
            sha256=self._hash(name, entry, "sha256"),
            depends=self._depends(name, entry),
        )

    def _wheel(self, name: str, entry: _Mapping) -> PinnedWheel:
        url = self._text_of(name, entry, "url")
        if not url.partition("#")[0].endswith(".whl"):
            raise self.invalid(f"`{name}` is not locked to a wheel; nothing is built from source out of a lock.", url)
        return PinnedWheel(
            name=name,
            version=self._text_of(name, entry, "version"),
            url=url,
            sha256=self._hash(name, entry, "sha256"),
            depends=self._depends(name, entry),
        )
