"""Keeps uv from plain http: a proxy on this machine that answers every such request with no, and remembers it.

An https index may redirect to plain http, or have pages with plain addresses in them; uv follows both. It is therefore
told that plain http goes through a proxy, which is this one. What may be plain (this machine, hosts that the user
allowed) is told to go by it. (Touches the world.)
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

from tfsetup.ground.redaction import shown

_HERE = ("localhost", "127.0.0.1", "::1")
_LONGEST = 65536  # bytes of a request that are looked at
_LIMIT_S = 5.0
_NO = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class PlainHttp:
    """While this is open, `variables` keep a child from plain http; `asked` are the addresses that it wanted."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """Prepare; `trusted` are the entries of UV_INSECURE_HOST, whose hosts may be plain."""
        self._trusted = tuple(trusted)
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        """Listen on a port of this machine."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no longer."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._socket.close()

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables for a child; proxies for https stay what they are in `environ`."""
        return guarded(environ, f"http://127.0.0.1:{self._socket.getsockname()[1]}", self._trusted)

    def _serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(_LIMIT_S)
            request = b""
            while b"\n" not in request and len(request) < _LONGEST and (more := connection.recv(4096)):
                request += more
            words = request.partition(b"\n")[0].decode("latin-1").split(" ")
            self.asked += words[1:2]
            connection.sendall(_NO)


def guarded(environ: Mapping[str, str], proxy: str, trusted: Iterable[str]) -> dict[str, str]:
    """Return `environ` with plain http led to `proxy`, but for this machine and `trusted`. Pure.

    Where no proxy for https is set, NO_PROXY is of no other use and names these hosts alone; where one is, what stands
    in it stays, because uv has one list for both. A `*` among `trusted` allows everything: nothing is changed then. So
    it is where a trusted host is reached through a proxy for http, which cannot be both.
    """
    names = {name.upper(): value for name, value in environ.items() if name.lower().endswith("_proxy") and value}
    allowed = [host for entry in trusted if (host := _host(entry))]
    if "*" in allowed or (allowed and ({"HTTP_PROXY", "ALL_PROXY"} & names.keys())):
        return dict(environ)
    kept = names.get("NO_PROXY", "").split(",") if {"HTTPS_PROXY", "ALL_PROXY"} & names.keys() else []
    direct = ",".join(dict.fromkeys((*filter(None, (part.strip() for part in kept)), *_HERE, *allowed)))
    # REQUEST_METHOD: whoever finds it takes itself for a CGI script, and HTTP_PROXY for a header of the request.
    gone = {"http_proxy", "no_proxy", "request_method"}
    rest = {name: value for name, value in environ.items() if name.lower() not in gone}
    return rest | {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": direct, "no_proxy": direct}


def _host(entry: str) -> str:
    with suppress(ValueError):
        return urlsplit(entry if "://" in entry else f"//{entry}").hostname or ""
    return ""


def said(asked: Iterable[str]) -> str:
    """Return the first address that was asked for, for people."""
    return next((shown(address) for address in asked), "")
