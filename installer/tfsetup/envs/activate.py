"""What an activated shell would have set: pure, for `tfsetup run`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def scripts_folder(prefix: Path, *, windows: bool) -> Path:
    """Return the folder of an environment's programs."""
    return prefix / ("Scripts" if windows else "bin")


def activated(environ: Mapping[str, str], prefix: Path, *, windows: bool) -> dict[str, str]:
    """Return `environ` as the environment's activate script would change it.

    `PYTHONHOME` goes, as in every activate script: it would make the interpreter look for its library elsewhere. The
    conda variables of an active environment go too, because this is not that environment.
    """
    gone = {"PYTHONHOME", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"}
    kept = {name: value for name, value in environ.items() if name not in gone}
    path = os.pathsep.join(
        part for part in (str(scripts_folder(prefix, windows=windows)), kept.get("PATH", "")) if part
    )
    return kept | {"VIRTUAL_ENV": str(prefix), "PATH": path}
