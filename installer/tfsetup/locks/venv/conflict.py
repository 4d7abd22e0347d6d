"""Requirements that do not fit together: who asks for what, and on which line. Pure; reads uv's explanation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tfsetup.errors import TfsetupError, UnsolvableError
from tfsetup.locks.taken import name_of
from tfsetup.locks.team import Marked

_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
# What uv 0.9 to 0.13 says of a package without wheels, in the explanation itself and in the hints below it.
_SOURCE_ONLY: Final = (rf"({_NAME})[^\s,]* ha(?:s|ve) no usable wheels", rf"Wheels are required for `({_NAME})`")
_NO_WHEEL_HERE: Final = (
    rf"({_NAME})([=<>!~][^\s]*)? ha(?:s|ve) no wheels with a matching"
    r"(?: Python (?:ABI |implementation )?tag \(e\.g\., `(\w+)`\))?"
)
_WANTS: Final = rf"({_NAME})(?:[<>=!~]\S*)? depends? on "


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """The requirements of the row, and those of the team with their places. `reasons`: why a bound of ours holds."""

    row: str
    requirements: tuple[str, ...]
    team: tuple[Marked, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Blamed:
    """What uv names as the reason: the team's lines, and the packages that have no wheel at all, or none here.

    With the latter stands the Python whose tag is missing, `cp313`; "": it is the platform's tag.
    """

    lines: tuple[Marked, ...]
    source_only: tuple[str, ...] = ()
    no_wheel_here: tuple[tuple[str, str], ...] = ()


def explained(error: TfsetupError, sides: Sides) -> TfsetupError:
    """Return the error of a failed resolution with both requirers named; anything but a conflict as it is."""
    if not isinstance(error, UnsolvableError):
        return error
    found = blamed(error, sides.team)
    ours = tuple(text for text in sides.requirements if _required(text, _flat(_told(error))))
    _, _, said = error.message.partition("uv said: ")
    why = "".join(f"\n{text} {sides.reasons[text]}." for text in ours if text in sides.reasons)
    if why and not found.lines:  # a bound of ours: who called for it is named in its reason
        found = replace(found, lines=tuple(item for item in sides.team if _named(item.text, _flat(why))))
    where = found.lines[0].where if found.lines else None
    if found.source_only or found.no_wheel_here:
        message = f"{sides.row}: {'; '.join(_wheelless(found, sides.row))}.{why}\nuv said: {said}"
        return UnsolvableError(message, hint=_remedy(found), where=where, said=error.said)
    if not found.lines:
        what = f"{sides.row}: {', '.join(ours or sides.requirements)} cannot be resolved: {said}{why}"
        hint = "Ask for another version, or change the team's requirements."
        return UnsolvableError(what, hint=hint, said=error.said)
    named = ", ".join(f"`{item.text}` ({item.where})" for item in found.lines)
    row = ", ".join(f"`{text}`" for text in ours or sides.requirements[:1])
    message = f"{sides.row}: {named} does not fit together with {row}, which the row asks for.{why}\nuv said: {said}"
    hint = "Loosen that line, or ask for another TensorFlow (`tensorflow:` in the team file, --tensorflow)."
    return UnsolvableError(message, hint=hint, where=where, said=error.said)


def blamed(error: UnsolvableError, team: Sequence[Marked]) -> Blamed:
    """Return what uv's explanation blames.

    A line is to blame where uv says that we require it; in words that are not known, where its name stands at all, and
    where none does, no line is known to be innocent.
    """
    told = _told(error)
    flat = _flat(told)
    lines = [item for item in team if _required(item.text, flat)]
    if not lines and "you require" not in flat:
        lines = [item for item in team if _named(item.text, flat)] or list(team)
    one_line = re.sub(r"\s+", " ", told)
    # A package of which some versions have wheels and want something else is refused for what those want.
    others = {name_of(match[1]) for match in re.finditer(_WANTS, one_line)}
    found = [match for match in re.finditer(_NO_WHEEL_HERE, one_line) if name_of(match[1]) not in others]
    here = {(_with_version(match), match[3] or "") for match in found}
    elsewhere = others | {name_of(match[1]) for match in found}
    sources = {name_of(match[1]) for pattern in _SOURCE_ONLY for match in re.finditer(pattern, one_line)} - elsewhere
    return Blamed(lines=tuple(lines), source_only=tuple(sorted(sources)), no_wheel_here=tuple(sorted(here)))


def _told(error: UnsolvableError) -> str:
    return error.said or error.message


def _with_version(match: re.Match[str]) -> str:
    name, version = name_of(match[1]), match[2] or ""
    return f"{name} {version[2:]}" if version.startswith("==") else f"{name}{version}"


def _wheelless(found: Blamed, row: str) -> Iterator[str]:
    """Yield what has no wheel, and who wants it."""
    lines = ", ".join(f"`{item.text}` ({item.where})" for item in found.lines)
    for name in found.source_only:
        own = any(name_of(item.text) == name for item in found.lines)
        wanted = f"; {lines} cannot be had without it" if lines and not own else f" ({lines})" if lines else ""
        yield f"{name} has no wheel, it is published as source only{wanted}"
    if not found.source_only:
        wanted = f" ({lines})" if lines else ""
        for name, tag in found.no_wheel_here:
            yield f"{name} has no wheel for {f'{tag} on ' if tag else ''}{row}{wanted}"


def _remedy(found: Blamed) -> str:
    if found.source_only:
        names = ", ".join(found.source_only)
        options = " ".join(f"--allow-build-of {name}" for name in found.source_only)
        return (
            f"Pure Python is built where you agree that its build code runs: `allow-build: [{names}]` in the team "
            f"file, or {options}."
        )
    return "Ask for a version that has one, or leave the platform out for it (`; sys_platform == …` behind the line)."


def _flat(text: str) -> str:
    return re.sub(r"[-_.]+", "-", re.sub(r"\s+", " ", text)).lower()


def _required(requirement: str, told: str) -> bool:
    """Tell whether uv's explanation says that this requirement is one of ours (`you require NAME…`)."""
    name = name_of(requirement)
    return (
        bool(name)
        and re.search(rf"(?:you require|require) (?:[^,;]* and )?{re.escape(name)}(?![a-z0-9-])", told) is not None
    )


def _named(requirement: str, told: str) -> bool:
    name = name_of(requirement)
    return bool(name) and re.search(rf"(?<![a-z0-9-]){re.escape(name)}(?![a-z0-9-])", told) is not None


def together(errors: Sequence[TfsetupError]) -> TfsetupError:
    """Return one error for several: the first, with the others' messages below it."""
    first, *others = errors
    different = [error.message for error in others if error.message != first.message]
    if different:
        message = "\n".join([first.message, *different])
        combined = TfsetupError(first.code, message, hint=first.hint, where=first.where)
        combined.__cause__ = first
        return combined
    return first
