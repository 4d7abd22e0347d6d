"""The packages that a log says are installed: by a list in it, or by what an installer says of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.doctor.prose import packages_listed
from tfsetup.doctor.text import LogText
from tfsetup.ground.versions import is_version

# What an installer says stands in the log: every package it put in, in one line; one that was there, with its version.
_INSTALLED: Final = "Successfully installed "
_SATISFIED: Final = "Requirement already satisfied: "
# A line of this length names every package there is; of so many lines the last ones count.
_LONGEST: Final = 20_000
_SHORTER: Final = 600
_MOST: Final = 400
_PIN: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,80})-(?P<version>[0-9][0-9A-Za-z.!+]{0,40})")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}+")
_VERSION: Final = re.compile(r"\((?P<version>[0-9][0-9A-Za-z.!+]{0,40})\)")
# `uv pip install` and `uv sync` list what they put in: `+ numpy==2.1.3`.
_ADDED: Final = re.compile(r"\+ (?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,80})==(?P<version>[0-9][0-9A-Za-z.!+]{0,40})")


def packages_in(log: LogText) -> dict[str, str]:
    """Return names (normalised) and versions of what the text says is installed, the last word on each.

    A failed attempt names packages too; only what an installer put in, found there or listed is taken.
    """
    said = sorted([*_put_in(log.stream), *_found_there(log.stream)])
    found = {name: version for _, name, version in said if is_version(version)}
    added = (one for line in log.lines if line.startswith("+ ") and (one := _ADDED.fullmatch(line)) is not None)
    return packages_listed(log) | found | {canonicalize_name(one["name"]): one["version"] for one in added}


def _put_in(stream: str) -> Iterator[tuple[int, str, str]]:
    for at in _places(stream, _INSTALLED):
        for word in stream[at : at + _LONGEST].split(" "):
            found = _PIN.fullmatch(word)
            if found is None:
                break
            yield at, canonicalize_name(found["name"]), found["version"]


def _found_there(stream: str) -> Iterator[tuple[int, str, str]]:
    for at in _places(stream, _SATISFIED):
        said = stream[at : at + _SHORTER].partition(_SATISFIED)[0]
        name, version = _NAME.match(said), _VERSION.search(said)
        if name is not None and version is not None:
            yield at, canonicalize_name(name[0]), version["version"]


def _places(stream: str, words: str) -> Iterator[int]:
    """Yield where what follows `words` begins, the last place first."""
    at = stream.rfind(words)
    for _ in range(_MOST):
        if at < 0:
            return
        yield at + len(words)
        at = stream.rfind(words, 0, at)
