"""Reading this machine's settings files: real files in a folder of the test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfsetup.errors import UsageError
from tfsetup.ground.settings import index_choice, pip_places, pip_settings, read, refuse_strangers, uv_settings


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder two levels deep, only its owner's."""
    folder = tmp_path / "mine" / "deep"
    folder.mkdir(parents=True, mode=0o755)
    (tmp_path / "mine").chmod(0o755)
    folder.chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


def test_a_file_in_a_parent_folder_decides(here: Path) -> None:
    (here.parent / "uv.toml").write_text('index-url = "https://x.example/"\n')
    found = index_choice({"HOME": str(here)})
    assert found.default is not None
    assert found.default.where == f"{here.parent / 'uv.toml'}:1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused_by_name(here: Path) -> None:
    path = here.parent / "uv.toml"
    path.write_text('index-url = "https://x.example/"\n')
    os.chown(path, 4321, 4321)
    with pytest.raises(UsageError, match=rf"{path} would decide.*another user \(number 4321\)"):
        index_choice({"HOME": str(here)})
    assert index_choice({"HOME": str(here), "UV_NO_CONFIG": "1"}).default is None
    os.chown(here, 4321, 4321)  # root works in a folder of that user: a container
    os.chown(here.parent, 4321, 4321)
    assert index_choice({"HOME": str(here)}).default is not None


@pytest.mark.parametrize(("of", "mode"), [("file", 0o666), ("folder", 0o777)])
def test_what_others_may_write_is_refused(here: Path, of: str, mode: int) -> None:
    path = here / "uv.toml"
    path.write_text('index-url = "https://x.example/"\n')
    (path if of == "file" else here).chmod(mode)
    with pytest.raises(UsageError, match=str(path)):
        uv_settings({"HOME": str(here)})
    here.chmod(0o1777)
    path.chmod(0o644)
    assert uv_settings({"HOME": str(here)})


def test_behind_a_link_the_file_itself_is_looked_at(here: Path) -> None:
    real = here.parent / "real.toml"
    real.write_text("")
    real.chmod(0o666)
    (here / "uv.toml").symlink_to(real)
    with pytest.raises(UsageError, match=str(real)):
        uv_settings({"HOME": str(here)})


def test_a_pyproject_that_is_no_settings_file_is_nobody_s_business(here: Path) -> None:
    path = here / "pyproject.toml"
    path.write_text("[project]\nname = 'x'\n")
    path.chmod(0o666)
    assert uv_settings({"HOME": str(here)}) == ()


def test_a_pipe_where_a_settings_file_belongs_is_not_waited_for(here: Path) -> None:
    os.mkfifo(here / "uv.toml")
    assert read(str(here / "uv.toml")) is None
    assert uv_settings({"HOME": str(here)}) == ()


def test_what_cannot_be_settings_is_none(here: Path) -> None:
    (here / "latin.toml").write_bytes(b"index-url = '\xe9'")
    assert read(str(here / "latin.toml")) is None
    assert read(str(here)) is None
    assert read(str(here / "none")) is None
    assert read("a\0b") is None


def test_a_file_that_went_away_is_refused_rather_than_believed(here: Path) -> None:
    with pytest.raises(UsageError, match="its owner cannot be seen"):
        refuse_strangers(here / "gone.toml")


def test_pips_files_are_judged_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = here / "pip.conf"
    path.write_text("[global]\nindex-url = https://x.example/\n")
    monkeypatch.setenv("HOME", str(here))
    environ = {"PIP_CONFIG_FILE": str(path), "HOME": str(here)}
    assert path.read_text() == pip_settings(environ)[str(path)]
    path.chmod(0o666)
    with pytest.raises(UsageError, match=str(path)):
        pip_settings(environ)


def test_pips_way_to_say_that_no_file_counts(here: Path) -> None:
    (here / ".pip").mkdir()
    (here / ".pip" / "pip.conf").write_text("[global]\nindex-url = https://x.example/\n")
    environ = {"HOME": str(here)}
    assert str(here / ".pip" / "pip.conf") in pip_settings(environ)
    assert pip_settings(environ | {"PIP_CONFIG_FILE": os.devnull}) == {}


def test_pips_files_choose_the_index(here: Path) -> None:
    path = here / "pip.conf"
    path.write_text("[global]\nindex-url = https://x.example/simple\n")
    found = index_choice({"HOME": str(here), "PIP_CONFIG_FILE": str(path)})
    assert found.default is not None
    assert (found.default.url, found.default.where) == ("https://x.example/simple", str(path))


def test_where_pip_looks() -> None:
    assert pip_places({"XDG_CONFIG_DIRS": "/a:/b"}, "/h", windows=False) == [
        "/h/.config/pip/pip.conf",
        "/h/.pip/pip.conf",
        "/h/Library/Application Support/pip/pip.conf",
        "/etc/pip.conf",
        "/Library/Application Support/pip/pip.conf",
        "/a/pip/pip.conf",
        "/b/pip/pip.conf",
    ]
    assert pip_places({"XDG_CONFIG_HOME": "/c"}, None, windows=False)[0] == "/c/pip/pip.conf"
    windows = pip_places({"APPDATA": r"C:\U\me\R", "PROGRAMDATA": r"C:\ProgramData"}, r"C:\U\me", windows=True)
    assert windows == [r"C:\U\me\R\pip\pip.ini", r"C:\U\me\pip\pip.ini", r"C:\ProgramData\pip\pip.ini"]


def test_a_file_of_pips_that_says_nothing_of_indexes_is_nobody_s_business(here: Path) -> None:
    path = here / "pip.conf"
    environ = {"PIP_CONFIG_FILE": str(path), "HOME": str(here)}
    path.write_text("[global]\ntimeout = 60\n[freeze\n")
    path.chmod(0o666)
    assert str(path) not in pip_settings(environ)
    path.write_text("[global]\nEXTRA_INDEX_URL = https://x.example/\n")
    with pytest.raises(UsageError) as caught:
        index_choice(environ)
    assert "PIP_CONFIG_FILE=" in caught.value.hint
