"""Whose name and password an address is asked with, where it does not hold them itself. Pure.

A lock has addresses without credentials, and the pages of an index lead to files by such addresses. uv asks them with
what it knows of the same scheme, host and port (its page "HTTP credentials"); so does everybody here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from tfsetup.ground.uv_settings import Said

_PORTS: Final = {"http": 80, "https": 443}

Pair = tuple[str, str]
"""A user's name and password; the password may be empty."""


def access(addresses: Iterable[Said], environ: Mapping[str, str]) -> dict[str, Pair]:
    """Return name and password by origin, the first that is said for each.

    They stand in an index' address, or in the two variables that uv has for an index with a name.
    """
    found: dict[str, Pair] = {}
    for said in addresses:
        for pair in (*in_address(said.url), *_in_variables(said.name, environ)):
            found.setdefault(origin(said.url), pair)
    return found


def origin(url: str) -> str:
    """Return scheme, host and port of an address, by which credentials are kept; empty where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if port and parts.hostname else ""


def in_address(url: str) -> Iterator[Pair]:
    """Yield the name and password that stand in an address itself, if any do."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.hostname and (parts.username or parts.password):
        yield unquote(parts.username or ""), unquote(parts.password or "")


def _in_variables(name: str, environ: Mapping[str, str]) -> Iterator[Pair]:
    begin = f"UV_INDEX_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"
    user, password = (environ.get(f"{begin}_{what}", "") for what in ("USERNAME", "PASSWORD"))
    if name and (user or password):
        yield user, password
