"""One request: certificates, proxies, passwords and redirects as the user has them. (Touches the world.).

An address is judged before it is asked, also one that an answer leads on to, and a password goes to nobody but the
host that it is for.
"""

from __future__ import annotations

import base64
import http.client
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from bootstrap import certificates, curl, hints, indexes, settings
from bootstrap.failure import Failure, host_of
from bootstrap.trouble import LIMIT_S, in_words, may_pass, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIES = 3
_PIECE = 1 << 16
_WINDOW_S, _LEAST = 60, 60 << 10  # as the package's own client wants it (ground/exchange.py)
_HOPS = 10
_OK = 200
_ELSEWHERE = (301, 302, 303, 307, 308)
_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class Answer:
    """What came: its content type, its body, and where it came from in the end."""

    def __init__(self, url: str, kind: str, body: bytes) -> None:
        self.url, self.kind, self.body = url, kind, body


class Web:
    """Asks addresses; `first` is the index that the user named, whose password is for its own host."""

    def __init__(self, environ: Mapping[str, str], first: str, login: tuple[str, str] | None = None) -> None:
        """Prepare; `environ` has what pip's settings files say as well (`indexes.with_files`).

        `login` is the password of `first`, where it does not stand in the address.
        """
        self._environ, self._trusted = environ, indexes.trusted_hosts(environ)
        self._first, self._named = first, login

    def get(self, url: str, *, accept: str, most: int) -> Answer:
        """Return what an address answers in the end; what may pass by itself is tried again.

        Raises:
            Failure: with the cause, and the next step.
        """
        for _ in range(_HOPS):
            self._judge(url)
            if urlsplit(url).scheme == "file":
                return _of_disk(url)
            status, kind, location, body = self._patiently(url, accept, most)
            if status in _ELSEWHERE and location:
                url = urljoin(bare(url), location)
                continue
            if status != _OK:
                raise refused(status, url)
            if len(body) > most:
                raise Failure(f"{host_of(url)} sent more than {most:,} bytes.", hints.AGAIN)
            return Answer(bare(url), kind, body)
        raise Failure(f"{host_of(url)} leads on and on.", hints.AGAIN)

    def _judge(self, url: str) -> None:
        if indexes.insecure(url, self._trusted) or urlsplit(url).scheme not in ("http", "https", "file"):
            raise Failure(
                f"{url} is neither https nor on this machine: anybody on the way could change what it says.",
                f"Use its https address, or allow it: PIP_TRUSTED_HOST={host_of(url) or 'HOST'}",
            )

    def _patiently(self, url: str, accept: str, most: int) -> curl.Reply:
        pause = 0.5
        for _ in range(_TRIES - 1):
            try:
                reply = self._ask(url, accept, most)
            except (OSError, http.client.HTTPException) as error:
                if not may_pass(error):
                    raise self._failed(url, error) from None
            else:
                if reply[0] not in _AGAIN:
                    return reply
            time.sleep(pause)
            pause *= 2
        try:
            return self._ask(url, accept, most)
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(url, error) from None

    def _ask(self, url: str, accept: str, most: int) -> curl.Reply:
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "tfsetup-bootstrap"}
        login = self._login(url)
        if login is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        if self._with_curl(url):
            return curl.ask(bare(url), headers, self.proxy_for(url), most, LIMIT_S)
        if indexes.allowed(self._trusted, url):  # the wheel is known by its hash, whoever sends it
            context = certificates.unchecked()
        else:
            context = certificates.context(self._environ)
        return _by_python(bare(url), headers, self.proxy_for(url), context, most)

    def proxy_for(self, url: str) -> str:
        """Return the proxy that an address is asked through, empty for none: of the variables, the system, or pip.

        Raises:
            Failure: it is of a kind that the standard library does not speak.
        """
        parts, said = urlsplit(url), _proxies(self._environ)
        if not said.keys() & {"http", "https", "all"}:  # what macOS and Windows have in their settings
            said = {"all": self._environ.get("PIP_PROXY", ""), **urllib.request.getproxies(), **said}
        proxy = said.get(parts.scheme) or said.get("all") or ""
        host = parts.netloc.rpartition("@")[2]
        direct = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined] # typeshed does not list it
        if not proxy or direct(host, {"no": said.get("no", "")}):
            return ""
        if proxy.lower().startswith("socks"):
            raise Failure(
                f"The proxy for {parts.scheme} is {proxy}, and SOCKS is not spoken before uv is there.",
                f"Name an http proxy in HTTPS_PROXY, or {hints.UV}",
            )
        return proxy

    def _login(self, url: str) -> tuple[str, str] | None:
        for named in (url, self._first):
            parts = urlsplit(named)
            if parts.username is not None and _origin(named) == _origin(url):
                return unquote(parts.username), unquote(parts.password or "")
        if self._named is not None and _origin(self._first) == _origin(url):
            return self._named
        return settings.login(self._environ, host_of(url))

    def _with_curl(self, url: str) -> bool:
        """Tell whether Apple's curl asks, which knows the keychain; what the user named, Python knows as well."""
        https = urlsplit(url).scheme == "https"
        named = certificates.named(self._environ) or indexes.allowed(self._trusted, url)
        return https and sys.platform == "darwin" and not named and curl.is_here()

    def _failed(self, url: str, error: Exception) -> Failure:
        proxy = self.proxy_for(url)
        return in_words(host_of(url), error, host_of(proxy if "://" in proxy else f"//{proxy}"))


def bare(url: str) -> str:
    """Return an address without user, password and fragment."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what variables say of proxies, by scheme, `all` and `no`; those in small letters win."""
    named = sorted((name for name in environ if name.lower().endswith("_proxy") and environ[name]), key=str.islower)
    return {name.lower()[: -len("_proxy")]: environ[name] for name in named}


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


def _of_disk(url: str) -> Answer:
    path = Path(urllib.request.url2pathname(urlsplit(url).path))
    try:
        page = path / "index.html" if path.is_dir() else path
        return Answer(page.as_uri(), "text/html", page.read_bytes())
    except (OSError, ValueError) as error:
        raise Failure(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.",
            f"Check the address of the index: {hints.INDEX}.",
        ) from None


class _NoFurther(urllib.request.HTTPRedirectHandler):
    """Follows nothing: every step is judged, and given its own headers, by `Web.get`."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _by_python(url: str, headers: dict[str, str], proxy: str, context: Any, most: int) -> curl.Reply:
    proxies = urllib.request.ProxyHandler(dict.fromkeys(("http", "https"), proxy) if proxy else {})
    opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context), _NoFurther)
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - judged
    try:
        with opener.open(request, timeout=LIMIT_S) as response:
            body, told = _body(response, most), response.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", error.headers.get("Location") or "", b""
    stated = told.get("Content-Length") or ""
    if stated.isdigit() and len(body) < min(int(stated), most):
        raise http.client.IncompleteRead(body, int(stated) - len(body))
    return _OK, told.get("Content-Type") or "", "", body


def _body(response: Any, most: int) -> bytes:
    """Return a body of at most one byte more than `most`, which has to keep coming."""
    pieces, size, window = [], 0, (time.monotonic(), 0)
    while size <= most:
        piece = response.read1(min(_PIECE, most + 1 - size))
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if time.monotonic() - window[0] > _WINDOW_S:
            if size - window[1] < _LEAST:
                raise TimeoutError(f"{size - window[1]} bytes in {_WINDOW_S} seconds")
            window = (time.monotonic(), size)
    return b"".join(pieces)
