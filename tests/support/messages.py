"""Errors as the text people read, for exact snapshots beside the case that causes them."""

from __future__ import annotations

from collections.abc import Callable

from tfsetup.errors import InvalidFileError, TfsetupError


def outcome(read: Callable[[], object]) -> object:
    """Return what was read, or the error that it was refused with."""
    try:
        return read()
    except InvalidFileError as error:
        return error


def message(error: TfsetupError) -> str:
    """Return code, message, place and hint, a line each."""
    where = f"at {error.where}" if error.where else "nowhere"
    return f"{error.code.slug}: {error.message}\n{where}\nhint: {error.hint}\n"
