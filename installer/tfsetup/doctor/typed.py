"""What the author of a report says to have done: commands at a prompt, commands told of, and sentences. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tfsetup.doctor.commands import Command, commands_in
from tfsetup.doctor.needs import Need
from tfsetup.ground.versions import is_version

# What stands before a command that somebody typed: the prompt of a shell, of a notebook, of a Dockerfile, or nothing.
_PROMPT: Final = re.compile(
    r"(?:\([\w. /-]{1,60}\)\s?)*(?:[\w.~@:\[\]()/\\ -]{0,120}[$%#>]\s*|[!%]\s?|RUN (?:--\S+ )*|>>>? )?"
    r"(?:sudo (?:-\w+ )*|[A-Z_]+=\S+ |arch -\w+ )*"
)
_TOLD: Final = re.compile(
    r"\b(?:i(?:'ve| have| had)?|we(?:'ve| have)?|tried|ran|did|used|using|executed|typed|installed|after|running)\b"
    r"[^.!?\n]{0,80}\Z",
    re.IGNORECASE,
)
_ADVICE: Final = re.compile(
    r"\b(?:please|should|could|consider|try (?:to|running)|you can|must|need to|to fix|run:|suggest\w*|recommend\w*"
    r"|via the)\b",
    re.IGNORECASE,
)
_MOVED: Final = re.compile(
    r"\b(?P<how>re-?install|downgrad|upgrad|install)(?:ed|ing) (?:my |the |to )?(?P<name>[A-Za-z][\w.-]{1,60})"
    r"(?:(?: version)?(?: to| back to|==| @)? ?v?(?P<version>[0-9]+(?:\.[0-9]+){1,3}))?",
    re.IGNORECASE,
)
_WORTH: Final = ("install", "upgrad", "downgrad", "uv add", "poetry add")
_MOST_LINES: Final = 200
_MOST_OF_A_LINE: Final = 400
# Options that change nothing of what is installed.
_IDLE: Final = frozenset((
    "-y", "--yes", "-q", "--quiet", "-v", "-vv", "-vvv", "--verbose", "--no-input", "--progress-bar", "--no-color",
    "--disable-pip-version-check", "--user",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """Something that was done: what it wanted, with which options. `module`: by `python -m`."""

    needs: tuple[Need, ...]
    options: frozenset[str]
    module: bool


def typed_in(lines: Sequence[str]) -> tuple[Typed, ...]:
    """Return what the lines of a report say was installed by hand."""
    worth = [line[:_MOST_OF_A_LINE] for line in lines if any(word in line.lower() for word in _WORTH)]
    return tuple(one for line in worth[:_MOST_LINES] for one in (*_commands(line), *_sentences(line)))


def _commands(line: str) -> Iterator[Typed]:
    for command in commands_in(line):
        before = line[: command.start]
        if command.verb == "install" and command.wanted and _was_typed(before):
            yield Typed(tuple(map(Need.of, command.wanted)), command.options - _IDLE, command.module)


def _was_typed(before: str) -> bool:
    last = re.split(r"&& |; ", before)[-1]
    if _PROMPT.fullmatch(before) or (last != before and _PROMPT.fullmatch(last) and _PROMPT.match(before)):
        return True
    return _TOLD.search(before) is not None and _ADVICE.search(before) is None


def _sentences(line: str) -> Iterator[Typed]:
    for said in _MOVED.finditer(line):
        version = said["version"]
        if _ADVICE.search(line[: said.start()]) or (version is None and not said["how"].lower().startswith("re")):
            continue
        text = f"pip install {said['name'].rstrip('.')}" + (f"=={version}" if version and is_version(version) else "")
        again = frozenset(("--force-reinstall",)) if said["how"].lower().startswith("re") else frozenset[str]()
        for command in commands_in(text):
            yield Typed(tuple(map(Need.of, command.wanted)), again, module=False)


def is_typed(needs: Sequence[Need], command: Command, typed: Iterable[Typed], *, same_python: bool) -> bool:
    """Return whether a command, with `needs` in its place, was typed already.

    One that is sure into which Python it installs was not, where that is the question (`same_python` false).
    """
    if not needs:
        return False
    options = command.options - _IDLE
    return any(
        options <= one.options and (same_python or one.module or not command.module) and _covers(needs, one.needs)
        for one in typed
    )


def _covers(needs: Sequence[Need], done: Sequence[Need]) -> bool:
    return all(any(_as_good(need, one) for one in done) for need in needs)


def _as_good(need: Need, done: Need) -> bool:
    if need.name != done.name or not need.extras <= done.extras:
        return False
    if need.specifier == done.specifier:
        return True
    return bool(len(need.specifier)) and done.pin is not None and need.specifier.contains(done.pin, prereleases=True)
