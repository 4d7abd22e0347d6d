"""What wheels have recorded of their files, judged before anything of them runs. Pure.

A TensorFlow and what it requires record 16,000 paths, and nothing is wrong with any of them: so all are looked at
together first, for a sign of what the rule could be about, and one by one only where there is one.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final
from unicodedata import normalize

from tfsetup.loader.files.names import DEVICES, path_problem

_USUAL: Final = bytes(set(range(0x20, 0x7F)) - set(b":\\"))
"""The characters that by themselves mean nothing: ASCII, with neither a drive nor the other system's separator."""
_UNUSUAL = re.compile(f"[^{re.escape(_USUAL.decode())}]")
_ODD_PART = re.compile(rf"/(?=[/.\n]|(?:{DEVICES})[/.\n ])")
"""The slash before a part that may lead elsewhere or be a device, in lower case; a line break ends a path."""


def objections(records: Mapping[str, str], site: str) -> list[str]:
    """Return what is wrong with the paths that wheels recorded, in words; empty when nothing is.

    `records` are texts of RECORD files by the name of their `*.dist-info` folder, `site` the folder of packages as
    seen from the environment's own (`lib/python3.12/site-packages`).
    """
    return [] if innocent(records, site) else one_by_one(records, site)


def one_by_one(records: Mapping[str, str], site: str) -> list[str]:
    """Return what `objections` does: the rule itself, path by path."""
    found: list[str] = []
    seen: dict[str, str] = {}
    for info, text in sorted(records.items()):
        for path in _paths(text):
            problem = path_problem(path, site) or _collision(_inside(site, path), seen)
            if problem:
                found.append(f"{info.removesuffix('.dist-info')} has {path!r}, {problem}")
    return found


def innocent(records: Mapping[str, str], site: str) -> bool:
    """Tell from all paths together that nothing is wrong; False: something may be."""
    if not _adds_nothing(site):
        return False
    plain: set[str] = set()
    odd: set[str] = set()
    for text in records.values():
        lines = text.splitlines()
        if _is_plain_csv(text, lines):
            plain.update(line.partition(",")[0] for line in lines)
        else:
            odd.update(_paths(text))
    plain.discard("")
    suspects = _suspects(plain)
    plain -= suspects
    odd |= suspects
    return not any(path_problem(path, site) for path in odd) and _all_differ(plain, odd, site)


def _adds_nothing(site: str) -> bool:
    """Tell whether what is wrong with a path in a folder is wrong with the path itself."""
    deep = "/" in site  # what is an environment's own lies at most one folder deep
    return deep and site.isascii() and site == posixpath.normpath(site) and path_problem("x", site) is None


def _is_plain_csv(text: str, lines: list[str]) -> bool:
    """Tell whether the first column is what stands before the first comma of each line."""
    return '"' not in text and "\0" not in text and max(map(len, lines), default=0) <= csv.field_size_limit()


def _suspects(paths: Collection[str]) -> set[str]:
    """Return those of some paths in which anything stands that the rule about one path could be about."""
    lines = "\n/".join(["", *paths, ""])
    if lines.encode("utf-8", "surrogatepass").translate(None, _USUAL + b"\n"):
        unusual = {path for path in paths if _UNUSUAL.search(path)}
        return unusual | _suspects(set(paths) - unusual)
    return {_line_at(part.start(), lines) for part in _ODD_PART.finditer(lines.lower())}


def _line_at(slash: int, lines: str) -> str:
    start = lines.rindex("\n", 0, slash) + len("\n/")
    return lines[start : lines.index("\n", start)]


def _all_differ(plain: Collection[str], odd: Iterable[str], site: str) -> bool:
    """Tell whether no two paths are one where upper and lower case are the same; `plain` ones are as they shall be."""
    keys = set("\n".join(plain).lower().split("\n")) if plain else set()
    names = {_inside(site, path) for path in odd}
    others = {_key(name) for name in names}
    inside = f"{site}/".lower()
    same = {name for name in names if name.startswith(f"{site}/") and name[len(inside) :] in plain}
    taken = any(key.startswith(inside) and key[len(inside) :] in keys for key in map(_key, names - same))
    return len(keys) == len(plain) and len(others) == len(names) and not taken


def _paths(text: str) -> Iterator[str]:
    try:
        yield from (row[0] for row in csv.reader(text.splitlines()) if row and row[0])
    except csv.Error:
        return  # uv has refused what is no CSV; a line that is too long for this reader names no file


def _collision(path: str, seen: dict[str, str]) -> str | None:
    other = seen.setdefault(_key(path), path)
    return None if other == path else f"which is {other!r} where upper and lower case are the same"


def _inside(site: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(site, path))


def _key(path: str) -> str:
    return path.lower() if path.isascii() else normalize("NFC", path).casefold()
