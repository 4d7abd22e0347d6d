"""The packages that a log says are installed: by a list in it, or by what an installer says of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.doctor.prose import in_small_letters, packages_listed
from tfsetup.doctor.text import LogText
from tfsetup.ground.versions import is_version

# What an installer says stands in the log: every package it put in, in one line; one that was there, with its version.
_INSTALLED: Final = "Successfully installed "
_SATISFIED: Final = "Requirement already satisfied: "
# A line of this length names every package there is; of so many lines the last ones count.
_LONGEST: Final = 20_000
_SHORTER: Final = 600
_MOST: Final = 400
_SHORTEST: Final = 40
_LONG_NAME: Final = 130
_MODULE: Final = "tensorflow"
_ANY: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,80}"
_ONE: Final = "[0-9][0-9A-Za-z.!+]{0,40}"
_PIN: Final = re.compile(rf"(?P<name>{_ANY})-(?P<version>{_ONE})")
_NAME: Final = re.compile(rf"{_ANY}")
_VERSION: Final = re.compile(rf"\((?P<version>{_ONE})\)")
# What pip says does not fit together is installed: who requires, and what it has. Poetry and uv's debug words.
_UNFIT: Final = (
    (" requires ", re.compile(rf"(?P<name>{_ANY}) (?P<version>{_ONE}) requires ")),
    ("but you have ", re.compile(rf"you have (?P<name>{_ANY}) (?P<version>{_ONE}) which")),
    ("Installing ", re.compile(rf"[-*] Installing (?P<name>{_ANY}) \((?P<version>{_ONE})\)(?!: Failed)")),
    ("already cached: ", re.compile(rf"cached: (?P<name>{_ANY})==(?P<version>{_ONE})")),
)  # fmt: skip
# How people write a name and its version: `tensorflow==2.20`, `tensorflow 2.20.0`, `TensorFlow (v2.20)`.
_NUMBER: Final = (
    r"(?:==?|[ -]|:)[ (]?(?:version |v)?(?P<version>[0-9]{1,2}\.[0-9]{1,3}(?:\.[0-9]{1,3})?)(?![0-9.]*[0-9])"
)
# `pip show`, and what TensorFlow is asked for its version in a program or an interpreter.
_SHOWN: Final = "Name: "
_SHOW: Final = re.compile(rf"(?P<name>{_ANY}) Version: (?P<version>{_ONE})")
_ASKED: Final = re.compile(
    r"(?:\b(?:tf|tensorflow)\.__version__\)?['\"]?|\b[Tt]ensor[Ff]low [Vv]ersion|\bTF version)[ ,:]{0,3}['\"]?v?"
    r"(?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:rc[0-9]|\.post[0-9])?)(?![0-9.]*[0-9])"
)
_QUESTIONS: Final = (
    "__version__",
    "ensorFlow version",
    "ensorFlow Version",
    "ensorflow version",
    "ensorflow Version",
    "TF version",
)
_NEEDS: Final = re.compile(
    r"(?:requires?|needs?|supports?|expects?|wants?|tested|built|compiled|for|with|to|than)\b[^.]{0,15}$"
)
_OR_MORE: Final = re.compile(r"\+| ?(?:or|and) (?:newer|higher|later|above|greater|up)")
# `uv pip install` and `uv sync` list what they put in: `+ numpy==2.1.3`.
_ADDED: Final = re.compile(rf"\+ (?P<name>{_ANY})==(?P<version>{_ONE})")


def packages_in(log: LogText) -> dict[str, str]:
    """Return names (normalised) and versions of what the text says is installed, the last word on each.

    A failed attempt names packages too; only what an installer put in, found there or listed is taken.
    """
    said = sorted([*_put_in(log.stream), *_found_there(log.stream), *_told(log.stream), *_unfit(log.stream)])
    found = {name: version for _, name, version in said if is_version(version)}
    added = (one for line in log.lines if line.startswith("+ ") and (one := _ADDED.fullmatch(line)) is not None)
    return packages_listed(log) | found | {canonicalize_name(one["name"]): one["version"] for one in added}


def spoken_in(log: LogText, names: Iterable[str]) -> dict[str, str]:
    """Return which version of each of `names` (normalised) a text speaks of, where it speaks of one only.

    It need not be installed: who compares two versions speaks of both.
    """
    stream = in_small_letters(log).stream
    found: dict[str, str] = {}
    for name in names:
        spelled = re.escape(name).replace(r"\-", "[-_ ]")
        said = {one["version"] for one in re.finditer(rf"(?<![a-z0-9_/-]){spelled}{_NUMBER}", stream)}
        if len(said) == 1:
            found[name] = said.pop()
    return found


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


def _told(stream: str) -> Iterator[tuple[int, str, str]]:
    for at in _places(stream, _SHOWN):
        if (shown := _SHOW.match(stream, at)) is not None:
            yield at, canonicalize_name(shown["name"]), shown["version"]
    for word in _QUESTIONS:
        for at in _places(stream, word):
            start = max(0, at - _SHORTEST)
            found = [one for one in _ASKED.finditer(stream, start, at + _SHORTEST) if one.start("version") >= at]
            yield from ((at, _MODULE, one["version"]) for one in found[:1] if not _is_wanted(stream, one))


def _is_wanted(stream: str, said: re.Match[str]) -> bool:
    """Tell whether a version is what somebody needs, and not what there is."""
    before, after = stream[max(0, said.start() - _SHORTEST) : said.start()], stream[said.end() : said.end() + _SHORTEST]
    return _NEEDS.search(before) is not None or _OR_MORE.match(after) is not None


def _unfit(stream: str) -> Iterator[tuple[int, str, str]]:
    for words, pattern in _UNFIT:
        for at in _places(stream, words):
            near = pattern.finditer(stream, max(0, at - len(words) - _LONG_NAME), at + _LONG_NAME)
            found = (one for one in near if one.start() <= at <= one.end())
            yield from ((at, canonicalize_name(one["name"]), one["version"]) for one in found)


def _places(stream: str, words: str) -> Iterator[int]:
    """Yield where what follows `words` begins, the last place first."""
    at = stream.rfind(words)
    for _ in range(_MOST):
        if at < 0:
            return
        yield at + len(words)
        at = stream.rfind(words, 0, at)
