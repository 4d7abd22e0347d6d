"""The Pythons that a text shows: the one a program ran in, and the one that an installer worked for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tfsetup.doctor.machines.statements import Statement, Strength, shaped
from tfsetup.doctor.pattern import Hit, anchor_of, candidates, compile_pattern
from tfsetup.ground.versions import minor

Role = Literal["runs", "installs"]

_LONGEST: Final = 70
# Patterns with the version, a path that names it, or the tag of a wheel that pip took.
_RUNS: Final = (
    'File "{path:path}"',
    "File ~{path:file}",
    "Python {python:version} {..}[{GCC|Clang|MSC}",
    " version: {python:version} {..}[{GCC|Clang|MSC}",
    "--version Python {python:version}",
    "-V Python {python:version}",
    "sys.executable '{path:path}'",
    "sys.executable) {path:file}",
    "sys.executable: {path:file}",
    "dlopen({path:path}, ",
    "{folder:file}/site-packages/ipykernel_launcher.py",
)
_INSTALLS: Final = (
    "{folder:file}/site-packages/pip (python {python:version})",
    "{folder:file}/dist-packages/pip (python {python:version})",
    "{folder:file}\\site-packages\\pip (python {python:version})",
    "equirement already satisfied: {req:req} in {path:path} (",
    "equirement already satisfied: {req:req} in {path:file}",
    "Location: {path:file}",
    "Downloading {wheel:file}-cp{tag:num}-cp{abi:num}",
    "Using cached {wheel:file}-cp{tag:num}-cp{abi:num}",
    "Using CPython {python:version}",
    "Using Python {python:version} environment",
    "You're using CPython {python:version}",
    "the current Python version ({python:version})",
    "requires a different Python: {python:version} not in",
)
_IN_A_PATH: Final = re.compile(
    r"(?:(?P<prefix>[^\s'\"]{0,200})[/\\]lib(?:64)?[/\\]python|[/\\]Versions[/\\])(?P<python>[23]\.[0-9]{1,2})[/\\]"
    r"|[Pp]ython(?P<major>[23])(?P<minor>[0-9]{1,2})(?:-32|_64)?[/\\]"
)
# What stands behind an environment in a path to something in it; only such a path tells the environment. A traceback
# also runs through the standard library, which a virtual environment borrows.
_INSIDE: Final = re.compile(
    r"[/\\](?:[Ll]ib(?:64)?[/\\](?:python[23]\.[0-9]{1,2}[/\\])?(?:site|dist)-packages|bin[/\\]python|python\.exe|share[/\\]jupyter)"
)
_ENVIRONMENT: Final = re.compile(
    r"[/\\]envs[/\\][^/\\]{1,80}$|(?:ana|mini)conda3?$|mini(?:forge|mamba)3?$|[/\\][^/\\]{0,40}env[^/\\]{0,40}$",
    re.IGNORECASE,
)
# Words of an installer that found nothing to install: then it is the installer's Python that the text is about.
_REFUSED: Final = (
    "No matching distribution found", "Could not find a version", "is not a supported wheel",
    "requires a different Python",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A Python that a text shows in a role. `version` and `environment` are "" where they cannot be told."""

    role: Role
    version: str
    environment: str
    said: str
    at: int


def interpreters(stream: str) -> list[Interpreter]:
    """Return the Pythons that `stream` shows, in its order."""
    found = [*_seen(stream, _RUNS, "runs"), *_seen(stream, _INSTALLS, "installs")]
    return sorted((one for one in found if one.version or one.environment), key=lambda one: one.at)


def python_of(stream: str, seen: Sequence[Interpreter]) -> Interpreter | None:
    """Return the Python that the text is about: what ran last, or of a refused installation the installer's."""
    known = [one for one in seen if one.version]
    refused = any(words in stream for words in _REFUSED)
    mine = [one for one in known if (one.role == "installs") == refused] or known
    return mine[-1] if mine else None


def at_odds(seen: Sequence[Interpreter]) -> tuple[Interpreter, Interpreter] | None:
    """Return the installer's Python and the one that ran, when they are two; None: they are one, or nobody can say."""
    runs = next((one for one in reversed(seen) if one.role == "runs"), None)
    installs = [one for one in seen if one.role == "installs"]
    if runs is None or not installs or any(_same(one, runs) is not False for one in installs):
        return None
    return installs[-1], runs


def told_of(stream: str, seen: Sequence[Interpreter]) -> Iterator[Statement]:
    """Yield what the Pythons of a text make known: the version, and whether there are several."""
    one = python_of(stream, seen)
    if one is not None:
        yield Statement(fact="python", value=one.version, strength=Strength.PROGRAM, said=one.said, at=one.at)
    if (pair := at_odds(seen)) is not None:
        yield Statement(
            fact="interpreters", value="several", strength=Strength.PROGRAM, said=pair[1].said, at=pair[1].at
        )


def _same(one: Interpreter, other: Interpreter) -> bool | None:
    if one.version and other.version and minor(one.version) != minor(other.version):
        return False
    if one.environment and other.environment:
        short, long = sorted((one.environment.lstrip("./~"), other.environment.lstrip("./~")), key=len)
        return long.endswith(short)
    return None if not (one.version and other.version) else True


def _seen(stream: str, patterns: Sequence[str], role: Role) -> Iterator[Interpreter]:
    for pattern in patterns:
        anchor = anchor_of(pattern)
        if anchor in stream:
            for hit in compile_pattern(pattern).hits(stream, candidates(stream, anchor)):
                yield _interpreter(hit, role, stream)


def _interpreter(hit: Hit, role: Role, stream: str) -> Interpreter:
    folder = hit.captures.get("folder", "")
    path = f"{folder}/site-packages/" if folder else hit.captures.get("path", "")
    place = _IN_A_PATH.search(path)
    tag = hit.captures.get("tag", "")
    version = hit.captures.get("python") or (f"{tag[0]}.{tag[1:]}" if len(tag) > 1 else "") or _version(place)
    known = shaped("python", version)
    return Interpreter(
        role=role,
        version=known[1] if known else "",
        environment=_environment(path),
        said=(path or stream[hit.start : hit.end])[-_LONGEST:].strip(),
        at=hit.start,
    )


def _version(place: re.Match[str] | None) -> str:
    if place is None:
        return ""
    return place["python"] or f"{place['major']}.{place['minor']}"


def _environment(path: str) -> str:
    inside = _INSIDE.search(path)
    folder = path[: inside.start()] if inside else ""
    return folder.lower() if _ENVIRONMENT.search(folder) else ""
