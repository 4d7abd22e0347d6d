"""Which indexes the user has chosen: uv's settings first, then pip's, else the library's default. Pure.

Sources: uv, "Settings" and "Environment variables"; pip, "Configuration". The first of these that names a default index
decides on it; further indexes are taken from the same tool's settings.
"""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tfsetup.errors import InvalidFileError, UsageError, Where


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexes:
    """`default`: the main index, None for the library's own; `extra`: further ones. `source` says who chose."""

    default: str | None = None
    extra: tuple[str, ...] = ()
    source: str = "the default"
    offline: bool = False


def indexes(environ: Mapping[str, str], files: Mapping[str, str]) -> Indexes:
    """Return the indexes to read. `files`: text of each settings file that exists, by path, the strongest first.

    Raises:
        InvalidFileError: a settings file cannot be parsed.
    """
    offline = environ.get("UV_OFFLINE", "").lower() in {"1", "true"} or environ.get("PIP_NO_INDEX", "0") not in {
        "0",
        "",
    }
    uv = [_uv_environment(environ), *(_uv_file(path, text) for path, text in files.items() if path.endswith(".toml"))]
    pip = [
        _pip_environment(environ),
        *(_pip_file(path, text) for path, text in files.items() if not path.endswith(".toml")),
    ]
    for chosen in (uv, pip):
        if any(part.default or part.extra for part in chosen):
            first = next((part for part in chosen if part.default), None)
            extra = dict.fromkeys(url for part in chosen for url in part.extra)
            source = (first or next(part for part in chosen if part.extra)).source
            return Indexes(default=first.default if first else None, extra=tuple(extra), source=source, offline=offline)
    return Indexes(offline=offline)


def _uv_environment(environ: Mapping[str, str]) -> Indexes:
    default = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or None
    extra = f"{environ.get('UV_INDEX', '')} {environ.get('UV_EXTRA_INDEX_URL', '')}".split()
    return Indexes(default=_unnamed(default), extra=tuple(url for e in extra if (url := _unnamed(e))), source="UV_*")


def _unnamed(entry: str | None) -> str | None:
    """Return the address of an entry such as `internal=ADDRESS`."""
    if not entry:
        return None
    name, sign, rest = entry.partition("=")
    return rest if sign and name.replace("-", "").replace("_", "").isalnum() else entry


def _uv_file(path: str, text: str) -> Indexes:
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidFileError(f"uv's settings are not valid TOML: {error}", where=Where(file=path)) from error
    if path.endswith("pyproject.toml"):
        settings = settings.get("tool", {}).get("uv", {})
    entries: list[dict[str, Any]] = [entry for entry in settings.get("index", []) if isinstance(entry, dict)]
    legacy = {**settings, **settings.get("pip", {})}
    default = next((e["url"] for e in entries if e.get("default") and "url" in e), None) or legacy.get("index-url")
    extra = [e["url"] for e in entries if not e.get("default") and not e.get("explicit") and "url" in e]
    return Indexes(default=default, extra=(*extra, *legacy.get("extra-index-url", [])), source=path)


def _pip_environment(environ: Mapping[str, str]) -> Indexes:
    extra = environ.get("PIP_EXTRA_INDEX_URL", "").split()
    return Indexes(default=environ.get("PIP_INDEX_URL") or None, extra=tuple(extra), source="PIP_*")


def _pip_file(path: str, text: str) -> Indexes:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        message = f"pip's settings cannot be read: {error.message.splitlines()[0]}"
        raise InvalidFileError(message, where=Where(file=path)) from error
    found: dict[str, str] = {}
    for section in ("global", "install"):  # pip lets the command's section win
        if parser.has_section(section):
            found |= {key: value for key, value in parser.items(section) if key in {"index-url", "extra-index-url"}}
    default = found.get("index-url", "").strip() or None
    return Indexes(default=default, extra=tuple(found.get("extra-index-url", "").split()), source=path)


_TRUSTED = ("UV_INSECURE_HOST", "PIP_TRUSTED_HOST")
_ADDRESSES = (
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
)  # fmt: skip


def refuse_insecure(environ: Mapping[str, str], addresses: Sequence[str] = ()) -> None:
    """Refuse an index, in a variable or among `addresses`, that is neither https, nor a file, nor on this machine.

    The hashes of a lock come from the index: over plain http, anybody on the way could write them. A host named in
    UV_INSECURE_HOST or PIP_TRUSTED_HOST is allowed.

    Raises:
        UsageError: with the address, without credentials.
    """
    trusted = {host.partition(":")[0].lower() for name in _TRUSTED for host in _words(environ.get(name, ""))}
    named = [word for name in _ADDRESSES for word in _words(environ.get(name, ""))]
    for address in filter(None, map(_unnamed, [*named, *addresses])):
        host = _host(address)
        if address.lower().startswith("http://") and not _loopback(host) and host not in trusted:
            raise UsageError(
                f"The index {redacted(address).partition('?')[0]} is neither https nor on this machine: anybody on the "
                "way could change what it says.",
                hint=f"Use its https address, or allow it: UV_INSECURE_HOST={host}",
            )


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def redacted(url: str) -> str:
    """Return an address without the user name and password it may carry."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all, so nobody knows what of it is a password
        return "***"
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]))
