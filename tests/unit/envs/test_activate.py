"""What an activated shell would have set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tfsetup.envs.activate import activate_script, activated, follow_the_link

BEFORE = {"PATH": "/usr/bin", "PYTHONHOME": "/x", "CONDA_PREFIX": "/base", "VIRTUAL_ENV": "/other", "HOME": "/home/me"}


def test_a_virtual_environment() -> None:
    assert activated(BEFORE, Path("/p"), windows=False) == {
        "HOME": "/home/me",
        "PATH": f"{Path('/p/bin')}{os.pathsep}/usr/bin",
        "VIRTUAL_ENV": str(Path("/p")),
    }


def test_a_conda_prefix() -> None:
    assert activated(BEFORE, Path("/p"), windows=False, conda=True) == {
        "HOME": "/home/me",
        "PATH": f"{Path('/p/bin')}{os.pathsep}/usr/bin",
        "CONDA_PREFIX": str(Path("/p")),
        "CONDA_DEFAULT_ENV": str(Path("/p")),
    }


def test_on_windows_a_conda_prefix_has_five_folders_of_programs() -> None:
    path = activated({}, Path("p"), windows=True, conda=True)["PATH"].split(os.pathsep)
    inner = ["Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts"]
    assert [Path(part) for part in path] == [Path("p"), *(Path("p") / part for part in inner)]


@pytest.mark.process
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_activates_and_takes_it_back(tmp_path: Path, shell: str) -> None:
    prefix = tmp_path / "a 'quoted' prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "activate").write_text(activate_script(prefix))
    hooks = prefix / "etc" / "conda"
    for name in ("activate", "deactivate"):
        (hooks / f"{name}.d").mkdir(parents=True)
        (hooks / f"{name}.d" / "thing.sh").write_text(f'echo "{name} $CONDA_PREFIX"\n')
    script = '. "$1/bin/activate"; echo "$CONDA_PREFIX|$PATH"; deactivate; echo "${CONDA_PREFIX-none}|$PATH"'
    done = subprocess.run(
        [shell, "-euc", script, shell, str(prefix)],
        env={"PATH": "/usr/bin:/bin", "PYTHONHOME": "/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"activate {prefix}",
        f"{prefix}|{prefix}/bin:/usr/bin:/bin",
        f"deactivate {prefix}",
        "none|/usr/bin:/bin",
    ]
    assert done.returncode == 0


UV_SH = """\
if [ -n "${BASH_VERSION:+x}" ] ; then SCRIPT_PATH="${BASH_SOURCE[0]}"
elif [ -n "${ZSH_VERSION:+x}" ] ; then SCRIPT_PATH="${(%):-%x}"
elif [ -n "${KSH_VERSION:+x}" ] ; then SCRIPT_PATH="${.sh.file}"
fi
VIRTUAL_ENV=''"$(dirname -- "$(dirname -- "$(realpath -- "$SCRIPT_PATH")")")"''
export VIRTUAL_ENV
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="sh")
@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
@pytest.mark.parametrize("written", ["{link}", "{name}", "./{name}", "{generation}"])
def test_a_script_of_uv_activates_the_way_it_was_reached(written: str, shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    generation, link = tmp_path / "real one" / "1", tmp_path / "it's a link"
    (generation / "bin").mkdir(parents=True)
    link.symlink_to(generation)
    (generation / "bin" / "activate").write_text(follow_the_link(UV_SH, "activate", link))
    path = written.format(link=link, name=link.name, generation=generation)
    given = f'. "{path}/bin/activate"; echo "$VIRTUAL_ENV|$PWD"'
    done = subprocess.run(
        [shell, "-c", given],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "CDPATH": "/", "PWD": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    knows = shell in {"bash", "zsh"}
    expected = generation if knows and written == "{generation}" else link
    assert (done.stdout, done.stderr) == (f"{expected}|{tmp_path}\n", "")


def shell_words(shell: str) -> list[str]:
    """Return how a shell is called; skips where it is not here."""
    words = shell.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} here")
    return words


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="sh")
@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "zsh", "ksh", "busybox sh"])
@pytest.mark.parametrize("written", ["{now}/.venv", ".venv", "sub/../.venv"])
@pytest.mark.parametrize("options", ["-c", "-euc"])
def test_a_project_that_was_moved_is_activated_where_it_is_now(
    options: str, written: str, shell: str, tmp_path: Path
) -> None:
    words = shell_words(shell)
    before, now = tmp_path / "it's before", tmp_path / "and now"
    generation = before / ".venv.generations" / "12"
    (generation / "bin").mkdir(parents=True)
    (before / "sub").mkdir()
    (before / ".venv").symlink_to(".venv.generations/12")
    (generation / "bin" / "activate").write_text(follow_the_link(UV_SH, "activate", before / ".venv"))
    before.rename(now)
    done = subprocess.run(
        [*words, options, f'. "{written.format(now=now)}/bin/activate"; echo "$VIRTUAL_ENV|$PWD"'],
        cwd=now,
        env={"PATH": os.environ["PATH"], "SCRIPT_PATH": "/somebody/else/s", "PWD": str(now)},
        capture_output=True,
        text=True,
        check=False,
    )
    if not Path("/proc/self/fd").is_dir() and shell not in {"bash", "zsh", "ksh"}:
        assert "no longer there" in done.stderr
    else:
        assert (done.stdout, done.stderr) == (f"{now}/.venv|{now}\n", "")


@pytest.mark.process
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir() or shutil.which("dash") is None, reason="dash on Linux")
def test_of_a_copy_the_copy_is_activated_though_the_first_is_still_there(tmp_path: Path) -> None:
    first = tmp_path / "first"
    (first / ".venv.generations/1/bin").mkdir(parents=True)
    (first / ".venv").symlink_to(".venv.generations/1")
    (first / ".venv/bin/activate").write_text(follow_the_link(UV_SH, "activate", first / ".venv"))
    shutil.copytree(first, tmp_path / "second", symlinks=True)
    said = subprocess.run(
        ["dash", "-c", '. second/.venv/bin/activate; echo "$VIRTUAL_ENV"'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == f"{tmp_path}/second/.venv\n"


def test_other_shells_do_not_resolve_the_link_either() -> None:
    fish = "set -gx VIRTUAL_ENV ''(dirname -- (dirname -- (realpath -- (status -f))))''"
    assert "(realpath -s -- (status -f))" in follow_the_link(fish, "activate.fish", Path("/p"))
    xonsh = "from os.path import dirname, realpath\ndirname(dirname(realpath(__file__)))"
    assert "realpath" not in follow_the_link(xonsh, "activate.xsh", Path("/p"))


@pytest.mark.parametrize("name", ["activate.bat", "activate.ps1", "activate_this.py", "deactivate.bat"])
def test_scripts_that_follow_already_stay_as_they_are(name: str) -> None:
    assert follow_the_link(UV_SH, name, Path("/p")) == UV_SH


@pytest.mark.parametrize("name", ["activate", "activate.fish", "activate.xsh"])
def test_words_that_uv_no_longer_uses_are_left_alone(name: str) -> None:
    assert follow_the_link("export VIRTUAL_ENV=/p\n", name, Path("/q")) == "export VIRTUAL_ENV=/p\n"
