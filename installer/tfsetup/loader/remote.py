"""A wheel on an index, read through HTTP range requests. (Touches the world.).

What was fetched is kept in a temporary file, not in memory. A server that knows no ranges sends the whole file once.
"""

from __future__ import annotations

import re
import tempfile
import weakref
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tfsetup.errors import NetworkError
from tfsetup.loader.bytes import MalformedImage, check_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

    import requests

    from tfsetup.loader.archive import Archive

CHUNK = 1 << 16
"""Bytes are fetched in multiples of this."""

TAIL = 1 << 17
"""Bytes fetched first, from the end of the file: the directory of most wheels fits."""

WHOLE = 16 << 20
"""Files up to this many bytes are fetched as a whole: in a small wheel most of it is what is wanted."""

_AHEAD_LIMIT = 16 << 20
_TIMEOUT = (20, 60)
_RETRIES = 3
_PARTIAL, _OK, _RETRY = 206, 200, (408, 425, 429, 500, 502, 503, 504)
_TOTAL = re.compile(r"bytes (?P<first>\d+)-\d+/(?P<total>\d+)")


@dataclass
class Traffic:
    """How much was fetched, in bytes and requests, over all files that share it."""

    fetched: int = 0
    requests: int = 0


def new_session() -> requests.Session:
    """Return a session that repeats what failed for a moment; proxies and certificates come from the environment."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    session = requests.Session()
    retry = Retry(total=_RETRIES, backoff_factor=0.5, status_forcelist=_RETRY, allowed_methods=["GET"])
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.mount("http://", HTTPAdapter(max_retries=retry))
    return session


@dataclass
class RemoteFile:
    """A file at an address as a `ByteSource`."""

    url: str
    session: Any
    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        """Ask for the end of the file, which also tells its size."""
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        weakref.finalize(self, self._file.close)
        weakref.finalize(self, self.session.close)
        self._have: set[int] = set()
        self._expected = range(0)
        self._size = self._fetch_end()

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`; see `ByteSource.read`.

        Raises:
            NetworkError: the server does not answer, or not with what was asked for.
        """
        check_range(offset, length, self._size)
        first, last = offset // CHUNK, (offset + length - 1) // CHUNK
        for start, stop in _runs(index for index in range(first, last + 1) if index not in self._have):
            self._fetch(start, self._look_ahead(start, stop))
        self._file.seek(offset)
        return self._file.read(length)

    def expect(self, offset: int, length: int) -> None:
        """Say that a range will be read from front to back: it is then fetched in large pieces, and nothing beyond."""
        self._expected = range(offset, offset + length)

    def fetch_whole(self) -> None:
        """Fetch the file as a whole, in one request."""
        self._fetch(0, -(-self._size // CHUNK))

    def _look_ahead(self, start: int, stop: int) -> int:
        """Return the chunk before which a fetch of `start` to `stop` should end."""
        if start * CHUNK not in self._expected and (start + 1) * CHUNK not in self._expected:
            return stop
        wanted = min(-(-self._expected.stop // CHUNK), start + _AHEAD_LIMIT // CHUNK)
        return next((index for index in range(stop, wanted) if index in self._have), max(stop, wanted))

    def _fetch(self, start: int, stop: int) -> None:
        first, last = start * CHUNK, min(stop * CHUNK, self._size) - 1
        with self._get(f"bytes={first}-{last}") as answer:
            is_part = answer.status_code == _PARTIAL
            end = self._keep(first if is_part else 0, answer, self._size)
            if end <= last:
                raise NetworkError(f"{_shown(self.url)} ended in the middle of an answer.", hint="Try again.")

    def _fetch_end(self) -> int:
        with self._get(f"bytes=-{TAIL}") as answer:
            if answer.status_code == _OK:
                return self._keep(0, answer, None)
            found = _TOTAL.fullmatch(answer.headers.get("Content-Range", ""))
            if not found:
                raise NetworkError(f"{_shown(self.url)} was answered with a part that does not say which part it is.")
            total = int(found["total"])
            self._keep(int(found["first"]), answer, total)
            return total

    def _get(self, part: str) -> requests.Response:
        import requests

        headers = {"Range": part, "Accept-Encoding": "identity"}
        try:
            answer: requests.Response = self.session.get(self.url, headers=headers, stream=True, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise NetworkError(f"{_host(self.url)} did not answer: {error}", hint="Check the network.") from error
        self.traffic.requests += 1
        if answer.status_code not in (_OK, _PARTIAL):
            answer.close()
            raise NetworkError(f"{_shown(self.url)} was answered with status {answer.status_code}.")
        return answer

    def _keep(self, offset: int, answer: requests.Response, total: int | None) -> int:
        """Write an answer's body at `offset`, remember which whole chunks are there now, and return where it ended.

        `total` is the file's size, None when the answer is the whole file.
        """
        import requests

        self._file.seek(offset)
        try:
            for piece in answer.iter_content(CHUNK):
                self._file.write(piece)
                self.traffic.fetched += len(piece)
        except requests.RequestException as error:
            raise NetworkError(f"{_host(self.url)} broke off: {error}", hint="Try again.") from error
        end = self._file.tell()
        whole_end = -(-end // CHUNK) if total is None or end == total else end // CHUNK
        self._have.update(range(-(-offset // CHUNK), whole_end))
        return end


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or url


def _shown(url: str) -> str:
    """Return an address for people: no user, no password, no query, which may hold a secret."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _runs(indexes: Iterator[int]) -> list[tuple[int, int]]:
    """Join neighbouring numbers into half-open runs."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def open_all(addresses: Mapping[str, str], traffic: Traffic | None = None) -> list[tuple[str, Archive]]:
    """Open wheels at their addresses, several at a time; return (file name, archive) in the order given.

    Raises:
        NetworkError: a server does not answer, or what it sends is no wheel.
    """
    from concurrent.futures import ThreadPoolExecutor

    from tfsetup.loader.archive import read_archive
    from tfsetup.loader.inflate import BlockCache

    counted, cache = traffic or Traffic(), BlockCache()

    def open_one(item: tuple[str, str]) -> tuple[str, Archive]:
        name, url = item
        try:
            file = RemoteFile(url, new_session(), counted)
            if file.size <= WHOLE:
                file.fetch_whole()
            return name, replace(read_archive(file, cache), expect=file.expect)
        except MalformedImage as error:
            raise NetworkError(f"What the index sent as {name} is no wheel: {error}.") from error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(open_one, addresses.items()))


_AT_ONCE = 8
