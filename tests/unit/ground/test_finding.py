"""Which interpreter a prefix stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.errors import UsageError
from tfsetup.ground.looking import find


def interpreter(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("name", ["bin/python", "bin/python3", "Scripts/python.exe", "python.exe"])
def test_a_folder_gives_its_interpreter(tmp_path: Path, name: str) -> None:
    expected = interpreter(tmp_path / "env" / name)
    assert find(tmp_path / "env").python == expected


def test_an_interpreter_stands_for_itself_and_its_link_is_not_followed(tmp_path: Path) -> None:
    real = interpreter(tmp_path / "base" / "python3.12")
    link = tmp_path / "env" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(real)
    assert find(link).python == link
    assert find(tmp_path / "env").python == link


def test_a_link_to_an_environment_is_one(tmp_path: Path) -> None:
    interpreter(tmp_path / "generation-3" / "bin" / "python")
    (tmp_path / ".venv").symlink_to("generation-3")
    assert find(tmp_path / ".venv").python == tmp_path / ".venv" / "bin" / "python"


def test_a_relative_prefix_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter(tmp_path / ".venv" / "bin" / "python")
    monkeypatch.chdir(tmp_path)
    assert find(Path(".venv")).python.is_absolute()


def test_no_folder_no_interpreter_and_a_dangling_link_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        find(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="holds no Python interpreter"):
        find(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"dangling points to .*/gone, which is gone"):
        find(tmp_path / "dangling")


def test_an_environment_whose_python_was_removed_says_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/opt/python3.9/bin/python3.9")
    with pytest.raises(UsageError, match=r"bin/python points to /opt/python3.9/bin/python3.9, which is gone") as caught:
        find(tmp_path)
    assert "tfsetup install" in caught.value.hint
