"""Which environment variables a child process may see, and why the others are taken away.

A variable that redirects imports or library loading makes a good environment look broken, or a broken one look good:
what is installed must stand on its own. Nothing here reads the process's environment; the caller hands it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

# name or prefix (ending in `*`) -> why a child must not see it
REMOVED: Final[Mapping[str, str]] = {
    "PYTHONPATH": "puts folders of another environment in front of this one's packages",
    "PYTHONHOME": "makes an interpreter look for its standard library elsewhere",
    "PYTHONSTARTUP": "runs a file of the user's",
    "PYTHONINSPECT": "keeps a child waiting at a prompt",
    "PYTHONWARNINGS": "an `error` there turns a harmless warning into a failed import",
    "PYTHONOPTIMIZE": "drops assertions that packages rely on",
    "PYTHONPLATLIBDIR": "moves the folder extension modules are looked for in",
    "PYTHONUSERBASE": "moves the user site folder",
    "PYTHONEXECUTABLE": "lets an interpreter take itself for another one",
    "__PYVENV_LAUNCHER__": "lets a macOS framework Python take itself for another environment's",
    "DYLD_*": "redirects dyld's search for libraries",
    "LD_PRELOAD": "loads a library into every process",
    "LD_AUDIT": "loads an auditor into every process",
    "_CE_*": "left behind by conda's activation",
    "CONDA_*": "names the active conda environment, which is not the one being worked on",
    "VIRTUAL_ENV*": "names the active virtual environment, which is not the one being worked on",
    "UV_PROJECT_ENVIRONMENT": "would send uv to a project's environment",
    "UV_PYTHON": "would replace the interpreter that was chosen",
    "UV_SYSTEM_PYTHON": "would let uv install into the system's Python",
    "UV_PRERELEASE": "would let pre-releases in that nobody asked for",
    "UV_RESOLUTION": "would resolve to other versions than the newest that fit",
    "UV_CONSTRAINT": "would bring constraints that are not in the lock",
    "UV_OVERRIDE": "would bring overrides that are not in the lock",
    "UV_NO_BINARY": "would build packages from source",
    "UV_VENV_CLEAR": "would let uv empty a folder that exists",
    "PIP_REQUIRE_VIRTUALENV": "would make pip refuse to work outside the active environment",
    "TF_PLUGGABLE_DEVICE_LIBRARY_PATH": "makes TensorFlow open a plugin that is not part of the environment",
    "KERAS_BACKEND": "would compute with something other than TensorFlow",
    "ARCHPREFERENCE": "would start universal binaries as another architecture",
}


def scrub(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment for a child process, and the variables taken out with the reason for each.

    LD_LIBRARY_PATH stays: it is how many machines with a CUDA of their own name its place, so an environment that only
    works with it does work there.
    """
    removed = {name: reason for name in environ if (reason := _reason(name.upper()))}
    return {name: value for name, value in environ.items() if name not in removed}, removed


def _reason(name: str) -> str | None:
    if name in REMOVED:
        return REMOVED[name]
    return next((why for key, why in REMOVED.items() if key.endswith("*") and name.startswith(key[:-1])), None)


def native_argv(argv: Sequence[str], *, rosetta: bool | None) -> list[str]:
    """Return the command line that starts `argv` as a native process.

    A universal2 interpreter started by a translated (Rosetta) process runs translated too; `arch -arm64` stops that
    (arch(1) on macOS).
    """
    return ["/usr/bin/arch", "-arm64", *argv] if rosetta else list(argv)
