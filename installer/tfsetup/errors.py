"""The one root of every error tfsetup raises on purpose, and the one table of codes.

An error has a code (stable, for scripts), a message (what happened), a hint (what to do next) and, for a file the user
can edit, a place. Message and hint are separate because the JSON envelope and the terminal print them separately.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Code(Enum):
    """Error codes of the JSON envelope; each knows its exit status and what that means."""

    BUG = ("bug", 1, "a bug in tfsetup (it says where the log is), or the answer could not be written to stdout")
    USAGE = ("usage", 2, "wrong usage")
    INVALID_FILE = (
        "invalid-file",
        3,
        "the matrix, a lock, a host or a configuration file is invalid (file:line:column)",
    )
    NO_ROW = ("no-row", 4, "no row fits this machine and what was asked")
    NETWORK = ("network", 5, "index, network, download or hash failure")
    BUILD = ("build", 6, "building the environment failed; the previous one is untouched")
    ANSWER_IS_NO = (
        "answer-is-no",
        7,
        (
            "the answer is no: preflight or verification failed, a lock would not load, a generation is not whole, or "
            "the doctor found a problem or an error it cannot explain"
        ),
    )
    LOCK = ("lock", 8, "a lock file is missing or stale")
    UNDECIDED = ("undecided", 9, "undecided, under `--strict`, and where nothing at all could be judged")
    INTERRUPTED = ("interrupted", 130, "interrupted; nothing half-done is left behind")

    def __init__(self, slug: str, exit_status: int, meaning: str) -> None:
        """Give each member its JSON spelling, its exit status and what that means."""
        self.slug = slug
        self.exit_status = exit_status
        self.meaning = meaning


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """A place in a file a person can edit; `line` and `column` count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """Return `file:line:column`, as far as known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class TfsetupError(Exception):
    """Anything tfsetup refuses or fails to do, in words a user can act on."""

    def __init__(self, code: Code, message: str, *, hint: str = "", where: Where | None = None) -> None:
        """Keep the parts apart; `str(error)` is the message alone."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.where = where


class UsageError(TfsetupError):
    """The command line itself is wrong."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Exit 2."""
        super().__init__(Code.USAGE, message, hint=hint)


class InvalidFileError(TfsetupError):
    """A matrix, lock, host or configuration file is invalid; `where` says which line."""

    def __init__(self, message: str, *, where: Where, hint: str = "") -> None:
        """Exit 3."""
        super().__init__(Code.INVALID_FILE, message, hint=hint, where=where)


class NetworkError(TfsetupError):
    """The index did not answer, or what it sent was not what it promised."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Exit 5."""
        super().__init__(Code.NETWORK, message, hint=hint)


class BuildError(TfsetupError):
    """Building an environment failed; the previous one is untouched."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Exit 6."""
        super().__init__(Code.BUILD, message, hint=hint)


class UnsolvableError(TfsetupError):
    """Requirements do not fit together. `said` is all that the solver said of it, as far as it is known."""

    def __init__(self, message: str, *, hint: str = "", where: Where | None = None, said: str = "") -> None:
        """Exit 7."""
        super().__init__(Code.ANSWER_IS_NO, message, hint=hint, where=where)
        self.said = said


class LockError(TfsetupError):
    """A lock file is missing or stale."""

    def __init__(self, message: str, *, hint: str = "", where: Where | None = None) -> None:
        """Exit 8."""
        super().__init__(Code.LOCK, message, hint=hint, where=where)
