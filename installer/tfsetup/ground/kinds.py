"""The kinds of text that a file may hold: what each is called, what it looks like, and what a value must pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from tfsetup.ground.versions import NotAVersionError, check_specifier, specifiers, version

# What a source may rest on; anything else names a page, in more than one word.
_EVIDENCE = {"index", "binary", "run", "METADATA"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of text: its name, a regular expression, an example as it stands in a file, and what a value must pass.

    With `wrong` the whole value must match `pattern`, and `wrong` is what to say when it does not; without it `pattern`
    is for editors only. `check` returns what is wrong with a value, or "". `remedy`: what to do then, where that is not
    to write something that looks like the example.
    """

    name: str
    pattern: str
    like: str = field(kw_only=True)
    wrong: str = field(kw_only=True, default="")
    check: Callable[[str], str] | None = field(kw_only=True, default=None)
    remedy: str = field(kw_only=True, default="")

    def complaint(self, text: str) -> str:
        """Return what is wrong with a value, "" when nothing is."""
        if self.wrong and not re.fullmatch(self.pattern, text):
            return self.wrong
        return self.check(text) if self.check else ""


@dataclass(frozen=True, slots=True)
class Like:
    """What a list, a mapping or a word looks like, for hints: `Annotated[tuple[Gpu, ...], Like("[{…}]")]`."""

    like: str


def _range(text: str) -> str:
    if text.strip()[:1] not in "<>=!~" or not text.strip():
        return "a range needs an operator"
    try:
        check_specifier(text)
    except NotAVersionError:
        return "not a PEP 440 range"
    return ""


def _specifier(text: str) -> str:
    try:
        specifiers(text)
    except NotAVersionError:
        return "neither a version nor a range"
    return ""


def _version(text: str) -> str:
    try:
        version(text)
    except NotAVersionError:
        return "not a PEP 440 version"
    return ""


# A name, perhaps extras, then a range: the part of PEP 508 that a bound needs. packaging's own parser would do, but it
# takes longer to import than all the rest of reading the matrix.
_BOUND = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[a-z0-9,-]+\])?\s*(?P<range>[<>=!~].*)"


def _bound(text: str) -> str:
    found = re.fullmatch(_BOUND, text)
    return _range(found["range"]) if found else "a distribution's name and a range are expected, and nothing else"


def requirement_problem(text: str) -> str:
    """Return what is wrong with a requirement that is to be locked; "" when it can be."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return "not a requirement (PEP 508)"
    return "a requirement with an address cannot be locked to an index's files" if found.url else ""


def _moment(text: str) -> str:
    from tfsetup.ground import moments  # only a lock has any: what reads a matrix or a host need not wait for it

    return moments.problem(text)


def _prose(text: str) -> str:
    if "://" in text:
        return "an address (write the name of the page)"
    return "" if len(text.split()) > 1 and text[0].isalnum() else "too short to explain anything"


def _source(text: str) -> str:
    for part in text.split(";"):
        if part.split(":")[0].strip() not in _EVIDENCE and (complaint := _prose(part.strip())):
            return complaint
    return ""


_DASHED = "lower-case words joined by dashes are expected"
_MINOR = r"3\.[0-9]{1,2}"
_MINOR_WRONG = "a Python is written X.Y"
_NORMALIZED = r"[a-z0-9]+(-[a-z0-9]+)*"
_JOINED = r"[a-z0-9]+(-[a-z0-9]+)+"

TEXT = Kind("text", r"(?s).{1,500}", like='"some words"', wrong="1 to 500 characters are expected")
MINOR = Kind("Python version", _MINOR, like='"3.12"', wrong=_MINOR_WRONG)
MINOR_OR_ALL = Kind("Python version", rf"all|{_MINOR}", like='"3.12", or all', wrong=_MINOR_WRONG)
INTERPRETER = Kind(
    "Python release",
    r"[0-9]{1,9}\.[0-9]{1,9}(\.[0-9]{1,9})?((a|b|rc)[0-9]{1,9})?\+?",
    like='"3.12.4"',
    wrong="a Python's release is written X.Y or X.Y.Z",
)
# Nine digits: what is longer is nobody's version, and Python itself refuses to read thousands as one number.
NUMBERS = Kind(
    "dotted number", r"[0-9]{1,9}(\.[0-9]{1,9}){0,5}", like='"525.60.13"', wrong="numbers joined by dots are expected"
)
CAPABILITY = Kind(
    "compute capability", r"[0-9]{1,4}\.[0-9]{1,4}", like='"9.0"', wrong="two numbers with a dot are expected"
)
GFX = Kind("gfx name", r"gfx[0-9a-f]{3,5}", like="gfx1100", wrong="a name such as gfx1100 is expected")
FEATURE = Kind("CPU feature", r"[a-z0-9_.]{1,50}", like='"avx2"', wrong="a lower-case feature name is expected")
VERSION = Kind("version", r"[0-9v].*", like='"1.2.0"', check=_version)
RANGE = Kind("version range", r"\s*[<>=!~].*", like='">=2.16,<2.20"', check=_range)
SPECIFIER = Kind("version or range", r".*[0-9].*", like='"2.19.*" or ">=2.18"', check=_specifier)
BOUND = Kind("requirement", r".+[<>=!~].+", like='"numpy<2"', check=_bound)
REQUIREMENT = Kind("requirement", r".+", like='"pandas>=2"', check=requirement_problem)
ROW_ID = Kind("row identifier", r"[a-z0-9_]+(-[a-z0-9_]+)+", like="macos-arm64-metal", wrong=_DASHED)
PLATFORM = Kind("platform", r"(?s)\s*\S.*", like="macos-arm64-metal", wrong="empty")
DISTRIBUTION = Kind(
    "distribution name",
    _NORMALIZED,
    like="tensorflow-cpu",
    wrong="a normalized distribution name is expected (PEP 503)",
)
EXTRA = Kind("extra", _NORMALIZED, like="and-cuda", wrong="an extra's name is expected")
MOMENT = Kind("date or span", r".*[0-9].*", like='"2026-01-31", "2026-01-31T12:00:00Z" or "7 days"', check=_moment)
PROSE = Kind("sentence", r"(?s)[A-Za-z0-9].* .*", like="why, in a sentence", check=_prose)
SOURCE = Kind(
    "source",
    r"(?s)[A-Za-z0-9].*",
    like='"index", "binary: what was read" or "Publisher, name of the page"',
    check=_source,
)
CHANNEL = Kind(
    "conda channel",
    r"[a-z0-9][a-z0-9._/-]*",
    like="conda-forge",
    wrong="a channel's name is expected; .condarc says where it is",
)
CONDA_NAME = Kind(
    "conda package name",
    r"[a-z0-9_][a-z0-9._-]*",
    like="numpy",
    wrong="a conda package's name is expected, without a version",
)
CONDA_BUILD = Kind(
    "conda build",
    r"(\*_)?[A-Za-z0-9_.]+\*?",
    like='"*_newaccelerate"',
    wrong="a glob must not begin in the middle of a word: write *_name",
)
SLUG = Kind("identifier", _JOINED, like="metal-activation-dropped", wrong=_DASHED)
CHECK = Kind("check of verify", _NORMALIZED, like="dense-relu-graph", wrong=_DASHED)
VARIABLE = Kind(
    "environment variable",
    r"[A-Za-z_][A-Za-z0-9_]*",
    like="TURN_OFF_REMAPPER",
    wrong="letters, digits and underscores are expected, and no digit first",
)
MODULE = Kind(
    "module or name in one",
    r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*",
    like="pkg_resources",
    wrong="a dotted Python name is expected",
)
# Such a value stands in shell scripts and in Python text without any quoting rule being needed.
SETTING = Kind(
    "value of a variable",
    r"[A-Za-z0-9_.,:=/+-]+",
    like='"1"',
    wrong="letters, digits and `_.,:=/+-` are expected, and at least one",
)

Text = Annotated[str, TEXT]
Minor = Annotated[str, MINOR]
MinorOrAll = Annotated[str, MINOR_OR_ALL]
Interpreter = Annotated[str, INTERPRETER]
Numbers = Annotated[str, NUMBERS]
Capability = Annotated[str, CAPABILITY]
Feature = Annotated[str, FEATURE]
Gfx = Annotated[str, GFX]
ExactVersion = Annotated[str, VERSION]
Range = Annotated[str, RANGE]
Specifier = Annotated[str, SPECIFIER]
Bound = Annotated[str, BOUND]
Requirement = Annotated[str, REQUIREMENT]
RowId = Annotated[str, ROW_ID]
Platform = Annotated[str, PLATFORM]
Distribution = Annotated[str, DISTRIBUTION]
Extra = Annotated[str, EXTRA]
Moment = Annotated[str, MOMENT]
Prose = Annotated[str, PROSE]
Source = Annotated[str, SOURCE]
Channel = Annotated[str, CHANNEL]
CondaName = Annotated[str, CONDA_NAME]
CondaBuild = Annotated[str, CONDA_BUILD]
Slug = Annotated[str, SLUG]
Check = Annotated[str, CHECK]
Module = Annotated[str, MODULE]
Variable = Annotated[str, VARIABLE]
Setting = Annotated[str, SETTING]
