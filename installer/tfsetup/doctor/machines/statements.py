"""One statement about a machine: a fact, how sure it is, and the words it was read from. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from tfsetup.ground.platforms import arch_of, read_mac_version
from tfsetup.ground.versions import numbers


class Strength(IntEnum):
    """How much a statement weighs. What a program prints of itself beats what a person says, and that a guess."""

    WORDS = 1
    PERSON = 2
    PROGRAM = 3
    HOST = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """`fact` is `value`, read from the words `said` at offset `at` of the text."""

    fact: str
    value: str
    strength: Strength
    said: str = ""
    at: int = -1


_NUMBERS: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}")
_PYTHON: Final = re.compile(r"[23]\.[0-9]{1,2}(?:\.[0-9]{1,2})?(?:(?:rc|a|b)[0-9]{1,2})?")
_CONTAINER: Final = re.compile(r"[0-9a-f]{12}")
_GLIBC: Final = re.compile(r"2\.[0-9]{1,2}")
# Darwin 20 is macOS 11; Apple then skipped from 15 to 26, of which Darwin is 25 (uname(1), Apple's release notes).
_FIRST_COUNTED: Final = 20
_FIRST_OF_THE_YEARS: Final = 25


def macos_of_kernel(release: str) -> str | None:
    """Return the macOS of a Darwin kernel: 23.1.0 is 14, 19.6.0 is 10.15; None: it is none."""
    major = (numbers(release) or (0,))[0]
    if major < _FIRST_COUNTED:
        return f"10.{major - 4}" if major > 4 else None  # noqa: PLR2004 - Darwin 5 was Mac OS X 10.1
    return str(major - 9 if major < _FIRST_OF_THE_YEARS else major + 1)


def _found(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def first(text: str) -> str | None:
        found = pattern.match(text)
        return found[0] if found else None

    return first


def _card(name: str) -> str | None:
    """Return the name of a card; of a Mac's GPU TensorFlow does not tell it."""
    return None if name == "METAL" else name


# What the value of a fact must look like; what does not is no statement.
_SHAPES: Final[Mapping[str, Callable[[str], str | None]]] = {
    "python": _found(_PYTHON), "macos": lambda text: read_mac_version(text.strip(".")), "glibc": _found(_GLIBC),
    "gpu_name": _card, "driver": _found(_NUMBERS), "cuda": _found(_NUMBERS), "compute": _found(_NUMBERS),
    "arch": arch_of, "process": arch_of, "image": arch_of,
}  # fmt: skip


def shaped(fact: str, value: str) -> tuple[str, str] | None:
    """Return the fact and its value as they are compared; None: the value is none of this fact."""
    match fact:
        case "darwin":
            fact, value = "macos", macos_of_kernel(value) or ""
        case "uname":  # a shell that is not translated says the machine's, and nothing of the Pythons it starts
            fact = "arch" if value == "arm64" else "process"
        case "root_at":  # Docker calls a container by the first twelve digits of its number
            fact, value = "container", "true" if _CONTAINER.fullmatch(value) else ""
        case _:
            pass
    shape = _SHAPES.get(fact)
    known = shape(value) if shape else value
    return (fact, known) if known else None


def best(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Return the one that counts of each fact: the strongest, and of equals the one said last."""
    chosen: dict[str, Statement] = {}
    for one in sorted(statements, key=lambda one: (one.strength, one.at)):
        chosen[one.fact] = one
    return chosen
