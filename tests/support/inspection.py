"""A TLS reverse proxy on this machine before its real package index: what an inspecting company puts before the world.

Whoever wants anything of it must believe the certificate of its authority. Addresses of files in project pages lead
back to the proxy, so that nothing else has to be reached. It writes down what it sent.
"""

from __future__ import annotations

import base64
import gzip
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from tfsetup.upkeep.index.client import client

_PAGE = re.compile(r"/simple/[^/]*/?")
_FILE = re.compile(r"/files/(?P<folder>[A-Za-z0-9_=-]+)/(?P<name>[^/?#]+)")
_ADDRESS = re.compile(r"""(?P<before>"url"\s*:\s*"|href=")(?P<url>[^"#]+)""")
_ASKED = ("Accept", "Range", "If-None-Match", "If-Modified-Since", "If-Range", "User-Agent")
_TOLD = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified", "Cache-Control")
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Sent:
    """An answer: the path that was asked for, its status, and the bytes of its body."""

    path: str
    status: int
    size: int

    @property
    def name(self) -> str:
        """Return the file's or the project's name."""
        return self.path.rstrip("/").rpartition("/")[2]


@dataclass
class Inspecting:
    """The proxy as a test knows it."""

    url: str = ""
    sent: list[Sent] = field(default_factory=list)

    @property
    def index(self) -> str:
        """Return the index that a user would name."""
        return f"{self.url}/simple"


def real_index(cache: Path) -> str:
    """Return the index that the settings of this machine name."""
    with closing(client(cache)) as asked:
        found: list[str] = [url for url in asked.urls if urlsplit(url).scheme != "file"]
    return found[-1]


@contextmanager
def inspecting(context: ssl.SSLContext, upstream: str) -> Iterator[Inspecting]:
    """Serve on a port of 127.0.0.1 what the index `upstream` has."""
    proxy = Inspecting()

    class Handler(_Handler):
        shared = proxy
        index = upstream.rstrip("/")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # The handshake is for the thread of its connection: one that hangs must not keep the others waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    proxy.url = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    shared: Inspecting
    index: str
    protocol_version = "HTTP/1.1"
    timeout = 60
    upstream = threading.local()

    def handle(self) -> None:
        with suppress(OSError):  # a client that does not believe the certificate, or has read enough
            super().handle()

    def do_GET(self) -> None:
        if _PAGE.fullmatch(self.path):
            self._page()
        elif found := _FILE.fullmatch(self.path):
            folder = base64.urlsafe_b64decode(found["folder"]).decode()
            self._file(folder + found["name"])
        else:
            self._answer(404, {}, b"")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _ask(self, url: str) -> requests.Response:
        session = getattr(self.upstream, "session", None)
        if session is None:
            session = self.upstream.session = requests.Session()
        asked = {name: self.headers[name] for name in _ASKED if name in self.headers}
        method = "HEAD" if self.command == "HEAD" else "GET"
        encoding = "gzip" if _PAGE.fullmatch(self.path) else "identity"
        answer = session.request(method, url, headers=asked | {"Accept-Encoding": encoding}, stream=True, timeout=120)
        assert isinstance(answer, requests.Response)
        return answer

    def _page(self) -> None:
        url = self.index + self.path.removeprefix("/simple")
        with closing(self._ask(url)) as answer:
            told = {name: answer.headers[name] for name in ("Content-Type", "ETag") if name in answer.headers}
            body = _ADDRESS.sub(lambda found: found["before"] + self._here(urljoin(url, found["url"])), answer.text)
            sent = body.encode()
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                sent, told = gzip.compress(sent, 6), told | {"Content-Encoding": "gzip"}
            self._answer(answer.status_code, told, sent if answer.status_code == 200 else b"")

    def _here(self, url: str) -> str:
        folder, slash, name = url.rpartition("/")
        return f"{self.shared.url}/files/{base64.urlsafe_b64encode((folder + slash).encode()).decode()}/{name}"

    def _file(self, url: str) -> None:
        with closing(self._ask(url)) as answer:
            told = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
            if "Content-Length" not in told:
                self._answer(answer.status_code, told, b"" if self.command == "HEAD" else answer.content)
                return
            self._begin(answer.status_code, told)
            size = 0
            if self.command != "HEAD":
                for block in answer.iter_content(_BLOCK):
                    self.wfile.write(block)
                    size += len(block)
            self.shared.sent.append(Sent(self.path, answer.status_code, size))

    def _answer(self, status: int, told: dict[str, str], body: bytes) -> None:
        self._begin(status, told | {"Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)
        self.shared.sent.append(Sent(self.path, status, len(body)))

    def _begin(self, status: int, told: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""
