"""The line that activates an environment: for each shell in its own words, and the real shells take it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfsetup.envs.csh import CSH
from tfsetup.report.shells import Shell, Terminal, activation, quoted, shell_of

SHELLS: tuple[Shell, ...] = tuple(one for one in get_args(Shell) if one != "cmd")


def at(shell: Shell = "bash", *, windows: bool = False, folder: str | None = None) -> Terminal:
    here = folder or ("D:\\work" if windows else "/srv/place")
    return Terminal(command="tfsetup", folder=here, dialect=shell, windows=windows)


@pytest.mark.parametrize(
    ("environ", "shell"),
    [
        ({}, "sh"),
        ({"SHELL": "/bin/sh"}, "sh"),
        ({"SHELL": "/usr/bin/dash"}, "sh"),
        ({"SHELL": "/usr/bin/ksh93"}, "sh"),
        ({"SHELL": "/bin/bash"}, "bash"),
        ({"SHELL": "/opt/homebrew/bin/bash"}, "bash"),
        ({"SHELL": "/bin/zsh"}, "zsh"),
        ({"SHELL": "/usr/local/bin/fish"}, "fish"),
        ({"SHELL": "/bin/tcsh"}, "csh"),
        ({"SHELL": "/bin/csh"}, "csh"),
        ({"SHELL": "/usr/bin/xonsh"}, "xonsh"),
        ({"SHELL": "/bin/bash", "NU_VERSION": "0.112.1"}, "nu"),
        ({"SHELL": "/usr/bin/nu"}, "nu"),
        ({"SHELL": "/bin/zsh", "PSModulePath": "/home/you/.local/share/powershell/Modules"}, "powershell"),
        ({"SHELL": "/usr/bin/pwsh"}, "powershell"),
        ({"SHELL": "/bin/bash", "PROMPT": "%m %~"}, "bash"),  # zsh's, exported by somebody
        ({"SHELL": "C:\\bash.exe"}, "bash"),
    ],
)
def test_the_shell_is_known_from_the_environment(environ: dict[str, str], shell: Shell) -> None:
    assert shell_of(environ, windows=False) == shell


@pytest.mark.parametrize(
    ("environ", "shell"),
    [
        ({}, "powershell"),
        ({"PSModulePath": "C:\\Program Files\\WindowsPowerShell\\Modules"}, "powershell"),
        # Windows itself sets the path of modules for everybody, in cmd too.
        ({"PSModulePath": "C:\\Program Files\\WindowsPowerShell\\Modules", "PROMPT": "$P$G"}, "cmd"),
        ({"PROMPT": "$P$G", "SHELL": "C:\\Program Files\\Git\\usr\\bin\\bash.exe"}, "bash"),
        ({"SHELL": "/usr/bin/bash"}, "bash"),
        ({"PROMPT": "$P$G", "NU_VERSION": "0.112.1"}, "nu"),
    ],
)
def test_windows_has_its_own_signs(environ: dict[str, str], shell: Shell) -> None:
    assert shell_of(environ, windows=True) == shell


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", ". .venv/bin/activate"),
        ("bash", "source .venv/bin/activate"),
        ("zsh", "source .venv/bin/activate"),
        ("fish", "source .venv/bin/activate.fish"),
        ("csh", "source .venv/bin/activate.csh"),
        ("nu", "overlay use .venv/bin/activate.nu"),
        ("xonsh", "source .venv/bin/activate.xsh"),
        ("powershell", ".venv/bin/activate.ps1"),
    ],
)
def test_each_shell_has_its_line(shell: Shell, line: str) -> None:
    assert activation("/srv/place/.venv", at(shell)) == line


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("powershell", ".venv\\Scripts\\activate.ps1"),
        ("cmd", ".venv\\Scripts\\activate"),
        ("bash", "source .venv/Scripts/activate"),
        ("nu", "overlay use .venv/Scripts/activate.nu"),
    ],
)
def test_each_shell_of_windows_has_its_line(shell: Shell, line: str) -> None:
    assert activation("D:\\work\\.venv", at(shell, windows=True)) == line
    assert activation("d:\\Work\\.venv", at(shell, windows=True)) == line  # names there are the same in any case


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("powershell", "& 'D:\\my work\\it''s\\Scripts\\activate.ps1'"),
        ("cmd", '"D:\\my work\\it\'s\\Scripts\\activate"'),
        ("nu", 'overlay use "D:/my work/it\'s/Scripts/activate.nu"'),
        ("bash", "source 'D:/my work/it'\"'\"'s/Scripts/activate'"),
    ],
)
def test_a_path_with_a_blank_is_one_word_on_windows(shell: Shell, line: str) -> None:
    assert activation("D:\\my work\\it's", at(shell, windows=True)) == line


def test_a_prefix_named_venv_elsewhere_is_named_whole() -> None:
    assert activation("/srv/other/.venv", at("zsh")) == "source /srv/other/.venv/bin/activate"
    assert at().names("/srv/other/.venv") == "/srv/other/.venv"
    assert at().names("/srv/place/.venv") == ".venv"
    assert at("cmd", windows=True).names("E:\\work\\.venv") == "E:\\work\\.venv"


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_a_conda_environment_has_one_script(shell: Shell) -> None:
    line = activation("/srv/place/.venv", at(shell), conda=True)
    assert line == f"{activation('/srv/place/.venv', at(shell))}   (or: conda activate ./.venv)"


@pytest.mark.parametrize("shell", ["fish", "csh", "nu", "xonsh", "powershell"])
def test_where_it_has_none_conda_activates(shell: Shell) -> None:
    assert activation("/srv/place/.venv", at(shell), conda=True) == "conda activate ./.venv"
    assert activation("D:\\tf", at("cmd", windows=True), conda=True) == "conda activate D:\\tf"


# What lies in a prefix here says that it was reached, in words that every shell has.
REAL: dict[Shell, tuple[str, tuple[str, ...]]] = {
    "sh": ("dash", ("-c",)),
    "bash": ("bash", ("-c",)),
    "zsh": ("zsh", ("-f", "-c")),
    "fish": ("fish", ("-N", "-c")),
    "csh": ("tcsh", ("-f", "-c")),
}
NAMES = (
    "plain",
    "two words",
    "it's",
    'a"b',
    "$HOME",
    "a;b",
    "back\\slash",
    "star*",
    "(one)",
    "#x",
    "~",
    "bang!x",
    "`id`",
)


@pytest.mark.process
@pytest.mark.parametrize("shell", REAL)
def test_the_real_shell_takes_the_line(shell: Shell, tmp_path: Path) -> None:
    program, options = REAL[shell]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    for name in NAMES:
        scripts = tmp_path / name / "bin"
        scripts.mkdir(parents=True)
        for script in ("activate", "activate.fish", "activate.csh"):
            (scripts / script).write_text("echo reached\n", encoding="utf-8")
        line = activation(str(tmp_path / name), at(shell))
        done = subprocess.run([program, *options, line], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "reached\n"), (line, done.stderr)


@pytest.mark.process
@settings(max_examples=40)
@given(st.text(st.characters(codec="ascii", exclude_characters="\0\n\r"), min_size=1, max_size=12))
def test_any_path_is_one_word_of_a_posix_shell(path: str) -> None:
    done = subprocess.run(["sh", "-c", f"printf '%s|' {quoted(path, 'sh')}"], capture_output=True, check=True)
    assert done.stdout.decode() == f"{path}|"


@given(st.text(min_size=1))
def test_in_powershell_a_quoted_path_says_itself(path: str) -> None:
    word = quoted(path, "powershell")
    if word != path:
        assert word[0] == word[-1] == "'"
        assert word[1:-1].replace("''", "'") == path
        assert "'" not in word[1:-1].replace("''", "")


@pytest.mark.process
def test_every_script_that_is_named_is_there(tmp_path: Path) -> None:
    # Relocatable, as environments are built. For csh uv then has none, and envs/csh.py makes one.
    from uv import find_uv_bin

    create = [find_uv_bin(), "venv", "--quiet", "--offline", "--relocatable", "--python", sys.executable, "e"]
    subprocess.run(create, cwd=tmp_path, check=True, capture_output=True)
    folder = tmp_path / "e" / ("Scripts" if sys.platform == "win32" else "bin")
    there = {path.name for path in folder.glob("activate*")} | {CSH}
    for shell in SHELLS:
        named = activation("/srv/place/.venv", at(shell)).rpartition("/")[2]
        assert named in there, shell
    assert CSH not in {path.name for path in folder.glob("activate*")}, "uv has a script for csh; ours may go"
