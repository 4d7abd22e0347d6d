"""Reads package indexes over the network: project pages (PEP 503, 691), METADATA (PEP 658, 714, or out of the wheel).

The only module of this room that talks to a network. Polite: few connections, conditional requests against a cache on
disk, retries that obey Retry-After. It counts its requests and bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zlib import crc32

import msgspec

from tfsetup.errors import NetworkError
from tfsetup.ground.exchange import at_once
from tfsetup.ground.files import write_whole
from tfsetup.ground.folders import cache_folder
from tfsetup.ground.http import Http, Whole, refused
from tfsetup.ground.index import project_page
from tfsetup.ground.redaction import shown, words
from tfsetup.ground.settings import index_choice
from tfsetup.loader.bytes import ByteSource, MalformedImage
from tfsetup.loader.files.archive import read_archive
from tfsetup.loader.files.remote import RemoteFile
from tfsetup.loader.files.remote import Traffic as Fetched
from tfsetup.loader.files.sources import OpenFile
from tfsetup.locks.run import run_uv
from tfsetup.upkeep.index.page import ACCEPT, read_page
from tfsetup.upkeep.index.settings import Indexes, index_of_uv, indexes
from tfsetup.upkeep.index.snapshot import File
from tfsetup.workflows.told import Told

_CONNECTIONS = 6
_PAGE = 64 << 20  # bytes; the largest project pages there are have a quarter of it
_METADATA = 4 << 20  # bytes; no METADATA is larger
_IN_WHEEL = re.compile(r"[^/]+\.dist-info/METADATA")
_OK = 200
_NOT_MODIFIED = 304
_NOT_FOUND = 404


@dataclass(kw_only=True, slots=True)
class Traffic:
    """What reading cost."""

    requests: int = 0
    """How many requests were made."""
    received: int = 0
    """How many bytes of bodies came."""
    unchanged: int = 0
    """How many answers the cache still had."""


class _Kept(msgspec.Struct, frozen=True):
    """What is kept beside a page: what the index called it, and by what it knows its own answer again."""

    type: str
    etag: str | None = None
    modified: str | None = None


class IndexClient:
    """Reads project pages and metadata from the user's indexes. Not for one request: it keeps its connections."""

    def __init__(self, chosen: Indexes, cache: Path, http: Http | None = None) -> None:
        """Prepare, with the user's certificates unless `http` is another client. Nothing is requested yet.

        Raises:
            InvalidFileError: the certificates that a variable names cannot be used.
        """
        self.urls = (*chosen.extra, *((chosen.default,) if chosen.default else ()))
        self._merged = chosen.merged
        self.cache = cache
        self.traffic = Traffic()
        self._lock = threading.Lock()
        self._accept = {"Accept": ACCEPT}
        self._http = http or Http(choice=chosen.choice)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def pages(self, names: Iterable[str]) -> dict[str, list[File]]:
        """Return the files of each project, of the first index that has any, or of all where the settings join them.

        Raises:
            NetworkError: an index does not answer or sends what is no project page, or no index knows a project.
        """
        wanted = list(names)
        return dict(zip(wanted, at_once(self._project, wanted, threads=_CONNECTIONS), strict=True))

    def requires_of(self, file: File) -> list[str]:
        """Return the Requires-Dist lines of one wheel: its metadata file, else read out of the wheel by range.

        Raises:
            NetworkError: neither can be had, or what was sent has another hash than the index promised.
        """
        path = self.cache / "metadata" / f"{file.sha256}.txt" if file.sha256 else None  # without a hash: any file's
        text = _read(path) if path else None
        if text is None:
            text = self._metadata_file(file) or self._metadata_in(file)
            if path:
                _write(path, text)
        return HeaderParser().parsestr(text).get_all("Requires-Dist") or []

    # -------------------------------------------------------------------------------------------- pages

    def _project(self, name: str) -> list[File]:
        found: dict[str, File] = {}
        for base in self.urls:
            for file in self._page(project_page(base, name), name):
                found.setdefault(file.filename, file)
            if found and not self._merged:  # uv asks no further either, and a later index may be out of reach
                break
        if not found:
            asked = ", ".join(shown(url) for url in self.urls)
            raise NetworkError(f"No index has {name} ({asked}).", hint="Check the index settings of uv and pip.")
        return list(found.values())

    def _page(self, url: str, name: str) -> list[File]:
        if urlsplit(url).scheme == "file":
            return _local_page(url, name)
        kind, body = self._conditional(url)
        if body is None:
            return []
        # An index on the network has no say about files of this machine.
        return [file for file in _parsed(kind, body, url, name) if urlsplit(file.url).scheme != "file"]

    def _conditional(self, url: str) -> tuple[str, bytes | None]:
        """Return content type and body, from the cache where the index says that it still holds; no body: not found."""
        key = hashlib.sha256(url.encode()).hexdigest()[:32]
        head, body = self.cache / "pages" / f"{key}.json", self.cache / "pages" / f"{key}.body"
        known = _known(head, body)
        answer = self._get(url, _PAGE, self._accept | _conditions(known))
        if answer.head.status == _NOT_MODIFIED and known:
            with self._lock:
                self.traffic.unchanged += 1
            return known.type, body.read_bytes()
        if answer.head.status == _NOT_FOUND:
            return "", None
        if answer.head.status != _OK:
            raise refused(shown(url), answer.head)
        said = answer.head.headers
        facts = _Kept(said.get("Content-Type", ""), said.get("ETag"), said.get("Last-Modified"))
        if facts.etag or facts.modified:
            _write(body, answer.body)
            _write(head, msgspec.json.encode(facts))
        return facts.type, answer.body

    def _get(self, url: str, most: int, headers: Mapping[str, str]) -> Whole:
        answer = self._http.read(url, most=most, headers=headers)
        self._count(answer.received)
        return answer

    def _count(self, received: int, requests: int = 1) -> None:
        with self._lock:
            self.traffic.requests += requests
            self.traffic.received += received

    # -------------------------------------------------------------------------------------------- metadata

    def _metadata_file(self, file: File) -> str | None:
        if not file.has_metadata:
            return None
        answer = self._get(file.url + ".metadata", _METADATA, {"Accept": "*/*"})
        if answer.head.status != _OK:
            return None
        if file.metadata and hashlib.sha256(answer.body).hexdigest() != file.metadata:
            raise NetworkError(f"The metadata of {file.filename} has another hash than the index promised.")
        return answer.body.decode("utf-8", "replace")

    def _metadata_in(self, file: File) -> str:
        fetched = Fetched()
        try:
            if urlsplit(file.url).scheme == "file":
                return _metadata_of(OpenFile(_local(file.url)))
            return _metadata_of(RemoteFile(file.url, self._http, fetched))
        except (MalformedImage, OSError) as error:
            raise NetworkError(f"No METADATA can be read out of {file.filename}: {error}") from error
        finally:
            self._count(fetched.fetched, fetched.requests)


def client(cache: Path | None = None) -> IndexClient:
    """Return a client with the user's own settings.

    Raises:
        NetworkError: the user's settings forbid the network.
        UsageError: they name an index that anybody on the way could answer for; or nobody names one, uv neither.
        InvalidFileError: a settings file cannot be parsed, or certificates that a variable names cannot be used.
        TfsetupError: there is no folder to keep pages in.
    """
    chosen = indexes(index_choice(), os.environ)
    if chosen.offline:
        raise NetworkError("The index settings say offline.", hint="Use --offline to check against the snapshot.")
    if chosen.default is None:
        said = run_uv(("pip", "compile", "--help"), doing="Asking for its index")
        chosen = replace(chosen, default=index_of_uv(said.stdout))
    return IndexClient(chosen, cache or cache_folder(os.environ) / "index")


@contextmanager
def asking(told: Told) -> Iterator[IndexClient]:
    """Provide a client with the user's own settings, and say what is going on.

    Raises:
        TfsetupError: as `client`.
    """
    with closing(client()) as found:
        told(f"Reading {len(found.urls)} package {'index' if len(found.urls) == 1 else 'indexes'} …")
        yield found


# ------------------------------------------------------------------------------------------------ pages and files


def _local_page(url: str, name: str) -> list[File]:
    """Read a project page from a folder (`file://`); an index that lacks the project has none."""
    page = _local(url) / "index.html"
    try:
        body = page.read_bytes()
    except OSError:
        return []
    return _parsed("text/html", body, url, name)


def _parsed(kind: str, body: bytes, url: str, name: str) -> list[File]:
    try:
        return read_page(kind, body, url, name)
    except ValueError as error:
        raise NetworkError(f"{shown(url)} is not a project page of a package index: {words(error)}") from error


def _local(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def _metadata_of(wheel: ByteSource) -> str:
    """Return the METADATA of a wheel: a few ranges of it, not half a gigabyte.

    Raises:
        MalformedImage: it is no wheel, has no METADATA, or one that is absurdly large.
    """
    archive = read_archive(wheel)
    name = next((name for name in archive.members if _IN_WHEEL.fullmatch(name)), None)
    if name is None:
        raise MalformedImage("it has no METADATA")
    if (member := archive.members[name]).size > _METADATA:
        raise MalformedImage(f"its METADATA claims {member.size:,} bytes")
    content = archive.open(name).read(0, member.size)
    if crc32(content) != member.crc:  # of what is stored as it is nobody has looked at it yet
        raise MalformedImage("its METADATA does not match the checksum in the archive")
    return content.decode("utf-8", "replace")


def _conditions(known: _Kept | None) -> dict[str, str]:
    found = {"If-None-Match": known.etag, "If-Modified-Since": known.modified} if known else {}
    return {name: value for name, value in found.items() if value}


def _known(head: Path, body: Path) -> _Kept | None:
    """Return what the cache knows of a page; a damaged entry is no entry."""
    try:
        return msgspec.json.decode(_read(head) or "", type=_Kept) if body.is_file() else None
    except msgspec.MsgspecError:
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(path: Path, content: str | bytes) -> None:
    """Write a cache entry whole or not at all; a cache that cannot be written costs requests and nothing else."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
