"""How an environment is activated, in the words of the shell that the user sits in: pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final, Literal

Shell = Literal["sh", "bash", "zsh", "fish", "csh", "nu", "xonsh", "powershell", "cmd"]

# What SHELL ends with. Whatever else it is (dash, ash, ksh, nothing at all) takes a plain POSIX sh's `.`.
_NAMED: Final[Mapping[str, Shell]] = {
    "bash": "bash",
    "zsh": "zsh",
    "fish": "fish",
    "csh": "csh",
    "tcsh": "csh",
    "nu": "nu",
    "xonsh": "xonsh",
    "pwsh": "powershell",
}
# What uv names its scripts (and virtualenv, which it follows), by the shell that reads them.
_ENDINGS: Final[Mapping[Shell, str]] = {
    "fish": ".fish",
    "csh": ".csh",
    "nu": ".nu",
    "xonsh": ".xsh",
    "powershell": ".ps1",
}
_VERBS: Final[Mapping[Shell, str]] = {"sh": ". ", "nu": "overlay use ", "powershell": "", "cmd": ""}

# What cmd and PowerShell take for something else than a part of a word.
_OF_WINDOWS: Final = frozenset(" \t'\"`$&|;<>()[]{}*?!#%^,~=@")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terminal:
    """Where the user types."""

    command: str
    """What calls tfsetup there."""
    folder: str
    """The working folder, as an absolute path."""
    dialect: Shell = "bash"
    windows: bool = False

    def names(self, prefix: str) -> str:
        """Return the shortest name of a prefix there: `.venv` for the one of the working folder."""
        own = PureWindowsPath(self.folder, ".venv") if self.windows else PurePosixPath(self.folder, ".venv")
        return ".venv" if type(own)(prefix) == own else prefix

    def word(self, path: str) -> str:
        """Return a path as it is typed there."""
        return quoted(path, self.dialect)


def shell_of(environ: Mapping[str, str], *, windows: bool) -> Shell:
    """Return the shell that a program was started from, as far as the environment tells; uv asks the same variables.

    Only Nushell and PowerShell export something of their own; the others are known by SHELL, which is what the user
    logs in with. cmd needs PROMPT, and sets it where it is not.
    """
    if environ.get("NU_VERSION"):
        return "nu"
    if not windows and environ.get("PSModulePath"):
        return "powershell"
    shell = environ.get("SHELL", "").replace("\\", "/")  # on Windows only such a shell sets it as came with Git
    if windows and not shell:
        return "cmd" if "PROMPT" in environ else "powershell"
    return _NAMED.get(PurePosixPath(shell).name.removesuffix(".exe"), "sh")


def activation(prefix: str, terminal: Terminal, *, conda: bool = False) -> str:
    """Return the line that activates an environment in a shell; `conda`: it is one of conda's.

    A conda environment has no scripts for activation but one for a POSIX shell; conda itself takes a bare name for that
    of an environment, so a path begins with a dot.
    """
    name, shell = terminal.names(prefix), terminal.dialect
    if not conda:
        return _script(name, shell, windows=terminal.windows)
    own = f"conda activate {quoted('./.venv' if name == '.venv' else name, shell)}"
    if terminal.windows or shell not in {"sh", "bash", "zsh"}:
        return own
    return f"{_script(name, shell, windows=False)}   (or: {own})"


def _script(name: str, shell: Shell, *, windows: bool) -> str:
    """Return the line that runs a script of activation.

    In cmd it is named without an ending: of `make.cmd`, which PowerShell can start too, both find theirs.
    """
    backwards = windows and shell in {"cmd", "powershell"}
    parts = (name if backwards else name.replace("\\", "/") if windows else name, "Scripts" if windows else "bin")
    path = ("\\" if backwards else "/").join((*parts, f"activate{_ENDINGS.get(shell, '')}"))
    word = quoted(path, shell)
    call = "& " if shell == "powershell" and word != path else ""  # without it a text in quotes is only shown
    return f"{_VERBS.get(shell, 'source ')}{call}{word}"


def quoted(path: str, shell: Shell) -> str:
    """Return a path as one word of a shell."""
    if shell == "cmd":
        return f'"{path}"' if set(path) & _OF_WINDOWS else path
    if shell == "powershell":
        return "'" + path.replace("'", "''") + "'" if set(path) & _OF_WINDOWS else path
    word = shlex.quote(path)
    if shell == "csh":  # which takes back a command of its history even inside quotes
        return word.replace("!", "\\!")
    if shell in {"nu", "xonsh"} and word != path:
        return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return word
