"""Writing a conda package (`.conda`, format 2), byte for byte reproducible: same content, same hashes.

The format is that of conda's package specification: a zip, stored, of `metadata.json`, `pkg-*.tar.zst` with the files
and `info-*.tar.zst` with what an installer and an index must know.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from backports import zstd

EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z: the timestamp every package gets
ZIP_DATE = (2026, 1, 1, 0, 0, 0)
PLACEHOLDER = ("/opt/" + "placehold_" * 30)[:254] + "_"  # 255 bytes, as conda-build has it


@dataclass
class Entry:
    """One path of a package: where it goes, what is in it, how an installer treats it."""

    path: str
    data: bytes | None = None  # small content in memory ...
    source: tuple[Path, str] | Path | None = None  # ... or a file, or (zip file, member)
    link: str | None = None  # symbolic link target
    executable: bool = False
    placeholder: str | None = None
    file_mode: str = "text"


@dataclass
class Package:
    """One package: its record in the index, and its files."""

    name: str
    version: str
    build: str
    subdir: str
    build_number: int = 0
    depends: list[str] = field(default_factory=list)
    constrains: list[str] = field(default_factory=list)
    track_features: str | None = None
    noarch: str | None = None
    license: str = "NONE"
    entry_points: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    summary: str = ""
    python_site_packages_path: str | None = None
    timestamp: int = EPOCH_MS

    @property
    def stem(self) -> str:
        """The archive's name without its ending."""
        return f"{self.name}-{self.version}-{self.build}"

    def index_json(self) -> dict[str, Any]:
        """What the archive says of itself."""
        index: dict[str, Any] = {
            "arch": None,
            "build": self.build,
            "build_number": self.build_number,
            "constrains": self.constrains,
            "depends": self.depends,
            "license": self.license,
            "name": self.name,
            "platform": None,
            "subdir": self.subdir,
            "timestamp": self.timestamp,
            "version": self.version,
        }
        if self.noarch:
            index["noarch"] = self.noarch
        else:
            os_name, _, machine = self.subdir.partition("-")
            index["platform"] = os_name
            index["arch"] = {"64": "x86_64"}.get(machine, machine)
        if self.track_features:
            index["track_features"] = self.track_features
        if self.python_site_packages_path:
            index["python_site_packages_path"] = self.python_site_packages_path
        return index


class _HashingReader:
    """Counts and hashes what is read through it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.sha, self.count = stream, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        chunk = self.stream.read(size)
        self.sha.update(chunk)
        self.count += len(chunk)
        return chunk


class _Sources:
    """Opens what entries are made of; a wheel is opened once for all its members."""

    def __init__(self) -> None:
        self.zips: dict[Path, zipfile.ZipFile] = {}

    def open(self, entry: Entry) -> tuple[IO[bytes], int]:
        if entry.data is not None:
            return io.BytesIO(entry.data), len(entry.data)
        if isinstance(entry.source, tuple):
            path, member = entry.source
            if path not in self.zips:
                self.zips[path] = zipfile.ZipFile(path)
            return self.zips[path].open(member), self.zips[path].getinfo(member).file_size
        assert entry.source is not None
        return entry.source.open("rb"), entry.source.stat().st_size

    def close(self) -> None:
        for opened in self.zips.values():
            opened.close()


def write_conda(package: Package, channel: Path, level: int = 3) -> Path:
    """Write `package` as `channel/subdir/stem.conda` and return that path; `level` is zstd's."""
    folder = channel / package.subdir
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{package.stem}.conda"
    with zipfile.ZipFile(target, "w") as archive:
        with _member(archive, "metadata.json") as out:
            out.write(b'{"conda_pkg_format_version": 2}')
        with _member(archive, f"pkg-{package.stem}.tar.zst") as out, _tar(out, level) as tar:
            records = _write_entries(package, tar)
        with _member(archive, f"info-{package.stem}.tar.zst") as out, _tar(out, level) as tar:
            for name, data in sorted(_info(package, records).items()):
                tar.addfile(_tarinfo(name, len(data)), io.BytesIO(data))
    return target


def _write_entries(package: Package, tar: tarfile.TarFile) -> list[dict[str, Any]]:
    sources = _Sources()
    try:
        return [_write_entry(entry, tar, sources) for entry in sorted(package.entries, key=lambda e: e.path)]
    finally:
        sources.close()


def _write_entry(entry: Entry, tar: tarfile.TarFile, sources: _Sources) -> dict[str, Any]:
    if entry.link is not None:
        info = _tarinfo(entry.path)
        info.type, info.linkname = tarfile.SYMTYPE, entry.link
        tar.addfile(info)
        empty = hashlib.sha256(b"").hexdigest()
        return {"_path": entry.path, "path_type": "softlink", "sha256": empty, "size_in_bytes": 0}
    stream, size = sources.open(entry)
    with stream:
        reader = _HashingReader(stream)
        tar.addfile(_tarinfo(entry.path, size, executable=entry.executable), reader)
    record: dict[str, Any] = {
        "_path": entry.path,
        "path_type": "hardlink",
        "sha256": reader.sha.hexdigest(),
        "size_in_bytes": size,
    }
    if entry.placeholder:
        record |= {"prefix_placeholder": entry.placeholder, "file_mode": entry.file_mode}
    return record


def _info(package: Package, records: list[dict[str, Any]]) -> dict[str, bytes]:
    files: dict[str, Any] = {
        "info/about.json": {"summary": package.summary, "license": package.license},
        "info/index.json": package.index_json(),
        "info/paths.json": {"paths": records, "paths_version": 1},
    }
    if package.noarch:
        noarch: dict[str, Any] = {"type": package.noarch}
        if package.noarch == "python":
            noarch["entry_points"] = package.entry_points
        files["info/link.json"] = {"noarch": noarch, "package_metadata_version": 1}
    written = {name: json.dumps(value, indent=1, sort_keys=True).encode() for name, value in files.items()}
    return written | {"info/files": "".join(f"{record['_path']}\n" for record in records).encode()}


def _member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    info = zipfile.ZipInfo(name, ZIP_DATE)
    info.compress_type = zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    return archive.open(info, "w", force_zip64=name.startswith("pkg-"))


@contextmanager
def _tar(out: IO[bytes], level: int) -> Iterator[tarfile.TarFile]:
    with (
        zstd.ZstdFile(out, "w", level=level) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
    ):
        yield tar


def _tarinfo(name: str, size: int = 0, *, executable: bool = False) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = size, EPOCH_MS // 1000
    info.mode = 0o755 if executable else 0o644
    return info


def read_index(path: Path) -> dict[str, Any]:
    """Return a package's `index.json` with the hashes and the size of the archive: its record in `repodata.json`."""
    with zipfile.ZipFile(path) as archive:
        member = next(name for name in archive.namelist() if name.startswith("info-"))
        with tarfile.open(fileobj=io.BytesIO(zstd.decompress(archive.read(member)))) as tar:
            found = tar.extractfile("info/index.json")
            assert found is not None
            index: dict[str, Any] = json.load(found)
    data = path.read_bytes()
    hashes = {"md5": hashlib.md5(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}  # noqa: S324 - the format's
    return index | hashes | {"size": len(data)}
