"""The kinds of text a matrix field may hold, each with the check that a value must pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from tfsetup.ground.versions import NotAVersionError, check_specifier, version

# What a source may rest on; anything else names a page, in more than one word.
_EVIDENCE = {"index", "binary", "run", "METADATA"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of text: what to call it, a regular expression for editors, and a check that returns what is wrong."""

    name: str
    pattern: str
    check: Callable[[str], str]
    example: str


def _matches(pattern: str, complaint: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)
    return lambda text: "" if compiled.fullmatch(text) else complaint


def _range(text: str) -> str:
    if text.strip()[:1] not in "<>=!~" or not text.strip():
        return "a range needs an operator"
    try:
        check_specifier(text)
    except NotAVersionError:
        return "not a PEP 440 range"
    return ""


def _version(text: str) -> str:
    try:
        version(text)
    except NotAVersionError:
        return "not a PEP 440 version"
    return ""


# A name, perhaps extras, then a range: the part of PEP 508 that a bound needs. packaging's own parser would do, but it
# takes longer to import than all the rest of reading the matrix.
_BOUND = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[a-z0-9,-]+\])?\s*(?P<range>[<>=!~].*)\Z")


def _requirement(text: str) -> str:
    found = _BOUND.match(text)
    return _range(found["range"]) if found else "a distribution's name and a range are expected, and nothing else"


def _prose(text: str) -> str:
    if "://" in text:
        return "an address (write the name of the page)"
    return "" if len(text.split()) > 1 and text[0].isalnum() else "too short to explain anything"


def _source(text: str) -> str:
    for part in text.split(";"):
        if part.split(":")[0].strip() not in _EVIDENCE and (complaint := _prose(part.strip())):
            return complaint
    return ""


ROW_ID = Kind(
    name="row identifier",
    pattern=r"[a-z0-9_]+(-[a-z0-9_]+)+",
    check=_matches(r"[a-z0-9_]+(-[a-z0-9_]+)+", "lower-case words joined by dashes are expected"),
    example="macos-arm64-metal",
)
RANGE = Kind(name="version range", pattern=r"\s*[<>=!~].*", check=_range, example='">=2.16,<2.20"')
MINOR = Kind(
    name="Python version",
    pattern=r"3\.[0-9]{1,2}",
    check=_matches(r"3\.[0-9]{1,2}", "a Python is written X.Y"),
    example='"3.12"',
)
VERSION = Kind(name="version", pattern=r"[0-9v].*", check=_version, example='"1.2.0"')
NUMBERS = Kind(
    name="dotted number",
    pattern=r"[0-9]+(\.[0-9]+)*",
    check=_matches(r"[0-9]+(\.[0-9]+)*", "numbers joined by dots are expected"),
    example='"525.60.13"',
)
DISTRIBUTION = Kind(
    name="distribution name",
    pattern=r"[a-z0-9]+(-[a-z0-9]+)*",
    check=_matches(r"[a-z0-9]+(-[a-z0-9]+)*", "a normalized distribution name is expected (PEP 503)"),
    example="tensorflow-cpu",
)
EXTRA = Kind(
    name="extra",
    pattern=r"[a-z0-9]+(-[a-z0-9]+)*",
    check=_matches(r"[a-z0-9]+(-[a-z0-9]+)*", "an extra's name is expected"),
    example="and-cuda",
)
REQUIREMENT = Kind(name="requirement", pattern=r".+[<>=!~].+", check=_requirement, example='"numpy<2"')
FEATURE = Kind(
    name="CPU feature",
    pattern=r"[a-z][a-z0-9_]*",
    check=_matches(r"[a-z][a-z0-9_]*", "a lower-case feature name is expected"),
    example="avx",
)
PROSE = Kind(name="sentence", pattern=r"(?s)[A-Za-z0-9].* .*", check=_prose, example="why, in a sentence")
SOURCE = Kind(
    name="source",
    pattern=r"(?s)[A-Za-z0-9].*",
    check=_source,
    example='"index", "binary: what was read" or "Publisher, name of the page"',
)
CHANNEL = Kind(
    name="conda channel",
    pattern=r"[a-z0-9][a-z0-9._/-]*",
    check=_matches(r"[a-z0-9][a-z0-9._/-]*", "a channel's name is expected; .condarc says where it is"),
    example="conda-forge",
)
CONDA_NAME = Kind(
    name="conda package name",
    pattern=r"[a-z0-9_][a-z0-9._-]*",
    check=_matches(r"[a-z0-9_][a-z0-9._-]*", "a conda package's name is expected, without a version"),
    example="numpy",
)
CONDA_BUILD = Kind(
    name="conda build",
    pattern=r"(\*_)?[A-Za-z0-9_.]+\*?",
    check=_matches(r"(\*_)?[A-Za-z0-9_.]+\*?", "a glob must not begin in the middle of a word: write *_name"),
    example='"*_newaccelerate"',
)

SLUG = Kind(
    name="identifier",
    pattern=r"[a-z0-9]+(-[a-z0-9]+)+",
    check=_matches(r"[a-z0-9]+(-[a-z0-9]+)+", "lower-case words joined by dashes are expected"),
    example="metal-activation-dropped",
)
CHECK = Kind(
    name="check of verify",
    pattern=r"[a-z0-9]+(-[a-z0-9]+)*",
    check=_matches(r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case words joined by dashes are expected"),
    example="dense-relu-graph",
)
VARIABLE = Kind(
    name="environment variable",
    pattern=r"[A-Za-z_][A-Za-z0-9_]*",
    check=_matches(r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and underscores are expected, and no digit first"),
    example="TURN_OFF_REMAPPER",
)
# Such a value stands in shell scripts and in Python text without any quoting rule being needed.
SETTING = Kind(
    name="value of a variable",
    pattern=r"[A-Za-z0-9_.,:=/+-]+",
    check=_matches(r"[A-Za-z0-9_.,:=/+-]+", "letters, digits and `_.,:=/+-` are expected, and at least one"),
    example='"1"',
)

RowId = Annotated[str, ROW_ID]
Range = Annotated[str, RANGE]
Minor = Annotated[str, MINOR]
ExactVersion = Annotated[str, VERSION]
Numbers = Annotated[str, NUMBERS]
Distribution = Annotated[str, DISTRIBUTION]
Extra = Annotated[str, EXTRA]
Bound = Annotated[str, REQUIREMENT]
Feature = Annotated[str, FEATURE]
Prose = Annotated[str, PROSE]
Source = Annotated[str, SOURCE]
Channel = Annotated[str, CHANNEL]
CondaName = Annotated[str, CONDA_NAME]
CondaBuild = Annotated[str, CONDA_BUILD]
Slug = Annotated[str, SLUG]
Check = Annotated[str, CHECK]
Variable = Annotated[str, VARIABLE]
Setting = Annotated[str, SETTING]
