"""Hostile wheels, locks, settings and places, through the real commands: nothing escapes, no terminal is driven."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import standin
from support.faulty_index import Index, serve
from support.process import tfsetup

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(sys.platform == "win32", reason="links and modes of Unix")]

CASES = Path(__file__).parents[1] / "cases" / "security"
WHEELS = sorted((CASES / "wheels").glob("*.yaml"))
INSTALL = ["install", "--no-lock", "--no-verify", "--accelerator", "cpu", "--python", standin.MINOR]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with a harmless stand-in; a test adds the `six` that it requires."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    files = {"tensorflow/__init__.py": "__version__ = '0'\n"}
    standin.write_wheel(folder, "tensorflow-cpu", standin.VERSIONS[0], files, requires=["six"])
    with serve(Index(folder)) as running:
        yield running


def environ(tmp_path: Path, index: Index, **more: str) -> dict[str, str]:
    own = {"UV_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
    return {"UV_DEFAULT_INDEX": index.url, "PIP_EXTRA_INDEX_URL": "", "UV_HTTP_RETRIES": "0"} | own | more


def write_hostile(folder: Path, members: list[list[str]], base: Path) -> None:
    wheel = standin.write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    with zipfile.ZipFile(wheel, "a") as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "warnings.warn", lambda *_args, **_named: None
        )  # of a name that is there twice: it is meant to be
        for name, content in members:
            path, _, target = name.format(base=base).partition(" -> ")
            entry = zipfile.ZipInfo(path)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFLNK | 0o777 if target else stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, target or content)


@pytest.mark.parametrize("path", WHEELS, ids=lambda path: path.stem)
def test_a_hostile_wheel_stays_inside_or_is_refused(path: Path, index: Index, tmp_path: Path) -> None:
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    project = tmp_path / "a" / "b" / "project"
    project.mkdir(parents=True)
    write_hostile(index.folder, case["members"], tmp_path)
    real = Path(os.path.realpath(sys.executable))
    before = hashlib.sha256(real.read_bytes()).hexdigest()
    done = tfsetup(*INSTALL, cwd=project, **environ(tmp_path, index))
    assert hashlib.sha256(real.read_bytes()).hexdigest() == before
    outside = [file for file in tmp_path.rglob("*evil*") if "cache" not in file.parts]
    assert outside == []
    assert "\x1b" not in done.stdout + done.stderr
    if case.get("installs"):
        assert done.returncode == 0, done.stderr
        links = [file for file in (project / ".venv").glob("lib/python*/site-packages/**/*") if file.is_symlink()]
        assert links == []
        return
    assert done.returncode == case["exit"], done.stderr
    told = " ".join(done.stderr.split())  # uv folds its lines
    assert any(word in told or word.replace(".", "'") in told for word in case["says"].split("|")), done.stderr
    assert not os.path.lexists(project / ".venv")
    assert sorted(file.name for file in (project / ".venv.generations").iterdir()) == [".gitignore", "lock"]


@pytest.mark.parametrize("path", sorted((CASES / "locks").glob("*.toml")), ids=lambda path: path.stem)
def test_a_hostile_lock_is_refused_before_anything_is_fetched(path: Path, index: Index, tmp_path: Path) -> None:
    done = tfsetup(
        *[word for word in INSTALL if word != "--no-lock"],
        "--lock",
        str(path),
        cwd=tmp_path,
        **environ(tmp_path, index),
    )
    assert done.returncode == 3, done.stderr
    assert str(path) in done.stderr
    assert "\x1b" not in done.stderr
    assert not index.asked
    assert not os.path.lexists(tmp_path / ".venv")


def test_escape_sequences_of_an_index_do_not_reach_the_terminal(index: Index, tmp_path: Path) -> None:
    standin.write_wheel(index.folder, "six", "1.17.0", {"six.py": ""})
    index.attributes = 'data-yanked="\x1b[2J\x1b]0;owned\x07 gone" data-requires-python="&gt;=3\x1b[31m"'
    for argv in (INSTALL, ["-v", *INSTALL]):
        done = tfsetup(*argv, cwd=tmp_path, **environ(tmp_path, index))
        assert "\x1b" not in done.stdout + done.stderr
        assert "\x07" not in done.stdout + done.stderr


def test_escape_sequences_of_a_log_do_not_reach_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text(
        "\x1b]0;owned\x07ModuleNotFoundError: No module named 'tensor\x1b[2Jflow'\n\x9b31mError: \u202eevil\n"
    )
    done = tfsetup("doctor", "--log", str(log), cwd=tmp_path)
    assert done.returncode in {0, 7}
    for control in ("\x1b", "\x07", "\x9b", "\u202e"):
        assert control not in done.stdout + done.stderr


def test_files_where_the_user_stands_are_not_run(index: Index, tmp_path: Path) -> None:
    standin.write_wheel(index.folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    project = tmp_path / "project"
    project.mkdir()
    for name in ("sitecustomize", "usercustomize", "struct", "tensorflow", "six"):
        (project / f"{name}.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    # The program as it is installed: `python -m` would put this folder first by itself.
    script = "import sys\nfrom tfsetup.cli.app import run\nsys.exit(run(sys.argv[1:]))\n"
    starter = tmp_path / "starter.py"
    starter.write_text(script)
    for argv in (INSTALL, ["verify"], ["doctor", ".venv"]):
        variables = os.environ | environ(tmp_path, index) | {"PYTHONPATH": str(Path(__file__).parents[2] / "installer")}
        subprocess.run(
            [sys.executable, str(starter), *argv], cwd=project, env=variables, capture_output=True, check=False
        )
    assert (project / ".venv").is_symlink()
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "text",
    [
        "home = /nowhere\n",
        "home = ../../../../bin\ninclude-system-site-packages = true\n",
        "\0\xff" * 5000,
        "=\n" * 99999,
    ],
)
def test_a_hostile_pyvenv_cfg_ends_in_an_answer(text: str, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python").symlink_to(sys.executable)
    (prefix / "pyvenv.cfg").write_text(text, encoding="latin-1")
    for argv in (["doctor", str(prefix), "--no-import"], ["preflight", str(prefix)], ["verify", str(prefix)]):
        done = tfsetup(*argv, cwd=tmp_path)
        assert done.returncode in {0, 2, 3, 6, 7}, done.stderr
        assert "Traceback (most recent call last)" not in done.stderr


def test_the_prefix_is_not_written_through_a_link_that_appears_meanwhile(index: Index, tmp_path: Path) -> None:
    standin.write_wheel(index.folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    victim = tmp_path / "victim"
    victim.mkdir()
    project = tmp_path / "project"
    project.mkdir()

    def swap(_handler: object, body: bytes) -> bytes:
        link = project / ".venv"
        if not os.path.lexists(link):
            link.symlink_to(victim)
        return body

    index.misbehave = swap
    done = tfsetup(*INSTALL, cwd=project, **environ(tmp_path, index))
    assert done.returncode == 6, done.stderr
    assert "was not made by tfsetup" in done.stderr
    assert list(victim.iterdir()) == []
    assert (project / ".venv").resolve() == victim
