"""requests' session, with what the user settled put in place of requests' own guesses. (Touches the world.)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urljoin

from tfsetup.ground.access import Pair, in_address, origin

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    import requests
    from requests.adapters import BaseAdapter, HTTPAdapter
    from urllib3 import BaseHTTPResponse, HTTPSConnectionPool
    from urllib3.connectionpool import ConnectionPool
    from urllib3.util import Retry

_HOPS: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What holds for every request, and every hop of a redirect.

    `judge` refuses an address. `unchecked` tells whether anybody may sign for it: the user said so of its host, and uv
    takes it so. `access` are name and password by origin. `proxies` are the proxy by scheme, and under
    `no_proxy` the hosts it is not for, as settings files say them; requests reads the variables by itself.
    """

    judge: Callable[[str], None]
    unchecked: Callable[[str], bool] = lambda _url: False
    access: Mapping[str, Pair] = field(default_factory=dict, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)

    def credentials(self, url: str) -> tuple[bytes, bytes] | None:
        """Return name and password for an address; None: netrc may know them. A name alone leaves netrc the word."""
        from requests.utils import get_netrc_auth

        user, password = next(in_address(url), None) or self.access.get(origin(url), ("", ""))
        if not password and (not user or get_netrc_auth(url)):
            return None
        return user.encode(), password.encode()  # requests would write it as Latin-1

    def through(self, url: str) -> dict[str, str]:
        """Return the proxies of settings files for an address: none where it is to be reached without."""
        from requests.utils import should_bypass_proxies

        if not self.proxies or should_bypass_proxies(url, no_proxy=self.proxies.get("no_proxy")):
            return {}
        return {scheme: proxy for scheme, proxy in self.proxies.items() if scheme != "no_proxy"}


def proxies(variables: Mapping[str, str]) -> dict[str, str]:
    """Return what variables say of proxies in the form of `Settled.proxies`."""
    names = {"HTTP_PROXY": "http", "HTTPS_PROXY": "https", "NO_PROXY": "no_proxy"}
    return {names[name]: value for name, value in variables.items() if name in names}


def session(context: ssl.SSLContext, settled: Settled, retries: int) -> requests.Session:
    """Return the session; `context` alone says who is believed."""
    from tfsetup import __version__

    retry = _retry(retries)
    made = _judging(settled, _verified(_believing_anybody(), settled, retry))
    for scheme in ("https://", "http://"):
        made.mount(scheme, _verified(context, settled, retry))
    made.headers["User-Agent"] = f"tfsetup/{__version__}"
    made.max_redirects = _HOPS
    return made


def _believing_anybody() -> ssl.SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _retry(retries: int) -> Retry:
    from urllib3.exceptions import MaxRetryError, SSLError
    from urllib3.util import Retry

    class Again(Retry):
        """Tries again whatever may be otherwise then: a certificate is not."""

        def increment(
            self,
            method: str | None = None,
            url: str | None = None,
            response: BaseHTTPResponse | None = None,
            error: Exception | None = None,
            _pool: ConnectionPool | None = None,
            _stacktrace: TracebackType | None = None,
        ) -> Self:
            if _pool is not None and isinstance(error, SSLError) and "certificate" in str(error).lower():
                raise MaxRetryError(_pool, url or "", error) from error
            return super().increment(method, url, response, error, _pool, _stacktrace)

    # What came with a status is asked again by whoever asks: urllib3 would read such an answer to its end first.
    return Again(retries, status=0, redirect=0, backoff_factor=0.5, respect_retry_after_header=False)


def _verified(context: ssl.SSLContext, settled: Settled, retry: Retry) -> HTTPAdapter:
    import ssl

    from requests.adapters import HTTPAdapter

    class Verified(HTTPAdapter):
        """`context` alone says who is believed: requests' own bundle, and its reading of variables, do not count."""

        def send(
            self,
            request: requests.PreparedRequest,
            stream: bool = False,
            timeout: float | tuple[float, float] | tuple[float, None] | None = None,
            verify: bool | str = True,
            cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
            proxies: Mapping[str, str] | None = None,
        ) -> requests.Response:
            through = {**(proxies or {}), **settled.through(str(request.url))}
            return super().send(request, stream, timeout, verify, cert, through)

        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: object) -> None:
            super().init_poolmanager(connections, maxsize, block, ssl_context=context, **more)

        def proxy_manager_for(self, proxy: str, **more: object) -> object:
            return super().proxy_manager_for(proxy, ssl_context=context, proxy_ssl_context=context, **more)

        def cert_verify(self, conn: HTTPSConnectionPool, url: object, verify: object, cert: object) -> None:  # noqa: ARG002
            conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = ssl.VerifyMode(context.verify_mode).name, None, None

    return Verified(pool_maxsize=16, max_retries=retry)


def _judging(settled: Settled, unchecked: HTTPAdapter) -> requests.Session:
    import warnings

    import requests
    from urllib3.exceptions import InsecureRequestWarning

    # Whoever allowed a host to do without knows it; urllib3 would say so at every request.
    warnings.filterwarnings("ignore", category=InsecureRequestWarning)

    class Judging(requests.Session):
        """Judges where a redirect leads; the body that comes with it may be endless, and is not read."""

        def get_redirect_target(self, resp: requests.Response) -> str | None:
            target = super().get_redirect_target(resp)
            if target:
                resp.raw.close()
                settled.judge(urljoin(resp.url, target))
            return target

        def get_adapter(self, url: str) -> BaseAdapter:
            return unchecked if settled.unchecked(url) else super().get_adapter(url)

        def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
            request.auth = request.auth or settled.credentials(str(request.url))
            return super().prepare_request(request)

        def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
            super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call]
            if known := settled.credentials(str(prepared_request.url)):
                prepared_request.prepare_auth(known)

    return Judging()
