"""What a request that failed means for a person, and whether asking again may help. Pure."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error

from bootstrap import hints
from bootstrap.failure import Failure, host_of

LIMIT_S = 30
_CERTIFICATES = (("expired", hints.CLOCK), ("not yet valid", hints.CLOCK), ("mismatch", hints.ADDRESS))


def in_words(host: str, error: object, proxy: str = "") -> Failure:
    """Return what a failed request means; `proxy` is the host that it went through, if one."""
    reason = _reason(error)
    text = str(getattr(reason, "strerror", None) or reason).strip(" .") or type(reason).__name__
    way = f" through the proxy {proxy}" if proxy else ""
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = getattr(reason, "verify_message", "") or text
        hint = next((hint for word, hint in _CERTIFICATES if word in why.lower()), hints.CERTIFICATE)
        return Failure(f"The certificate that {host} shows is not believed on this machine: {why}.", hint)
    if " 407" in text:
        return Failure(f"The proxy {proxy} wants a user and a password.".replace("  ", " "), hints.PROXY_LOGIN)
    if isinstance(reason, socket.gaierror):
        return Failure(f"The name {proxy or host} is not known here ({text}).", hints.REACH)
    if isinstance(reason, (socket.timeout, TimeoutError)):
        return Failure(f"{host} does not answer{way}, or too slowly: {text}.", hints.REACH)
    if isinstance(reason, http.client.IncompleteRead):
        return Failure(f"{host} ended in the middle of its answer.", hints.AGAIN)
    return Failure(f"{host} cannot be reached{way}: {text}.", hints.REACH)


def may_pass(error: Exception) -> bool:
    """Tell whether asking again may help: not where a name, a certificate or a password is the matter."""
    reason = _reason(error)
    if isinstance(reason, (ssl.SSLCertVerificationError, socket.gaierror, ConnectionRefusedError)):
        return False
    return "Tunnel connection failed" not in str(reason)


def refused(status: int, url: str) -> Failure:
    """Return what an answer means that is none."""
    host = host_of(url)
    if status in (401, 403):
        text = f"{host} answered {status}: it wants a user and a password, or others than it was sent."
        return Failure(text, hints.LOGIN)
    if status == 407:  # noqa: PLR2004
        return Failure("The proxy wants a user and a password.", hints.PROXY_LOGIN)
    if status in (404, 410):
        hint = f"Check the address of the index ({hints.INDEX}): it ends in /simple."
        return Failure(f"{host} answered {status}: uv is not there.", hint)
    return Failure(f"{host} answered {status}.", hints.AGAIN)


def _reason(error: object) -> object:
    return error.reason if isinstance(error, urllib.error.URLError) else error
