"""How this program was called."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tfsetup.report.typed import NAME

# Where uv keeps the environment of a program that it runs once, and the folder of programs that look for the real one.
_PASSING: Final = re.compile(r"/(?:archive|builds|environments)-v\d+/")
_SHIMS: Final = "shims"


def called() -> str:
    """Return what to type to call this program again, for the shell that it was called from."""
    path = Path(sys.argv[0])
    if path.name == "__main__.py" and path.parent.name == NAME:
        return f"{_word(_program('python', Path(sys.executable)))} -m {NAME}"
    if path.stem != NAME or path.name == str(path):
        return NAME  # found by its name; or another program calls it, whose user knows how
    if _PASSING.search(path.as_posix()) or _PASSING.search(Path(sys.prefix).as_posix()):
        return f"uvx --from {_word(came)} {NAME}" if (came := _came_from()) else f"uvx {NAME}"
    return _word(_program(NAME, path))


def _program(name: str, path: Path) -> str:
    """Return the name of a program where the shell finds this very one, else the shortest path that leads to it."""
    found = Path(shutil.which(name) or "")
    if found.absolute() == path.absolute() or (name == NAME and _leads(found, path)):
        return name
    return _shortest(path)


def _leads(shim: Path, path: Path) -> bool:
    """Tell whether a program found by its name is one of those that look for the real one (pyenv's `shims/tfsetup`)."""
    return shim.parent.name == _SHIMS and path.absolute().is_relative_to(shim.parent.parent)


def _shortest(path: Path) -> str:
    whole = str(path.absolute())
    # `make -C FOLDER` (its flag w): the user is not where this program is.
    if "w" in os.environ.get("MAKEFLAGS", "").partition(" ")[0].partition("--")[0]:
        return whole
    try:
        way = os.path.relpath(path)
    except ValueError:  # another drive
        return whole
    if way.startswith(os.pardir):
        return whole
    return way if os.sep in way else f"{os.curdir}{os.sep}{way}"


def _came_from() -> str:
    """Return what `uvx --from` was given (PEP 610); empty where that was only the name."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        said = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    return source(said)


def source(said: Mapping[str, Any]) -> str:
    """Return a direct origin (PEP 610) as an installer takes it, without credentials; "" where there is none. Pure."""
    parts = urlsplit(str(said.get("url", "")))
    if parts.scheme == "file":
        return unquote(parts.path)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    vcs = said.get("vcs_info")
    if not isinstance(vcs, Mapping):
        return address
    revision = vcs.get("requested_revision") or vcs.get("commit_id")
    return f"{vcs.get('vcs', 'git')}+{address}" + (f"@{revision}" if revision else "")


def _word(text: str) -> str:
    if sys.platform == "win32":
        return f'"{text}"' if " " in text else text
    return shlex.quote(text)
