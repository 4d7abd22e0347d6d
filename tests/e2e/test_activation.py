"""A shell that was activated through the link follows it over a switch, in every shell that there is a script for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import standin
from support.faulty_index import Index, serve
from support.killing import Sandbox
from support.newcomer import run, uv
from support.process import ROOT

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(sys.platform == "win32", reason="shells of Unix")]

NEW, OLD = standin.VERSIONS
# Three times the same question, with a switch back and a switch forth between them; what each shell writes otherwise.
SCRIPTS = {
    "sh": ". '{prefix}/bin/activate' && {ask} && {back} && {ask} && {forth} && {ask}; deactivate; {gone}",
    "tcsh": "source '{prefix}/bin/activate.csh'\n{ask}\n{back}\n{ask}\n{forth}\n{ask}\ndeactivate\n{gone}",
    "xonsh": "source '{prefix}/bin/activate.xsh'\n{ask}\n{back}\n{ask}\n{forth}\n{ask}\ndeactivate\n{gone}",
}
SCRIPTS |= {"bash": SCRIPTS["sh"], "zsh": SCRIPTS["sh"], "fish": SCRIPTS["sh"].replace("activate'", "activate.fish'")}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A project in a folder whose name has a blank, with two generations, the newer one current."""
    folder = tmp_path_factory.mktemp("index")
    for version in standin.VERSIONS:
        files = dict(standin.tensorflow_files(version)) | {"tensorflow/__init__.py": f"__version__ = '{version}'\n"}
        files["tensorflow/board.py"] = "import sys\n\ndef main():\n    print('board', sys.prefix)\n"
        about = f"tensorflow_cpu-{version}.dist-info/entry_points.txt"
        files[about] = "[console_scripts]\nboard = tensorflow.board:main\n"
        standin.write_wheel(folder, "tensorflow-cpu", version, files)
    standin.write_beside(folder)
    with serve(Index(folder)) as running:
        home = tmp_path_factory.mktemp("a project")
        variables = {"UV_DEFAULT_INDEX": running.url, "PIP_EXTRA_INDEX_URL": "", "UV_CACHE_DIR": str(home / "uv")}
        made = Sandbox(home=home, variables=variables)
        made.project.mkdir()
        for version in (OLD, NEW):
            made.run("install", "--no-lock", "--no-verify", *standin.ASK, "--tensorflow", version)
        yield made


@pytest.fixture(scope="module")
def xonsh(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("xonsh") / "env"
    run(uv(), "venv", "--quiet", "--no-project", "--python", sys.executable, folder)
    run(uv(), "pip", "install", "--quiet", "--python", folder / "bin" / "python", "xonsh")
    return str(folder / "bin" / "xonsh")


@pytest.mark.parametrize("shell", SCRIPTS)
def test_an_activated_shell_follows_the_link_over_a_switch(
    shell: str, box: Sandbox, request: pytest.FixtureRequest
) -> None:
    program = request.getfixturevalue("xonsh") if shell == "xonsh" else shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    say = box.home / "say.py"
    say.write_text("import sys, tensorflow; print(tensorflow.__version__, sys.prefix)")
    gone = box.home / "gone.py"
    gone.write_text("import os; print(os.environ.get('VIRTUAL_ENV'))")
    outside = f"env 'PYTHONPATH={ROOT / 'installer'}' '{sys.executable}'"
    script = SCRIPTS[shell].format(
        prefix=box.prefix,
        ask=f"python '{say}'",
        back=f"{outside} -m tfsetup -q rollback 1",
        forth=f"{outside} -m tfsetup -q rollback 2",
        gone=f"{outside} '{gone}'",
    )
    said = run(program, "-c", script, cwd=box.project, environ={"HOME": str(box.home)})
    lines = [line for line in said.splitlines() if line.startswith("2.") or line == "None"]
    assert lines == [*(f"{version} {box.prefix}" for version in (NEW, OLD, NEW)), "None"], said
    assert box.store.current() == 2


def test_a_program_activated_from_within_sees_one_spelling_of_the_folder(box: Sandbox) -> None:
    """TensorFlow would load plugins once for each spelling (`test_plugins.py`)."""
    code = (
        f"import runpy, sys, sysconfig; runpy.run_path({str(box.prefix / 'bin' / 'activate_this.py')!r})\n"
        "import tensorflow; print(tensorflow.__file__); print(sys.prefix)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    file, prefix = done.stdout.splitlines()
    assert prefix == str(box.prefix)
    assert Path(file).is_relative_to(box.prefix)


MOVED = {
    "dash": ". ./.venv/bin/activate", "busybox sh": ". .venv/bin/activate", "bash": "source .venv/bin/activate",
    "zsh": "source .venv/bin/activate", "fish": "source .venv/bin/activate.fish",
}  # fmt: skip


@pytest.fixture
def moved(box: Sandbox) -> Iterator[Path]:
    """The project in another place, for as long as a test takes."""
    there = box.home / "somewhere else"
    box.project.rename(there)
    yield there
    there.rename(box.project)


@pytest.mark.parametrize("shell", MOVED)
def test_a_project_that_was_moved_is_activated_where_it_is(shell: str, moved: Path, box: Sandbox) -> None:
    words = shell.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"no {words[0]} here")
    ask = "python -c 'import sys, tensorflow; print(tensorflow.__file__, sys.prefix)'"
    gone = "command -v python || true"
    said = run(
        *words, "-c", f"{MOVED[shell]} && {ask} && board && python -m pip --version && deactivate; {gone}",
        cwd=moved, environ={"HOME": str(box.home)},
    ).splitlines()  # fmt: skip
    prefix = moved / ".venv"
    assert said[0].endswith(f"/site-packages/tensorflow/__init__.py {prefix}")
    assert said[0].startswith(f"{prefix}/")
    assert said[1] in {f"board {prefix}", f"board {moved}/.venv.generations/2"}  # a script asks where it really is
    assert f" from {prefix}/" in said[2]
    assert not said[3:] or str(moved) not in said[3]


def test_a_project_that_was_moved_is_still_what_was_built(moved: Path, box: Sandbox) -> None:
    said = run(
        sys.executable, "-m", "tfsetup", "list", "--json", cwd=moved, environ={"PYTHONPATH": str(ROOT / "installer")}
    )
    found = json.loads(said)["data"]
    assert (found["current"], [row["whole"] for row in found["generations"]]) == (2, [True, True])
    assert box.home == moved.parent
