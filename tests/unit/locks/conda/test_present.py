"""Where conda, mamba or micromamba is present: their settings are read, their base is only looked at."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tfsetup.locks.conda.files import bases, packages_folder, read_settings

Layout = Callable[[str], Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything, and a shell that knows no conda."""
    for name in ("CONDARC", "MAMBARC", "MAMBA_ROOT_PREFIX", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "RATTLER_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def miniconda(home: Path, settings: str = "") -> Path:
    """Lay out what a conda installer leaves, as far as anybody looks at it."""
    base = home / "miniconda3"
    for folder in ("bin", "condabin", "conda-meta", "pkgs"):
        (base / folder).mkdir(parents=True)
    for program in ("bin/conda", "condabin/conda"):
        (base / program).write_text("#!/bin/sh\nexit 1\n")
        (base / program).chmod(0o755)
    if settings:
        (base / ".condarc").write_text(settings)
    return base


def content(base: Path) -> dict[str, bytes]:
    return {str(path.relative_to(base)): path.read_bytes() for path in base.rglob("*") if path.is_file()}


SETTINGS = "channels: [conda-forge]\nchannel_alias: https://mirror.example/conda\npkgs_dirs: [/big/pkgs]\n"


@pytest.mark.parametrize("known_by", ["CONDA_EXE", "condabin", "bin", "CONDA_ROOT", "MAMBA_ROOT_PREFIX"])
def test_the_settings_in_its_root_hold(home: Path, monkeypatch: pytest.MonkeyPatch, known_by: str) -> None:
    base = miniconda(home, SETTINGS)
    before = content(base)
    match known_by:
        case "CONDA_EXE":
            monkeypatch.setenv("CONDA_EXE", str(base / "bin" / "conda"))
        case "CONDA_ROOT" | "MAMBA_ROOT_PREFIX":
            monkeypatch.setenv(known_by, str(base))
        case folder:
            monkeypatch.setenv("PATH", str(base / folder))
    mine = read_settings()
    assert (mine.alias, mine.package_folders) == ("https://mirror.example/conda", ("/big/pkgs",))
    assert packages_folder(mine) == Path("/big/pkgs")
    assert content(base) == before


def test_a_conda_that_the_shell_does_not_know_says_nothing(home: Path) -> None:
    miniconda(home, SETTINGS)
    assert read_settings().alias is None


def test_without_settings_packages_are_kept_apart_from_conda_s_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = miniconda(home)
    monkeypatch.setenv("CONDA_EXE", str(base / "bin" / "conda"))
    folder = packages_folder(read_settings())
    assert folder.name == "pkgs"
    assert folder.parents[1].name == "rattler"
    assert base not in folder.parents


def test_the_user_s_own_file_says_more_than_the_root_s(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_EXE", str(miniconda(home, SETTINGS) / "bin" / "conda"))
    (home / ".condarc").write_text("channel_alias: https://mine.example\npkgs_dirs: [~/pkgs]\n")
    mine = read_settings()
    assert mine.alias == "https://mine.example"
    assert packages_folder(mine) == home / "pkgs"


def test_micromamba_s_settings_hold_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = home / "micromamba"
    root.mkdir()
    (root / ".mambarc").write_text("mirrored_channels: {conda-forge: ['https://mirror.example/forge']}\n")
    monkeypatch.setenv("MAMBA_ROOT_PREFIX", str(root))
    (home / ".mambarc").write_text("channels: [conda-forge]\n")
    mine = read_settings()
    assert mine.mirrors == {"conda-forge": ("https://mirror.example/forge",)}
    assert mine.channels == ("conda-forge",)


def test_a_program_called_conda_that_is_no_installation_has_no_settings(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "tools" / "bin"
    folder.mkdir(parents=True)
    (folder / "conda").write_text("#!/bin/sh\n")
    (folder / "conda").chmod(0o755)
    (home / "tools" / ".condarc").write_text(SETTINGS)
    monkeypatch.setenv("PATH", str(folder))
    assert bases(os.environ) == ()
    assert read_settings().alias is None
