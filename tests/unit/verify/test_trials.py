"""Programs and imports of a bare environment, really tried in children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tfsetup.verify.programs import ProgramsTried
from tfsetup.verify.trials import try_programs

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="the environment is made as POSIX has it"),
]

Environment = Callable[[dict[str, str]], Path]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Return what makes an environment of modules by name; each with a `main` is also a program."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def make(modules: dict[str, str]) -> Path:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
        site = next((tmp_path / "env" / "lib").glob("python*")) / "site-packages"
        for name, text in modules.items():
            (site / f"{name}.py").write_text(text)
            info = site / f"{name}-1.0.dist-info"
            info.mkdir()
            (info / "RECORD").write_text(f"{name}.py,,\n")
            if "def main" in text:
                (info / "entry_points.txt").write_text(f"[console_scripts]\n{name} = {name}:main\n")
        return tmp_path / "env" / "bin" / "python"

    return make


def tried(python: Path, *row: str, program_s: float = 15.0, module_s: float = 30.0) -> tuple[ProgramsTried, list[str]]:
    said: list[str] = []
    return try_programs(python, row, told=said.append, program_s=program_s, module_s=module_s), said


WORKS = "import sys\ndef main():\n    print(sys.argv)\n    sys.exit(2)\n"


def test_what_works_is_counted_and_what_dies_is_named_with_its_line(environment: Environment) -> None:
    python = environment({"good": WORKS, "board": "def main():\n    import parts\n", "own": "import parts\n"})
    found, said = tried(python, "board==1.0", "good")
    assert (found.programs, found.modules, found.ok) == (2, 3, False)
    assert [(one.what, one.name, one.by, one.status) for one in found.trouble] == [
        ("module", "own", "user", "dies"),
        ("program", "board", "row", "dies"),
    ]
    assert found.dead[0].message == "ModuleNotFoundError: No module named 'parts' (board.py:2 main)"
    assert said[0] == "Trying    3 packages and 2 programs, each in a fresh process"


def test_what_kills_its_process_takes_nobody_along(environment: Environment) -> None:
    python = environment({"a": "import os\nos.abort()\n", "b": "", "c": "import sys\nsys.exit(0)\n"})
    found, _ = tried(python, "a", "b", "c")
    assert [(one.name, one.status, one.message) for one in found.trouble] == [
        ("a", "dies", "ended by SIGABRT"),
        ("c", "dies", "SystemExit: 0 (c.py:2 <module>)"),
    ]


def test_what_hangs_is_ended_and_is_no_death(environment: Environment) -> None:
    python = environment({"sleeper": "import time\ndef main():\n    time.sleep(600)\n"})
    found, _ = tried(python, "sleeper", program_s=2.0)
    (one,) = found.trouble
    assert (one.name, one.status) == ("sleeper", "undecided")
    assert found.ok


REACHES = "import socket\ndef main():\n    socket.create_connection(('192.0.2.1', 443), 5)\n"


def test_no_other_machine_is_reached_and_the_attempt_is_told(environment: Environment) -> None:
    found, _ = tried(environment({"reaches": REACHES}), "reaches")
    assert found.network == ("192.0.2.1",)
    assert [(one.name, one.status) for one in found.trouble] == [("reaches", "undecided")]


HOME = "import pathlib\npathlib.Path('~/.made').expanduser().write_text('x')\npathlib.Path('here').write_text('x')\n"


def test_nothing_is_written_where_the_user_is(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    found, _ = tried(environment({"writes": HOME}), "writes")
    assert found.ok
    assert not found.trouble
    assert list(home.iterdir()) == []


SLOW = """\
import os, pathlib, time
pathlib.Path(os.environ["WITNESS"]).write_text(str(os.getpid()))
time.sleep(600)
"""


def test_an_interrupt_leaves_no_child(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WITNESS", str(tmp_path / "pid"))
    text = (
        "import os, pathlib, time\npathlib.Path(os.environ['WITNESS']).write_text(str(os.getpid()))\ntime.sleep(600)\n"
    )
    python = environment({"slow": text})

    def interrupt() -> None:
        until = time.monotonic() + 60
        while not (tmp_path / "pid").exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        tried(python, "slow")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_without_an_environment_nothing_was_tried(tmp_path: Path) -> None:
    found, _ = tried(tmp_path / "bin" / "python")
    assert found.because == f"{tmp_path} is no environment"
