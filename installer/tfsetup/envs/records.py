"""What the wheels of an environment say they installed, judged before anything of it runs. Pure.

uv unpacks wheels within its own folders; this is the second look, for what a file system would make of the names: a
path that leads out of the environment, a name that Windows gives to a device, two names that are one where case does
not count. Sources: binary distribution format, "The RECORD file"; Windows, "Naming Files, Paths, and Namespaces".
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterator, Mapping
from unicodedata import normalize

_DEVICE = re.compile(r"(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(\..*)?", re.IGNORECASE)
_ROOTED = re.compile(r"[\\/]|[A-Za-z]:")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def objections(records: Mapping[str, str], site: str) -> list[str]:
    """Return what is wrong with the paths that wheels recorded, in words; empty when nothing is.

    `records` are texts of RECORD files by the name of their `*.dist-info` folder, `site` the folder of packages as
    seen from the environment's own (`lib/python3.12/site-packages`).
    """
    found: list[str] = []
    seen: dict[str, str] = {}
    for info, text in sorted(records.items()):
        for path in _paths(text):
            problem = _problem(path, site) or _collision(posixpath.normpath(posixpath.join(site, path)), seen)
            if problem:
                found.append(f"{info.removesuffix('.dist-info')} has {path!r}, {problem}")
    return found


def _paths(text: str) -> Iterator[str]:
    try:
        yield from (row[0] for row in csv.reader(text.splitlines()) if row and row[0])
    except csv.Error:
        return  # uv has refused what is no CSV; a line that is too long for this reader names no file


def _problem(path: str, site: str) -> str | None:
    if _CONTROL.search(path):
        return "a name with control characters"
    if _ROOTED.match(path):
        return "which is an absolute path"
    inner = posixpath.normpath(posixpath.join(site, path.replace("\\", "/")))
    if inner.startswith("../") or inner == "..":
        return "which is outside the environment"
    if any(_DEVICE.fullmatch(part.rstrip(" .")) for part in inner.split("/")):
        return "a name that stands for a device on Windows"
    return None


def _collision(path: str, seen: dict[str, str]) -> str | None:
    key = path.lower() if path.isascii() else normalize("NFC", path).casefold()
    other = seen.setdefault(key, path)
    return None if other == path else f"which is {other!r} where upper and lower case are the same"
