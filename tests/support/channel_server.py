"""A loopback http server for a local channel: byte ranges as real channels have them, and faults on demand."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

Fault = Literal["404", "503", "truncated", "tampered", "slow"]
_SLOW_S = 0.3  # a pause before each answer; long enough to be seen, short enough for a test


@dataclass
class Served:
    """A running server. `faults` maps the end of a path to what goes wrong there; `asked` are the paths requested."""

    url: str
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve(folder: Path, context: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Serve `folder` on a free port of this machine until the block ends, over TLS where a context is given."""
    served = Served(url="")

    class Handler(_Handler):
        root, state = folder, served

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    root: Path
    state: Served
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        self.state.asked.append(path)
        fault = next((what for end, what in self.state.faults.items() if path.endswith(end)), None)
        file = self.root / path.lstrip("/")
        if fault == "slow":
            time.sleep(_SLOW_S)
        if fault in {"404", "503"} or not file.is_file():
            self._send(int(fault) if fault in {"404", "503"} else 404, b"", body=body)
            return
        data = _spoiled(file.read_bytes(), fault)
        wanted = _range(self.headers.get("Range"), len(data))
        if wanted is None:
            self._send(200, data, body=body)
        else:
            start, end = wanted
            self._send(206, data[start:end], body=body, extra=f"bytes {start}-{end - 1}/{len(data)}")

    def _send(self, status: int, data: bytes, *, body: bool, extra: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Accept-Ranges", "bytes")
        if extra:
            self.send_header("Content-Range", extra)
        self.end_headers()
        if body:
            with suppress(BrokenPipeError, ConnectionResetError):  # a client that has read enough, or gave up
                self.wfile.write(data)


def _spoiled(data: bytes, fault: Fault | None) -> bytes:
    if fault == "truncated":
        return data[: len(data) // 2]
    if fault == "tampered":
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    return data


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return start and end (exclusive) of a `Range` header, None without one (RFC 9110, section 14.2)."""
    if not header or not header.startswith("bytes=") or "," in header:
        return None
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1 if last else size, size)
