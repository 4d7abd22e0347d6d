"""conda's settings and conda lock files on disk, and the cache of what archives contain."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tfsetup.errors import LockError, Where
from tfsetup.ground.files import write_whole
from tfsetup.ground.folders import CACHE, cache_home, folder_named, home_folder, needed_home
from tfsetup.ground.marked import load_yaml
from tfsetup.ground.text import find, find_regular, read
from tfsetup.locks.conda.condarc import Settings, settings
from tfsetup.locks.conda.environment import Imported, read_environment
from tfsetup.locks.conda.lockfile import read_conda_lock_text
from tfsetup.locks.conda.model import CondaLock

PROOFS: Final = "conda-proofs.json"
"""What was found about each platform of the lock beside it."""

_LIMIT = 64 * 1024 * 1024  # bytes; a lock of five platforms has 0.3 MB


def read_settings() -> Settings:
    """Return the user's conda settings, whether conda is installed or not.

    Raises:
        InvalidFileError: a condarc is not readable as one.
    """
    return settings(_condarcs(os.environ), os.environ)


def _condarcs(environ: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for path in _places(environ):
        text = find_regular(path, "condarc")
        if text is not None:
            yield str(path), load_yaml(text, str(path), "condarc")


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield where conda and mamba look for settings, the most general first.

    conda's documentation, "Searching for .condarc"; mamba's, "Configuration": `.mambarc` beside it.
    """
    shared = [Path("C:/ProgramData/conda")] if sys.platform == "win32" else [Path("/etc/conda"), Path("/var/lib/conda")]
    home = home_folder(environ)
    config = Path(environ["XDG_CONFIG_HOME"]) if environ.get("XDG_CONFIG_HOME") else home / ".config" if home else None
    mine = [*([config / "conda"] if config else []), *([home / ".conda", home] if home else [])]
    for folder in (*shared, *bases(environ), *mine):
        yield folder / ".condarc"
        if folder != home:
            yield folder / "condarc"
        yield folder / ".mambarc"
    if environ.get("CONDA_PREFIX"):
        yield Path(environ["CONDA_PREFIX"]) / ".condarc"
    for name in ("CONDARC", "MAMBARC"):
        if environ.get(name):
            yield Path(environ[name])


def bases(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the roots of the conda and mamba installations that this shell knows: for their settings, nothing else.

    `conda init` sets CONDA_EXE, mamba's shell hook MAMBA_ROOT_PREFIX; else a `conda` on PATH lies in its root's
    `condabin` or `bin`.
    """
    programs = [environ.get("CONDA_EXE"), shutil.which("conda", path=environ.get("PATH", ""))]
    found = [Path(program).resolve().parents[1] for program in programs if program]
    named = [Path(environ[name]) for name in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX") if environ.get(name)]
    return tuple(dict.fromkeys([*named, *(root for root in found if (root / "conda-meta").is_dir())]))


def packages_folder(mine: Settings) -> Path:
    """Return where fetched packages are kept: the user's first `pkgs_dirs`, else where rattler's programs keep them.

    A cache folder named for tfsetup holds them too: whoever names one has reasons not to write anywhere else.

    Raises:
        TfsetupError: there is no home, or a variable names no folder.
    """
    if mine.package_folders:
        named = mine.package_folders[0]
        return needed_home(os.environ, "CONDA_PKGS_DIRS") / named[2:] if named.startswith("~/") else Path(named)
    if chosen := folder_named(os.environ, "RATTLER_CACHE_DIR"):
        return chosen / "pkgs"
    return (folder_named(os.environ, CACHE) or cache_home(os.environ)) / "rattler" / "cache" / "pkgs"


def read_conda_lock(path: Path) -> CondaLock:
    """Read a `conda-lock.yml`.

    Raises:
        LockError: there is none.
        InvalidFileError: it cannot be read as one.
    """
    text = find(path, "lock file", most=_LIMIT)
    if text is None:
        hint = "`tfsetup lock` writes lock files."
        raise LockError("There is no such lock file.", hint=hint, where=Where(file=str(path)))
    return read_conda_lock_text(text, file=str(path))


def read_environment_file(path: Path, *, tensorflow: Sequence[str]) -> Imported:
    """Read an `environment.yml`; `tensorflow` are the names TensorFlow goes by.

    Raises:
        InvalidFileError: it cannot be read, or asks for what a lock cannot hold; with the line.
    """
    return read_environment(read(path, "environment file"), str(path), tensorflow=tensorflow)


class Remembered:
    """What archives were found to contain, by their sha256: an archive never changes, so neither does the answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tfsetup-distributions"

    def get(self, sha256: str) -> dict[str, str] | None:
        """Return the distributions (name to version) in the archive, None when it was not looked into yet."""
        try:
            found = json.loads((self._folder / f"{sha256}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def put(self, sha256: str, distributions: Mapping[str, str]) -> None:
        """Remember; a cache that cannot be written is no obstacle."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._folder / f"{sha256}.json", json.dumps(distributions, sort_keys=True))
