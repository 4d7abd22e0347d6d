"""A server on this machine that says whatever a test wants, byte by byte: what a library's server would not let out."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Conversation:
    """One request that came, and the socket to answer on."""

    path: str
    headers: Mapping[str, str]
    socket: socket.socket
    stopping: threading.Event

    def send(self, *parts: bytes) -> None:
        """Send bytes as they are."""
        for part in parts:
            self.socket.sendall(part)

    def answer(
        self,
        status: str,
        body: bytes = b"",
        *,
        length: int | None = None,
        said: Mapping[str, str] | None = None,
        **headers: str,
    ) -> None:
        """Send an answer; `length` is what it says its length is, a negative one says nothing; `said`: more headers."""
        stated = len(body) if length is None else length
        lines = [
            f"HTTP/1.1 {status}",
            *(f"{name.replace('_', '-')}: {value}" for name, value in {**(said or {}), **headers}.items()),
        ]
        if stated >= 0:
            lines.append(f"Content-Length: {stated}")
        self.send("\r\n".join([*lines, "", ""]).encode(), body)

    def trickle(self, byte: bytes, *, every: float) -> None:
        """Send a byte again and again until nobody wants it."""
        while not self.stopping.wait(every):
            self.send(byte)

    def flood(self, block: bytes) -> int:
        """Send a block again and again until nobody wants it; return how many bytes went."""
        sent = 0
        with suppress(OSError):
            while not self.stopping.is_set():
                sent += self.socket.send(block)
        return sent


Act = Callable[[Conversation], None]


@dataclass
class Server:
    """What a test knows of its server."""

    url: str = ""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def hostile(act: Act, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve; every request is handed to `act`, and the connection stays open until it returns or the test ends."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=32)
    listening.settimeout(0.05)
    scheme = "https" if context else "http"
    server = Server(url=f"{scheme}://127.0.0.1:{listening.getsockname()[1]}")
    thread = threading.Thread(target=_accept, args=(listening, server, act, context), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        thread.join()
        listening.close()


def _accept(listening: socket.socket, server: Server, act: Act, context: ssl.SSLContext | None) -> None:
    talking = []
    while not server.stopping.is_set():
        with suppress(TimeoutError):
            connection, _ = listening.accept()
            one = threading.Thread(target=_talk, args=(connection, server, act, context), daemon=True)
            one.start()
            talking.append(one)
    for one in talking:
        one.join(5)


def _talk(connection: socket.socket, server: Server, act: Act, context: ssl.SSLContext | None) -> None:
    with suppress(OSError), connection:
        connection.settimeout(5)
        talk = context.wrap_socket(connection, server_side=True) if context else connection
        with suppress(OSError), talk:
            while not server.stopping.is_set() and (request := _request(talk, server)):
                path, headers = request
                server.asked.append(request)
                act(Conversation(path, headers, talk, server.stopping))


def _request(talk: socket.socket, server: Server) -> tuple[str, dict[str, str]] | None:
    came = b""
    talk.settimeout(0.1)
    ends = time.monotonic() + 30
    while b"\r\n\r\n" not in came and time.monotonic() < ends and not server.stopping.is_set():
        try:
            block = talk.recv(65536)
        except TimeoutError:
            continue
        if not block:
            return None
        came += block
    talk.settimeout(5)
    if b"\r\n\r\n" not in came:
        return None
    first, *lines = came.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first.split(" ")[1], {name.strip().lower(): value.strip() for name, _, value in pairs}
