"""How this program was called is how its hints name it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tfsetup.cli import called as room
from tfsetup.cli.called import called, source

Call = Callable[..., str]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Say how a run is called, from a folder, with programs that the shell finds by their names."""

    def how(
        argv0: str, *, finds: dict[str, str] | None = None, python: str = "/env/bin/python", **variables: str
    ) -> str:
        known = {name: path.format(here=tmp_path) for name, path in (finds or {}).items()}
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [argv0.format(here=tmp_path)])
        monkeypatch.setattr(sys, "executable", python.format(here=tmp_path))
        monkeypatch.setattr(sys, "prefix", variables.pop("prefix", "/env"))
        monkeypatch.setattr("shutil.which", known.get)
        monkeypatch.delenv("MAKEFLAGS", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return called()

    return how


@pytest.mark.skipif(sys.platform == "win32", reason="paths of Unix")
@pytest.mark.parametrize(
    ("argv0", "finds", "typed"),
    [
        ("/usr/bin/tfsetup", {"tfsetup": "/usr/bin/tfsetup"}, "tfsetup"),
        ("/home/me/.pyenv/versions/3/bin/tfsetup", {"tfsetup": "/home/me/.pyenv/shims/tfsetup"}, "tfsetup"),
        ("/opt/env/bin/tfsetup", {"tfsetup": "/home/me/.pyenv/shims/tfsetup"}, "/opt/env/bin/tfsetup"),
        ("{here}/tfsetup/__main__.py", {"python": "/env/shims/python"}, "/env/bin/python -m tfsetup"),
        ("{here}/.tool/env/bin/tfsetup", {}, ".tool/env/bin/tfsetup"),
        ("{here}/.tool/env/bin/tfsetup", {"tfsetup": "/usr/bin/tfsetup"}, ".tool/env/bin/tfsetup"),
        (".tool/env/bin/tfsetup", {"tfsetup": "{here}/.tool/env/bin/tfsetup"}, "tfsetup"),
        ("{here}/my tools/tfsetup", {}, "'my tools/tfsetup'"),
        ("{here}/tfsetup", {}, "./tfsetup"),
        ("/elsewhere/.tool/env/bin/tfsetup", {}, "/elsewhere/.tool/env/bin/tfsetup"),
        ("{here}/pytest", {}, "tfsetup"),
        ("tfsetup", {}, "tfsetup"),
        ("-c", {}, "tfsetup"),
        ("{here}/other/__main__.py", {}, "tfsetup"),
        ("{here}/tfsetup/__main__.py", {}, "/env/bin/python -m tfsetup"),
        ("{here}/tfsetup/__main__.py", {"python": "/env/bin/python"}, "python -m tfsetup"),
        ("{here}/tfsetup/__main__.py", {"python": "/usr/bin/python"}, "/env/bin/python -m tfsetup"),
    ],
)
def test_it_is_typed_again_as_it_was(argv0: str, finds: dict[str, str], typed: str, call: Call) -> None:
    assert call(argv0, finds=finds) == typed


def test_an_environment_of_the_folder_is_named_from_it(call: Call) -> None:
    assert call("{here}/x/tfsetup/__main__.py", python="{here}/v/bin/python") == f"{Path('v/bin/python')} -m tfsetup"


@pytest.mark.parametrize(
    ("flags", "whole"), [("w", True), ("kw -- ARGS=x", True), ("", False), (" -- ARGS=w", False), ("--no-print", False)]
)
def test_make_in_another_folder_is_given_the_whole_path(flags: str, whole: bool, call: Call, tmp_path: Path) -> None:
    path = tmp_path / ".tool" / "tfsetup"
    expected = shlex.quote(str(path)) if whole else os.path.relpath(path, tmp_path)
    assert call(str(path), MAKEFLAGS=flags) == expected


@pytest.mark.parametrize("came", ["", "/wheels/tfsetup-1-py3-none-any.whl", "git+https://git.example/t@v1"])
def test_what_uv_runs_once_is_run_so_again(came: str, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_came_from", lambda: came)
    kept = "/home/me/.cache/uv/archive-v0/aB3/bin/tfsetup"
    expected = f"uvx --from {came} tfsetup" if came else "uvx tfsetup"
    assert call(kept, finds={"tfsetup": kept}) == expected
    assert call("/home/me/other/tfsetup", prefix="/c/uv/environments-v2/tfsetup-1/") == expected


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ({}, ""),
        ({"url": "file:///a%20b/tfsetup.whl", "archive_info": {}}, "/a b/tfsetup.whl"),
        ({"url": "https://me:secret@host.example/t.whl"}, "https://host.example/t.whl"),
        (
            {
                "url": "https://git.example/t.git",
                "vcs_info": {"vcs": "git", "requested_revision": "v2", "commit_id": "f"},
            },
            "git+https://git.example/t.git@v2",
        ),
        (
            {"url": "https://git.example/t", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "git+https://git.example/t@abc",
        ),
        ({"url": "https://git.example/t", "vcs_info": {}}, "git+https://git.example/t"),
    ],
)
def test_where_it_came_from_is_said_as_an_installer_takes_it(said: dict[str, object], typed: str) -> None:
    assert source(said) == typed
