"""Requirements that do not fit together: who asks for what, and on which line. Pure; reads uv's explanation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tfsetup.errors import BuildError, InvalidFileError, TfsetupError
from tfsetup.locks.taken import name_of
from tfsetup.locks.team import Marked

_NOTHING = "The requirements do not fit together."


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """The requirements of the row, and those of the team with their places. `reasons`: why a bound of ours holds."""

    row: str
    requirements: tuple[str, ...]
    team: tuple[Marked, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)


def is_conflict(error: TfsetupError) -> bool:
    """Tell whether an error says that requirements do not fit together."""
    return _NOTHING in error.message


def explained(error: TfsetupError, sides: Sides) -> TfsetupError:
    """Return the error of a failed resolution with both requirers named; anything but a conflict as it is."""
    if not is_conflict(error):
        return error
    told = _flat(error.message)
    theirs = [item for item in sides.team if _concerned(item.text, told)]
    ours = [text for text in sides.requirements if _concerned(text, told)]
    _, _, said = error.message.partition("uv said: ")
    why = "".join(f"\n{text} {sides.reasons[text]}." for text in ours if text in sides.reasons)
    if not theirs:
        what = f"{sides.row}: {', '.join(ours or sides.requirements)} cannot be resolved: {said}{why}"
        return BuildError(what, hint="Ask for another version, or change the team's requirements.")
    named = ", ".join(f"`{item.text}` ({item.where})" for item in theirs)
    row = ", ".join(f"`{text}`" for text in ours or sides.requirements[:1])
    message = f"{sides.row}: {named} does not fit together with {row}, which the row asks for.{why}\nuv said: {said}"
    hint = "Loosen that line, or ask for another TensorFlow (`tensorflow:` in the team file, --tensorflow)."
    return InvalidFileError(message, where=theirs[0].where, hint=hint)


def _flat(text: str) -> str:
    return re.sub(r"[-_.]+", "-", re.sub(r"\s+", " ", text)).lower()


def _concerned(requirement: str, told: str) -> bool:
    """Tell whether uv's explanation says that this requirement is one of ours (`you require NAME…`)."""
    name = name_of(requirement)
    return (
        bool(name)
        and re.search(rf"(?:you require|require) (?:[^,;]* and )?{re.escape(name)}(?![a-z0-9-])", told) is not None
    )


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
