"""The facts about a place, looked up on a real file system: environments, what is left of them, and what is none."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tfsetup.errors import UsageError
from tfsetup.ground import folders, looking
from tfsetup.ground.looking import find, generation, kept, kept_always, look, place_at, refuse
from tfsetup.ground.prefix import Absent, Gone, Prefix

Make = Callable[[Path], None]


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def venv(folder: Path) -> None:
    put(folder / "pyvenv.cfg", "home = /usr/bin\nversion = 3.12.1\n")
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "python").symlink_to(sys.executable)


def conda(folder: Path) -> None:
    put(folder / "conda-meta" / "history")
    put(folder / "conda-meta" / "python-3.12.1-0.json")
    put(folder / "bin" / "python")
    put(folder / "lib" / "python3.12" / "os.py")


def base_by_package(folder: Path) -> None:
    conda(folder)
    put(folder / "conda-meta" / "conda-26.7.1-py312_0.json")


def base_by_condabin(folder: Path) -> None:
    put(folder / "conda-meta" / "history")
    put(folder / "condabin" / "conda")


def mamba_root(folder: Path) -> None:
    conda(folder)
    (folder / "pkgs").mkdir()


def installation(folder: Path) -> None:
    put(folder / "bin" / "python3.12")
    put(folder / "lib" / "python3.12" / "os.py")


def windows_installation(folder: Path) -> None:
    put(folder / "python.exe")
    put(folder / "Lib" / "os.py")


def disguised(folder: Path) -> None:
    """An installation into which somebody put a pyvenv.cfg."""
    installation(folder)
    venv(folder)


def no_interpreter(folder: Path) -> None:
    put(folder / "pyvenv.cfg", "home = /usr/bin\n")
    put(folder / "notes.txt")


def own(folder: Path) -> None:
    target = folder.with_name(f"{folder.name}.generations") / "7"
    venv(target)
    folder.symlink_to(f"{folder.name}.generations/7")


def foreign_link(folder: Path) -> None:
    folder.with_name("elsewhere").mkdir()
    folder.symlink_to("elsewhere")


def link_to_another_s_generation(folder: Path) -> None:
    own(folder.with_name("other"))
    folder.symlink_to("other.generations/7")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda _: None, "absent"),
        (lambda folder: folder.mkdir(), "empty"),
        (put, "file"),
        (lambda folder: put(folder / "a"), "folder"),
        (venv, "venv"),
        (conda, "conda"),
        (base_by_package, "conda-base"),
        (base_by_condabin, "conda-base"),
        (mamba_root, "conda-base"),
        (installation, "installation"),
        (windows_installation, "installation"),
        (disguised, "installation"),
        (no_interpreter, "folder"),
        (own, "generation"),
        (foreign_link, "link"),
        (link_to_another_s_generation, "link"),
        (lambda folder: folder.symlink_to("nowhere"), "link"),
        (lambda folder: folder.symlink_to(folder.name), "link"),
    ],
)
def test_what_stands_at_a_place(tmp_path: Path, make: Make, what: str) -> None:
    make(tmp_path / "env")
    found = place_at(tmp_path / "env")
    assert (found.what, found.path) == (what, tmp_path.resolve() / "env")
    assert found.above == ()


def test_a_device_and_a_name_that_cannot_be_are_facts_too(tmp_path: Path) -> None:
    assert place_at(Path("/dev/null")).what == "file"
    assert place_at(tmp_path / "a\0b").what == "unreadable"
    assert place_at(tmp_path / ("e" * 300)).problem == "File name too long"


def test_a_place_is_named_without_the_links_before_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    own(tmp_path / "real" / ".venv")
    found = place_at(tmp_path / "link" / ".venv")
    assert (found.path, found.what) == (tmp_path.resolve() / "real" / ".venv", "generation")
    assert generation(tmp_path / "link" / ".venv") == 7
    assert place_at(tmp_path / "link" / ".." / "x").path == tmp_path.resolve() / "x"


@pytest.mark.parametrize("name", [".git", ".hg", ".svn", "pyproject.toml", "setup.py", "setup.cfg"])
def test_an_environment_in_the_root_of_a_project_is_seen(tmp_path: Path, name: str) -> None:
    venv(tmp_path / "env")
    assert place_at(tmp_path / "env").project is None
    put(tmp_path / "env" / name)
    assert place_at(tmp_path / "env").project == name


@pytest.mark.parametrize(
    ("make", "kind"), [(venv, "venv"), (conda, "conda"), (base_by_package, "conda-base"), (installation, None)]
)
def test_the_environments_a_place_lies_in(tmp_path: Path, make: Make, kind: str | None) -> None:
    make(tmp_path / "env")
    above = place_at(tmp_path / "env" / "deep" / "down").above
    assert [(one.path.name, one.kind) for one in above] == ([("env", kind)] if kind else [])


def test_generations_are_an_environment_s_own(tmp_path: Path) -> None:
    own(tmp_path / ".venv")
    above = place_at(tmp_path / ".venv" / "sub").above
    assert [(one.path.name, one.kind) for one in above] == [("7", "venv"), (".venv.generations", "generations")]


def test_the_environment_and_its_interpreter_are_found(tmp_path: Path) -> None:
    venv(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    assert look(tmp_path / "env") == Prefix(path=tmp_path / "env", root=tmp_path / "env", python=python, kind="venv")
    assert find(python) == Prefix(path=python, root=tmp_path / "env", python=python, kind="venv")


def test_a_relative_place_is_shown_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own(Path(".venv"))
    found = find(Path(".venv"))
    assert (found.path, found.root) == (Path(".venv"), tmp_path / ".venv")
    assert found.python == tmp_path / ".venv" / "bin" / "python"  # neither link was followed


@pytest.mark.parametrize(
    ("make", "instead"),
    [
        (lambda _: None, "nothing"),
        (lambda folder: folder.mkdir(), "folder"),
        (os.mkfifo, "other"),
        (lambda folder: put(folder / "conda-meta" / "history"), "folder"),
    ],
)
def test_no_environment_is_there(tmp_path: Path, make: Make, instead: str) -> None:
    make(tmp_path / "env")
    assert look(tmp_path / "env") == Absent(path=tmp_path / "env", instead=instead)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"There is no environment at .*/env") as caught:
        find(tmp_path / "env")
    assert "tfsetup install" in caught.value.hint


def test_a_generation_that_is_gone(tmp_path: Path) -> None:
    link = tmp_path / ".venv"
    link.symlink_to(".venv.generations/3")
    target = tmp_path / ".venv.generations" / "3"
    assert look(link) == Gone(path=link, link=link, target=target, ours=True)


def test_a_link_that_leads_nowhere_or_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("three")
    assert look(tmp_path / "one") == Gone(path=tmp_path / "one", link=tmp_path / "one", target=tmp_path / "three")
    (tmp_path / "three").symlink_to("one")
    assert look(tmp_path / "one") == Gone(path=tmp_path / "one", link=tmp_path / "one", target=tmp_path / "one")


@pytest.mark.parametrize("ours", [False, True])
def test_a_python_that_was_removed(tmp_path: Path, ours: bool) -> None:
    """What `brew upgrade` leaves: python -> python3 -> a Python that is no more."""
    env, python = tmp_path / "env", tmp_path / "Cellar" / "bin" / "python3.12"
    folder = tmp_path / "env.generations" / "1" if ours else env
    put(folder / "pyvenv.cfg", f"home = {python.parent}\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(python)
    (folder / "bin" / "python").symlink_to("python3")
    if ours:
        env.symlink_to("env.generations/1")
    assert look(env) == Gone(path=env, link=env / "bin" / "python", target=python, ours=ours)
    assert place_at(env).what == ("generation" if ours else "venv")
    put(python)
    assert isinstance(look(env), Prefix)


def test_an_interpreter_that_was_deleted(tmp_path: Path) -> None:
    put(tmp_path / "pyvenv.cfg", "home = /usr/bin\n")
    python = tmp_path / "bin" / "python"
    assert look(tmp_path) == Gone(path=tmp_path, link=python, target=python)


def test_a_copied_interpreter_needs_the_home_it_was_copied_from(tmp_path: Path) -> None:
    put(tmp_path / "Scripts" / "python.exe")
    home = tmp_path / "Python312"
    config = put(tmp_path / "pyvenv.cfg", f"include-system-site-packages = false\nhome = {home}\n")
    assert look(tmp_path) == Gone(path=tmp_path, link=config, target=home)
    home.mkdir()
    assert isinstance(look(tmp_path), Prefix)
    config.write_text("home = \n")
    assert isinstance(look(tmp_path), Prefix)


def test_what_cannot_be_looked_at_is_an_error_and_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_path: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(UsageError, match="cannot be looked at: embedded null"):
        look(tmp_path / "a\0b")
    monkeypatch.setattr(looking, "_stat", forbidden)
    with pytest.raises(UsageError, match="cannot be looked at: Permission denied") as caught:
        look(tmp_path)
    assert "permissions" in caught.value.hint
    assert place_at(tmp_path).what == "unreadable"


def test_what_is_kept_is_known_by_every_name(tmp_path: Path) -> None:
    (tmp_path / "real" / "bin").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    found = kept("uv", tmp_path / "link" / "bin", None)
    assert found.paths == (tmp_path / "link" / "bin", (tmp_path / "real" / "bin").resolve())
    for name in ("link", "real", "real/bin", "."):
        assert found.is_held_by(place_at(tmp_path / name))
    assert not found.is_held_by(place_at(tmp_path / "other"))
    assert not kept("nothing", None).is_held_by(place_at(tmp_path))


def test_home_the_working_folder_and_our_own_python_are_always_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "work" / "deep").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work" / "deep")
    for folder, words in [
        (tmp_path / "home", "it is your home folder"),
        (tmp_path / "work", "it holds the working folder"),
        (tmp_path, "it holds your home folder"),
        (Path(sys.prefix), "it is the Python that runs tfsetup"),
        (Path(sys.base_prefix), "it is the Python that runs tfsetup"),
        (Path(sys.executable).parent, "it holds the Python that runs tfsetup"),
    ]:
        with pytest.raises(UsageError, match=words):
            refuse(folder, replace=True)
    refuse(tmp_path / "work" / "deep" / ".venv")
    with pytest.raises(UsageError, match="it is uv"):
        refuse(tmp_path / "uv", (kept("uv", tmp_path / "uv"),))


def test_the_account_s_home_is_kept_whatever_home_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(folders, "_in_user_database", lambda: str(tmp_path / "account"))
    homes = next(one for one in kept_always() if one.what == "your home folder")
    assert {tmp_path, tmp_path / "account"} <= set(homes.paths)


def test_a_working_folder_that_was_removed_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def removed() -> Path:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "cwd", removed)
    assert "the working folder" not in [one.what for one in kept_always()]
