"""Somebody's conda itself: recognised, and never built over. Light, because every installation asks."""

from __future__ import annotations

from pathlib import Path

from tfsetup.errors import BuildError


def is_conda_base(prefix: Path) -> bool:
    """Tell whether a folder is somebody's conda installation, with its own conda in it, and not a mere environment."""
    meta = prefix / "conda-meta"
    if not meta.is_dir():
        return False
    return (prefix / "condabin").is_dir() or any(meta.glob("conda-[0-9]*.json"))


def refuse_base(prefix: Path) -> None:
    """Refuse to build where somebody's conda lives.

    Raises:
        BuildError: it does.
    """
    if is_conda_base(prefix):
        raise BuildError(
            f"{prefix} is a conda installation with its base environment; it is never touched.",
            hint="Choose another folder with --prefix.",
        )
