"""What this machine has that no environment may take away, and what a fix may therefore name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tfsetup.envs.guard import may_be_prefix, refuse_prefix, target_of
from tfsetup.errors import UsageError


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


def venv(folder: Path) -> Path:
    put(folder / "pyvenv.cfg")
    put(folder / "bin" / "python")
    return folder


@pytest.mark.parametrize(
    ("variable", "below", "words"),
    [
        ("UV_CACHE_DIR", "", "uv's cache"),
        ("XDG_CACHE_HOME", "uv", "uv's cache"),
        ("TFSETUP_CACHE_DIR", "", "tfsetup's cache"),
        ("RATTLER_CACHE_DIR", "", "conda's cache"),
        ("CONDA_PKGS_DIRS", "", "conda's cache"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="other variables there")
def test_no_cache_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, below: str, words: str
) -> None:
    for name in ("UV_CACHE_DIR", "XDG_CACHE_HOME", "TFSETUP_CACHE_DIR", "RATTLER_CACHE_DIR", "CONDA_PKGS_DIRS"):
        monkeypatch.delenv(name, raising=False)
    env = venv(tmp_path / "env")
    refuse_prefix(env, replace=True)
    monkeypatch.setenv(variable, str(env / "cache"))
    with pytest.raises(UsageError, match=f"env cannot be an environment: it holds {words}"):
        refuse_prefix(env, replace=True)
    monkeypatch.setenv(variable, str(tmp_path / "cache"))
    refuse_prefix(env, replace=True)
    with pytest.raises(UsageError, match=f"cache{'/' if below else ''}{below} cannot be .*: it is {words}"):
        refuse_prefix(tmp_path / "cache" / below, replace=True)


def test_uv_is_looked_for_where_tfsetup_would_find_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env = venv(tmp_path / "env")
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(env / "bin" / "uv"))
    assert not may_be_prefix(env)

    def none() -> str:
        raise FileNotFoundError

    monkeypatch.setattr("uv.find_uv_bin", none)
    assert may_be_prefix(env)
    put(env / "bin" / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(env / "bin"))
    assert not may_be_prefix(env)


def test_the_python_to_build_on_is_named(tmp_path: Path) -> None:
    env = venv(tmp_path / "env")
    refuse_prefix(env, replace=True, python="cpython-3.12-linux-x86_64-gnu")
    refuse_prefix(env, replace=True, python="/opt/python3.12/bin/python3.12")
    with pytest.raises(UsageError, match=r"holds the Python to build on \(.*/env/bin/python\)"):
        refuse_prefix(env, replace=True, python=str(env / "bin" / "python"))


def test_a_fix_names_the_root_of_an_environment_or_else_the_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    venv(Path("env"))
    assert target_of(Path("env")) == "env"
    assert target_of(Path("env/bin/python")) == str(tmp_path / "env")
    assert target_of(Path("new")) == "new"
    python = put(tmp_path / "py" / "bin" / "python3.12")
    for never in (python, python.parents[1], Path("/usr"), Path(sys.executable), tmp_path):
        assert target_of(never) == ".venv"
