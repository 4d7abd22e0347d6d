"""One request and its answer, in a thread that is left alone once nobody wants the answer. (Touches the world.).

A server may lie, trickle or never end, and an interrupt must end all of it at once: Python hears it in the main thread
only, and in no call that looks up a name. So whoever asks takes what another thread has received so far, keeps the
limits, and goes away when they are broken; a thread is never waited for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from queue import Empty, Full, Queue, SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar

from tfsetup.errors import NetworkError, TfsetupError
from tfsetup.ground.certificates import Certificates, fault
from tfsetup.ground.ranges import length_of
from tfsetup.ground.redaction import words

if TYPE_CHECKING:
    import requests

_In = TypeVar("_In")
_Out = TypeVar("_Out")

PIECE: Final = 1 << 16
"""The most bytes of a body taken from the server at a time."""

AGAIN: Final = "Try again, or use another index or mirror."
_JOINED: Final = 1 << 18
_HELD: Final = 0.05  # seconds that a small piece may wait for the next
_AHEAD: Final = 4  # pieces fetched before anybody takes them
_TICK: Final = 0.1  # seconds after which a waiting main thread looks at the clock, and hears an interrupt on Windows
_HINT: Final = (
    "Check the connection, the proxy and the index settings (UV_DEFAULT_INDEX, PIP_INDEX_URL), or use --offline where "
    "the command has it."
)

_SOCKS: Final = "uv speaks SOCKS, this client does not: let HTTPS_PROXY name a proxy that speaks http, or use NO_PROXY."


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How long one answer may take, in seconds of waiting for it: to connect, between two bytes, and as a whole.

    In every `window_s` at least `least` bytes of its body must come.
    """

    connect_s: float = 10.0
    quiet_s: float = 30.0
    window_s: float = 60.0
    least: int = 60 << 10
    total_s: float = 1800.0


LIMITS: Final = Limits()


@dataclass(slots=True)
class Pace:
    """Counts waiting and bytes against the limits. Pure."""

    limits: Limits
    total: float = 0.0
    window: float = 0.0
    came: int = 0

    def count(self, seconds: float, size: int) -> str | None:
        """Add `seconds` of waiting in which `size` bytes came; return in words which limit is broken, if one is."""
        self.total += seconds
        self.window += seconds
        self.came += size
        if self.total > self.limits.total_s:
            return f"did not end within {self.limits.total_s:.0f} seconds"
        if self.window > self.limits.window_s:
            if self.came < self.limits.least:
                return f"is too slow: {self.came:,} bytes in {self.window:.0f} seconds"
            self.window, self.came = 0.0, 0
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What stands before the body of an answer; `url` is where it came from in the end, after redirects."""

    status: int
    reason: str
    headers: Mapping[str, str]
    url: str


class Exchange:
    """One request and its answer, in a thread that is left alone once nobody wants the answer any more."""

    def __init__(
        self,
        ask: Callable[[threading.Event], requests.Response],
        limits: Limits,
        name: str,
        believed: Certificates | None = None,
    ) -> None:
        """Begin; `believed` is who may sign the server's certificate."""
        self._came: Queue[Head | bytes | Exception | None] = Queue(_AHEAD)
        self._unwanted = threading.Event()
        self._pace = Pace(limits)
        self._name, self._believed = name, believed
        threading.Thread(target=self._work, args=(ask,), daemon=True, name="tfsetup-http").start()

    def next(self) -> Head | bytes | None:
        """Return the head, then the pieces of the body, None at its end.

        Raises:
            NetworkError: the limits are broken, or the exchange failed.
        """
        while True:
            began, item, any_came = time.monotonic(), None, True
            try:
                item = self._came.get(timeout=_TICK)
            except Empty:
                any_came = False
            broken = self._pace.count(time.monotonic() - began, len(item) if isinstance(item, bytes) else 0)
            if broken:
                raise NetworkError(f"{self._name} {broken}.", hint=AGAIN)
            if isinstance(item, Exception):
                raise item
            if any_came:
                return item

    def leave(self) -> None:
        """Say that nobody wants the rest."""
        self._unwanted.set()

    def _work(self, ask: Callable[[threading.Event], requests.Response]) -> None:
        response = None
        try:
            response = ask(self._unwanted)
            self._put(_head(response))
            for piece in gathered(partial(response.raw.read1, PIECE, decode_content=False)):
                self._put(piece)
                if self._unwanted.is_set():
                    return
            self._put(None)
        except TfsetupError as error:
            self._put(error)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's answer makes the libraries raise
            self._put(_failed(self._name, words(error), self._believed))
        finally:
            if response is not None:
                response.close()

    def _put(self, item: Head | bytes | Exception | None) -> None:
        while not self._unwanted.is_set():
            try:
                self._came.put(item, timeout=_TICK)
            except Full:
                continue
            return


def gathered(read: Callable[[], bytes]) -> Iterator[bytes]:
    """Yield what `read` gives until it gives nothing, small pieces that come fast joined to large ones.

    Raises:
        Exception: what `read` raises, after all that came before it.
    """
    came, size, since = list[bytes](), 0, time.monotonic()
    try:
        while piece := read():
            came.append(piece)
            size += len(piece)
            if size >= _JOINED or time.monotonic() - since > _HELD:
                yield b"".join(came)
                came, size, since = [], 0, time.monotonic()
    except Exception:
        if came:
            yield b"".join(came)
        raise
    if came:
        yield b"".join(came)


class Answer(AbstractContextManager["Answer"]):
    """An answer whose body is still to come. Leaving it ends the exchange."""

    def __init__(self, exchange: Exchange, head: Head, name: str) -> None:
        """Keep the exchange; `name` is what the answer is called in messages."""
        self._exchange = exchange
        self.head = head
        self.name = name
        self.received = 0

    def __exit__(self, *_: object) -> None:
        """Take nothing more."""
        self._exchange.leave()

    def pieces(self, most: int, *, exactly: int | None = None) -> Iterator[bytes]:
        """Yield the body as it comes, packed if it is packed.

        Raises:
            NetworkError: it is longer than `most` bytes, shorter than `exactly`, too slow, or breaks off.
        """
        stated = length_of(self.head.headers)
        if stated is not None and stated > most:
            raise NetworkError(f"{self.name} has {stated:,} bytes, more than the {most:,} that it may have.")
        while piece := self._exchange.next():
            if not isinstance(piece, bytes):
                continue
            self.received += len(piece)
            if self.received > most:
                raise NetworkError(f"{self.name} sent more than the {most:,} bytes that it may send.", hint=AGAIN)
            yield piece
        if exactly is not None and self.received < exactly:
            raise NetworkError(f"{self.name} ended in the middle of an answer.", hint=AGAIN)


def at_once(work: Callable[[_In], _Out], items: Sequence[_In], *, threads: int) -> list[_Out]:
    """Do `work` for every item, several at a time, and return the results in order. Never waits for a thread.

    The first failure, or an interrupt, is raised as soon as it is there: nothing more is begun then.

    Raises:
        BaseException: what `work` raised first.
    """
    waiting, came = SimpleQueue[tuple[int, _In]](), SimpleQueue[tuple[int, list[_Out], BaseException | None]]()
    ended = threading.Event()
    for numbered in enumerate(items):
        waiting.put(numbered)

    def worker() -> None:
        while not ended.is_set():
            try:
                number, item = waiting.get_nowait()
            except Empty:
                return
            try:
                came.put((number, [work(item)], None))
            except BaseException as error:  # noqa: BLE001 - raised where somebody can see it
                came.put((number, [], error))

    for _ in range(min(threads, len(items))):
        threading.Thread(target=worker, daemon=True, name="tfsetup-at-once").start()
    found: dict[int, list[_Out]] = {}
    try:
        while len(found) < len(items):
            try:
                number, result, error = came.get(timeout=_TICK)
            except Empty:
                continue
            if error is not None:
                raise error
            found[number] = result
    finally:
        ended.set()
    return [one for number in range(len(items)) for one in found[number]]


def _failed(name: str, why: str, believed: Certificates | None) -> NetworkError:
    wrong = fault(why, believed)
    if wrong is None:
        return NetworkError(f"{name} could not be read: {why}.", hint=_SOCKS if "SOCKS" in why else _HINT)
    return NetworkError(f"{name} could not be read: its certificate {wrong[0]} ({why}).", hint=wrong[1])


def _head(response: requests.Response) -> Head:
    return Head(
        status=response.status_code, reason=response.reason or "", headers=response.headers, url=response.url or ""
    )
