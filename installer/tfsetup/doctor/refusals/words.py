"""The words of installers, of all generations, to refusals. Pure; every search is of bounded length.

pip and pipenv show the versions that they may choose from; uv says which tag it misses; Poetry and PDM name the
version alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from packaging.utils import canonicalize_name

from tfsetup.doctor.refusals.model import Blame, Refusal, Speaker
from tfsetup.ground.versions import is_version

_MOST: Final = 8
_END: Final = 200_000
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
_SAID_NOTHING: Final = "2020-10-01"
_FIRST: Final[Mapping[Speaker, str]] = {
    "pip": "", "somebody": "", "pipenv": "2017-01-01", "poetry": "2019-06-01", "pdm": "2021-01-01", "uv": "2024-02-15",
    "uv-lock": "2024-05-01",
}  # fmt: skip
_STARS: Final = re.compile(r"\*{2,}$")  # somebody printed it in bold
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
    ("uv", "python", re.compile(
        rf"(?P<name>{_NAME}){_RANGE} is unusable because no wheels are available with a matching {_PYTHON}"
    )),
    ("uv", "platform", re.compile(
        rf"(?P<name>{_NAME}){_RANGE} is unusable because no wheels are available with a matching platform"
    )),
    ("uv", "version", re.compile(
        rf"there (?:is|are) no versions? of (?P<name>{_NAME})(?:\{{[^{{}}]{{1,120}}\}})?"
        rf"(?P<wanted>{_CLAUSE}(?:,{_CLAUSE})?)"
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
# No pattern is tried in a text that has none of these.
_SPEAKERS: Final = (
    "ould not find a version", "o matching distribution", "can't be installed because", "only has wheels",
    "only found wheels", "no wheels ", "Wheels are ", "there is no version", "there are no version",
    "find installation candidates", "is available and ", "match any versions", "no versions of ",
    "o candidate is found", "to find candidates",
)  # fmt: skip


def refusals_in(stream: str) -> tuple[Refusal, ...]:
    """Return what was refused, in the order of the text; what says of one again what was said before is left out.

    Of a long text the ends are read: an installer that refuses something does not go on.
    """
    if len(stream) <= 2 * _END:
        return _refused(stream)
    cut = len(stream) - _END
    later = (replace(one, start=one.start + cut) for one in _refused(stream[cut:]))
    return (*_refused(stream[:_END]), *later)


def _refused(stream: str) -> tuple[Refusal, ...]:
    if not any(word in stream for word in _SPEAKERS):
        return ()
    found = sorted((*_of_pip(stream), *_of_pipenv(stream), *_of_others(stream)), key=lambda one: one.start)
    known = {(one.name, one.wanted): one for one in found if one.offered is not None or one.blamed}
    kept = [one for one in found if known.get((one.name, one.wanted), one) is one or one.offered is not None]
    return tuple(dict.fromkeys(kept[: _MOST // 2] + kept[-_MOST // 2 :]))


def requirement(text: str) -> tuple[str, str] | None:
    """Return the name and the specifiers at the beginning of a requirement; None: there is no name."""
    found = _REQUIREMENT.match(text)
    if found is None:
        return None
    wanted = found["wanted"].replace(" ", "").strip("()")
    return canonicalize_name(found["name"].rstrip(".")), _STARS.sub("", wanted).rstrip(".,")


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
        text, closed, _ = stream[at : at + _LIST].partition(")") if ends else ("", ")", "")
        text = text.strip() if closed else text.rpartition(",")[0]
        yield Refusal(
            name=asked[0],
            wanted=asked[1],
            offered=_listed(text) if ends else None,
            cut=not closed,
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
    found = list(pattern.finditer(stream))
    yield from found if len(found) <= _MOST else (*found[: _MOST // 2], *found[-_MOST // 2 :])


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
