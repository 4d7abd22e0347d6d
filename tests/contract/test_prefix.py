"""What may be an environment's place, and what is said where none is: through the command line, message and status."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Ran, Tfsetup
from support.envs import finish, make_store
from support.locks import ONE_PACKAGE
from tfsetup.errors import UsageError
from tfsetup.locks.run import Finished

HOST = "linux-x86_64-glibc-2.36"
NOT_THE_LIBRARY = shutil.ignore_patterns("test", "tests", "site-packages", "__pycache__", "idlelib", "config-*", "*.a")


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def venv(folder: Path, python: str = sys.executable) -> Path:
    """Make somebody's virtual environment on `python`, which need not be there."""
    put(folder / "pyvenv.cfg", f"home = {Path(python).parent}\nversion = 3.12.1\n")
    (folder / "lib" / "python3.12" / "site-packages" / "numpy-2.1.3.dist-info").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python)
    return folder


def tree(folder: Path) -> list[tuple[str, int]]:
    """Return every name below a folder, with its inode: what was not touched is the same (not byte code)."""
    found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return sorted((str(path.relative_to(folder)), path.lstat().st_ino) for path in found)


@pytest.fixture
def install(tfsetup: Tfsetup, host_file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run `tfsetup install`, really or as far as it goes; whatever it does, no index and no uv is asked."""

    def locked(*_: object, **__: object) -> Finished:
        return Finished(stdout=ONE_PACKAGE, stderr="")

    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", locked)
    return lambda *argv: tfsetup("install", "--dry-run", "--host", host_file(HOST), *argv)


@pytest.fixture
def refused(install: Callable[..., Ran], tmp_path: Path) -> Callable[..., str]:
    """Install where it must be refused, with and without `--replace`; return the message, and see nothing touched."""

    def run(prefix: str) -> str:
        before = tree(tmp_path)
        said = []
        for more in ((), ("--replace",)):
            ran = install(f"--prefix={prefix}", *more)
            assert ran.status == 2, ran.err
            assert "Detected" not in ran.err, "refused before anything was resolved"
            assert "--replace" not in ran.err
            said.append(ran.err)
        assert tree(tmp_path) == before
        assert said[0] == said[1]
        return said[0]

    return run


@pytest.mark.parametrize("prefix", ["-x", "", ".", "..", "/", "env.", "a\nb", "a\x1b[2J", "env.generations", "a:b"])
def test_a_prefix_that_names_no_folder_is_wrong_usage(refused: Callable[..., str], prefix: str) -> None:
    assert "cannot be an environment: " in refused(prefix)


@pytest.mark.parametrize("prefix", ["/dev/null", "notes.txt"])
def test_what_is_no_folder_is_left_as_it_is(refused: Callable[..., str], tmp_path: Path, prefix: str) -> None:
    put(tmp_path / "notes.txt", "mine")
    assert "is no folder and was not made by tfsetup; it is left as it is.\n hint: Choose another" in refused(prefix)


def test_a_project_folder_must_be_moved_by_its_owner(refused: Callable[..., str], tmp_path: Path) -> None:
    put(tmp_path / "project" / "thesis.tex", "years of work")
    assert refused("project") == (
        f"error: {tmp_path}/project holds files, is no environment and was not made by tfsetup; it is left as it is.\n"
        " hint: Choose another folder with --prefix, or move this one away yourself.\n"
    )


def test_a_project_that_is_an_environment_too_is_not_swallowed(refused: Callable[..., str], tmp_path: Path) -> None:
    venv(tmp_path / "project")
    put(tmp_path / "project" / "pyproject.toml")
    assert "holds pyproject.toml, is no environment" in refused("project")


def test_an_installation_of_python_is_never_replaced(refused: Callable[..., str], tmp_path: Path) -> None:
    put(tmp_path / "py" / "bin" / "python3.12")
    put(tmp_path / "py" / "lib" / "python3.12" / "os.py")
    words = f"error: {tmp_path}/py is an installation of Python, not an environment; it is never replaced.\n"
    assert refused("py").startswith(words)
    put(tmp_path / "py" / "pyvenv.cfg", "home = /usr/bin\n")
    assert words in refused("py")


@pytest.mark.parametrize("prefix", ["/usr", sys.base_prefix, sys.prefix])
def test_a_python_in_use_is_never_replaced(refused: Callable[..., str], prefix: str) -> None:
    assert f"error: {prefix} " in refused(prefix)


def test_conda_s_base_is_never_touched(refused: Callable[..., str], tmp_path: Path) -> None:
    put(tmp_path / "miniforge3" / "conda-meta" / "conda-26.7.1-py312_0.json")
    assert "is a conda installation with its base environment; it is never touched." in refused("miniforge3")


@pytest.mark.parametrize("prefix", ["outer/env", "outer/lib/x", ".venv.generations/9", ".venv/x"])
def test_nothing_is_built_inside_another_environment(refused: Callable[..., str], tmp_path: Path, prefix: str) -> None:
    venv(tmp_path / "outer")
    store = make_store(tmp_path)
    finish(store, 1)
    store.switch(1)
    assert "cannot be an environment: it lies inside the " in refused(prefix)


def test_the_working_folder_home_and_what_holds_them_stay(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv(tmp_path / "work")
    (tmp_path / "work" / "deep").mkdir()
    venv(tmp_path / "home")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work" / "deep")
    assert "it holds the working folder" in refused("../../work")
    assert "it is your home folder" in refused("../../home")


@pytest.mark.parametrize(
    ("variable", "words"),
    [("UV_CACHE_DIR", "uv's cache"), ("TFSETUP_CACHE_DIR", "tfsetup's cache"), ("RATTLER_CACHE_DIR", "conda's cache")],
)
def test_the_caches_stay(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, words: str
) -> None:
    venv(tmp_path / "env")
    monkeypatch.setenv(variable, str(tmp_path / "env" / "cache"))
    assert f"it holds {words}." in refused("env")


def test_uv_stays(refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv(tmp_path / "env")
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(tmp_path / "env" / "bin" / "uv"))
    assert "it holds uv." in refused("env")


def test_the_python_to_build_on_stays(
    tfsetup: Tfsetup, install: Callable[..., Ran], tmp_path: Path, host_file: Callable[[str], str]
) -> None:
    import json

    described = json.loads(Path(host_file(HOST)).read_text())
    python = venv(tmp_path / "env") / "bin" / "python"
    described["pythons"] = [{"version": "3.12.4", "arch": "x86_64", "path": str(python)}]
    put(tmp_path / "host.json", json.dumps(described))
    ran = tfsetup("install", "--dry-run", "--host", str(tmp_path / "host.json"), "--prefix", "env", "--replace")
    assert ran.status == 2
    assert f"error: {tmp_path}/env cannot be an environment: it holds the Python to build on ({python})." in ran.err
    assert install("--prefix", "other").status == 0


@pytest.mark.parametrize("target", ["elsewhere", "nowhere", "other.generations/1"])
def test_a_link_of_somebody_else_is_left_as_it_is(refused: Callable[..., str], tmp_path: Path, target: str) -> None:
    venv(tmp_path / "elsewhere")
    finish(make_store(tmp_path, "other"), 1)
    (tmp_path / "env").symlink_to(target)
    words = f"error: {tmp_path}/env is a link to {tmp_path}/{target} and was not made by tfsetup; it is left as it is."
    assert words in refused("env")


def test_an_environment_of_somebody_else_is_replaced_only_when_that_was_said(
    install: Callable[..., Ran], tmp_path: Path
) -> None:
    venv(tmp_path / "env")
    before = tree(tmp_path)
    ran = install("--prefix", "env")
    assert ran.status == 2
    assert ran.err == (
        f"error: {tmp_path}/env exists and was not made by tfsetup; it is left as it is.\n"
        " hint: Build elsewhere: `tfsetup install --prefix OTHER`; or take its place and keep it to roll back to: "
        "`tfsetup install --replace`.\n"
    )
    assert install("--prefix", "env", "--replace").status == 0
    assert tree(tmp_path) == before


@pytest.mark.parametrize("prefix", ["new", "deep/new", "empty", ".venv", "my env", "été"])
def test_nothing_and_an_empty_folder_may_become_one(install: Callable[..., Ran], tmp_path: Path, prefix: str) -> None:
    (tmp_path / "empty").mkdir()
    ran = install("--prefix", prefix)
    assert ran.status == 0
    assert f"{tmp_path}/{prefix} would become linux-x86_64-cpu" in ran.out


# ------------------------------------------------------------------------- nothing there, or the rest of something


def gone_generation(folder: Path) -> str:
    (folder / ".venv").symlink_to(".venv.generations/3")
    return ".venv points to .venv.generations/3, which is gone."


def removed_python(folder: Path) -> str:
    """Leave what `brew upgrade` leaves."""
    venv(folder / ".venv", "/opt/gone/bin/python3.12")
    return ".venv/bin/python points to /opt/gone/bin/python3.12, which is gone."


def dangling(folder: Path) -> str:
    (folder / ".venv").symlink_to("nowhere")
    return ".venv points to nowhere, which is gone."


GONE = [gone_generation, removed_python, dangling]


@pytest.mark.process
@pytest.mark.parametrize("leave", GONE)
@pytest.mark.parametrize(
    ("argv", "status"),
    [(["verify"], 2), (["preflight", ".venv"], 2), (["run", "--", "python"], 6), (["list"], 0), (["doctor"], 7)],
    ids=["verify", "preflight", "run", "list", "doctor"],
)
def test_every_command_says_the_same_of_what_is_gone(
    tfsetup: Tfsetup, tmp_path: Path, leave: Callable[[Path], str], argv: list[str], status: int
) -> None:
    words = leave(tmp_path)
    ran = tfsetup(*argv)
    assert ran.status == status
    assert words in ran.out + ran.err
    assert "tfsetup install" in ran.out + ran.err
    assert "It loads." not in ran.out


def test_install_says_it_too_and_builds_it_anew(install: Callable[..., Ran], tmp_path: Path) -> None:
    words = gone_generation(tmp_path)
    ran = install()
    assert ran.status == 0
    assert ran.err.splitlines()[0] == f"Note      {words}"
    (tmp_path / ".venv").unlink()
    words = removed_python(tmp_path)
    ran = install()
    assert (ran.status, ran.err.splitlines()[0]) == (2, f"Note      {words}")
    assert "--replace" in ran.err
    ran = install("--replace")
    assert (ran.status, words in ran.err) == (0, True)


@pytest.mark.process
def test_the_site_packages_of_a_removed_python_do_not_load(tfsetup: Tfsetup, tmp_path: Path) -> None:
    removed_python(tmp_path)
    ran = tfsetup("preflight", ".venv/lib/python3.12/site-packages")
    assert ran.status == 2
    assert "bin/python points to /opt/gone/bin/python3.12, which is gone." in ran.err


@pytest.mark.process
@pytest.mark.parametrize(
    ("argv", "status"),
    [(["verify"], 2), (["preflight", ".venv"], 2), (["run", "--", "python"], 6), (["list"], 0), (["doctor"], 7)],
    ids=["verify", "preflight", "run", "list", "doctor"],
)
def test_every_command_says_the_same_where_there_is_none(
    tfsetup: Tfsetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], status: int
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    ran = tfsetup(*argv)
    assert ran.status == status
    assert "There is no environment at " in ran.out + ran.err
    assert "tfsetup install" in ran.out + ran.err


@pytest.mark.process
@pytest.mark.parametrize("leave", GONE)
def test_the_list_keeps_the_generations_that_are_left(
    tfsetup: Tfsetup, tmp_path: Path, leave: Callable[[Path], str]
) -> None:
    finish(make_store(tmp_path), 1)
    words = leave(tmp_path)
    ran = tfsetup("list")
    assert (ran.status, "linux-x86_64-cpu" in ran.out, words in ran.out) == (0, True, True)
    assert words in tfsetup("list", "--json").document["data"]["missing"]
    assert tfsetup("list", "--prefix", "other", "--json").document["data"]["missing"] is None


@pytest.mark.parametrize(
    ("leave", "cause", "fix"),
    [
        (gone_generation, "environment-gone", "tfsetup install --prefix .venv"),
        (removed_python, "environment-gone", "tfsetup install --prefix .venv --replace"),
        (dangling, "environment-gone", "rm .venv && tfsetup install --prefix .venv"),
        (lambda _: "There is no environment at .venv.", "no-environment", "tfsetup install --prefix .venv"),
    ],
)
@pytest.mark.parametrize("log", [False, True])
def test_the_doctor_takes_no_python_from_path_for_what_is_gone(
    tfsetup: Tfsetup, tmp_path: Path, leave: Callable[[Path], str], cause: str, fix: str, log: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Not even with a log, which is judged beside it."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    words = leave(tmp_path)
    put(tmp_path / "log", "ModuleNotFoundError: No module named 'tensorflow'\n")
    argv = [".venv", "--log", "log"] if log and cause != "no-environment" else []
    data = tfsetup("doctor", *argv, "--json").document["data"]
    first = data["findings"][0]
    assert (data["verdict"], first["cause"]) == ("problem", cause)
    assert first["evidence"][0].startswith(words) or words in first["evidence"][0]
    assert first["fix"][0].partition(" # ")[0] == fix
    assert len(data["findings"]) == 1 + bool(argv)


def test_a_named_environment_that_is_none_is_wrong_usage(tfsetup: Tfsetup) -> None:
    ran = tfsetup("doctor", "nowhere")
    assert ran.status == 2
    assert ran.err == (
        "error: There is no environment at nowhere. It does not exist.\n"
        " hint: `tfsetup install` builds one; or name an environment's folder, or its interpreter.\n"
    )


# ---------------------------------------------------------------------------------- a Python that is somebody's own


@pytest.fixture(scope="module")
def copied_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of this Python's installation: a real interpreter and its library."""
    base, version = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = tmp_path_factory.mktemp("python") / "private"
    (folder / "bin").mkdir(parents=True)
    shutil.copy2(Path(sys.executable).resolve(), folder / "bin" / version)
    (folder / "bin" / "python").symlink_to(version)
    shutil.copytree(base / "lib" / version, folder / "lib" / version, ignore=NOT_THE_LIBRARY, symlinks=True)
    for library in (base / "lib").glob("libpython*"):
        shutil.copy2(library, folder / "lib", follow_symlinks=False)
    return folder


@pytest.fixture
def private_python(copied_python: Path, tmp_path: Path) -> Path:
    """Return somebody's own installation of Python, which starts."""
    folder = tmp_path / "private"
    shutil.copytree(copied_python, folder, symlinks=True, copy_function=os.link)
    assert starts(folder)
    return folder


def starts(folder: Path) -> bool:
    environ = {"LD_LIBRARY_PATH": str(folder / "lib"), "DYLD_LIBRARY_PATH": str(folder / "lib")}
    argv = [str(folder / "bin" / "python"), "-c", "import json, sys; print(sys.prefix)"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environ)
    return str(done.stdout).strip() == str(folder)


@pytest.mark.process
@pytest.mark.parametrize("named", ["private", "private/bin/python", None], ids=["its folder", "itself", "on PATH"])
def test_the_doctor_does_not_propose_to_rebuild_a_python_nor_does_it(
    tfsetup: Tfsetup, private_python: Path, tmp_path: Path, named: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{private_python / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    before = tree(tmp_path)
    argv = [named] if named else []
    data = tfsetup("doctor", *argv, "--no-import", "--json").document["data"]
    fixes = [fix for finding in data["findings"] for fix in finding["fix"]]
    assert data["verdict"] == "problem"
    assert any("--prefix .venv" in fix for fix in fixes)
    assert not any("private" in fix for fix in fixes)
    assert tree(tmp_path) == before
    assert starts(private_python)


@pytest.mark.process
@pytest.mark.parametrize("more", [(), ("--replace",), ("--replace", "--json")])
def test_install_takes_no_python_s_place(
    tfsetup: Tfsetup, private_python: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    before = tree(tmp_path)
    ran = tfsetup("install", "--no-lock", "--accelerator", "cpu", "--no-verify", "--prefix", "private", *more)
    assert ran.status == 2
    assert "is an installation of Python, not an environment; it is never replaced." in ran.out + ran.err
    assert tree(tmp_path) == before
    assert starts(private_python)


@pytest.mark.process
def test_a_fix_that_aims_at_a_python_is_not_carried_out(private_python: Path, tmp_path: Path) -> None:
    """Whatever a diagnosis may say: the last step asks the same question."""
    from tfsetup.doctor.model import Rebuild
    from tfsetup.host.model import Host
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.workflows.fix import fix

    rebuild = Rebuild(prefix=str(private_python), accelerator="cpu")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="is an installation of Python, not an environment; it is never replaced"):
        fix(rebuild, Host(os="linux", arch="x86_64"), read_matrix(None), yes=True)
    assert tree(tmp_path) == before
    assert starts(private_python)
