"""The words of installers, of all generations, to refusals. Pure; every search is of bounded length.

pip and pipenv show the versions that they may choose from; uv says which tag it misses; Poetry and PDM name the
version alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.doctor.refusals.model import Blame, Refusal, Speaker
from tfsetup.ground.versions import is_version

_MOST: Final = 40
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}"
_CLAUSE: Final = r" ?(?:[<>=!~]=?=?) ?[0-9][0-9A-Za-z.*+!_-]{0,40}"
_REQUIREMENT: Final = re.compile(
    rf"(?P<name>{_NAME})(?:\[[^\]]{{0,80}}\])?(?P<wanted>(?: ?\(?{_CLAUSE}\)?(?: ?,{_CLAUSE}){{0,5}})?)"
)
_PIP: Final = re.compile(r"[Cc]ould not find a version that satisfies the requirement ")
_NONE_FOUND: Final = re.compile(r"[Nn]o matching distribution found for '?")
_VERSIONS: Final = "(from versions: "
_HEAD: Final = 600
_LIST: Final = 12_000
_ASKER: Final = re.compile(rf"\(from (?!-r|-c|versions)(?P<asker>{_NAME})")
_PIPENV: Final = re.compile(
    rf"Could not find a version that matches (?P<req>{_NAME}[^()]{{0,80}}?)"
    r"(?: \(from [^)]{0,200}\)+)? (?P<rest>Tried: (?P<list>[^()A-Z]{0,6000})|No versions found)"
)
# pip says `none` since 19.2; before, and for some time by those who kept the old one, the list was just empty.
_SAYS_NONE: Final = "2019-06-01"
_SAID_NOTHING: Final = "2021-06-01"
_FIRST: Final[Mapping[Speaker, str]] = {
    "pip": "", "pipenv": "2017-01-01", "poetry": "2019-06-01", "pdm": "2021-01-01", "uv": "2024-02-15",
    "uv-lock": "2024-05-01",
}  # fmt: skip
_WORDS: Final = re.compile(r"[0-9][0-9A-Za-z.+!_]*")

# Speaker, what it says is the matter, and its words; `tag` is what it calls itself.
_UV_PLACE: Final = r" @ [^ ]{1,200}"
_V: Final = r"[0-9][0-9A-Za-z.+!]{0,40}"
_RANGE: Final = rf"(?P<wanted>(?:{_CLAUSE}(?:,{_CLAUSE}){{0,3}})?)"
_WITHOUT: Final = rf"(?:[Bb]ecause|[Aa]nd|that) (?:all versions of )?(?P<name>{_NAME}){_RANGE} (?:has|have) no wheels "
_PYTHON: Final = r"Python (?:ABI|version|implementation)"
_TAG: Final = r"(?: \(e\.g\.,? '(?P<tag>[a-z0-9_]{3,60})'\))?"
_SAID: Final[tuple[tuple[Speaker, Blame | None, re.Pattern[str]], ...]] = (
    ("uv-lock", None, re.compile(
        rf"istribution '?(?P<name>{_NAME})==(?P<version>{_V}){_UV_PLACE} can't be installed because it doesn't"
        r" have a (?:source distribution or wheel|binary distribution) for the current platform"
    )),
    ("uv-lock", "platform", re.compile(
        r"You're on [A-Za-z]{2,10} \('(?P<tag>[a-z0-9_]{3,60})'\), but "
        rf"'(?P<name>{_NAME})' \(v?(?P<version>{_V})\) only has wheels for the following platform"
    )),
    ("uv-lock", "python", re.compile(
        r"You're using [A-Za-z]{2,10} ?[0-9.a-z+]{0,12} \('(?P<tag>[a-z0-9_]{3,30})'\), but "
        rf"'(?P<name>{_NAME})' \(v?(?P<version>{_V})\) only has wheels with the following Python"
    )),
    ("uv", "python", re.compile(
        r"You require [A-Za-z]{2,10} ?[0-9.a-z+]{0,12} \('(?P<tag>[a-z0-9_]{3,30})'\), but we only found wheels for "
        rf"'(?P<name>{_NAME})'(?: \(v?(?P<version>{_V})\))? with the following Python"
    )),
    ("uv", "platform", re.compile(
        r"You(?:'re on| require) [A-Za-z]{2,10} \('(?P<tag>[a-z0-9_]{3,60})'\), but we only found wheels for "
        rf"'(?P<name>{_NAME})'(?: \(v?(?P<version>{_V})\))? (?:on|for) the following platform"
    )),
    ("uv", "python", re.compile(
        rf"{_WITHOUT}(?:are available )?with a matching {_PYTHON}(?: tag)?{_TAG}"
    )),
    ("uv", "platform", re.compile(
        rf"{_WITHOUT}(?:are available )?with a matching (?:platform tag|platform|operating system|architecture){_TAG}"
    )),
    ("uv", "python", re.compile(
        rf"Wheels are available for '(?P<name>{_NAME})' \(v?(?P<version>{_V})\) with the following {_PYTHON}"
    )),
    ("uv", "platform", re.compile(
        rf"Wheels are available for '(?P<name>{_NAME})' \(v?(?P<version>{_V})\) on the following platform"
    )),
    ("uv", "version", re.compile(
        rf"there (?:is|are) no versions? of (?P<name>{_NAME})(?P<wanted>{_CLAUSE}(?:,{_CLAUSE})?)"
    )),
    ("uv", None, re.compile(
        rf"only (?P<name>{_NAME}){_CLAUSE} is available and [a-z ]{{3,30}}(?P=name)(?P<wanted>{_CLAUSE}(?:,{_CLAUSE})?)"
    )),
    ("poetry", None, re.compile(
        rf"Unable to find installation candidates for (?P<name>{_NAME}) \((?P<version>{_V})\)"
    )),
    ("poetry", "version", re.compile(
        rf"depends on (?P<name>{_NAME}) \((?P<wanted>[^()]{{1,80}})\) which doesn't match any versions"
    )),
    # Of a range Poetry says so only to go on; of one version it is what stands in the way.
    ("poetry", "version", re.compile(rf"no versions of (?P<name>{_NAME}) match (?P<version>{_V})")),
    ("pdm", None, re.compile(
        rf"No candidate is found for '(?P<name>{_NAME}){_RANGE}' that matches the"
        r" (?:environment|given platform)"
    )),
    ("pdm", None, re.compile(
        rf"Unable to find candidates for '?(?P<name>{_NAME}){_RANGE}"
    )),
)  # fmt: skip
# How people repeat what an installer said, and the command that they gave; what they call some distributions.
_SAID_SO: Final = re.compile(
    r"(?i:no matching distribution|could ?n(?:o|')t find a (?:matching )?version|from versions:? none"
    r"|no versions? (?:found|available)|(?:no|not find any) (?:matching|compatible|suitable) (?:version|wheel)s?)"
)
_COMMAND: Final = re.compile(
    r"\b(?i:pip3?|pip3?\.exe|uv pip|uv|poetry|pdm|pipenv) (?i:install|add) (?:-[A-Za-z-]{1,20} ){0,4}'?"
    rf"(?P<req>{_NAME}(?:[=<>~!]{{1,2}}{_V})?)"
)
_CALLED: Final[Mapping[str, str]] = {"tf-text": "tensorflow-text", "tf": "tensorflow", "tflite": "tflite-runtime"}
_A_LETTER: Final = 20_000
# No pattern is tried in a text that has none of these.
_SPEAKERS: Final = (
    "ould not find a version", "o matching distribution", "can't be installed because", "only has wheels",
    "only found wheels", "no wheels ", "Wheels are ", "there is no version", "there are no version",
    "find installation candidates", "is available and ", "match any versions", "no versions of ",
    "o candidate is found", "to find candidates",
)  # fmt: skip


def refusals_in(stream: str) -> tuple[Refusal, ...]:
    """Return what was refused, in the order of the text; what says of one again what was said before is left out."""
    if not any(word in stream for word in _SPEAKERS):
        return _in_words(stream)
    found = sorted((*_of_pip(stream), *_of_pipenv(stream), *_of_others(stream)), key=lambda one: one.start)
    known = {(one.name, one.wanted): one for one in found if one.offered is not None or one.blamed}
    kept = [one for one in found if known.get((one.name, one.wanted), one) is one or one.offered is not None]
    return tuple(dict.fromkeys(kept[: _MOST // 2] + kept[-_MOST // 2 :])) or _in_words(stream)


def requirement(text: str) -> tuple[str, str] | None:
    """Return the name and the specifiers at the beginning of a requirement; None: there is no name."""
    found = _REQUIREMENT.match(text)
    if found is None:
        return None
    wanted = found["wanted"].replace(" ", "").strip("()")
    return canonicalize_name(found["name"].rstrip(".")), wanted.rstrip(".,")


def _in_words(stream: str) -> tuple[Refusal, ...]:
    """Return what people say was refused: the sentence without its end, and the command that it was the answer to."""
    if len(stream) > _A_LETTER or (said := _SAID_SO.search(stream)) is None:
        return ()
    commands = [found for found in _bounded(_COMMAND, stream) if not found["req"].startswith("-")]
    asked = [requirement(_CALLED.get(found["req"].lower().replace("_", "-"), found["req"])) for found in commands]
    return tuple(Refusal(name=one[0], wanted=one[1], start=said.start()) for one in asked[:1] if one is not None)


def _of_pip(stream: str) -> Iterator[Refusal]:
    for found in _bounded(_PIP, stream):
        head = stream[found.end() : found.end() + _HEAD]
        asked = requirement(head)
        if asked is None:
            continue
        before, told, _ = head.partition(_VERSIONS[:-1])
        at = found.end() + len(before) + len(_VERSIONS) - 1
        ends = _PIP.search(before) is None and bool(told)
        asker = _ASKER.search(before if ends else head[:200])
        text = stream[at : at + _LIST].partition(")")[0].strip() if ends else ""
        yield Refusal(
            name=asked[0],
            wanted=asked[1],
            offered=_listed(text) if ends else None,
            asker=canonicalize_name(asker["asker"]) if asker else "",
            start=found.start(),
            since=_SAYS_NONE if text == "none" else "",
            until=_SAID_NOTHING if ends and not text else "9999",
        )
    for found in _bounded(_NONE_FOUND, stream):
        if asked := requirement(stream[found.end() : found.end() + 200]):
            yield Refusal(name=asked[0], wanted=asked[1], start=found.start())


def _of_pipenv(stream: str) -> Iterator[Refusal]:
    for found in _bounded(_PIPENV, stream):
        if asked := requirement(found["req"]):
            offered = _listed(found["list"] or "")
            yield Refusal(name=asked[0], wanted=asked[1], offered=offered, speaker="pipenv", start=found.start())


def _of_others(stream: str) -> Iterator[Refusal]:
    for speaker, blamed, pattern in _SAID:
        for found in _bounded(pattern, stream):
            parts = found.groupdict()
            version = parts.get("version")
            yield Refusal(
                name=canonicalize_name(found["name"]),
                wanted=f"=={version}" if version else _specifiers(parts.get("wanted") or ""),
                speaker=speaker,
                blamed=blamed,
                tag=parts.get("tag") or "",
                start=found.start(),
                since=_FIRST[speaker],
            )


def _bounded(pattern: re.Pattern[str], stream: str) -> Iterator[re.Match[str]]:
    for number, found in enumerate(pattern.finditer(stream)):
        if number == _MOST:
            return
        yield found


def _listed(text: str) -> tuple[str, ...]:
    """Return the versions of a list, `none` and nothing being none of them; nightly builds stand for nothing."""
    return tuple(word for word in _WORDS.findall(text) if is_version(word) and ".dev" not in word)


def _specifiers(text: str) -> str:
    """Return specifiers as PEP 440 has them: Poetry writes a bare version, `^2.1` and `>=1 <2`."""
    text = text.strip().replace(" ", "")
    if text.startswith("^"):
        first = text[1:].partition(".")[0]
        return f">={text[1:]},<{int(first) + 1}" if first.isdigit() and "|" not in text else ""
    if "|" in text:
        return ""
    return f"=={text}" if text[:1].isdigit() else text
