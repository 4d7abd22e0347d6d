"""Addresses: which may be asked, and what of them and of failures may be shown to people. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

Allowed = Callable[[str], bool]

_TRUSTED: Final = ("UV_INSECURE_HOST", "PIP_TRUSTED_HOST")


def secure(environ: Mapping[str, str]) -> Allowed:
    """Return the rule for addresses: https, or plain http on this machine or to a host that the user trusts by name."""
    words = " ".join(environ.get(name, "") for name in _TRUSTED).replace(",", " ").lower().split()
    trusted = {word.partition(":")[0] for word in words}

    def allowed(url: str) -> bool:
        scheme, host = url.partition(":")[0].lower(), host_of(url)
        return scheme == "https" or (scheme == "http" and (_loopback(host) or host in trusted))

    return allowed


def shown(url: str) -> str:
    """Return an address for people: no user, no password, no query, which may hold a secret."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all, so nobody knows what of it is a secret
        return "***"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


_ADDRESS: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"<>]+")


def words(error: BaseException) -> str:
    """Return why a request failed: the words of the innermost cause, without the secrets an address in it may carry.

    The outer ones repeat the whole address, query included.
    """
    seen = [error]
    while len(seen) < 20 and (inner := _inner(seen[-1])) is not None and inner not in seen:  # noqa: PLR2004
        seen.append(inner)
    last = seen[-1]
    text = getattr(last, "verify_message", None) or getattr(last, "strerror", None) or str(last) or type(last).__name__
    return _ADDRESS.sub(lambda found: shown(found[0]), str(text))[:200].rstrip(".")


def _inner(error: BaseException) -> BaseException | None:
    candidates = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((one for one in candidates if isinstance(one, BaseException)), None)


def host_of(url: str) -> str:
    """Return the host of an address in lower case; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
