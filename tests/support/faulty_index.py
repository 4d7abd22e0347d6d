"""A package index on this machine that can be told to misbehave: PEP 503 pages over a folder of wheels."""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Index:
    """A running index. `misbehave` gets each request and the body it would have; None back means: answered already."""

    folder: Path
    misbehave: Callable[[Handler, bytes], bytes | None] | None = None
    attributes: str = ""
    address: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """The address of the simple pages."""
        return f"{self.address}/simple"


class Handler(BaseHTTPRequestHandler):
    """Answers for the index that the server carries."""

    protocol_version = "HTTP/1.1"
    index: Index

    def do_GET(self) -> None:
        body = self._body()
        self.index.asked[Path(self.path.rstrip("/")).name] += 1
        if body is None:
            self.answer(404, b"")
            return
        if self.index.misbehave is not None:
            body = self.index.misbehave(self, body)
        if body is not None:
            self.answer(200, body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _body(self) -> bytes | None:
        if self.path.startswith("/simple/"):
            return self._page(self.path.split("/")[2])
        file = self.index.folder / Path(self.path).name
        return file.read_bytes() if file.is_file() else None

    def _page(self, project: str) -> bytes | None:
        files = sorted(f for f in self.index.folder.iterdir() if f.name.split("-")[0].replace("_", "-") == project)
        links = (
            f'<a href="/files/{file.name}#sha256={sha256(file, file.stat().st_mtime_ns)}" {self.index.attributes}>'
            f"{file.name}</a>"
            for file in files
        )
        return "\n".join(links).encode() if files else None

    def answer(self, status: int, body: bytes, *, length: int | None = None, **headers: str) -> None:
        """Send an answer; `length` is what it says its length is."""
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if self.path.startswith("/simple/") else "application/zip")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang(self, seconds: float) -> None:
        """Say nothing for a while, or until the index ends."""
        self.index.stopping.wait(seconds)

    def cut(self) -> None:
        """Close the connection as it is."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(2)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@lru_cache
def sha256(file: Path, _changed: int) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Stay silent: clients that were killed break connections."""


@contextmanager
def serve(index: Index, context: ssl.SSLContext | None = None) -> Iterator[Index]:
    """Serve an index, over TLS where a context is given."""
    handler = type("_Handler", (Handler,), {"index": index})
    server = _Server(("127.0.0.1", 0), handler)
    if context is not None:
        # The handshake is the answering thread's: whoever is slow at it, or breaks it off, keeps nobody else waiting.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    index.address = f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def trickle(handler: Handler, body: bytes, *, pieces: int, pause: float) -> None:
    """Send a body a little at a time."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command == "HEAD":  # a body here would be read as the next answer on this connection
        return
    step = -(-len(body) // pieces)
    for at in range(0, len(body), step):
        handler.wfile.write(body[at : at + step])
        handler.wfile.flush()
        time.sleep(pause)
