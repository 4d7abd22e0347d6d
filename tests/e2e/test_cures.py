"""The cure of a known defect reaches every process of a real environment, whoever installed it, however it starts."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import standin
from support.cures import NAME, ONE, SEEN, seen_by, write_matrix
from support.faulty_index import Index, serve
from support.killing import Sandbox
from support.newcomer import run, uv
from support.process import ROOT
from tfsetup.ground.start_up import START_UP, start_up_text

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(sys.platform == "win32", reason="programs of Unix")]

QUICK = ("--no-lock", "--no-verify", "--no-preflight", *standin.ASK)
ROW = "linux-x86_64-cpu"
SITE = f"lib/python{standin.MINOR}/site-packages"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with two versions of the stand-in, which verification is not asked about here."""
    folder = tmp_path_factory.mktemp("index")
    for version in standin.VERSIONS:
        files = {"tensorflow/__init__.py": f"__version__ = '{version}'\n"}
        standin.write_wheel(folder, "tensorflow-cpu", version, files)
    standin.write_beside(folder)
    with serve(Index(folder)) as running:
        yield running


def sandbox(home: Path, running: Index) -> Sandbox:
    variables = {"UV_DEFAULT_INDEX": running.url, "PIP_EXTRA_INDEX_URL": "", "UV_CACHE_DIR": str(home / "uv")}
    made = Sandbox(home=home, variables=variables)
    made.project.mkdir()
    write_matrix(made.project)
    return made


def tfsetup(box: Sandbox, *argv: str, matrix: str = "hazards.yaml") -> tuple[int, str]:
    """Run tfsetup with the matrix of the defect; return its status and what it said."""
    with box.start("--matrix", matrix, *argv) as running:
        said = running.communicate()[0].decode()
    return running.returncode, said


def told(box: Sandbox, *argv: str, status: int = 0) -> dict[str, Any]:
    code, said = tfsetup(box, "-q", *argv, "--json")
    assert code == status, said
    data = json.loads(said[said.index("{") :])["data"]
    assert isinstance(data, dict)
    return data


def start_ups(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("tfsetup_cures.pth"))


@pytest.fixture(scope="module")
def cured(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A project in a folder whose name has a blank, with one environment, which is cured."""
    box = sandbox(tmp_path_factory.mktemp("a project"), index)
    code, said = tfsetup(box, "install", *QUICK)
    assert code == 0, said
    return box


# ---------------------------------------------------------------------------------------------- however it starts


@pytest.mark.parametrize("options", [[], ["-I"], ["-E"], ["-s"], ["-P"], ["-B", "-u"]], ids=" ".join)
def test_every_start_of_its_python_has_it_with_an_empty_environment(cured: Sandbox, options: list[str]) -> None:
    assert seen_by(cured.prefix / "bin/python", *options, "-c", SEEN) == "1"


@pytest.mark.parametrize("options", [["-S"], ["-I", "-S"]], ids=" ".join)
def test_without_site_packages_it_is_not_there_and_neither_is_tensorflow(cured: Sandbox, options: list[str]) -> None:
    python = cured.prefix / "bin/python"
    look = "import importlib.util as u, os; print(os.environ.get('TURN_OFF_REMAPPER'), u.find_spec('tensorflow'))"
    assert seen_by(python, *options, "-c", look) == "None None"


@pytest.mark.parametrize("mine", ["0", "", "2"])
def test_a_value_of_the_user_stays_however_it_is_entered(cured: Sandbox, mine: str) -> None:
    environ = {NAME: mine}
    python = cured.prefix / "bin/python"
    assert seen_by(python, "-c", SEEN, environ=environ) == mine
    sourced = f". '{cured.prefix}/bin/activate'; python -c \"{SEEN}\"; deactivate; printenv {NAME}"
    assert seen_by("sh", "-c", sourced, environ=environ).splitlines() == ([mine, mine] if mine else [])
    assert run_in(cured, "sh", "-c", f'printf %s "${{{NAME}-unset}}"', environ=environ) == mine


def run_in(box: Sandbox, *command: str, environ: dict[str, str] | None = None) -> str:
    words = [sys.executable, "-m", "tfsetup", "run", str(box.prefix), "--", *command]
    return seen_by(*words, environ={"PYTHONPATH": str(ROOT / "installer"), "HOME": str(box.home)} | (environ or {}))


def test_children_have_it_whatever_they_inherit(cured: Sandbox, tmp_path: Path) -> None:
    program = tmp_path / "many.py"
    program.write_text(
        "import multiprocessing, os, subprocess, sys\n"
        f"def ask(_): return os.environ.get('{NAME}')\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.map(ask, [0])[0], flush=True)\n"
        f"    subprocess.run([sys.executable, '-c', \"{SEEN}\"], env={{}}, check=True)\n"
    )
    assert seen_by(cured.prefix / "bin/python", program).split() == ["1", "1"]


def test_a_kernel_that_an_editor_starts_has_it(cured: Sandbox, tmp_path: Path) -> None:
    """As jupyter_client does: the interpreter by its path, a module, a connection file, and no activation."""
    (tmp_path / "kernel.py").write_text(SEEN)
    argv = (cured.prefix / "bin/python", "-Xfrozen_modules=off", "-m", "kernel", "-f", "connection.json")
    assert seen_by(*argv, cwd=tmp_path) == "1"


def test_it_is_there_before_anything_is_imported(cured: Sandbox, tmp_path: Path) -> None:
    early = f"import os, sys; print(os.environ.get('{NAME}'), 'tensorflow' in sys.modules)"
    assert seen_by(cured.prefix / "bin/python", "-c", early) == "1 False"
    assert seen_by(cured.prefix / "bin/python", "-m", "timeit", "-n1", "-r1", "-s", SEEN).splitlines()[0] == "1"


def test_run_gives_it_to_programs_that_are_no_python(cured: Sandbox) -> None:
    assert run_in(cured, "printenv", NAME) == "1"
    assert run_in(cured, "python", "-c", SEEN) == "1"


SHELLS = {"sh": "activate", "bash": "activate", "zsh": "activate", "fish": "activate.fish"}


@pytest.mark.parametrize("shell", SHELLS)
def test_an_activated_shell_has_it_and_leaving_gives_back_what_was(cured: Sandbox, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    enter = f". '{cured.prefix}/bin/{SHELLS[shell]}'"
    ask = 'sh -c \'printf "%s " "${TURN_OFF_REMAPPER-unset}"\''
    script = f"{ask}; {enter}; {ask}; {enter}; {ask}; deactivate; {ask}"
    environ = {"HOME": str(cured.home), "TERM": "dumb"}
    assert seen_by(shell, "-c", script, environ=environ).split() == ["unset", "1", "1", "unset"]
    assert seen_by(shell, "-c", script, environ=environ | {NAME: "0"}).split() == ["0"] * 4


# --------------------------------------------------------------------------------- what is known of a generation


def test_the_receipt_and_list_say_what_is_set(cured: Sandbox) -> None:
    assert cured.store.receipt(1).cures == ONE
    (row,) = told(cured, "list")["generations"]
    assert (row["cures"], row["uncured"], row["whole"]) == (ONE, {}, True)
    assert f"Generation 1 sets {NAME}=1 at every start of its Python." in tfsetup(cured, "list")[1]


def test_a_deleted_or_edited_start_up_file_is_named_everywhere(cured: Sandbox) -> None:
    place = cured.prefix / SITE / START_UP
    text = place.read_text()
    spoils: dict[str, Callable[[], object]] = {
        "was edited": lambda: place.write_text(text.replace('"1"', '"0"')),
        "is missing": place.unlink,
    }
    for how, spoil in spoils.items():
        spoil()
        said = f"{SITE}/{START_UP} {how}; it sets {NAME}=1"
        (row,) = told(cured, "list")["generations"]
        assert (row["whole"], row["missing"]) == (False, [said])
        code, answer = tfsetup(cured, "rollback", "1")
        assert (code, said in answer) == (7, True), answer
        planned = told(cured, "install", *QUICK, "--dry-run")
        assert (planned["would_change"], said in planned["why"]) == (True, True)
        place.write_text(text)
    assert told(cured, "install", *QUICK, "--dry-run")["would_change"] is False


def test_an_uncured_generation_is_upgraded_and_going_back_to_it_is_told(index: Index, tmp_path: Path) -> None:
    box = sandbox(tmp_path, index)
    (box.project / "plain.yaml").write_text("schema: 1\n")
    code, said = tfsetup(box, "install", *QUICK, matrix="plain.yaml")  # before the defect was known
    assert code == 0, said
    (row,) = told(box, "list")["generations"]
    assert (row["cures"], row["uncured"]) == ({}, ONE)
    lacks = f"Generation 1 does not set {NAME}=1, the cure of a known defect."
    planned = told(box, "install", *QUICK, "--dry-run")
    assert (planned["would_change"], planned["why"], planned["cures"]) == (True, lacks, ONE)
    code, said = tfsetup(box, "install", *QUICK)
    assert (code, lacks in said) == (0, True), said
    assert seen_by(box.prefix / "bin/python", "-c", SEEN) == "1"
    assert told(box, "install", *QUICK)["changed"] is False
    back = told(box, "rollback")
    assert (back["generation"], back["uncured"]) == (1, ONE)
    assert f"It does not set {NAME}=1" in tfsetup(box, "rollback", "1")[1]
    again = told(box, "install", *QUICK)
    assert (again["generation"], again["changed"]) == (2, True)


def test_without_cures_takes_it_away_and_a_plain_install_brings_it_back(index: Index, tmp_path: Path) -> None:
    box = sandbox(tmp_path, index)
    assert told(box, "install", *QUICK)["cures"] == ONE
    bare = told(box, "install", *QUICK, "--without-cures")
    assert (bare["changed"], bare["generation"], bare["cures"]) == (True, 2, {})
    assert seen_by(box.prefix / "bin/python", "-c", SEEN) == "None"
    assert start_ups(box.prefix / "lib") == []
    assert NAME not in (box.prefix / "bin/activate").read_text()
    assert (box.store.receipt(2).cures, box.store.receipt(2).without_cures) == ({}, True)
    assert told(box, "install", *QUICK, "--without-cures")["changed"] is False
    planned = told(box, "install", *QUICK, "--dry-run")
    assert planned["would_change"] is True
    assert "it was built with --without-cures" in planned["why"]
    assert told(box, "install", *QUICK)["generation"] == 1
    assert seen_by(box.prefix / "bin/python", "-c", SEEN) == "1"


def test_a_start_up_file_that_cannot_be_written_is_told_with_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    files = {"tensorflow/__init__.py": "", f"{START_UP}/in_the_way": ""}
    standin.write_wheel(folder, "tensorflow-cpu", standin.VERSIONS[0], files)
    home = tmp_path / "home"
    home.mkdir()
    with serve(Index(folder)) as running:
        box = sandbox(home, running)
        code, said = tfsetup(box, "install", *QUICK)
    assert code == 6, said
    assert f"{box.store.layout.folder(1) / SITE / START_UP} cannot be written: Is a directory. It sets {NAME}=1" in said
    assert not box.prefix.exists()


# ------------------------------------------------------------------------------------------------------ in a lock


@pytest.fixture(scope="module")
def locked(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A project with a lock that has addresses, and so carries the cure."""
    box = sandbox(tmp_path_factory.mktemp("locked"), index)
    argv = ("lock", "--platform", ROW, "--python", standin.MINOR, "--no-prove", "--format", "pylock")
    (one,) = told(box, *argv)["files"]
    assert (one["environment"], [hazard["cured"] for hazard in one["hazards"]]) == (ONE, [True])
    return box


def lock_of(box: Sandbox) -> Path:
    return box.project / "environments/locks" / f"pylock.{ROW}.toml"


def by_uv(lock: Path, folder: Path) -> Path:
    run(uv(), "venv", "--quiet", "--no-project", "--python", sys.executable, folder, cwd=folder.parent)
    argv = ("pip", "sync", "--python", folder / "bin/python", "--preview-features", "pylock", lock)
    run(uv(), *argv, cwd=folder.parent)
    return folder / "bin/python"


def by_pip(lock: Path, folder: Path) -> Path:
    run(uv(), "venv", "--quiet", "--no-project", "--seed", "--python", sys.executable, folder, cwd=folder.parent)
    python = folder / "bin/python"
    run(uv(), "pip", "install", "--quiet", "--python", python, "pip>=26.1", cwd=folder.parent)
    run(python, "-m", "pip", "install", "--no-deps", "-r", lock, cwd=folder.parent)
    return python


@pytest.mark.parametrize("installer", [by_uv, by_pip])
def test_a_lock_that_another_installer_takes_from_elsewhere_is_cured(
    locked: Sandbox, tmp_path: Path, installer: Any
) -> None:
    python = installer(lock_of(locked), tmp_path / "elsewhere")
    assert seen_by(python, "-I", "-c", SEEN) == "1"
    assert seen_by(python, "-c", SEEN, environ={NAME: "0"}) == "0"
    assert start_ups(tmp_path) == [f"elsewhere/{SITE}/{START_UP}"]
    words = [sys.executable, "-m", "tfsetup", "run", str(tmp_path / "elsewhere"), "--", "printenv", NAME]
    assert seen_by(*words, environ={"PYTHONPATH": str(ROOT / "installer"), "HOME": str(tmp_path)}) == "1"


def test_an_installation_of_such_a_lock_ends_with_one_cure(locked: Sandbox) -> None:
    argv = ("install", "--lock", str(lock_of(locked)), "--no-verify", "--no-preflight")
    assert told(locked, *argv)["cures"] == ONE
    folder = locked.prefix.resolve()
    assert start_ups(folder) == [f"{SITE}/{START_UP}"]
    assert (folder / SITE / START_UP).read_text() == start_up_text(ONE)
    assert len(list((folder / SITE).glob("tfsetup_cures-*.dist-info"))) == 1
    (row,) = told(locked, "list")["generations"]
    assert (row["whole"], row["cures"]) == (True, ONE)
    bare = told(locked, *argv, "--without-cures")
    assert bare["cures"] == {}
    assert start_ups(locked.prefix.resolve()) == []
    assert seen_by(locked.prefix / "bin/python", "-c", SEEN) == "None"


def test_the_lock_is_the_same_wherever_it_is_written(locked: Sandbox, index: Index, tmp_path: Path) -> None:
    other = sandbox(tmp_path, index)
    argv = ("lock", "--platform", ROW, "--python", standin.MINOR, "--no-prove", "--format", "pylock")
    told(other, *argv)
    for name in (path.name for path in lock_of(locked).parent.iterdir()):
        assert (lock_of(other).parent / name).read_bytes() == (lock_of(locked).parent / name).read_bytes(), name
    assert told(other, "lock", "--check")["files"][0]["fresh"] is True
