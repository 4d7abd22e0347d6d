"""`Result`: what every command returns, and the one versioned JSON envelope (INTERFACE, "The envelope")."""

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


def envelope(result: Result[Any]) -> dict[str, Any]:
    """Return the JSON document of a command that did its work."""
    return _document(result.command, result.status, encode(result.data), encode(list(result.findings)), None)


def error_envelope(command: str, error: TfsetupError) -> dict[str, Any]:
    """Return the JSON document of a command that could not do its work."""
    where = str(error.where) if error.where else None
    what = {"code": error.code.slug, "message": error.message, "hint": error.hint, "where": where}
    return _document(command, "error", {}, [], what)


def _document(
    command: str, status: Status, data: dict[str, Any], findings: list[Any], error: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "tool": "tfsetup",
        "version": __version__,
        "command": command,
        "status": status,
        "data": data,
        "findings": findings,
        "error": error,
    }
