"""A real conda, without one on the machine: conda 24.7 travels inside conda-lock's wheel, command line and all.

It is shown under its own name through a link, and gets the few libraries that conda-lock does not ask for. What it has
not is the shell part (`conda.sh`) and the compiled solver: `create --file EXPLICIT`, `list`, `install --revision` and
`shell.posix activate` are conda's own code; `conda activate` is what that last one prints, put to the shell.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tfsetup.locks.run import run_uv

NEEDS = ("archspec", "boltons", "conda-package-handling", "distro", "frozendict", "jsonpatch", "tqdm")


@dataclass(frozen=True, kw_only=True)
class Conda:
    """conda's code in `folder`; everything it keeps goes to `home`."""

    folder: Path
    home: Path

    @property
    def environ(self) -> dict[str, str]:
        """What conda is started with: nothing of the user's, and no program of this machine's Pythons on PATH."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(self.folder / "needs")]),
            "CONDA_PKGS_DIRS": str(self.home / "pkgs"),
            "CONDA_ENVS_DIRS": str(self.home / "envs"),
            "CONDA_SOLVER": "classic",
            "CONDA_OFFLINE": "false",
        }

    def run(self, *argv: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `conda ARGV…`."""
        command = [sys.executable, "-W", "ignore", "-m", "conda", *argv]
        return subprocess.run(command, cwd=cwd, env=self.environ | environ, capture_output=True, text=True, check=False)


def make_conda(folder: Path) -> Conda:
    """Put it together in `folder`."""
    found = importlib.util.find_spec("conda_lock")
    assert found is not None
    assert found.origin is not None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conda").symlink_to(Path(found.origin).parent / "_vendor" / "conda")
    arguments = ["pip", "install", "--python", sys.executable, "--target", str(folder / "needs")]
    run_uv([*arguments, "--only-binary", ":all:", "--quiet", *NEEDS], doing="Fetching what conda needs")
    home = folder / "home"
    home.mkdir()
    return Conda(folder=folder, home=home)
