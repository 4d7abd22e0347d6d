"""`Result`: what every command returns, and the one versioned JSON envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from tfsetup import __version__
from tfsetup.errors import Code, TfsetupError
from tfsetup.ground.encode import encode

SCHEMA = 1

Status = Literal["ok", "failed", "error"]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result(Generic[T_co]):
    """The outcome of a command: `data`, a typed value, `findings`, and a `code` when the answer is no."""

    command: str
    data: T_co
    findings: Sequence[Any] = ()
    code: Code | None = None

    @property
    def status(self) -> Status:
        """`ok`, or `failed`: the work was done and the answer is no."""
        return "ok" if self.code is None else "failed"

    @property
    def exit_status(self) -> int:
        """The process's exit status."""
        return 0 if self.code is None else self.code.exit_status


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


def envelope(result: Result[Any]) -> dict[str, Any]:
    """Return the JSON document of a command that did its work."""
    return _encoded(
        Envelope(command=result.command, status=result.status, data=result.data, findings=tuple(result.findings))
    )


def error_envelope(command: str, error: TfsetupError) -> dict[str, Any]:
    """Return the JSON document of a command that could not do its work."""
    where = str(error.where) if error.where else None
    said = ErrorDocument(code=error.code.slug, message=error.message, hint=error.hint, where=where)
    return _encoded(Envelope(command=command, status="error", data={}, error=said))


def _encoded(document: Envelope) -> dict[str, Any]:
    return {**encode(document)}
