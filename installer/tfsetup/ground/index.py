"""Which index uv will use, where that was said, and whether anybody on the way could answer for it. Pure, over texts.

uv's order (its pages "Configuration files", "Environment variables" and "Package indexes"): the command line, then the
environment, then the settings files, of which `uv_files` says which count. Lists of several files are joined, of single
values the strongest file's counts. A setting of uv wins over the same one of pip, of which uv knows nothing; pip's
files are the weakest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from tfsetup.errors import UsageError
from tfsetup.ground.pip_files import INDEXES, Told
from tfsetup.ground.uv_files import TRUE, SettingsFile
from tfsetup.ground.uv_settings import Choice, Said, handed

OPTION: Final = "--index-url"
_PUBLIC: Final = ("pypi", "org")  # in parts: no address of an index stands in this repository
UVS_OWN: Final = f"https://{'.'.join(_PUBLIC)}/simple"
"""The index that uv uses where nobody names one; it keeps apart what it has cached of each."""
STRATEGY: Final = "UV_INDEX_STRATEGY"
_BEST: Final = "unsafe-best-match"  # uv's name for what pip does: an index could answer for a project of another's
BY_HASH: Final = ("--require-hashes", "--index-strategy", _BEST)
"""uv's options where every file is known by its hash.

No index can hand out another file then, so it is no matter which of several has it. uv would otherwise ask the first
one alone that knows a project, and an additional index (pip.conf of Raspberry Pi OS has one) has but some versions.
"""

# pip's variable -> uv's, and uv's older names that settle the same question
_OF_PIP: Final = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", ("UV_INDEX_URL",)),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", ("UV_EXTRA_INDEX_URL",)),
    "PIP_TRUSTED_HOST": ("UV_INSECURE_HOST", ()),
}
_DEFAULTS: Final = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
_EXTRAS: Final = ("UV_INDEX", "UV_EXTRA_INDEX_URL")
_NAMED: Final = re.compile(r"[\w.-]+=(?=\S)")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_UNCLEAR: Final = re.compile(r"[\x00-\x20\x7f\\]")
_PORTS: Final = {"http": 80, "https": 443}
# Where Pythons come from: an address in one of these is judged as an index is.
_PYTHONS: Final = ("UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_DOWNLOADS_JSON_URL", "UV_ASTRAL_MIRROR_URL")


def index_variables(environ: Mapping[str, str], index_url: str | None = None) -> dict[str, str]:
    """Return the variables to add for uv, so that it uses the indexes that pip would; `index_url` is `--index-url`.

    Addresses travel in variables, never in argument lists, which every user of a machine can read.
    """
    added = {
        name: " ".join(environ[pips].split())  # a list of pip's has a line for each, and uv's blanks alone
        for pips, (name, older) in _OF_PIP.items()
        if environ.get(pips) and not any(environ.get(known) for known in (name, *older))
    }
    return added | ({"UV_DEFAULT_INDEX": index_url} if index_url else {})


def choose(
    environ: Mapping[str, str],
    files: Sequence[SettingsFile],
    index_url: str | None = None,
    pip_files: Told = MappingProxyType({}),
) -> Choice:
    """Return what uv will use, of the variables (pip's too), the settings files that count, and `--index-url`.

    `pip_files` is what pip's settings files say (`pip_files.pip_variables`). An index of theirs counts where neither
    the option nor a setting of uv's own names any: whoever told uv where packages are did not mean pip's as well.
    Additional ones in folders of this machine are left out (`elsewhere`).
    """
    kept = handed(files)
    pip = dict(_of_pips_files(environ, kept, pip_files, named=bool(index_url)))
    variables = {name: value for name, (value, _) in pip.items()}
    origins = {name: path for name, (_, path) in pip.items()}
    told = _Told({**environ, **variables}, origins)
    return replace(
        kept,
        default=next(told.default(index_url), kept.default),
        extra=(*told.extra(), *kept.extra),
        find_links=(*told.list("UV_FIND_LINKS", separator=","), *kept.find_links),
        pythons=(*told.pythons(), *kept.pythons),
        trusted=trusted_hosts(told.environ) | kept.trusted,
        offline=told.true("UV_OFFLINE") or kept.offline,
        variables={
            **_proxy(told.environ, kept),
            **kept.variables,
            **variables,
            **_strategy({**environ, **variables}, kept),
        },
        origins=origins,
    )


def _of_pips_files(
    environ: Mapping[str, str], kept: Choice, pip_files: Told, *, named: bool
) -> Iterator[tuple[str, tuple[str, str]]]:
    own = named or kept.default or kept.extra or any(environ.get(name) for name in (*_DEFAULTS, *_EXTRAS))
    for name, (text, path) in pip_files.items():
        value = elsewhere(text) if name == "PIP_EXTRA_INDEX_URL" else text
        if value and not environ.get(name) and not (own and name in INDEXES):
            yield name, (value, path)


def elsewhere(text: str) -> str:
    """Return the additional indexes that pip's files name, without those in folders of this machine.

    Such a folder is a stock of some wheels. pip takes them beside the public index; uv, which takes all files of a
    version from one index, would see nothing else of it, and a lock would be made for this machine alone.
    """
    return " ".join(word for word in text.split() if _SCHEME.match(word) and not word.lower().startswith("file:"))


def _strategy(environ: Mapping[str, str], kept: Choice) -> dict[str, str]:
    """Return how several indexes are asked where pip's settings name the additional ones: as pip asks them.

    pip takes the best version of all; uv by itself asks the first alone that knows a project, so that an additional
    index with a few versions of many projects would hide the others.
    """
    tables = (kept.settings, kept.settings.get("pip"))
    said = environ.get(STRATEGY) or any("index-strategy" in table for table in tables if isinstance(table, dict))
    pips = environ.get("PIP_EXTRA_INDEX_URL") and not any(environ.get(name) for name in _EXTRAS)
    return {STRATEGY: _BEST} if pips and not said else {}


def _proxy(environ: Mapping[str, str], kept: Choice) -> dict[str, str]:
    """Return pip's proxy, which is for both schemes, as everybody's; one that everybody has already is stronger."""
    proxy = environ.get("PIP_PROXY")
    others = {name.upper() for name, value in {**environ, **kept.variables}.items() if value}
    if not proxy or others & {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}:
        return {}
    return dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), proxy if "://" in proxy else f"http://{proxy}")


class _Told:
    """What the variables say, each address with the variable, or pip's file, that it really stood in."""

    def __init__(self, environ: Mapping[str, str], origins: Mapping[str, str]) -> None:
        self.environ = {**environ, **index_variables(environ)}
        own = {uvs: pips for pips, (uvs, _) in _OF_PIP.items() if not environ.get(uvs)}
        self.names = {uvs: origins.get(pips, pips) for uvs, pips in own.items()}

    def list(self, name: str, *, separator: str = "") -> Iterator[Said]:
        text = self.environ.get(name, "")
        for word in text.replace(separator, " ").split() if separator else text.split():
            url = unnamed(word)
            yield Said(url=url, where=self.names.get(name, name), name=word.removesuffix(url).rstrip("="))

    def true(self, name: str) -> bool:
        return self.environ.get(name, "").lower() in TRUE

    def default(self, index_url: str | None) -> Iterator[Said]:
        if index_url:
            url = unnamed(index_url)
            yield Said(url=url, where=OPTION, name=index_url.removesuffix(url).rstrip("="))
        for name in _DEFAULTS:
            yield from self.list(name)

    def extra(self) -> Iterator[Said]:
        for name in _EXTRAS:
            yield from self.list(name)

    def pythons(self) -> Iterator[Said]:
        for name in _PYTHONS:
            yield from self.list(name)


def unnamed(entry: str) -> str:
    """Return the address of an entry such as `internal=ADDRESS`; an address itself has `=` only after its scheme."""
    found = _NAMED.match(entry)
    return entry[found.end() :] if found else entry


# ------------------------------------------------------------------------------------------------ judging


def insecure(url: str, trusted: Iterable[str] = ()) -> str | None:
    """Return why an address must not be used, None if it may: https, a file, this machine, or a host that is allowed.

    The hashes of a lock come from the index: over plain http, anybody on the way could write them. What two readers of
    addresses could understand differently (a backslash, a blank, a control character) is no address.
    """
    if _UNCLEAR.search(url) and "://" in url:
        return f"{_shown(url)} is no address that everybody reads alike: it holds a backslash or a blank."
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else "file"  # a path, also one with a drive letter
    if scheme in {"https", "file"}:
        return None
    if scheme == "http" and (_loopback(host_of(url)) or allowed(trusted, url)):
        return None
    return f"{_shown(url)} is neither https nor on this machine: anybody on the way could change what it says."


def trusted_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the hosts for which variables allow plain http or an unchecked certificate."""
    return frozenset(environ.get("UV_INSECURE_HOST", "").replace(",", " ").split()) | frozenset(
        environ.get("PIP_TRUSTED_HOST", "").replace(",", " ").split()
    )


def host_of(url: str) -> str:
    """Return the host of an address in small letters, empty where it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def allowed(trusted: Iterable[str], url: str) -> bool:
    """Tell whether an address is of one of these hosts, which need neither https nor a certificate that is believed."""
    return any(_allows(entry, url) for entry in trusted)


def _allows(entry: str, url: str) -> bool:
    """Tell whether an entry of UV_INSECURE_HOST (host, host:port, scheme://host, `*` for all) allows an address."""
    if entry == "*":
        return True
    try:
        named, asked = urlsplit(entry if "://" in entry else f"//{entry}"), urlsplit(url)
        port = asked.port or _PORTS.get(asked.scheme)
        same_port = named.port in {None, port}
    except ValueError:
        return False
    same_host = bool(named.hostname) and named.hostname == asked.hostname
    return same_host and same_port and named.scheme in {"", asked.scheme}


def refuse_insecure(choice: Choice) -> None:
    """Refuse what anybody on the way could answer for.

    Raises:
        UsageError: with the address, without secrets, and who said it.
    """
    for said in choice.addresses:
        if (why := insecure(said.url, choice.trusted)) is not None:
            raise refusal(why, host_of(said.url), f" ({said.where} names it.)")


def refuse_files(urls: Iterable[str], trusted: Iterable[str]) -> None:
    """Refuse a lock with a file that an index leads to over plain http.

    Raises:
        UsageError: with the address of the first such file.
    """
    for url in urls:
        if (why := insecure(url, trusted)) is not None:
            raise refusal(why, host_of(url), " (The index leads to this file.)")


def refusal(why: str, host: str, who: str = "") -> UsageError:
    """Return the error for an index or a file that may not be used."""
    allow = f", or allow it: UV_INSECURE_HOST={host}" if host else ""
    return UsageError(f"The index {why}{who}", hint=f"Use its https address{allow}")


# ------------------------------------------------------------------------------------------------ words


def default_index(choice: Choice) -> str | None:
    """Return the address of the index that was asked for, without credentials; None: whatever uv's default is."""
    if choice.default is None:
        return None
    from tfsetup.ground.redaction import bare

    return bare(choice.default.url).rstrip("/")


def told(choice: Choice) -> tuple[str, ...]:
    """Return a line for each place packages may come from that is not uv's default: the address, and who said so."""
    plain = (*((choice.default,) if choice.default else ()), *choice.extra, *choice.find_links)
    return tuple(f"{_shown(said.url)} (from {said.where})" for said in plain)


def not_used(choice: Choice) -> tuple[str, ...]:
    """Return a line for each settings file with keys that uv is not handed, since they change what is installed."""
    files = dict.fromkeys(path for _, path in choice.left_out)
    keys = {path: ", ".join(key for key, where in choice.left_out if where == path) for path in files}
    return tuple(f"{path}: {named} of uv's settings are not used here." for path, named in keys.items())


def project_page(index: str, name: str) -> str:
    """Return the address of a project's page: the name is a step of the path, whatever query the index has."""
    parts = urlsplit(index)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}/", fragment=""))


def _shown(url: str) -> str:
    from tfsetup.ground.redaction import shown  # most machines have no index of their own, and start-up is measured

    return shown(url)
