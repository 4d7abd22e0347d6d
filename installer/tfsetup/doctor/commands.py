"""Install commands in a text, as values: what a step tells people to type, what people say they typed. Pure.

Nothing here is ever run. A text is read as far as it is understood: of a command whose words are no requirements, paths
or options, those before them count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet as Specifiers
from packaging.utils import canonicalize_name

__all__ = ("Command", "Specifiers", "Tool", "Verb", "Wanted", "commands_in")

Tool = Literal["pip", "uv", "poetry", "conda", "tfsetup"]
Verb = Literal["install", "uninstall"]

_LAUNCHERS: Final = re.compile(
    r"(?<![\w.@/\\-])(?:"
    r"(?P<conda>(?:conda|mamba|micromamba) (?:install|create))"
    r"|(?P<poetry>poetry add)"
    r"|(?P<uv>uv (?:add|pip (?P<uvverb>install|uninstall)))"
    r"|(?P<tfsetup>tfsetup install)"
    r"|(?P<pip>(?P<module>[^\s;&|'\"()=$`]{0,80}?(?:python|py)(?:[0-9][0-9.]{0,4})?(?:\.exe)? (?:-[0-9.]{1,5} )?-m )?"
    r"(?:[^\s;&|'\"()=$`]{0,80}[/\\])?pip[0-9.]{0,4}(?: --[a-z-]{1,30}){0,3} (?P<verb>install|uninstall))"
    r")(?![\w-])"
)
# A word of a shell, or what ends a command. A sign of a quote that is never closed ends it too.
_WORD: Final = re.compile(
    r"[ \t]+(?:'(?P<one>[^'\n]*)'|\"(?P<two>[^\"\n]*)\"|(?P<bare>[^\s'\"`;&|#()…,]+?))(?=\.?(?:[\s'\"`;&|)…,]|\Z))"
)
# Options whose value is the next word; with some of them the index that we know is not the one that answers.
_VALUED: Final = frozenset((
    "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url", "--extra-index-url", "-f",
    "--find-links", "-t", "--target", "--prefix", "--root", "--only-binary", "--no-binary", "--platform",
    "--python-version", "--abi", "--implementation", "--trusted-host", "--default-timeout", "--timeout", "--retries",
    "--proxy", "--cache-dir", "--python", "-p", "-n", "--name", "--channel", "--group", "--extra", "--index",
    "--default-index", "--tensorflow", "--accelerator", "--backend",
))  # fmt: skip
_ELSEWHERE: Final = frozenset((
    "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url", "--extra-index-url", "-f",
    "--find-links", "--index", "--default-index", "--platform", "--python-version", "--no-binary",
))  # fmt: skip
_SHORT: Final = {"-U": "--upgrade", "-I": "--ignore-installed"}
_MOST_WORDS: Final = 60
_LONGEST: Final = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A requirement of a command, and where in the text it stands, quotes included."""

    requirement: Requirement
    start: int
    end: int

    @property
    def name(self) -> str:
        """The normalised name of the distribution."""
        return canonicalize_name(self.requirement.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command that installs or removes. `module`: by `python -m`, so that it is sure into which Python.

    `options` are in their long form, without their values. `elsewhere`: it is not the public index that answers, or
    there is something among the words that is no requirement (a file, an address).
    """

    tool: Tool
    verb: Verb
    start: int
    verb_end: int
    end: int
    wanted: tuple[Wanted, ...]
    options: frozenset[str] = frozenset()
    module: bool = False
    elsewhere: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The normalised names of what it wants."""
        return frozenset(one.name for one in self.wanted)


def commands_in(text: str) -> tuple[Command, ...]:
    """Return the commands in `text`, in its order. No text is too odd: what is no command is passed over."""
    return tuple(_command(found, text) for found in _LAUNCHERS.finditer(text))


def _command(found: re.Match[str], text: str) -> Command:
    wanted: list[Wanted] = []
    options: set[str] = set()
    elsewhere, skip, end = False, False, found.end()
    for word in _words(text, found.end()):
        said = word["one"] or word["two"] or word["bare"] or ""
        if skip:
            skip, end = False, word.end()
        elif said.startswith("-"):
            name = _SHORT.get(said, said.partition("=")[0])
            options.add(name)
            elsewhere = elsewhere or name in _ELSEWHERE
            skip, end = name in _VALUED and "=" not in said, word.end()
        elif (one := _requirement(said)) is not None:
            wanted.append(Wanted(requirement=one, start=word.start() + _blanks(word), end=word.end()))
            end = word.end()
        elif re.search(r"[/\\:]|\.(?:whl|txt|toml|zip|gz)\b|\A\.", said):
            elsewhere, end = True, word.end()
        else:
            break
    tool = next(name for name in _TOOLS if found[name])
    verb: Verb = "uninstall" if "uninstall" in {found["verb"], found["uvverb"]} else "install"
    return Command(
        tool=tool, verb=verb, start=found.start(), verb_end=found.end(), end=end, wanted=tuple(wanted),
        options=frozenset(options), module=found["module"] is not None, elsewhere=elsewhere,
    )  # fmt: skip


_TOOLS: Final[tuple[Tool, ...]] = ("pip", "uv", "poetry", "conda", "tfsetup")


def _words(text: str, at: int) -> Iterator[re.Match[str]]:
    for _ in range(_MOST_WORDS):
        word = _WORD.match(text, at)
        if word is None:
            return
        yield word
        at = word.end()


def _blanks(word: re.Match[str]) -> int:
    return len(word[0]) - len(word[0].lstrip(" \t"))


def _requirement(text: str) -> Requirement | None:
    """Return a requirement (PEP 508), None for anything else, a requirement by address too."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        found = Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError):
        return None
    return None if found.url else found
