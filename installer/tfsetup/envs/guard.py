"""What an environment must never take the place of, as this machine has it: uv, the caches, the Python to build on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tfsetup.errors import UsageError
from tfsetup.ground.folders import known_cache, uv_cache
from tfsetup.ground.looking import kept, look, refuse
from tfsetup.ground.prefix import Kept, Prefix


def refuse_prefix(prefix: Path, *, replace: bool = False, python: str | None = None) -> None:
    """Raise when no environment may be built at `prefix` (`ground.prefix.objection` says why).

    `python` is the interpreter it would be built on, as far as it is known. Only looks, and costs a millisecond: asked
    before anything is resolved, before anything is written, and under the lock right before the switch.

    Raises:
        UsageError: none may; nothing was changed.
    """
    refuse(prefix, tuple(_kept(os.environ, python)), replace=replace)


def may_be_prefix(prefix: Path) -> bool:
    """Whether a fix may name `prefix`: an environment may be built there, in the place of one if need be."""
    try:
        refuse_prefix(prefix, replace=True)
    except UsageError:
        return False
    return True


def target_of(path: Path) -> str:
    """Return the prefix that a fix of the environment (or interpreter) at `path` may name: its root, else `.venv`."""
    found = look(path)
    if isinstance(found, Prefix) and path.absolute() != found.root:
        path = found.root
    return str(path) if may_be_prefix(path) else ".venv"


def _kept(environ: Mapping[str, str], python: str | None) -> Iterator[Kept]:
    if python is not None and Path(python).is_absolute():
        yield kept(f"the Python to build on ({python})", python)
    yield kept("uv", _uv(environ))
    yield kept("uv's cache", uv_cache(environ))
    yield kept("tfsetup's cache", known_cache(environ))
    yield kept("conda's cache", environ.get("RATTLER_CACHE_DIR"), *environ.get("CONDA_PKGS_DIRS", "").split(","))


def _uv(environ: Mapping[str, str]) -> str | None:
    import shutil

    from uv import find_uv_bin

    try:
        return str(find_uv_bin())
    except FileNotFoundError:
        return shutil.which("uv", path=environ.get("PATH"))
