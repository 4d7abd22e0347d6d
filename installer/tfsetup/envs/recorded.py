"""The files that a RECORD names and that are looked at: those below the folder of packages, and scripts. Pure.

A RECORD is a file of comma-separated values (Python packaging user guide, "Recording installed projects"). Those of a
TensorFlow and what it requires have 17,000 rows, nearly all of them without a quotation mark: such a text is taken
apart at once, and read as what it is only where it has anything that the two ways could see differently.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final

SCRIPTS: Final = ("bin/", "Scripts/")
_ODD: Final = ('"', "\r", "\0", "\v", "\f", "\x1c", "\x1d", "\x1e")
"""What quotes, what ends a line beside a line feed, and what a reader may stumble over."""


def recorded(text: str, site: str) -> list[tuple[str, int]]:
    """Return path (from the environment's folder on) and size in bytes of each file that is looked at.

    `site` is the folder of packages as seen from the environment's own (`lib/python3.12/site-packages`).
    """
    found = ((inside(name, site), size) for name, size in rows(text) if size.isdecimal())
    return [(path, int(size)) for path, size in found if path is not None]


def inside(name: str, site: str) -> str | None:
    """Return the path of a file as a RECORD names it; None: it is not looked at."""
    path = f"{site}/{name}"
    if ".." in name:
        path = posixpath.normpath(path)
        if not path.startswith((f"{site}/", *SCRIPTS)):
            return None
    return path


def rows(text: str) -> Iterable[tuple[str, str]]:
    """Return the name and the size of each row of three, as the text has them."""
    text = text.replace("\r\n", "\n").removesuffix("\n")
    plain = text.isascii() and not any(map(text.__contains__, _ODD))
    if plain and {line.count(",") for line in text.split("\n")} == {2}:
        fields = text.replace("\n", ",").split(",")
        return zip(fields[::3], fields[2::3], strict=True)
    return one_by_one(text)


def one_by_one(text: str) -> Iterator[tuple[str, str]]:
    """Yield what `rows` does by the format's own reader; nothing more behind a broken row."""
    import csv

    try:
        for row in csv.reader(text.splitlines()):
            if len(row) == 3:  # noqa: PLR2004 - path, hash, size
                yield row[0], row[2]
    except csv.Error:
        return
