"""A real channel for end-to-end tests: this machine's CPython, wheels of the index, stand-ins for other platforms."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import requests

from support.channel import Recipe, build_channel
from support.conda import PYTHONS, STUBS, TOOL
from support.process import tfsetup
from tfsetup.host.model import Python
from tfsetup.host.probe import probe
from tfsetup.locks.conda.wheels import pinned
from tfsetup.locks.run import run_uv
from tfsetup.matrix.model import Target

# What TensorFlow's requirements admit, and one that is too new for them: it must be held back.
MINORS = ("3.12", "3.11", "3.13")
WHEELS = ("pip", "numpy", "scipy<1.17", "h5py==3.14.0", "h5py>=3.15")


@dataclass(frozen=True, kw_only=True)
class Forge:
    """The channel, the Python in it (packed from `prefix`), and a way to run tfsetup that takes it for conda-forge."""

    folder: Path
    minor: str
    home: Path
    version: str
    prefix: Path

    def environ(self, url: str | None = None) -> dict[str, str]:
        """Return the variables that make the channel the one everybody means, at `url` (default: its folder)."""
        condarc = self.home / f"condarc-{abs(hash(url))}.yml"
        condarc.write_text(f"mirrored_channels:\n  conda-forge: ['{url or self.folder.as_uri()}']\n")
        return {"CONDARC": str(condarc), "RATTLER_CACHE_DIR": str(self.home / "cache")}

    def run(self, *argv: str, cwd: Path, url: str | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run tfsetup with the channel."""
        return tfsetup(*argv, cwd=cwd, **(self.environ(url) | environ))


def make_forge(home: Path) -> Forge:
    """Build the channel in `home`."""
    python, prefix = _packable()
    wheels = home / "wheels"
    for wanted in WHEELS:
        _download(wanted, python.minor, wheels)
    others = tuple(version for version in PYTHONS if not version.startswith(f"{python.minor}."))
    recipe = Recipe(
        real={python.version: prefix},
        pythons=others,
        wheels=tuple(sorted(wheels.glob("*.whl"))),
        stubs=STUBS,
        extra=(TOOL,),
    )
    return Forge(
        folder=build_channel(home / "forge", recipe),
        minor=python.minor,
        home=home,
        version=python.version,
        prefix=prefix,
    )


def _packable() -> tuple[Python, Path]:
    """Return an interpreter of this machine that has a prefix of its own; a system's keeps packages elsewhere."""
    for python in probe(downloads=False).pythons or ():
        prefix = Path(os.path.realpath(python.path or "")).parents[1]
        if python.minor in MINORS and (prefix / f"lib/python{python.minor}/site-packages").is_dir():
            return python, prefix
    raise RuntimeError(f"no interpreter of {', '.join(MINORS)} with a prefix of its own")


def _download(wanted: str, minor: str, folder: Path) -> None:
    """Fetch one wheel for this machine, from whatever index uv asks."""
    argv = ["pip", "compile", "-", "--quiet", "--no-deps", "--no-header", "--only-binary", ":all:", "--python-version"]
    argv += [minor, "--python-platform", "x86_64-manylinux_2_28", "--format", "pylock.toml"]
    done = run_uv(argv, doing="Finding a wheel", stdin=f"{wanted}\n")
    (wheel,) = pinned(done.stdout, Target(platform="x86_64-manylinux_2_28", python=minor))
    answer = requests.get(wheel.url, timeout=120)
    answer.raise_for_status()
    folder.mkdir(exist_ok=True)
    (folder / unquote(wheel.url.rpartition("/")[2])).write_bytes(answer.content)
