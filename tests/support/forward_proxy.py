"""A company's proxy on this machine: it wants a name and password, and knows hosts that nobody else can reach."""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

_LIMIT_S = 10.0


@dataclass
class Proxy:
    """A running proxy. `hosts` are the ports of this machine that names lead to; `asked` is what was asked for."""

    hosts: Mapping[str, int]
    secret: str
    address: str = ""
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def url(self, user: str) -> str:
        """Return the proxy's address with a name and password in it, or without any."""
        return f"http://{user}@{self.address}" if user else f"http://{self.address}"


class _Handler(StreamRequestHandler):
    proxy: Proxy

    def handle(self) -> None:
        with suppress(OSError):
            self.connection.settimeout(_LIMIT_S)
            first = self.rfile.readline(65536).decode("latin-1").split(" ")
            headers = dict(self._headers())
            if len(first) > 1:
                self._answer(first[0], first[1], headers)

    def _headers(self) -> Iterator[tuple[str, str]]:
        while line := self.rfile.readline(65536).decode("latin-1").strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()

    def _answer(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        wanted = base64.b64encode(self.proxy.secret.encode()).decode()
        if headers.get("proxy-authorization") != f"Basic {wanted}":
            self.proxy.refused.append(target)
            self._say("407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=company\r\n")
            return
        self.proxy.asked.append(target)
        plain = method != "CONNECT"
        parts = urlsplit(target if plain else f"//{target}")
        port = self.proxy.hosts.get(parts.hostname or "")
        if port is None:
            self._say("502 Bad Gateway")
            return
        with closing(socket.create_connection(("127.0.0.1", port), _LIMIT_S)) as server:
            if plain:
                server.sendall(f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n".encode())
                kept = (f"{name}: {value}\r\n" for name, value in headers.items() if not name.startswith("proxy-"))
                server.sendall("".join((*kept, "Connection: close\r\n\r\n")).encode())
            else:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._pass_on(server)

    def _pass_on(self, server: socket.socket) -> None:
        other = {self.connection: server, server: self.connection}
        while ready := select.select(list(other), [], [], _LIMIT_S)[0]:
            for one in ready:
                if not (block := one.recv(65536)):
                    return
                other[one].sendall(block)

    def _say(self, status: str, header: str = "") -> None:
        self.wfile.write(f"HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """Stay silent: clients break connections off."""


@contextmanager
def serve(hosts: Mapping[str, int], secret: str) -> Iterator[Proxy]:
    """Serve until the block ends; `secret` is `name:password`."""
    proxy = Proxy(hosts, secret)
    with _Server(("127.0.0.1", 0), type("_Mine", (_Handler,), {"proxy": proxy})) as server:
        proxy.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
