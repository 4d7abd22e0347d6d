"""The user's settings files of pip and uv, and netrc, as far as they say where packages are. (Touches the world.).

Which files count is the rule of pip (its page "Configuration") and of uv (ground/uv_files.py). A file that cannot be
read, or understood, says nothing here: whoever reads it later says what is wrong with it.
"""

from __future__ import annotations

import configparser
import netrc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bootstrap import toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEYS = ("index-url", "extra-index-url", "trusted-host", "cert", "proxy")
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})


def pip_files(environ: Mapping[str, str]) -> list[Path]:
    """Return where pip's settings may stand, the strongest first."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:  # pip's way to say: no file at all
        return []
    home, found = home_of(environ), [Path(named)] if named else []
    if sys.platform == "win32":
        roots = [environ.get("APPDATA"), home, environ.get("PROGRAMDATA")]
        return [*found, Path(sys.prefix, "pip.ini"), *(Path(root, "pip", "pip.ini") for root in roots if root)]
    config = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    users = [f"{config}/pip/pip.conf"] if config else []
    users += [f"{home}/.pip/pip.conf", f"{home}/Library/Application Support/pip/pip.conf"] if home else []
    systems = [f"{root}/pip/pip.conf" for root in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":") if root]
    wide = ["/etc/pip.conf", "/Library/Application Support/pip/pip.conf", *systems]
    return [*found, Path(sys.prefix, "pip.conf"), *map(Path, users), *map(Path, wide)]


def pip_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what pip's settings files say, by the variable of pip that says the same."""
    found: dict[str, str] = {}
    for path in pip_files(environ):
        for name, value in pip_said(read(path) or "").items():
            found.setdefault(name, value)
    return found


def pip_said(text: str) -> dict[str, str]:
    """Return what a settings file of pip says: for installing, else for all of its commands. Pure."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    found: dict[str, str] = {}
    for section in ("global", "install"):
        for key, value in parser.items(section) if parser.has_section(section) else []:
            name = key.replace("_", "-")
            if name in _KEYS and value.strip():
                found[f"PIP_{name.upper().replace('-', '_')}"] = value.strip()
    return found


def uv_files(environ: Mapping[str, str], folder: Path) -> list[tuple[Path, Any]]:
    """Return the settings files of uv that count in a folder, the strongest first, with what they say."""
    if environ.get("UV_CONFIG_FILE"):
        return [*_tables([folder / environ["UV_CONFIG_FILE"]])]
    if _true(environ, "UV_NO_CONFIG") or _true(environ, "UV_ISOLATED"):
        return []
    found = next((one for place in (folder, *folder.parents) for one in _project(place)), None)
    systems: list[Path] = []
    if sys.platform == "win32":
        users = [Path(environ["APPDATA"], "uv", "uv.toml")] if environ.get("APPDATA") else []
        systems = [Path(environ["PROGRAMDATA"], "uv", "uv.toml")] if environ.get("PROGRAMDATA") else []
    else:
        named, home = environ.get("XDG_CONFIG_HOME", ""), home_of(environ)
        root = named if named.startswith("/") else f"{home}/.config" if home else ""
        users = [Path(root, "uv", "uv.toml")] if root else []
        roots = [*(environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"), "/etc"]
        systems = [Path(one, "uv", "uv.toml") for one in roots if one]
    if _true(environ, "UV_NO_SYSTEM_CONFIG"):
        systems = []
    return [*([found] if found else []), *_first(users), *_first(systems)]


def uv_proxies(files: list[tuple[Path, Any]]) -> dict[str, str]:
    """Return what uv's settings files say of proxies, by the variable that says the same. Pure."""
    found: dict[str, str] = {}
    for _, table in files:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
            value = table.get(name.lower().replace("_", "-"))
            text = ",".join(map(str, value)) if isinstance(value, list) else value
            if isinstance(text, str) and text:
                found.setdefault(name, text)
    return found


def _project(place: Path) -> Iterator[tuple[Path, Any]]:
    yield from _tables([place / "uv.toml"])
    for path, table in _tables([place / "pyproject.toml"], word="uv"):
        tool = table.get("tool")
        if isinstance(tool, dict) and isinstance(tool.get("uv"), dict):
            yield path, tool["uv"]


def _first(paths: list[Path]) -> list[tuple[Path, Any]]:
    return [*_tables(paths)][:1]


def _tables(paths: list[Path], *, word: str = "") -> Iterator[tuple[Path, Any]]:
    for path in paths:
        text = read(path)
        if text is not None and word in text:
            try:
                yield path, toml.loads(text)
            except (ValueError, RecursionError, AttributeError, TypeError):
                continue


def login(environ: Mapping[str, str], host: str) -> tuple[str, str] | None:
    """Return the user and password that netrc has for a host."""
    home = home_of(environ) or ""
    named = environ.get("NETRC")
    for path in [Path(named)] if named else [Path(home, ".netrc"), Path(home, "_netrc")]:
        if not path.is_file():
            continue
        try:
            found = netrc.netrc(str(path)).authenticators(host)
        except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
            return None
        return (found[0] or found[1] or "", found[2] or "") if found else None
    return None


def home_of(environ: Mapping[str, str]) -> str | None:
    """Return the user's home; None where nobody knows it."""
    found = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME") or os.path.expanduser("~")  # noqa: PTH111
    return None if found == "~" else found


def read(path: Path) -> str | None:
    """Return the text of a small regular file, None where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig") if path.is_file() else None
    except (OSError, UnicodeDecodeError):
        return None


def _true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() in _TRUE
