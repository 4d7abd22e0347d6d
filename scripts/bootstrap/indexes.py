"""Which indexes are asked for uv's wheel, in which order, and what uv is told of pip's settings.

The wheel is known by its hash, so that it does not matter who hands it out: every index that the user named is asked
until one has it; PyPI only where nobody named another in its place. What uv itself is told afterwards follows the rule
of ground/index.py: uv's own variables and files win, and pip's hold where uv's say nothing.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bootstrap import settings
from bootstrap.failure import host_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PUBLIC = ("pypi", "org")  # in parts: no address of an index stands in this repository
PYPI = f"https://{'.'.join(_PUBLIC)}/simple"
# pip's variable -> uv's, and uv's older names that settle the same question
_OF_PIP = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", ("UV_INDEX_URL",)),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", ("UV_EXTRA_INDEX_URL",)),
    "PIP_TRUSTED_HOST": ("UV_INSECURE_HOST", ()),
}
_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_NAMED = re.compile(r"[\w-]+=(?=\S)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_UNCLEAR = re.compile(r"[\x00-\x20\x7f\\]")
_PORTS = {"http": 80, "https": 443}


class Said:
    """The address of an index, and who said it."""

    def __init__(self, url: str, who: str, name: str = "") -> None:
        self.url, self.who, self.name = url, who, name

    def login(self, environ: Mapping[str, str]) -> tuple[str, str] | None:
        """Return the user and password that uv's two variables have for an index with a name."""
        begin = "UV_INDEX_" + re.sub(r"[^A-Za-z0-9]", "_", self.name).upper()
        user, password = environ.get(f"{begin}_USERNAME", ""), environ.get(f"{begin}_PASSWORD", "")
        return (user, password) if self.name and (user or password) else None


def asked(environ: Mapping[str, str], folder: Path) -> list[Said]:
    """Return the indexes to ask, in order; the first place that names a default index settles that there is one."""
    defaults: list[Said] = []
    extras: list[Said] = []
    files = settings.pip_variables(environ)
    for pip, several in zip(_INDEXES, (defaults, extras)):
        name, older = _OF_PIP[pip]
        several.extend(_words(environ.get(pip, ""), pip))
        several.extend(_words(files.get(pip, ""), "pip's settings file"))
        for variable in (name, *older):
            several.extend(_words(environ.get(variable, ""), variable))
    for path, table in settings.uv_files(environ, folder):
        for url, default, name in _of_uv(table):
            (defaults if default else extras).append(Said(_placed(url, path), str(path), name))
    once: dict[str, Said] = {}
    for one in [*(defaults or [Said(PYPI, "the default")]), *extras]:
        once.setdefault(one.url, one)
    return list(once.values())


def _words(text: str, who: str) -> list[Said]:
    return [Said(_unnamed(word), who, word[: -len(_unnamed(word))].rstrip("=")) for word in text.split()]


def _of_uv(table: object) -> Iterator[tuple[str, bool, str]]:
    """Yield address, whether it is the default, and name of a file's indexes; `explicit` ones are for others."""
    for part in (table.get("pip"), table) if isinstance(table, dict) else ():
        if not isinstance(part, dict):
            continue
        for entry in _list(part.get("index")):
            if isinstance(entry, dict) and isinstance(entry.get("url"), str) and entry.get("explicit") is not True:
                yield entry["url"], entry.get("default") is True, str(entry.get("name", ""))
        for key, default in (("index-url", True), ("extra-index-url", False)):
            for url in _list(part.get(key)):
                if isinstance(url, str):
                    yield url, default, ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _placed(address: str, path: Path) -> str:
    return address if _SCHEME.match(address) else (path.parent / address).as_uri()


def _unnamed(entry: str) -> str:
    found = _NAMED.match(entry)
    return entry[found.end() :] if found else entry


def with_files(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the variables, and those that settings files stand for: pip's, and the proxies of uv's.

    An index of pip's files counts only where no setting of uv's own names any: whoever told uv where packages are did
    not mean pip's as well.
    """
    files = settings.uv_files(environ, folder)
    told = any(environ.get(name) for pip in _INDEXES for name in (_OF_PIP[pip][0], *_OF_PIP[pip][1]))
    told = told or any(True for _, table in files for _ in _of_uv(table))
    said = settings.pip_variables(environ)
    if "PIP_EXTRA_INDEX_URL" in said:
        said["PIP_EXTRA_INDEX_URL"] = elsewhere(said["PIP_EXTRA_INDEX_URL"])
    pips = {name: text for name, text in said.items() if text and not (told and name in _INDEXES)}
    named = {name.upper() for name, value in environ.items() if value}
    proxies = {name: text for name, text in settings.uv_proxies(files).items() if name not in named}
    return {**pips, **proxies, **{name: value for name, value in environ.items() if value or name not in pips}}


def elsewhere(text: str) -> str:
    """Return the additional indexes of pip's files, without those in folders of this machine: stocks of some wheels.

    uv takes all files of a version from one index, and would not see the others. Pure.
    """
    return " ".join(word for word in text.split() if _SCHEME.match(word) and not word.lower().startswith("file:"))


def uv_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add for uv: what pip's variables say, where uv's own say nothing. Pure."""
    return {
        name: " ".join(environ[pip].split())  # a list of pip's has a line for each, and uv's blanks alone
        for pip, (name, older) in _OF_PIP.items()
        if environ.get(pip) and not any(environ.get(known) for known in (name, *older))
    }


def trusted_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the hosts for which variables allow plain http. Pure."""
    words = (environ.get(name, "").replace(",", " ").split() for name in ("UV_INSECURE_HOST", "PIP_TRUSTED_HOST"))
    return frozenset(word for found in words for word in found)


def insecure(url: str, trusted: Iterable[str] = ()) -> bool:
    """Tell whether an address must not be used: neither https, nor a file, nor this machine, nor allowed."""
    if _UNCLEAR.search(url) and "://" in url:
        return True
    found = _SCHEME.match(url)
    scheme = found.group(1).lower() if found else "file"
    if scheme in ("https", "file"):
        return False
    return scheme != "http" or not (_loopback(host_of(url)) or allowed(trusted, url))


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def allowed(trusted: Iterable[str], url: str) -> bool:
    """Tell whether an address is of one of these hosts, which need neither https nor a certificate that is believed."""
    return any(_allows(entry, url) for entry in trusted)


def _allows(entry: str, url: str) -> bool:
    if entry == "*":
        return True
    try:
        named, wanted = urlsplit(entry if "://" in entry else f"//{entry}"), urlsplit(url)
        same_port = named.port in (None, wanted.port or _PORTS.get(wanted.scheme))
    except ValueError:
        return False
    same_host = bool(named.hostname) and named.hostname == wanted.hostname
    return same_host and same_port and named.scheme in ("", wanted.scheme)
