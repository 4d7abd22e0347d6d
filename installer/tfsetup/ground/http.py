"""The one client for package indexes and the files on them. (Touches the world.).

Certificates, proxies and netrc are the user's; every address is judged before it is asked; an answer is taken within
limits of time, rate and size, and nothing beyond what was asked for (`exchange`, `ranges`).
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from tfsetup.errors import NetworkError
from tfsetup.ground.access import access
from tfsetup.ground.certificates import certificates
from tfsetup.ground.exchange import AGAIN, LIMITS, Answer, Exchange, Head, Limits
from tfsetup.ground.index import allowed, host_of, insecure, refusal, trusted_hosts
from tfsetup.ground.ranges import LARGEST, Part, Span, part_of, unpacked
from tfsetup.ground.redaction import shown
from tfsetup.ground.session import Settled, proxies, session
from tfsetup.ground.uv_settings import Choice

if TYPE_CHECKING:
    import requests

RETRIES: Final = 3
_OK: Final = 200
_PARTIAL: Final = 206
_RETRY_ON: Final = (408, 425, 429, 500, 502, 503, 504)
_LONGEST_PAUSE: Final = 20.0  # seconds; what an index may ask for by Retry-After


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """An answer with its body, unpacked; it is not read when the status is another than 200.

    `received`: bytes of it on the wire.
    """

    head: Head
    body: bytes = field(repr=False)
    received: int


class Http:
    """A session: connections are kept, certificates and proxies are the user's, netrc is asked. For many threads."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        limits: Limits = LIMITS,
        choice: Choice | None = None,
        retries: int = RETRIES,
    ) -> None:
        """Prepare; nothing is requested yet.

        Every address is judged before it is asked (`index.insecure`), redirects included. `choice` is what the user's
        settings say: which hosts may be asked over plain http, with whose name and password an index is asked and the
        files it leads to, through which proxy, and who is believed; without it, what variables say.

        Raises:
            InvalidFileError: the certificates that a variable names cannot be used.
        """
        told = choice or Choice()
        variables = {**(os.environ if environ is None else environ), **told.variables}
        self._limits, self._retries = limits, retries
        self._trusted = told.trusted | trusted_hosts(variables)
        settled = Settled(
            judge=self._judge,
            unchecked=partial(allowed, self._trusted),
            access=access(told.addresses, variables),
            proxies=proxies(told.variables),
        )
        self._believed = certificates(variables, told.origins)
        self._session = session(self._believed.context(), settled, retries)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._session.close()

    def open(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for an address and return the answer when its head is there, whatever its status.

        Raises:
            NetworkError: nobody answers, not in time, or not in HTTP.
            UsageError: the address, or one it leads on to, is not allowed.
        """
        self._judge(url)
        timeout = (self._limits.connect_s, self._limits.quiet_s)

        def ask(unwanted: threading.Event) -> requests.Response:
            attempt = 0
            while True:
                response = self._session.get(url, headers=dict(headers or {}), stream=True, timeout=timeout)
                if response.status_code not in _RETRY_ON or attempt == self._retries or unwanted.is_set():
                    return response
                response.raw.close()  # what it says is of no interest, and may never end
                unwanted.wait(pause(attempt, response.headers.get("Retry-After", "")))
                attempt += 1

        exchange = Exchange(ask, self._limits, shown(url), self._believed)
        try:
            head = exchange.next()
        except BaseException:
            exchange.leave()
            raise
        assert isinstance(head, Head)  # noqa: S101 - it always comes first
        return Answer(exchange, head, shown(url))

    def read(self, url: str, *, most: int, headers: Mapping[str, str] | None = None) -> Whole:
        """Return a page or small file with its body, of at most `most` bytes.

        Raises:
            NetworkError: as `open`; also when it is larger, damaged, or packed in a way nobody asked for.
            UsageError: as `open`.
        """
        with self.open(url, {"Accept-Encoding": "gzip", **(headers or {})}) as answer:
            if answer.head.status != _OK:
                return Whole(head=answer.head, body=b"", received=0)
            try:
                packed = answer.head.headers.get("Content-Encoding", "")
                body = b"".join(unpacked(answer.pieces(most), packed, most))
            except ValueError as error:
                raise NetworkError(f"What {answer.name} sent {error}.", hint=AGAIN) from error
            return Whole(head=answer.head, body=body, received=answer.received)

    def part(self, url: str, span: Span, known: int | None = None) -> tuple[Part, Answer]:
        """Ask for a part of a file; return what comes, which may be the whole file, and the answer to take it from.

        `known` is the file's size, if an earlier answer told it.

        Raises:
            NetworkError: as `open`; also when the answer is not what was asked for.
            UsageError: as `open`.
        """
        answer = self.open(url, {"Range": span.header, "Accept-Encoding": "identity"})
        try:
            if answer.head.status not in (_OK, _PARTIAL):
                raise refused(answer.name, answer.head)  # noqa: TRY301 - the answer is left below
            return part_of(answer.head.status, answer.head.headers, span, known), answer
        except ValueError as error:
            answer.__exit__()
            raise NetworkError(f"{answer.name} was answered, but the answer {error}.", hint=AGAIN) from error
        except BaseException:
            answer.__exit__()
            raise

    def _judge(self, url: str) -> None:
        if url.partition(":")[0].lower() not in ("http", "https"):
            raise NetworkError(f"{shown(url)} cannot be read: only addresses of https and http can.")
        if (why := insecure(url, self._trusted)) is not None:
            raise refusal(why, host_of(url))


def body_of(part: Part, answer: Answer) -> Iterator[bytes]:
    """Yield the body of a part: exactly as long as the answer said, or no longer than any file is.

    Raises:
        NetworkError: it is longer or shorter, too slow, or breaks off.
    """
    return answer.pieces(LARGEST if part.length is None else part.length, exactly=part.length)


def refused(name: str, head: Head) -> NetworkError:
    """Return the error for an answer that is a refusal; its words are a stranger's, so few of them are shown."""
    return NetworkError(f"{name} answered {head.status} {head.reason[:40]}".rstrip() + ".")


def pause(attempt: int, retry_after: str) -> float:
    """Return how many seconds to wait before asking again; a server's wish holds within reason."""
    wish = float(retry_after) if re.fullmatch(r"[0-9]{1,6}", retry_after.strip()) else 0.0
    return float(min(max(wish, 0.5 * 2**attempt), _LONGEST_PAUSE))
