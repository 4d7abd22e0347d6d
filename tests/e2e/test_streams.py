"""Cut, full and closed streams, for real: the work is done all the same, and the exit status says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from support import standin
from support.faulty_index import Handler, Index, serve
from support.process import ROOT
from tfsetup.locks.files import read_lock

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform == "win32", reason="the shell's redirections and /dev/full"),
]

VERSION = standin.VERSIONS[0]
INSTALL = ("install", "--no-lock", "--no-verify", *standin.ASK)
LOCK = ("lock", "--platform", "linux-x86_64-cpu", "--format", "portable", "--no-prove", "--python", standin.MINOR)
FULL, CLOSED = "No space left on device", "it is closed"
# What a shell does with the streams of a run -> what the other stream says of it ("": nothing need be said).
STREAMS = {
    '"$@" 2>&1 | head -n 1; exit ${PIPESTATUS[0]}': "",
    '"$@" | true; exit ${PIPESTATUS[0]}': "",
    '"$@" 2> >(head -n 1 >/dev/null)': "",
    '"$@" >/dev/full': f"result could not be written to stdout: {FULL}; the work itself is done",
    '"$@" >&-': f"result could not be written to stdout: {CLOSED}; the work itself is done",
    '"$@" 2>/dev/full': f"nothing more could be written to stderr: {FULL}; the work itself is done",
    '"$@" 2>&-': f"nothing more could be written to stderr: {CLOSED}; the work itself is done",
    '"$@" >/dev/full 2>/dev/full': "",
    '"$@" <&- >&- 2>&-': "",
    'trap "" HUP; PYTHONUNBUFFERED=1 "$@" >/dev/full': f"result could not be written to stdout: {FULL}",
    'PYTHONIOENCODING=cp1252 "$@"': "",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    files: dict[str, standin.Content] = {"tensorflow/__init__.py": f"__version__ = '{VERSION}'\n"}
    standin.write_wheel(folder, "tensorflow-cpu", VERSION, files, requires=["six"])
    standin.write_wheel(folder, "six", "1.17.0", {"six.py": "value = 6\n"})
    with serve(Index(folder)) as running:
        yield running


def variables(index: Index, home: Path) -> Mapping[str, str]:
    own = {"UV_DEFAULT_INDEX": index.url, "PIP_EXTRA_INDEX_URL": "", "HOME": str(home), "TMPDIR": str(home)}
    caches = {"UV_CACHE_DIR": str(home / "uv"), "TFSETUP_CACHE_DIR": str(home / "cache")}
    return os.environ | {"PYTHONPATH": str(ROOT / "installer")} | own | caches


def run(script: str, *argv: str, index: Index, home: Path) -> subprocess.CompletedProcess[str]:
    """Run tfsetup as a shell's `"$@"`, in a project folder."""
    (home / "project").mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, "-m", "tfsetup", *argv],
        cwd=home / "project",
        env=variables(index, home),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def installed(home: Path) -> str:
    python = home / "project" / ".venv" / "bin" / "python"
    program = "import tensorflow; print(tensorflow.__version__)"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def sound(done: subprocess.CompletedProcess[str]) -> str:
    """Return all that was said; none of it may be the interpreter's own words."""
    said = done.stdout + done.stderr
    assert not [word for word in ("Traceback", "Exception ignored", "is a bug", "othing was changed") if word in said]
    return said


@pytest.mark.parametrize("script", STREAMS)
def test_an_installation_is_done_whatever_becomes_of_its_streams(script: str, index: Index, tmp_path: Path) -> None:
    done = run(script, *INSTALL, index=index, home=tmp_path)
    assert (done.returncode, STREAMS[script] in sound(done)) == (0, True), done
    assert installed(tmp_path) == VERSION


@pytest.mark.parametrize("script", STREAMS)
def test_a_lock_is_written_whatever_becomes_of_its_streams(script: str, index: Index, tmp_path: Path) -> None:
    done = run(script, *LOCK, index=index, home=tmp_path)
    assert (done.returncode, STREAMS[script] in sound(done)) == (0, True), done
    (lock,) = (tmp_path / "project" / "environments" / "locks").glob("requirements.*.txt")
    assert [p.version for p in read_lock(lock).packages if p.name == "tensorflow-cpu"] == [VERSION]


@pytest.mark.parametrize("script", STREAMS)
def test_work_that_fails_is_no_success_either(script: str, index: Index, tmp_path: Path) -> None:
    done = run(script, *INSTALL, "--tensorflow", "==0.1", index=index, home=tmp_path)
    assert done.returncode == 4, done
    sound(done)
    assert not os.path.lexists(tmp_path / "project" / ".venv")


@pytest.mark.parametrize("script", ['"$@" >/dev/full', '"$@" >&-'])
def test_with_json_too(script: str, index: Index, tmp_path: Path) -> None:
    done = run(script, *INSTALL, "--json", index=index, home=tmp_path)
    assert (done.returncode, STREAMS[script] in sound(done)) == (0, True), done
    assert installed(tmp_path) == VERSION


def test_stderr_that_is_full_leaves_one_document_on_stdout(index: Index, tmp_path: Path) -> None:
    done = run('"$@" 2>/dev/full', *INSTALL, "--json", index=index, home=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["data"]["changed"]) == (0, True)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_is_told_to_end_leaves_nothing(number: signal.Signals, index: Index, tmp_path: Path) -> None:
    generation, reached = tmp_path / "project" / ".venv.generations" / "1", threading.Event()

    def hang(handler: Handler, body: bytes) -> bytes | None:
        if generation.is_dir():
            reached.set()
            handler.index.stopping.wait(30)
        return body

    (tmp_path / "project").mkdir()
    slow = Index(index.folder, misbehave=hang)
    with serve(slow):
        running = subprocess.Popen(
            [sys.executable, "-m", "tfsetup", *INSTALL], cwd=tmp_path / "project", env=variables(slow, tmp_path),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert reached.wait(30)
        for _ in range(2):  # a shell passes on the kernel's SIGHUP: the second must not cut the cleaning short
            os.kill(running.pid, number)
            time.sleep(0.05)
        said = running.communicate(timeout=60)[1]
    assert (running.returncode, "Interrupted; nothing half-done is left behind." in said) == (130, True), said
    assert not [path.name for path in generation.parent.iterdir() if path.name not in {"lock", ".gitignore"}]


def test_a_hang_up_that_nohup_ignores_stays_ignored(index: Index, tmp_path: Path) -> None:
    script = 'trap "" HUP; "$@" & pid=$!; sleep 0.4; kill -HUP $pid; wait $pid'
    done = run(script, *INSTALL, index=index, home=tmp_path)
    assert (done.returncode, installed(tmp_path)) == (0, VERSION), done


def test_a_command_of_the_environment_gets_the_very_streams(index: Index, tmp_path: Path) -> None:
    assert run('"$@"', *INSTALL, index=index, home=tmp_path).returncode == 0
    piped = run('"$@" | head -n 1; exit ${PIPESTATUS[0]}', "run", "--", "yes", index=index, home=tmp_path)
    assert (piped.returncode, piped.stdout, piped.stderr) == (128 + signal.SIGPIPE, "y\n", "")
    closed = run('"$@" >&-', "run", "--", "echo", "words", index=index, home=tmp_path)
    assert (closed.returncode != 0, "rror" in closed.stderr) == (True, True), closed
    full = run('"$@" >/dev/full', "run", "--", "echo", "words", index=index, home=tmp_path)
    assert (full.returncode != 0, FULL in full.stderr) == (True, True), full
