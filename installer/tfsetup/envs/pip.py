"""The pip of an environment: the pinned one, or the one that its Python came with, or a word that there is none.

Without one, `python -m pip` fails in the environment and `pip` is another Python's. TensorFlow does not need it, so
nothing that goes wrong here keeps an environment from its user. (Touches the world.)
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tfsetup.envs.model import AddPip
from tfsetup.errors import Code, TfsetupError
from tfsetup.ground.children import run_child
from tfsetup.ground.index import BY_HASH
from tfsetup.locks.run import Finished, Screen

_LIMIT_S = 60.0
_DOING = "Installing pip"
# `ensurepip` looks at the same two places; Debian and Fedora have the first.
_WHERE = """\
import glob, os, sysconfig
folder = sysconfig.get_config_var("WHEEL_PKG_DIR")
beside = os.path.join(sysconfig.get_paths()["stdlib"], "ensurepip", "_bundled")
for place in (folder, beside):
    for path in glob.glob(os.path.join(place, "pip-*.whl")) if place else ():
        print(path)
"""


def add_pip(
    step: AddPip, python: Path, uv: Callable[..., Finished], *, offline: bool, say: Callable[[str], object],
    screen: Screen | None = None,
) -> None:  # fmt: skip
    """Put a pip into the environment of `python`: the wheel of `step`, from uv's cache or the index, by its hash.

    Where that cannot be had (no network, an index without it), the wheel that lies beside the interpreter's own
    `ensurepip` is taken, and `say` is told which one and why.

    Raises:
        TfsetupError: it was interrupted.
    """
    install = ["pip", "install", "--python", str(python), "--no-deps", "--only-binary", ":all:"]
    pinned = [*install, *BY_HASH, "-r", "-"]
    given = {"doing": _DOING, "environ": step.environ, "stdin": f"{step.wheel.requirement}\n"}
    try:
        uv([*pinned, "--offline"], **given)
    except TfsetupError as uncached:
        why = uncached
    else:
        return
    if not offline:
        try:
            uv(pinned, **given, screen=screen)
        except TfsetupError as failed:
            why = failed
        else:
            return
    if why.code is Code.INTERRUPTED:
        raise why
    _add_own(python, [*install, "--offline"], uv, say, f"pip {step.wheel.version} could not be had: {_first(why)}")


def _add_own(
    python: Path, install: list[str], uv: Callable[..., Finished], say: Callable[[str], object], why: str
) -> None:
    wheel = own_pip(python)
    if wheel is not None:
        try:
            uv([*install, str(wheel)], doing=_DOING)
        except TfsetupError:
            wheel = None
    if wheel is None:
        say(f"Note      {why} The environment has no pip: `pip` in it would be another Python's.")
    else:
        say(f"Note      {why} The environment has pip {wheel.name.split('-')[1]}, which its Python came with.")


def own_pip(python: Path) -> Path | None:
    """Return the wheel of pip that lies beside an interpreter's `ensurepip`; None: none does, or it cannot be asked."""
    try:
        said = run_child([python, "-I", "-S", "-c", _WHERE], limit_s=_LIMIT_S).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next((Path(line) for line in said if line.endswith("-py3-none-any.whl")), None)


def _first(problem: TfsetupError) -> str:
    line = problem.message.strip().partition("\n")[0].rstrip()
    return line if line.endswith((".", "!", "?")) else f"{line}."
