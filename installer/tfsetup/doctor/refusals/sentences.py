"""What people say was refused, in their own sentences: what they cannot have, and for what they asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tfsetup.doctor.refusals.model import FAMILY, Refusal
from tfsetup.doctor.refusals.words import requirement

_A_LETTER: Final = 20_000  # nobody writes more than that by hand
_AROUND: Final = 160
_NEAR: Final = 80
_SHORT: Final = 4000
# What an installer said, repeated; and what people say themselves, which may have other reasons as well.
_REPEATED: Final = re.compile(
    r"(?i:no matching distribution|could ?n(?:o|')t find a (?:matching )?version|from versions:? none"
    r"|no versions? (?:found|available)|(?:no|not find any) (?:matching|compatible|suitable) (?:version|wheel)s?)"
)
_SAID: Final = re.compile(
    r"(?i:can(?:no|')t (?:be )?install|unable to install|not able to install|fails? to install"
    r"|(?:not|n't) available (?:for|on)|(?:do|does|did)(?: not|n't) (?:publish|provide|ship|offer)"
    r"|(?:do|does|did)(?: not|n't) have (?:[a-z0-9.-]{1,20} ){0,2}wheels?\b"
    r"|(?:no|missing) (?:[a-z0-9.-]{1,20} ){0,3}(?:wheel|release|build|package|binarie|binary)s?"
    r" (?:[a-z0-9.-]{1,20} ){0,3}(?:for|on)\b|not compatible with python"
    r"|(?:not|n't) support(?:ed)? (?:[a-z]{1,10} ){0,2}(?:python|by python))"
)
# What is killed for its memory is refused by nobody.
_KILLED: Final = re.compile(r"(?i:\bkilled\b|out of (?:memory|ram)\b|memory ?error|memory consumption)")
_WORD: Final = r"[^\s\\|&;/]{1,60}"
_COMMAND: Final = re.compile(
    r"\b(?i:pip3?|pip3?\.exe|uv pip|uv|poetry|pdm|pipenv) (?i:install|add)"
    rf" (?P<what>{_WORD}(?: {_WORD}){{0,12}})"
)
_NAMED: Final = re.compile(
    r"(?i:(?P<name>tf-nightly|tensor ?flow"
    r"(?:[-_](?:metal|macos|text|cpu|gpu|addons|io|probability|decision[-_]forests))?)"
    r"(?P<sign>==| ?<=? ?| ?v?| version )(?P<version>[12]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)?)(?![-_a-z0-9])"
)
# What people call some distributions.
_CALLED: Final[Mapping[str, str]] = {"tf-text": "tensorflow-text", "tf": "tensorflow", "tflite": "tflite-runtime"}


def refusals_told(stream: str) -> tuple[Refusal, ...]:
    """Return what somebody says was refused, at most one: `speaker` is `pip` where an installer is repeated."""
    if len(stream) > _A_LETTER:
        return ()
    if found := _REPEATED.search(stream):
        asked = _by_command(stream) or _by_name(stream, found.start())
        return (Refusal(name=asked[0], wanted=asked[1], start=found.start()),) if asked else ()
    if len(stream) <= _SHORT and (found := _SAID.search(stream)) and not _KILLED.search(stream):
        asked = _by_name(stream, found.start(), _NEAR)
        return (Refusal(name=asked[0], wanted=asked[1], speaker="somebody", start=found.start()),) if asked else ()
    return ()


def _by_command(stream: str) -> tuple[str, str] | None:
    for found in _COMMAND.finditer(stream):
        asked = [_requirement(word) for word in found["what"].split()]
        ours = [one for one in asked if one is not None and one[0].startswith(FAMILY)]
        if ours:
            return min(ours, key=lambda one: not one[0].startswith("tensorflow"))
    return None


def _requirement(word: str) -> tuple[str, str] | None:
    said = word.strip("'\"").lower().replace("_", "-")
    return None if said.startswith("-") else requirement(_CALLED.get(said, said))


def _by_name(stream: str, at: int, around: int = _AROUND) -> tuple[str, str] | None:
    """Return what is named nearest to a place, and the version of it."""
    start = max(0, at - around)
    named = list(_NAMED.finditer(stream, start, at + around))
    if not named:
        return None
    found = min(named, key=lambda one: (one["version"] is None, abs(one.start() - at)))
    name = found["name"].lower().replace("_", "-").replace(" ", "")
    return name, _range(found["sign"].strip(), found["version"])


def _range(sign: str, version: str | None) -> str:
    if version is None:
        return ""
    if sign.startswith("<"):
        return f"{sign}{version}"
    return f"=={version}" if version.count(".") > 1 else f"=={version}.*"
