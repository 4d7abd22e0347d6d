"""The files that a RECORD names and that are looked at: those below the folder of packages, and scripts. Pure.

A RECORD is a file of comma-separated values (Python packaging user guide, "Recording installed projects"). Those of a
TensorFlow and what it requires have 17,000 rows, nearly all of them without a quotation mark: such a text is taken
apart at once, and read as what it is only where it has anything that the two ways could see differently.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterator
from typing import Final

SCRIPTS: Final = ("bin/", "Scripts/")
_ROW: Final = re.compile(r"^([^,\n]*),[^,\n]*,([0-9]+)$", re.MULTILINE)
_ODD: Final = ('"', "\r", "\0", "\v", "\f", "\x1c", "\x1d", "\x1e")
"""What quotes, what ends a line beside a line feed, and what a reader may stumble over."""


def recorded(text: str, site: str) -> list[tuple[str, int]]:
    """Return path (from the environment's folder on) and size in bytes of each file that is looked at.

    `site` is the folder of packages as seen from the environment's own (`lib/python3.12/site-packages`).
    """
    text = text.replace("\r\n", "\n")
    plain = text.isascii() and not any(map(text.__contains__, _ODD))
    rows: Iterator[tuple[str, str]] = iter(_ROW.findall(text)) if plain else one_by_one(text)
    inside = site + "/"
    found = []
    for name, size in rows:
        path = inside + name
        if ".." in name:
            path = posixpath.normpath(path)
            if not path.startswith((inside, *SCRIPTS)):
                continue
        found.append((path, int(size)))
    return found


def one_by_one(text: str) -> Iterator[tuple[str, str]]:
    """Yield path and size of each row that has both, as the text itself has them; nothing more behind a broken one."""
    try:
        for row in csv.reader(text.splitlines()):
            if len(row) == 3 and row[2].isdecimal():  # noqa: PLR2004 - path, hash, size
                yield row[0], row[2]
    except csv.Error:
        return
