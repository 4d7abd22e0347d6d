"""The two steps of a conda generation: packages linked by rattler, wheels on top by uv."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from tfsetup.envs.activate import activate_script
from tfsetup.envs.conda.engine import compile_bytecode, link, write_activate, write_beside
from tfsetup.envs.model import AddWheels, CreateCondaPrefix
from tfsetup.ground.index import BY_HASH
from tfsetup.locks.conda.files import read_settings
from tfsetup.locks.run import Screen, run_uv

LOCK_NAME = "conda-lock.yml"
WHEELS_NAME = "tfsetup-wheels.txt"


def link_prefix(
    step: CreateCondaPrefix,
    prefix: Path,
    python: Path,
    site_packages: Path,
    appears_at: Path,
    *,
    offline: bool,
    say: Callable[[str], object],
) -> float:
    """Link the packages, write their bytecode and an activate script; return how many seconds were spent downloading.

    `appears_at` is the link that users know the environment by; a generation's own folder changes with each install.

    Raises:
        NetworkError: a package could not be fetched or is not the locked one.
        BuildError: linking failed.
    """
    platform = step.platform
    say(f"Linking   {len(platform.packages)} conda packages for {platform.subdir}")
    downloads = link(platform.packages, platform.subdir, prefix, read_settings(), offline=offline)
    compile_bytecode(python, site_packages)
    write_beside(prefix, LOCK_NAME, step.lock_text)
    if os.name == "posix":
        write_activate(prefix, activate_script(appears_at))
    return downloads.seconds


def add_wheels(
    step: AddWheels, prefix: Path, python: Path, common: Sequence[str], screen: Screen | None, *, held: Sequence[int]
) -> str:
    """Install the wheels into the prefix and return what uv printed.

    By the interpreter's path, never through an activation: a broken one would let another Python's packages be
    changed, and report success. Without dependencies: what conda supplies stays conda's. `held` are descriptors that uv
    keeps open: the lock of the prefix.

    Raises:
        NetworkError: a wheel could not be fetched or is not the locked one.
    """
    lines = "".join(f"{wheel.requirement}\n" for wheel in step.wheels)
    file = write_beside(prefix, WHEELS_NAME, lines)
    arguments = ["pip", "install", "--python", str(python), "--no-deps", *BY_HASH, "--only-binary", ":all:"]
    done = run_uv(
        [*arguments, *common, "-r", str(file)],
        doing="Installing the locked wheels",
        environ=step.environ,
        screen=screen,
        held=held,
    )
    return done.stderr
