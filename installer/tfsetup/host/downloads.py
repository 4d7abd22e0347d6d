"""Whether uv could bring a Python: the user's own settings first, then whether the server's name resolves at all.

uv has no command that says what its settings allow (uv 0.13). `uv python list` minds `python-downloads` only without
`--only-downloads`, and then asks every interpreter of the machine, which takes seconds; `--managed-python` spares that,
but overrules `python-preference`; none of them minds `offline`. So the settings are read here, from the files that
`uv_files` finds for everybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground.uv_files import TRUE, Here, Table, find
from tfsetup.host.world import Fact, Later, World, now, text, unknown

_LIMIT_S = 1.5
_NEVER = frozenset(
    {"never", "manual", "false"}
)  # `manual` needs a `uv python install` that only the user may decide on
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

Started = Later[Later[Fact[bool]]]  # uv is asked in the first step, the name server in the second


def start_downloads(world: World) -> Started:
    """Start to ask; nothing is downloaded and no connection is made."""
    settings = dict(_settings(world))
    refused = _refused(settings)
    if refused:
        return now(now(Fact(value=False, source=refused)))
    mirror = settings.get("python-install-mirror", ("", ""))
    if mirror[0]:
        return now(_judge_url(world, str(mirror[0]), mirror[1]))
    uv = world.find_uv()
    if uv is None:
        return now(now(unknown("no uv to ask where it downloads from")))
    argv = [uv, "python", "list", "--only-downloads", "--show-urls", "--output-format", "json", "--offline"]
    # The address is built into uv, unless some setting says otherwise.
    running = world.start(argv, env=world.env, program=None if settings else uv)

    def second() -> Later[Fact[bool]]:
        output = running()
        url = download_url(output.stdout) if output.ok else None
        if url is None:
            return now(unknown(f"uv python list: {output.trouble}"))
        return _judge_url(world, url, "uv python list")

    return second


def download_url(listing: str) -> str | None:
    """Return the address of the first CPython in `uv python list --show-urls --output-format json`."""
    try:
        entries = json.loads(listing)
        return next(str(one["url"]) for one in entries if one["implementation"] == "cpython" and one["url"])
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
        return None


def _judge_url(world: World, url: str, source: str) -> Later[Fact[bool]]:
    try:
        parts = urlsplit(url)
        name = parts.hostname
    except ValueError:
        return now(unknown(f"{source}: not an address"))
    if parts.scheme == "file":
        return now(Fact(value=world.exists(unquote(parts.path)), source=f"{source}: a folder of this machine"))
    proxy = next((name for name in _PROXIES if world.env.get(name)), None)
    if proxy:
        return now(unknown(f"not tried: {proxy} is set"))
    if not name:
        return now(unknown(f"{source}: an address without a host"))
    answer = world.resolves(name, limit_s=_LIMIT_S)
    return lambda: _resolved(answer(), f"{source}, name of its download server")


def _resolved(found: bool | None, source: str) -> Fact[bool]:
    words = {True: "resolves", False: "does not resolve", None: f"not looked up within {_LIMIT_S:g} s"}
    return Fact(value=found, source=f"{source} {words[found]}")


def _refused(settings: Mapping[str, tuple[object, str]]) -> str | None:
    """Return the setting that forbids downloads, as the source."""
    for key, forbidden in (
        ("offline", TRUE),
        ("python-downloads", _NEVER),
        ("no-managed-python", TRUE),
        ("python-preference", frozenset({"only-system"})),
    ):
        value, where = settings.get(key, ("", ""))
        if str(value).lower() in forbidden:
            return f"{where}: {key} = {str(value).lower()}"
    return None


_VARIABLES = {
    "offline": "UV_OFFLINE",
    "python-downloads": "UV_PYTHON_DOWNLOADS",
    "no-managed-python": "UV_NO_MANAGED_PYTHON",
    "python-preference": "UV_PYTHON_PREFERENCE",
    "python-install-mirror": "UV_PYTHON_INSTALL_MIRROR",
    "python-downloads-json-url": "UV_PYTHON_DOWNLOADS_JSON_URL",
}


def _settings(world: World) -> Iterator[tuple[str, tuple[object, str]]]:
    """Yield key, (value, where from); the least important first, so that a dictionary keeps the strongest.

    uv: environment, then project, then user, then system (https://docs.astral.sh/uv/concepts/configuration-files/).
    """
    for path, table in reversed(list(_tables(world))):
        yield from ((key, (table[key], path)) for key in _VARIABLES if key in table)
    yield from ((key, (world.env[name], name)) for key, name in _VARIABLES.items() if world.env.get(name))


def _tables(world: World) -> Iterator[tuple[str, Table]]:
    """Yield the tables of settings uv would read, the strongest first; one that uv will complain about is no table."""
    here = Here(cwd=world.cwd(), home=world.env.get("HOME") or "/", windows=world.process.platform == "win32")
    with suppress(InvalidFileError, UsageError):
        files = find(world.env, here, lambda path: text(world.read(path)))
        yield from ((file.path, file.table) for file in files)
