"""Where the user types, as this process finds it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import tfsetup.cli.terminal as room
from tfsetup.report.shells import Shell, Terminal


def here(monkeypatch: pytest.MonkeyPatch, folder: Path, command: str, **environ: str) -> Terminal:
    for name in ("NU_VERSION", "PSModulePath", "PROMPT", "SHELL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(room, "called", lambda: command)
    return room.terminal()


@pytest.mark.parametrize(
    ("platform", "environ", "dialect"),
    [
        ("linux", {"SHELL": "/bin/zsh"}, "zsh"),
        ("darwin", {"SHELL": "/bin/tcsh"}, "csh"),
        ("linux", {}, "sh"),
        ("win32", {}, "powershell"),
        ("win32", {"PROMPT": "$P$G"}, "cmd"),
    ],
)
def test_the_shell_and_the_folder_are_those_of_the_process(
    platform: str, environ: dict[str, str], dialect: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    found = here(monkeypatch, tmp_path, "tfsetup", **environ)
    assert found == Terminal(command="tfsetup", folder=str(tmp_path), dialect=dialect, windows=platform == "win32")


@pytest.mark.parametrize(("dialect", "called"), [("pwsh", "& '/my tools/tfsetup'"), ("bash", "'/my tools/tfsetup'")])
def test_a_program_in_quotes_is_called_in_powershell_too(
    dialect: str, called: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = here(monkeypatch, tmp_path, "'/my tools/tfsetup'", SHELL=f"/usr/bin/{dialect}")
    assert found.command == called
