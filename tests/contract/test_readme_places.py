"""README's claims: how a shell is activated, what lies outside the folder, and what `make clean` cleans."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from support.process import ROOT
from tfsetup.ground.folders import cache_folder, cache_home, state_folder, uv_cache
from tfsetup.locks.conda.condarc import Settings
from tfsetup.locks.conda.files import packages_folder
from tfsetup.report.shells import Shell, Terminal, activation

README = (ROOT / "README.md").read_text(encoding="utf-8")
SYSTEMS = {"linux": {"HOME": "/home/you"}, "darwin": {"HOME": "/home/you"}}
WINDOWS = {"LOCALAPPDATA": "C:\\local", "APPDATA": "C:\\roaming", "USERPROFILE": "C:\\you"}
SPOKEN: dict[str, tuple[Shell, ...]] = {
    "bash, zsh": ("bash", "zsh"),
    "sh, dash, ksh": ("sh",),
    "fish": ("fish",),
    "csh, tcsh": ("csh",),
    "Nushell": ("nu",),
    "xonsh": ("xonsh",),
    "PowerShell": ("powershell",),
    "cmd": ("cmd",),
}


def table(name: str) -> list[list[str]]:
    """Return the rows of a table between two comments, without its head; the marks of code are taken off."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found is not None, name
    rows = [line.strip("|").split("|") for line in found[1].strip().splitlines()]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


def as_said(path: object, *, windows: bool = False) -> str:
    """Return a path as README writes it: `~`, and Windows' variables."""
    text = str(path).replace("/home/you", "~")
    return (
        text.replace("/", "\\").replace("C:\\local", "%LOCALAPPDATA%").replace("C:\\roaming", "%APPDATA%")
        if windows
        else text
    )


def test_each_shell_is_activated_as_readme_says() -> None:
    rows = table("activation")
    assert [name for name, *_ in rows] == list(SPOKEN)
    assert sorted(one for each in SPOKEN.values() for one in each) == sorted(get_args(Shell))
    for name, posix, windows in rows:
        for shell in SPOKEN[name]:
            if posix:
                here = Terminal(command="tfsetup", folder="/home/you/tf", dialect=shell)
                assert activation("/home/you/tf/.venv", here) == posix
            if windows:
                there = Terminal(command="tfsetup", folder="C:\\tf", dialect=shell, windows=True)
                assert activation("C:\\tf\\.venv", there) == windows


def test_the_places_are_those_of_the_code() -> None:
    cells = {row[0].partition(":")[0]: row[1:4] for row in table("places")}
    for place, name in (
        (uv_cache, "uv's cache"),
        (cache_folder, "tfsetup's cache"),
        (state_folder, "the history of verifications"),
    ):
        said = [as_said(place(environ, system)) for system, environ in SYSTEMS.items()]
        assert [*said, as_said(place(WINDOWS, "win32"), windows=True)] == cells.pop(name), name
    packages = [as_said(cache_home(environ, system)) for system, environ in SYSTEMS.items()]
    own = "/rattler/cache/pkgs"
    assert [one + own for one in packages] + ["%LOCALAPPDATA%" + own.replace("/", "\\")] == cells.pop(
        "conda packages (`--backend conda` alone)"
    )
    assert list(cells) == ["Pythons that uv fetched, where none of yours fits"]


def test_conda_packages_go_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TFSETUP_CACHE_DIR", "RATTLER_CACHE_DIR", "CONDA_PKGS_DIRS", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/you")
    if sys.platform == "linux":
        (said,) = (row[1] for row in table("places") if row[0].startswith("conda packages"))
        assert as_said(packages_folder(Settings())) == said


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="README's column for Linux and macOS")
def test_uv_says_the_same() -> None:
    from uv import find_uv_bin

    rows = {row[0].partition(":")[0]: row for row in table("places")}
    wanted = {"cache": rows["uv's cache"][1], "python": rows["Pythons that uv fetched, where none of yours fits"][1]}
    for what, place in wanted.items():
        environ = {"HOME": "/home/you", "PATH": os.environ["PATH"]}
        asked = [find_uv_bin(), "--no-config", what, "dir"]
        done = subprocess.run(asked, env=environ, cwd="/", capture_output=True, text=True, check=True)
        assert as_said(done.stdout.strip()) == place


@pytest.mark.process
def test_what_gets_rid_of_it_is_a_command_of_uv() -> None:
    from uv import find_uv_bin

    commands = [cell for row in table("places") for cell in row if cell.startswith(".tool/env/bin/uv ")]
    assert len(commands) == 2
    for line in commands:
        words = line.split()[1:]
        done = subprocess.run([find_uv_bin(), *words, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, line


def test_variables_that_name_other_places_are_heeded() -> None:
    _, _, after = README.partition("<!-- /places -->")
    named = set(re.findall(r"`([A-Z_]+)`", after.split("\n\n")[1]))
    assert {"UV_CACHE_DIR", "TFSETUP_CACHE_DIR", "TFSETUP_STATE_DIR", "UV_PYTHON_INSTALL_DIR"} <= named
    base = {"HOME": "/home/you"}
    assert str(cache_folder(base | {"TFSETUP_CACHE_DIR": "/c"}, "darwin")) == "/c"
    assert str(state_folder(base | {"TFSETUP_STATE_DIR": "/s"}, "darwin")) == "/s"
    assert str(uv_cache(base | {"UV_CACHE_DIR": "/u"}, "darwin")) == "/u"
    assert str(cache_folder(base | {"XDG_CACHE_HOME": "/x"}, "linux")) == "/x/tfsetup"
    assert str(state_folder(base | {"XDG_STATE_HOME": "/x"}, "linux")) == "/x/tfsetup"


# What the tools of `make check`, `make test` and Python leave, and what is the user's.
LEFT = [
    ".tool/env/ready", ".mypy_cache/3.11/x.json", ".ruff_cache/0.11/x", ".hypothesis/examples/x", "build/lib/x.py",
    "dist/x.whl", ".import_linter_cache/x",
    "installer/tfsetup/ground/__pycache__/x.pyc", "tests/unit/__pycache__/x.pyc", "tests/support/__pycache__/x.pyc",
    "benchmarks/__pycache__/x.pyc", "scripts/bootstrap/__pycache__/x.pyc",
]  # fmt: skip
USERS = [".venv/pyvenv.cfg", ".venv.generations/1/pyvenv.cfg"]


@pytest.mark.process
def test_clean_leaves_nothing_but_the_users_environment(tmp_path: Path) -> None:
    for program in ("make", "git"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    for name in ("Makefile", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in (*LEFT, *USERS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    for folder in ("installer", "tests", "benchmarks", "scripts"):
        (tmp_path / folder / "kept.py").write_text("", encoding="utf-8")
    git = ["git", "-c", "core.excludesFile=/dev/null", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    listed = [*git, "status", "--short", "--ignored", "--untracked-files=all"]

    def ignored() -> set[str]:
        said = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
        return {line[3:] for line in said.splitlines() if line.startswith("!! ")}

    assert ignored() >= {".venv/", ".venv.generations/", ".tool/", ".mypy_cache/"} or ignored() >= set(USERS)
    subprocess.run(["make", "-s", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert {name.split("/")[0] for name in ignored()} == {".venv", ".venv.generations"}
    assert all((tmp_path / name).exists() for name in USERS)
    assert all((tmp_path / folder / "kept.py").exists() for folder in ("installer", "tests", "benchmarks", "scripts"))


def test_whatever_is_ignored_is_cleaned_or_the_users() -> None:
    patterns = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines() if line]
    made = {part for name in (*LEFT, *USERS) for part in Path(name).parts}
    assert [pattern for pattern in patterns if pattern not in made] == []


def test_any_python3_is_the_one_that_the_bootstrap_takes() -> None:
    first = ROOT / "scripts" / "first-python"
    if not first.is_file():
        pytest.skip("this bootstrap takes whatever python3 is there")
    (oldest,) = set(re.findall(r"sys\.version_info < \(3, ([0-9]+)\)", first.read_text(encoding="utf-8")))
    (said,) = re.findall(r"any `python3` from ([0-9.]+) on", README)
    assert said == f"3.{oldest}"
