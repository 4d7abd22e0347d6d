"""The one versioned JSON envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tfsetup import __version__
from tfsetup.errors import Code, TfsetupError

SCHEMA = 1

Status = Literal["ok", "failed", "error"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorDocument:
    """Why a command could not do its work."""

    code: str
    """Stable, for scripts; each has its exit status."""
    message: str
    """What happened."""
    hint: str
    """What to do next; may be empty."""
    where: str | None
    """`file:line:column` of a file that a person can edit, as far as known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """The one JSON document of a run."""

    schema: int = SCHEMA
    """The version of this form."""
    tool: str = "tfsetup"
    """Who wrote it."""
    version: str = __version__
    """The version of the tool."""
    command: str
    """The command, by its full name."""
    status: Status
    """`ok`; `failed`: the work was done and the answer is no; `error`: it could not be done."""
    data: Any
    """The answer; empty after an error."""
    findings: Sequence[Any] = ()
    """What is worth knowing beside the answer."""
    error: ErrorDocument | None = None
    """Why the work could not be done."""


def envelope(command: str, data: object, *, findings: Sequence[object] = (), code: Code | None = None) -> Envelope:
    """Return the document of a command that did its work; `code`: the answer is no."""
    status: Status = "ok" if code is None else "failed"
    return Envelope(command=command, status=status, data=data, findings=tuple(findings))


def error_envelope(command: str, error: TfsetupError) -> Envelope:
    """Return the document of a command that could not do its work."""
    where = str(error.where) if error.where else None
    said = ErrorDocument(code=error.code.slug, message=error.message, hint=error.hint, where=where)
    return Envelope(command=command, status="error", data={}, error=said)
