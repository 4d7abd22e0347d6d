"""tfsetup's own environment: made once, whole or not at all, mended by itself; the same under make 3.81 as today's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from support import uv_of_files
from support.bare_clone import Clone, bare_clone, base_python
from support.old_make import make_381
from support.process import ROOT

pytestmark = [pytest.mark.heavy, pytest.mark.process]

READY = ".tool/env/ready"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone on a machine that has the uv above."""
    made = bare_clone(tmp_path / "a clone's folder")
    shutil.copy2(ROOT / "Makefile", made.root / "Makefile")
    for name in ("tool", "conda", "dev"):
        (made.root / "requirements" / f"{name}.txt").write_text("")
    for name in ("installer", "tests", "benchmarks"):
        (made.root / name).mkdir(exist_ok=True)
    for tool in ("make", "env", "sort", "mkdir", "ln", "chmod", "rm", "find", "bash", "touch"):
        found = shutil.which(tool)
        assert found, tool
        (made.programs / tool).symlink_to(found)
    made.environ["LOG_OF_TEST"] = str(made.folder / "log")
    made.environ["PYTHON_OF_TEST"] = base_python()
    made.program("uv", f'exec "$PYTHON_OF_TEST" -I "{uv_of_files.__file__}" "$@"\n')
    return made


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GNU make 3.81."""
    return make_381(tmp_path_factory.mktemp("make"))


@pytest.fixture(params=["make", "make 3.81"])
def make(request: pytest.FixtureRequest) -> str:
    """The make of this machine, and the one that a Mac has."""
    return str(request.getfixturevalue("old")) if request.param == "make 3.81" else str(shutil.which("make"))


def run(clone: Clone, make: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [make, "--no-print-directory", *words],
        cwd=clone.root,
        env={**clone.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def calls(clone: Clone) -> list[str]:
    """Return what uv was called for, since this was asked last."""
    log = clone.folder / "log"
    words = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return words


ALL = ["venv", "pip sync", "pip install"]


def test_it_is_made_once(clone: Clone, make: str) -> None:
    first = run(clone, make, "install", "ARGS=--accelerator cpu")
    assert (first.returncode, first.stdout) == (0, "tfsetup install --accelerator cpu\n"), first.stderr
    assert first.stderr == "Preparing tfsetup itself in .tool/env (once)\n"
    assert calls(clone) == ALL
    again = run(clone, make, "verify")
    assert (again.returncode, again.stdout, again.stderr) == (0, "tfsetup verify\n", "")
    assert calls(clone) == []


@pytest.mark.parametrize("changed", ["requirements/tool.txt", "scripts/bootstrap/place.py"])
def test_what_it_is_made_from_changed_so_it_is_brought_up_to_date(clone: Clone, changed: str) -> None:
    assert run(clone, "make", READY).returncode == 0
    calls(clone)
    later = time.time() + 5
    os.utime(clone.root / changed, (later, later))
    assert run(clone, "make", READY).returncode == 0
    assert calls(clone) == []  # newer, and the same: as after a copy, or a change of branches and back
    with (clone.root / changed).open("a") as file:
        file.write("\n# changed\n")
    os.utime(clone.root / changed, (later + 5, later + 5))
    assert run(clone, "make", READY).returncode == 0
    assert calls(clone) == ALL[1:]


def test_a_clone_that_was_moved_works_and_nothing_is_made_again(clone: Clone) -> None:
    assert run(clone, "make", READY).returncode == 0
    calls(clone)
    there = clone.folder / "moved $(here)"
    clone.root.rename(there)
    done = subprocess.run(
        ["make", "--no-print-directory", "install"],
        cwd=there,
        env=clone.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "tfsetup install\n", "")
    assert calls(clone) == []
    site = there / ".tool/env/lib/python3.13/site-packages"
    assert (site / (site / "_tfsetup.pth").read_text().strip()).resolve() == (there / "installer").resolve()


def test_one_whose_python_is_gone_is_made_again(clone: Clone, make: str) -> None:
    assert run(clone, make, READY).returncode == 0
    python = clone.root / ".tool/env/bin/python"
    python.unlink()
    python.symlink_to("/opt/removed/bin/python3.13")
    calls(clone)
    done = run(clone, make, "doctor")
    assert (done.returncode, done.stdout) == (0, "tfsetup doctor\n"), done.stderr
    assert calls(clone) == ALL


def test_one_of_a_python_that_is_no_longer_in_the_range_is_made_anew(clone: Clone) -> None:
    assert run(clone, "make", READY).returncode == 0
    (clone.root / ".tool/env/pyvenv.cfg").write_text("version_info = 3.9.1\n")
    with (clone.root / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    later = time.time() + 5
    os.utime(clone.root / "pyproject.toml", (later, later))
    calls(clone)
    assert run(clone, "make", READY).returncode == 0
    assert calls(clone) == ALL


def test_one_that_was_never_finished_is_made_anew(clone: Clone) -> None:
    assert run(clone, "make", READY).returncode == 0
    (clone.root / READY).unlink()
    (clone.root / ".tool/env/half").touch()
    calls(clone)
    assert run(clone, "make", READY).returncode == 0
    assert calls(clone) == ALL
    assert not (clone.root / ".tool/env/half").exists()


def begin(clone: Clone, make: str) -> subprocess.Popen[str]:
    """Begin `make install`, as a terminal does."""
    return subprocess.Popen(
        [make, "--no-print-directory", "install"],
        cwd=clone.root,
        env=clone.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )


def comes(clone: Clone, word: str) -> None:
    """Wait until uv is called for something."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        log = clone.folder / "log"
        if log.exists() and word in log.read_text():
            return
        time.sleep(0.02)
    pytest.fail(f"uv was never called for {word}")


def test_two_makes_at_once_both_end_well_and_it_is_made_once(clone: Clone) -> None:
    slow = clone.folder / "log.slow"
    slow.touch()
    first = begin(clone, "make")
    comes(clone, "pip sync")
    second = begin(clone, "make")
    assert second.stderr is not None
    assert second.stderr.readline() == "Another make is at work in this folder; waiting for it\n"
    slow.unlink()
    ends = [one.communicate(timeout=40) for one in (first, second)]
    assert [one.returncode for one in (first, second)] == [0, 0], ends
    assert ends[1] == ("tfsetup install\n", "")
    assert ends[0][0] == "tfsetup install\n"
    assert calls(clone) == ALL


def test_interrupted_it_ends_at_once_without_a_trace_and_the_next_one_makes_it(clone: Clone, make: str) -> None:
    (clone.folder / "log.slow").touch()
    running = begin(clone, make)
    comes(clone, "pip sync")
    began = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    out, said = running.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert running.returncode != 0
    assert out == ""
    assert "Interrupted; nothing is left half-done. Run make again." in said
    assert said.count("Traceback") <= 1  # that of the uv of this test, which is no uv
    assert not (clone.root / READY).exists()
    (clone.folder / "log.slow").unlink()
    calls(clone)
    done = run(clone, make, "install")
    assert (done.returncode, done.stdout) == (0, "tfsetup install\n"), done.stderr
    assert calls(clone) == ALL


def test_what_uv_says_is_told_in_our_words_and_its_own_are_kept(clone: Clone) -> None:
    said = "error: No interpreter found\n\nhint: but uv is set to offline mode"
    done = run(clone, "make", "install", FAILS_OF_TEST=said)
    assert done.returncode == 2
    text = " ".join(done.stderr.split())
    assert "error: There is no Python >=3.11,<" in text
    assert "UV_OFFLINE forbids it. (uv's own words: .tool/uv.log)" in text
    assert "UV_PYTHON_INSTALL_MIRROR" in text
    assert "No interpreter found" not in text
    assert "No interpreter found" in (clone.root / ".tool/uv.log").read_text()
    assert all(len(line) <= 80 for line in done.stderr.splitlines() if "make:" not in line)
    assert run(clone, "make", "install").returncode == 0
    assert not (clone.root / ".tool/uv.log").exists()


def test_uv_is_run_with_what_the_user_means_and_nothing_that_disturbs(clone: Clone) -> None:
    disturbing = {
        "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "VIRTUAL_ENV": "/other", "CONDA_PREFIX": "/base",
        "UV_PYTHON": "2.7", "UV_SYSTEM_PYTHON": "1", "UV_PROJECT": "/p", "UV_CONSTRAINT": "/c", "UV_NO_BINARY": "1",
        "UV_REQUIRE_HASHES": "1", "UV_INDEX_STRATEGY_": "",
    }  # fmt: skip
    meant = {"PIP_INDEX_URL": "https://me:pw@i.example/simple", "PIP_PROXY": "proxy:3128", "UV_OFFLINE": "1"}
    done = run(clone, "make", "install", **disturbing, **meant)
    assert (done.returncode, done.stdout) == (0, "tfsetup install\n"), done.stderr
    lines = (clone.folder / "log.environ").read_text().splitlines()
    seen = dict(line.split("=", 1) for line in lines if "=" in line)
    assert not seen.keys() & disturbing.keys() - {"UV_INDEX_STRATEGY_"}
    assert seen["UV_DEFAULT_INDEX"] == meant["PIP_INDEX_URL"]
    assert seen["HTTPS_PROXY"] == seen["HTTP_PROXY"] == "http://proxy:3128"
    assert seen["UV_OFFLINE"] == "1"
    assert seen.get("UV_SYSTEM_CERTS") == "1" or not Path("/etc/ssl/certs/ca-certificates.crt").exists()
    assert "pw" not in done.stderr


TARGETS = (
    "help",
    "install",
    "lock",
    "lock-check",
    "verify",
    "doctor",
    "lint",
    "types",
    "unit",
    "e2e",
    "mutants",
    "clean",
)


@pytest.mark.parametrize(
    "words", [*((one,) for one in TARGETS), ("install", "ARGS=--backend conda"), ("lock", "ARGS=-v")]
)
def test_make_3_81_would_run_the_same_for_each_target(clone: Clone, old: Path, words: tuple[str, ...]) -> None:
    todays, olds = (run(clone, make, "--dry-run", *words) for make in (str(shutil.which("make")), str(old)))
    assert (olds.returncode, olds.stdout.split(), olds.stderr) == (0, todays.stdout.split(), "")
    assert todays.stdout


def test_clean_removes_what_is_the_tools(clone: Clone, make: str) -> None:
    assert run(clone, make, READY).returncode == 0
    (clone.root / "installer" / "tfsetup" / "__pycache__").mkdir()
    (clone.root / ".venv").mkdir()
    assert run(clone, make, "clean").returncode == 0
    assert not (clone.root / ".tool").exists()
    assert not list(clone.root.rglob("__pycache__"))
    assert (clone.root / ".venv").exists()


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"], ["bash", "--posix"]], ids=" ".join)
def test_the_scripts_run_under_each_plain_shell(clone: Clone, tmp_path: Path, shell: list[str]) -> None:
    found = shutil.which(shell[0])
    if found is None:
        pytest.skip(f"{shell[0]} is not installed here")
    named = Path(tempfile.mkdtemp(dir=tmp_path)) / "sh"  # the line of #! takes no blank
    named.write_text(f'#!/bin/sh\nexec {found} {" ".join(shell[1:])} "$@"\n', encoding="utf-8")
    named.chmod(0o755)
    for script in (path for path in (clone.root / "scripts").iterdir() if path.is_file()):
        text = script.read_text(encoding="utf-8")
        if text.startswith("#!/bin/sh\n"):
            script.write_text(text.replace("#!/bin/sh", f"#!{named}", 1), encoding="utf-8")
    done = run(clone, "make", "install", f"SHELL={named}")
    assert (done.returncode, done.stdout) == (0, "tfsetup install\n"), done.stderr
