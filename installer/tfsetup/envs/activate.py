"""What an activated shell would have set: pure, for `tfsetup run`, and the script for shells that have no conda."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

_GONE = {"PYTHONHOME", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_SHLVL", "CONDA_PROMPT_MODIFIER", "VIRTUAL_ENV"}


def scripts_folder(prefix: Path, *, windows: bool) -> Path:
    """Return the folder of an environment's programs."""
    return prefix / ("Scripts" if windows else "bin")


def program_folders(prefix: Path, *, windows: bool, conda: bool) -> list[Path]:
    """Return the folders that an activated environment puts first on PATH.

    On Windows a conda prefix has five (conda's `activate.py`, `_get_path_dirs`).
    """
    if windows and conda:
        library = prefix / "Library"
        return [prefix, library / "mingw-w64" / "bin", library / "usr" / "bin", library / "bin", prefix / "Scripts"]
    return [scripts_folder(prefix, windows=windows)]


def activated(environ: Mapping[str, str], prefix: Path, *, windows: bool, conda: bool = False) -> dict[str, str]:
    """Return `environ` as the environment's activation would change it.

    `PYTHONHOME` goes, as in every activate script: it would make the interpreter look for its library elsewhere. The
    variables of another active environment go too, because this is not that environment.
    """
    kept = {name: value for name, value in environ.items() if name not in _GONE}
    folders = [str(folder) for folder in program_folders(prefix, windows=windows, conda=conda)]
    path = os.pathsep.join(part for part in (*folders, kept.get("PATH", "")) if part)
    mine = {"CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": str(prefix)} if conda else {"VIRTUAL_ENV": str(prefix)}
    return kept | mine | {"PATH": path}


def follow_the_link(text: str, name: str, prefix: Path) -> str:
    """Return one of uv's activate scripts so that it activates the link it was reached through, not what is behind it.

    uv's relocatable scripts ask `realpath` where they are, which is the generation: a shell would stay with it after a
    switch. In a plain sh, where a sourced script cannot know where it is, they would activate the working directory;
    there the script is found among the files that the shell has open (Linux), so that a project that was moved is
    activated where it is now, and `prefix`, where it was built, is taken as long as it is there. A script of another
    name, or in words that uv no longer uses, is returned as it is.
    """
    base = name.rpartition("activate")[2]
    asked, answer = _WHERE.get(base, ("", ""))
    return text.replace(asked, answer.replace("@PREFIX@", shlex.quote(str(prefix)))) if asked else text


# Between the quotes of uv's `$(…)`. A file that is open has the path of the generation: the link is before its dot.
_SH = """\
$(
    [ -n "${BASH_VERSION:-}${ZSH_VERSION:-}${KSH_VERSION:-}" ] || SCRIPT_PATH=
    if [ -z "${SCRIPT_PATH:-}" ]; then
        built=@PREFIX@
        for open in /proc/$$/fd/*; do
            file=$(readlink "$open" 2>/dev/null) || continue
            case $file in */bin/activate) SCRIPT_PATH=$file ;; esac
        done
        if [ -z "$SCRIPT_PATH" ] || [ "$SCRIPT_PATH" -ef "$built/bin/activate" ]; then
            SCRIPT_PATH=$built/bin/activate
        elif [ "$SCRIPT_PATH" -ef "${SCRIPT_PATH%.generations/*}/bin/activate" ]; then
            SCRIPT_PATH=${SCRIPT_PATH%.generations/*}/bin/activate
        fi
        if ! [ -e "$SCRIPT_PATH" ]; then
            echo "$built is no longer there, and this shell cannot tell where it is now; use bash or zsh." >&2
        fi
    fi
    CDPATH= cd -- "$(dirname -- "$SCRIPT_PATH")/.." >/dev/null && pwd -L
)"""


# By the ending of the script's name: what uv writes, and what stands there instead. fish's realpath has `-s` too.
_WHERE = {
    "": (
        """''"$(dirname -- "$(dirname -- "$(realpath -- "$SCRIPT_PATH")")")"''""",
        _SH,
    ),
    ".fish": ("realpath -- (status -f)", "realpath -s -- (status -f)"),
    ".xsh": ("realpath", "abspath"),
    # Else sys.path has the generation and sys.prefix the link: two spellings, and TensorFlow loads a plugin twice.
    "_this.py": ("os.path.realpath(os.path.join(bin_dir, lib))", "os.path.abspath(os.path.join(bin_dir, lib))"),
}


def activate_script(prefix: Path) -> str:
    """Return `bin/activate` for a conda prefix, so that `source PREFIX/bin/activate` works where there is no conda.

    For sh, bash and zsh. It does what conda's activation does: the prefix on PATH, CONDA_PREFIX, and the scripts that
    packages put into `etc/conda/activate.d`; `deactivate` takes it back.
    """
    return _SCRIPT.replace("@PREFIX@", shlex.quote(str(prefix)))


_SCRIPT = """\
# Use it as: source bin/activate. With conda at hand, `conda activate` with this prefix does the same.
if [ -n "${CONDA_PREFIX:-}" ] && command -v deactivate >/dev/null 2>&1; then deactivate; fi
_TFSETUP_OLD_PATH=$PATH
_TFSETUP_OLD_PREFIX=${CONDA_PREFIX:-}
CONDA_PREFIX=@PREFIX@
PATH=$CONDA_PREFIX/bin:$PATH
export CONDA_PREFIX PATH
unset PYTHONHOME
_tfsetup_scripts() {
  for _tfsetup_script in $(ls "$CONDA_PREFIX/etc/conda/$1.d" 2>/dev/null | grep '[.]sh$'); do
    . "$CONDA_PREFIX/etc/conda/$1.d/$_tfsetup_script"
  done
  unset _tfsetup_script
}
_tfsetup_scripts activate
deactivate() {
  _tfsetup_scripts deactivate
  PATH=$_TFSETUP_OLD_PATH
  export PATH
  if [ -n "$_TFSETUP_OLD_PREFIX" ]; then CONDA_PREFIX=$_TFSETUP_OLD_PREFIX; export CONDA_PREFIX
  else unset CONDA_PREFIX; fi
  unset _TFSETUP_OLD_PATH _TFSETUP_OLD_PREFIX
  unset -f deactivate _tfsetup_scripts
  hash -r 2>/dev/null
}
hash -r 2>/dev/null
"""
