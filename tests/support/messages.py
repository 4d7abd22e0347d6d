"""Errors as the text people read, for exact snapshots beside the case that causes them."""

from __future__ import annotations

from tfsetup.errors import TfsetupError


def message(error: TfsetupError) -> str:
    """Return code, message, place and hint, a line each."""
    where = f"at {error.where}" if error.where else "nowhere"
    return f"{error.code.slug}: {error.message}\n{where}\nhint: {error.hint}\n"
