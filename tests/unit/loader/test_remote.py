"""Range requests, against a server on this machine that answers as indexes, mirrors and broken proxies do."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.wheels import wheel_bytes
from tfsetup.errors import NetworkError
from tfsetup.ground.http import Http
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files.remote import CHUNK, TAIL, RemoteFile, Traffic, open_all

DATA = hashlib.shake_128(b"remote").digest(2_000_000)
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
pytestmark = pytest.mark.loopback


class Handler(BaseHTTPRequestHandler):
    """Answers ranges of one file; `behaviour` says what is wrong with the server."""

    protocol_version = "HTTP/1.1"
    data = DATA
    behaviour = ""
    asked: list[str]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.asked.append(wanted)
        if self.behaviour == "missing":
            self.send_error(404)
            return
        start, stop = self._range(wanted)
        if self.behaviour == "no ranges" or start is None:
            self._answer(200, self.data, {})
            return
        body = self.data[start:stop]
        whole = "*" if self.behaviour == "no total" else str(len(self.data))
        self._answer(206, body, {"Content-Range": f"bytes {start}-{start + len(body) - 1}/{whole}"})

    def _range(self, wanted: str) -> tuple[int | None, int]:
        found = RANGE.fullmatch(wanted)
        if not found:
            return None, 0
        if not found[1]:
            return max(0, len(self.data) - int(found[2])), len(self.data)
        return int(found[1]), int(found[2]) + 1

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        promised = len(body)
        if self.behaviour == "cuts" and len(self.asked) > 1:
            body = body[: len(body) // 2]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(promised)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if promised != len(body):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature is the library's
        """Say nothing."""


@contextmanager
def served(behaviour: str = "", data: bytes = DATA) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (Handler,), {"behaviour": behaviour, "data": data, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/x.whl", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")


def opened(url: str) -> RemoteFile:
    return RemoteFile(url, Http({"NO_PROXY": "*"}, retries=0))


def test_the_end_comes_first_and_tells_the_size() -> None:
    with served() as (url, asked):
        file = opened(url)
        assert file.size == len(DATA)
        assert file.read(len(DATA) - 1000, 1000) == DATA[-1000:]
        assert asked == [f"bytes=-{TAIL}"]


def test_only_the_chunks_asked_for_are_fetched_and_each_once() -> None:
    with served() as (url, asked):
        file = opened(url)
        for _ in range(3):
            assert file.read(100_000, 10) == DATA[100_000:100_010]
        assert asked[1:] == [f"bytes={CHUNK}-{2 * CHUNK - 1}"]
        assert file.read(CHUNK - 5, 10) == DATA[CHUNK - 5 : CHUNK + 5]
        assert asked[2:] == [f"bytes=0-{CHUNK - 1}"]
        assert file.traffic.fetched == TAIL + 2 * CHUNK
        assert file.traffic.requests == 3


def test_an_expected_range_is_fetched_in_one_piece_and_nothing_behind_it() -> None:
    with served() as (url, asked):
        file = opened(url)
        file.expect(3 * CHUNK, 10 * CHUNK)
        assert file.read(3 * CHUNK, 10) == DATA[3 * CHUNK : 3 * CHUNK + 10]
        assert file.read(12 * CHUNK, 10) == DATA[12 * CHUNK : 12 * CHUNK + 10]
        assert asked[1:] == [f"bytes={3 * CHUNK}-{13 * CHUNK - 1}"]


def test_the_whole_file_in_one_request() -> None:
    with served() as (url, asked):
        file = opened(url)
        file.fetch_whole()
        assert file.read(0, len(DATA)) == DATA
        assert len(asked) == 2


def test_a_server_without_ranges_sends_everything_once() -> None:
    with served("no ranges") as (url, asked):
        file = opened(url)
        assert (file.size, file.read(5, 10)) == (len(DATA), DATA[5:15])
        assert len(asked) == 1


def test_a_file_smaller_than_the_first_request() -> None:
    with served(data=b"tiny") as (url, _):
        assert opened(url).read(0, 4) == b"tiny"


def test_outside_of_the_file_is_malformed() -> None:
    with served() as (url, _), pytest.raises(MalformedImage):
        opened(url).read(len(DATA), 1)


@pytest.mark.parametrize("behaviour", ["missing", "no total"])
def test_an_answer_that_is_of_no_use_is_a_network_error(behaviour: str) -> None:
    with served(behaviour) as (url, _), pytest.raises(NetworkError, match="answered"):
        opened(url)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_becomes_another_one_is_a_network_error(monkeypatch: pytest.MonkeyPatch, ranges: bool) -> None:
    with served() as (url, _):
        file = opened(url)
        with served("" if ranges else "no ranges", DATA[:1_500_000]) as (other, _):
            monkeypatch.setattr(file._pieces, "url", other)
            with pytest.raises(NetworkError, match="has 1,500,000 bytes, and an earlier one said 2,000,000"):
                file.read(0, 100)


def test_a_range_ignored_later_on_gives_the_right_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as (url, _), served("no ranges") as (other, _):
        file = opened(url)
        monkeypatch.setattr(file._pieces, "url", other)
        assert file.read(1_000_000, 10) == DATA[1_000_000:1_000_010]


def test_an_answer_that_breaks_off_is_a_network_error() -> None:
    with served("cuts") as (url, _):
        file = opened(url)
        with pytest.raises(NetworkError):
            file.read(0, 100_000)


def test_nobody_answers() -> None:
    with served() as (url, _):
        pass
    with pytest.raises(NetworkError, match="could not be read: Connection refused"):
        opened(url)


def test_wheels_are_opened_in_the_order_given() -> None:
    data = wheel_bytes({"pkg/a.so": b"x" * 1000})
    traffic = Traffic()
    with served(data=data) as (url, _):
        found = open_all({"b.whl": url, "a.whl": url}, traffic)
        assert [name for name, _ in found] == ["b.whl", "a.whl"]
        assert found[0][1].open("pkg/a.so").read(0, 1000) == b"x" * 1000
    assert traffic.requests >= 2


def test_something_else_than_a_wheel_is_a_network_error() -> None:
    with served(data=b"<html>Please log in</html>") as (url, _), pytest.raises(NetworkError, match="no wheel"):
        open_all({"a.whl": url})
