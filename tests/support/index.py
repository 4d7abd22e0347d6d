"""A package index of this machine, behind a password: PEP 503 pages over a folder of wheels made by hand."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def make_wheel(folder: Path, filename: str, *requires: str) -> None:
    """Make a wheel with one module and its metadata."""
    name, version, *_ = filename.split("-")
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    tag = "-".join(filename.removesuffix(".whl").split("-")[2:])
    files = {
        f"{name}.py": f"version = '{version}'\n",
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {line}\n" for line in requires),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / filename, "w") as archive:
        for path, text in (files | {f"{info}/RECORD": record}).items():
            archive.writestr(zipfile.ZipInfo(path), text)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, *args: object, folder: Path, secret: str) -> None:
        self.folder = folder
        self.secret = "Basic " + base64.b64encode(secret.encode()).decode()
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != self.secret:
            self._send(401, b"")
        elif self.path.startswith("/simple/"):
            self._page(self.path.split("/")[2])
        else:
            file = self.folder / Path(self.path).name
            self._send(200, file.read_bytes()) if file.is_file() else self._send(404, b"")

    def _page(self, project: str) -> None:
        own = [f for f in sorted(self.folder.iterdir()) if f.name.split("-")[0].replace("_", "-") == project]
        links = (
            f'<a href="/files/{f.name}#sha256={hashlib.sha256(f.read_bytes()).hexdigest()}">{f.name}</a>' for f in own
        )
        self._send(200 if own else 404, "".join(links).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Type", "text/html" if self.path.startswith("/simple/") else "application/zip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def serve(folder: Path, secret: str) -> Iterator[int]:
    """Serve `folder` to whoever knows `secret` (`user:password`); yield the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, folder=folder, secret=secret))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
