"""What of the user's settings files uv is handed: one configuration, of which every key was looked at. Pure.

uv finds its settings by itself otherwise, in files that nobody judged. The keys below say where packages come from and
how they are fetched; every other key is left out, because a lock is resolved and installed by tfsetup's rules alone:
constraints, overrides, pre-releases, build settings and the like would change what is installed and stand in no lock.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import PurePath
from typing import Final

from tfsetup.ground.environ import SAFE_LINKS
from tfsetup.ground.uv_files import SettingsFile, Table
from tfsetup.ground.values import value

# Lists of several files are joined, the strongest file's first; of the rest, the strongest file's value counts.
_LISTS: Final = ("index", "extra-index-url", "find-links", "allow-insecure-host")
_VALUES: Final = (
    "index-url", "no-index", "index-strategy", "keyring-provider", "native-tls", "system-certs", "offline", "no-cache",
    "cache-dir", "exclude-newer", "exclude-newer-package", "link-mode", "compile-bytecode", "python-preference",
    "python-downloads", "python-install-mirror", "python-downloads-json-url", "concurrent-downloads",
    "concurrent-builds", "concurrent-installs",
)  # fmt: skip
_ADDRESSES: Final = ("python-install-mirror", "python-downloads-json-url")
_PROXIES: Final = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY", "no-proxy": "NO_PROXY"}
# What an entry of `[[index]]` may say; a relative address is one of the file's folder.
_OF_INDEX: Final = (
    "name", "url", "default", "explicit", "format", "authenticate", "ignore-error-codes", "cache-control",
    "exclude-newer",
)  # fmt: skip
# About projects, publishing and uv itself: without a meaning where tfsetup runs uv.
_NO_MATTER: Final = frozenset({
    "pip", "required-version", "preview", "preview-features", "publish-url", "trusted-publishing", "check-url",
    "add-bounds", "audit", "cache-keys", "environments", "required-environments", "minimum-libc-version", "conflicts",
    "workspace", "sources", "managed", "package", "default-groups", "dependency-groups", "dev-dependencies",
    "build-backend", "pypy-install-mirror", "graalpy-install-mirror", "pyodide-install-mirror", "no-sources",
    "no-sources-package",
})  # fmt: skip


@value
class Said:
    """An address, and who said it: `--index-url`, a variable, or a settings file with its line.

    `name` is what the index is called, by which variables give its password; most have none.
    """

    url: str
    where: str
    name: str = ""


@value
class Choice:
    """What uv will use. `default` None: uv's own. `explicit` indexes serve only packages that name them.

    `pythons` are the addresses that interpreters are fetched from. `trusted` are hosts for which plain http or an
    unchecked certificate was allowed. `settings` is what of the settings files uv is handed, `variables` what uv's and
    pip's files say beside that, by the variable that says the same, `origins` the file of those that are pip's, and
    `left_out` each key that uv is not handed, with its file.
    """

    default: Said | None = None
    extra: tuple[Said, ...] = ()
    explicit: tuple[Said, ...] = ()
    find_links: tuple[Said, ...] = ()
    pythons: tuple[Said, ...] = ()
    trusted: frozenset[str] = frozenset()
    offline: bool = False
    settings: Table = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def addresses(self) -> tuple[Said, ...]:
        """Everything that a package or an interpreter could come from, as far as somebody named it."""
        default = (self.default,) if self.default else ()
        return (*default, *self.extra, *self.explicit, *self.find_links, *self.pythons)


def handed(files: Sequence[SettingsFile]) -> Choice:
    """Return what of `files`, the strongest first, uv is handed; `[pip]` stays apart, where it wins over the rest."""
    settings = _joined([(file, file.table) for file in files])
    pip = _joined([(file, _table(file.table.get("pip"))) for file in files])
    both = (pip, settings)
    indexes = list(_indexes(both, files))
    return Choice(
        settings=settings | ({"pip": pip} if pip else {}),
        default=next((said for said, kind in indexes if kind == "default"), None),
        extra=tuple(said for said, kind in indexes if kind == "extra"),
        explicit=tuple(said for said, kind in indexes if kind == "explicit"),
        find_links=tuple(_said(url, files) for part in both for url in part.get("find-links", ())),
        pythons=tuple(_said(settings[key], files) for key in _ADDRESSES if isinstance(settings.get(key), str)),
        trusted=frozenset(settings.get("allow-insecure-host", ())),
        offline=settings.get("offline") is True,
        variables=dict(_proxies(files)),
        left_out=tuple(_left_out(files)),
    )


def _indexes(parts: Iterable[Table], files: Sequence[SettingsFile]) -> Iterator[tuple[Said, str]]:
    kinds = [("index", ""), ("extra-index-url", "extra"), ("index-url", "default")]
    tables = list(parts)
    for key, kind in kinds:
        for table in tables:
            found = table.get(key, [])
            for entry in found if isinstance(found, list) else [found]:
                url, name = (entry["url"], entry.get("name")) if isinstance(entry, dict) else (entry, None)
                said = _said(url, files)
                yield replace(said, name=name) if isinstance(name, str) else said, kind or _kind(entry)


def _kind(entry: Table) -> str:
    return "default" if entry.get("default") is True else "explicit" if entry.get("explicit") is True else "extra"


def _joined(tables: Sequence[tuple[SettingsFile, Table]]) -> Table:
    found: Table = {}
    for file, table in tables:
        folder = PurePath(file.path).parent
        for key in _VALUES:
            if key in table and (key != "link-mode" or table[key] in SAFE_LINKS):
                found.setdefault(key, table[key] if key != "index-url" else _placed(table[key], folder))
        for key in _LISTS:
            if entries := list(_entries(key, table.get(key), folder)):
                found[key] = [*found.get(key, []), *entries]
    if "index" in found:
        found["index"] = list(_distinct(found["index"]))
    return found


def _entries(key: str, value: object, folder: PurePath) -> Iterator[object]:
    for entry in value if isinstance(value, list) else []:
        if key == "index" and isinstance(entry, dict) and isinstance(entry.get("url"), str):
            kept = {name: entry[name] for name in _OF_INDEX if name in entry}
            yield kept | {"url": _placed(entry["url"], folder)}
        elif isinstance(entry, str) and key != "index":
            yield entry if key == "allow-insecure-host" else _placed(entry, folder)


def _placed(address: object, folder: PurePath) -> object:
    """Return an address as it is, and a path of the file's folder as one from the root."""
    if not isinstance(address, str) or re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", address):
        return address
    return str(folder / address)


def _distinct(entries: Iterable[Table]) -> Iterator[Table]:
    """Yield each named index once, and one default: a stronger file's hides the others."""
    names, has_default = set(), False
    for entry in entries:
        name, default = entry.get("name"), entry.get("default") is True
        if (name is not None and name in names) or (default and has_default):
            continue
        names.add(name)
        has_default = has_default or default
        yield entry


def _proxies(files: Sequence[SettingsFile]) -> Iterator[tuple[str, str]]:
    for file in reversed(files):
        for key, name in _PROXIES.items():
            value = file.table.get(key)
            if isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value)):
                yield name, value if isinstance(value, str) else ",".join(value)


def _left_out(files: Sequence[SettingsFile]) -> Iterator[tuple[str, str]]:
    known = {*_LISTS, *_VALUES, *_PROXIES, *_NO_MATTER} - {"link-mode"}
    for file in files:
        pip = {f"pip.{key}": value for key, value in _table(file.table.get("pip")).items()}
        for key, told in {**file.table, **pip}.items():
            if key.removeprefix("pip.") not in known and not (key.endswith("link-mode") and told in SAFE_LINKS):
                yield key, file.path


def _said(url: object, files: Sequence[SettingsFile]) -> Said:
    """Return an address with its file and line; one that was made absolute stands there as its end."""
    for file in files:
        for word in (str(url), PurePath(str(url)).name):
            if (where := file.where(word)) != file.path:
                return Said(url=str(url), where=where)
    return Said(url=str(url), where=files[0].path)


def _table(value: object) -> Table:
    return value if isinstance(value, dict) else {}


def as_toml(settings: Table) -> str:
    """Return settings as the text of a uv.toml, one key a line."""
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in settings.items())


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return "{ " + ", ".join(f"{_key(str(key))} = {_value(one)}" for key, one in value.items()) + " }"
        case _:
            # JSON's strings are TOML's, but for DEL, which TOML wants escaped.
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)
