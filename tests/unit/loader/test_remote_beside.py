"""A large wheel is fetched in pieces, several at a time, beside its reading: the same bytes and no leftovers."""

from __future__ import annotations

import gc
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.wheels import wheel_bytes
from tfsetup.errors import NetworkError
from tfsetup.ground.http import Http
from tfsetup.loader.digest.contents import Counted
from tfsetup.loader.digest.opening import Opener
from tfsetup.loader.digest.store import Store
from tfsetup.loader.files import pieces, remote
from tfsetup.loader.files.inflate import BlockCache
from tfsetup.loader.files.listing import Wanted
from tfsetup.loader.files.pieces import STREAMS
from tfsetup.loader.files.remote import CHUNK, TAIL, RemoteFile, Traffic, open_remote

DATA = hashlib.shake_128(b"beside").digest(40 * CHUNK + 123)
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
pytestmark = pytest.mark.loopback


@dataclass
class Server:
    """A server of one file. `answer` may wait, or say which ranges (by their first byte) it refuses."""

    url: str = ""
    data: bytes = DATA
    ranges: bool = True
    answer: Callable[[int], bool] = lambda _start: True
    asked: list[tuple[int, int]] = field(default_factory=list)
    most: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def served(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with server.lock:
                server.now += 1
                server.most = max(server.most, server.now)
            try:
                self.answer()
            finally:
                with server.lock:
                    server.now -= 1

        def answer(self) -> None:
            found = RANGE.fullmatch(self.headers.get("Range", ""))
            assert found
            size = len(server.data)
            start = int(found[1]) if found[1] else max(0, size - int(found[2]))
            stop = int(found[2]) + 1 if found[1] else size
            with server.lock:
                server.asked.append((start, stop))
            if not server.answer(start):
                self.send_error(403)
                return
            body = server.data[start:stop] if server.ranges else server.data
            self.send_response(206 if server.ranges else 200)
            if server.ranges:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature is the library's
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{listening.server_port}/x.whl"
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(pieces, "PIECE", 4 * CHUNK)
    monkeypatch.setattr(remote, "WHOLE", 2 * CHUNK)


def opened(url: str) -> RemoteFile:
    return RemoteFile(url, Http({"NO_PROXY": "*"}, retries=0))


def pieces_running() -> int:
    return sum(thread.name == "tfsetup-pieces" for thread in threading.enumerate())


def settled(seconds: float = 5) -> bool:
    """Say whether no thread of pieces is left after a while."""
    end = time.monotonic() + seconds
    while pieces_running() and time.monotonic() < end:
        time.sleep(0.01)
    return not pieces_running()


def test_pieces_come_several_at_a_time_and_each_once() -> None:
    gate = threading.Barrier(STREAMS)

    def together(start: int) -> bool:
        if start < 16 * CHUNK:
            gate.wait(5)  # the first four are under way at the same time, or this raises
        return True

    with served(Server()) as server:
        file = opened(server.url)
        server.answer = together
        file.fetch_beside()
        file.fetch_beside()  # a second wish changes nothing
        assert file.read(0, len(DATA)) == DATA
        assert settled()
        assert server.most == STREAMS
        starts = [start for start, _ in server.asked[1:]]
        assert sorted(starts) == [number * 4 * CHUNK for number in range(10)]
        assert file.traffic.fetched == sum(stop - start for start, stop in server.asked)
        assert file.traffic.fetched <= len(DATA) + TAIL


def test_what_a_reading_waits_for_comes_first() -> None:
    release = threading.Event()

    def slow(start: int) -> bool:
        if start < 16 * CHUNK:
            release.wait(5)
        return True

    with served(Server()) as server:
        file = opened(server.url)
        server.answer = slow
        file.fetch_beside()
        reading = threading.Thread(target=file.read, args=(33 * CHUNK, 10))
        reading.start()
        time.sleep(0.1)
        release.set()
        reading.join(5)
        assert settled()
        order = [start // (4 * CHUNK) for start, _ in server.asked[1:]]
        # Among the next of the streams after those that were under way; in its own order it would come after these.
        assert order.index(8) < 2 * STREAMS


def test_a_piece_that_fails_is_told_to_who_reads_there_only() -> None:
    with served(Server(answer=lambda start: start != 8 * CHUNK)) as server:
        file = opened(server.url)
        file.fetch_beside()
        assert file.read(0, 8 * CHUNK) == DATA[: 8 * CHUNK]
        assert file.read(12 * CHUNK, 20 * CHUNK) == DATA[12 * CHUNK : 32 * CHUNK]
        with pytest.raises(NetworkError):
            file.read(8 * CHUNK, 10)
        assert settled()
        assert not file.complete()


def test_a_failure_that_passes_leaves_a_whole_file() -> None:
    refused = [8 * CHUNK]

    def once(start: int) -> bool:
        return start not in refused or refused.remove(start) is not None  # type: ignore[func-returns-value]

    with served(Server(answer=once)) as server:
        file = opened(server.url)
        file.fetch_beside()
        assert settled()
        assert file.complete()
        assert file.read(0, len(DATA)) == DATA


def test_no_thread_outlives_the_file() -> None:
    release = threading.Event()
    with served(Server()) as server:
        file = opened(server.url)
        server.answer = lambda _start: release.wait(5)
        file.fetch_beside()
        assert pieces_running() == STREAMS
        while server.now < STREAMS:
            time.sleep(0.01)
        del file
        gc.collect()
        release.set()
        assert settled()
        assert len(server.asked) == 1 + STREAMS


def test_a_file_of_which_little_is_here_is_not_completed() -> None:
    with served(Server()) as server:
        file = opened(server.url)
        file.read(0, 5 * CHUNK)
        asked = len(server.asked)
        assert not file.complete()
        assert len(server.asked) == asked
        file.read(5 * CHUNK, 20 * CHUNK)
        assert file.complete()
        assert file.read(0, len(DATA)) == DATA


def test_a_server_without_ranges_sends_the_file_once() -> None:
    with served(Server(ranges=False)) as server:
        file = opened(server.url)
        file.fetch_beside()
        assert file.read(0, len(DATA)) == DATA
        assert file.complete()
        assert settled()
        assert len(server.asked) == 1


def test_a_machine_without_threads_reads_in_order() -> None:
    def none(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with served(Server()) as server:
        file = opened(server.url)
        start, threading.Thread.start = threading.Thread.start, none  # type: ignore[method-assign,assignment]
        try:
            file.fetch_beside()
        finally:
            threading.Thread.start = start  # type: ignore[method-assign]
        assert file.read(0, len(DATA)) == DATA


NATIVE = hashlib.shake_128(b"native").digest(20 * CHUNK)


@pytest.mark.parametrize(
    ("files", "beside"),
    [
        ({"p/x.so": NATIVE, "p/y.py": b"1"}, True),
        ({"p/x.so": NATIVE[: 5 * CHUNK], "p/y.bin": NATIVE}, False),
    ],
    ids=["mostly native", "mostly not"],
)
def test_a_wheel_is_fetched_whole_where_most_of_it_will_be_read(files: dict[str, bytes], beside: bool) -> None:
    data = wheel_bytes(dict(files))
    with served(Server(data=data)) as server:
        file = opened(server.url)
        archive = open_remote(file, BlockCache())
        before = len(server.asked)
        assert archive.open("p/x.so").read(0, 10) == files["p/x.so"][:10]
        assert settled()
        fetched = sum(stop - start for start, stop in server.asked)
        assert len(server.asked) > before
        assert (fetched >= len(data)) == beside


def test_a_wheel_of_the_index_is_remembered_if_it_is_the_one_that_was_meant(tmp_path: Path) -> None:
    data = wheel_bytes({"p/x.so": NATIVE, "p/y.py": b"1"})
    sha256 = hashlib.sha256(data).hexdigest()
    with served(Server(data=data)) as server:
        for claimed, requests in (("5" * 64, True), (sha256, True), (sha256, False), ("5" * 64, True)):
            store, counted, traffic = Store(folder=tmp_path / "kept"), Counted(), Traffic()
            wanted = Wanted(filename="p-1-py3-none-any.whl", url=server.url, sha256=claimed)
            opener = Opener(store=store, counted=counted, traffic=traffic, session=Http)
            ((name, wheel),) = opener.open_all([wanted])
            assert name == wanted.filename
            assert wheel.open("p/x.so").read(0, 10) == NATIVE[:10]
            wheel.remember()
            assert (traffic.requests > 0) == requests
            assert (store.wheel(claimed) is not None) == (claimed == sha256)
        assert settled()
