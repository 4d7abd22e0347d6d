"""`run_probe` on real child processes. TensorFlow and NumPy are small stand-ins, written out by the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tfsetup.verify.judge import judge
from tfsetup.verify.model import ProbeOutcome
from tfsetup.verify.run import run_probe

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        sys.platform == "win32", reason="signals and process groups are POSIX's; Windows has its own path"
    ),
]

GOOD = """
    __version__ = "2.99.0"
    class version: GIT_VERSION = "v2.99.0-0-gabc"
"""


def environment(folder: Path, tensorflow: str) -> Path:
    """Return the interpreter of a bare virtual environment whose `tensorflow` is the given source text."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    (site / "tensorflow").mkdir()
    (site / "tensorflow" / "__init__.py").write_text(textwrap.dedent(tensorflow), encoding="utf-8")
    return folder / "bin" / "python"


def failure_of(outcome: ProbeOutcome) -> tuple[str, str]:
    """Return the kind of failure and the title of the first finding."""
    found = judge(outcome, None, None)
    assert found.failure is not None
    assert not found.ok
    return found.failure.kind, found.findings[0].title


@pytest.mark.parametrize("name", ["SIGILL", "SIGSEGV", "SIGABRT", "SIGBUS"])
def test_a_crash_is_a_value_with_its_signal(tmp_path: Path, name: str) -> None:
    python = environment(tmp_path / "env", f"import os, signal\nos.kill(os.getpid(), signal.{name})")
    outcome = run_probe(python, timeout_s=60)
    assert (outcome.ended, outcome.signal) == ("signal", name)
    assert "Fatal Python error" in outcome.stderr
    kind, title = failure_of(outcome)
    assert kind == "crash"
    assert name in title


def test_a_kill_from_outside_is_not_called_a_crash(tmp_path: Path) -> None:
    python = environment(tmp_path / "env", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    kind, title = failure_of(run_probe(python, timeout_s=60))
    assert kind == "killed"
    assert "SIGKILL" in title


def test_a_hang_is_ended_and_says_where_it_was(tmp_path: Path) -> None:
    python = environment(tmp_path / "env", "import time\ndef stuck(): time.sleep(600)\nstuck()")
    outcome = run_probe(python, timeout_s=3)
    assert outcome.ended == "timeout"
    assert outcome.seconds < 60
    assert "in stuck" in outcome.stderr  # the stack that the child wrote down before its time was up
    assert failure_of(outcome)[0] == "hang"


def test_everything_the_child_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    source = f"""
        import subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open({str(note)!r}, "w").write(str(child.pid))
        time.sleep(600)
    """
    outcome = run_probe(environment(tmp_path / "env", source), timeout_s=3)
    assert outcome.ended == "timeout"
    assert gone(int(note.read_text()))


def gone(pid: int) -> bool:
    """Return whether a process is gone (or a zombie that only its new parent can remove), waiting a little."""
    for _attempt in range(100):
        state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if state.stdout.strip() in {"", "Z"}:
            return True
        time.sleep(0.05)
    return False


def test_an_interrupt_ends_the_child_and_goes_on(tmp_path: Path) -> None:
    python = environment(tmp_path / "env", "import time\ntime.sleep(600)")
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_probe(python, timeout_s=120)
    assert time.monotonic() - started < 60
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    assert str(python) not in listed


def test_an_exit_in_the_middle_of_the_import_is_noticed(tmp_path: Path) -> None:
    outcome = run_probe(environment(tmp_path / "env", "import os\nos._exit(0)"), timeout_s=60)
    assert outcome.ended == "finished"
    assert failure_of(outcome)[0] == "died"


def test_an_import_error_keeps_the_loaders_words(tmp_path: Path) -> None:
    source = "raise ImportError('libcudart.so.11.0: cannot open shared object file: No such file or directory')"
    found = judge(run_probe(environment(tmp_path / "env", source), timeout_s=60), None, None)
    assert found.failure is not None
    assert found.failure.kind == "import-error"
    assert "libcudart.so.11.0: cannot open" in found.failure.message


def test_an_environment_without_tensorflow_says_so(tmp_path: Path) -> None:
    python = environment(tmp_path / "env", "")
    package = next((tmp_path / "env" / "lib").glob("python*")) / "site-packages" / "tensorflow"
    (package / "__init__.py").unlink()
    hollow = failure_of(run_probe(python, timeout_s=60))
    package.rmdir()
    absent = failure_of(run_probe(python, timeout_s=60))
    assert hollow == absent == ("no-tensorflow", "there is no TensorFlow in this environment")


def test_what_tensorflow_prints_does_not_reach_the_findings(tmp_path: Path) -> None:
    source = """
        import os
        print("{}")
        os.write(1, b'{"event": "done"}\\n')
        raise ImportError("enough")
    """
    outcome = run_probe(environment(tmp_path / "env", source), timeout_s=60)
    assert "done" not in {event["event"] for event in outcome.events}
    assert '{"event": "done"}' in outcome.stderr


def test_a_damaged_library_is_the_explanation_of_a_crash(tmp_path: Path) -> None:
    python = environment(tmp_path / "env", "import os, signal\nos.kill(os.getpid(), signal.SIGBUS)")
    site = next((tmp_path / "env" / "lib").glob("python*")) / "site-packages"
    (site / "tensorflow-2.99.0.dist-info").mkdir()
    (site / "tensorflow" / "libtensorflow_cc.so.2").write_bytes(b"short")
    record = "tensorflow/libtensorflow_cc.so.2,sha256=x,90210\n"
    (site / "tensorflow-2.99.0.dist-info" / "RECORD").write_text(record)
    finding = judge(run_probe(python, timeout_s=60), None, None).findings[0]
    assert finding.title.endswith("; native libraries are missing or damaged")
    assert finding.detail == "libtensorflow_cc.so.2, tensorflow 2.99.0: 5 bytes instead of 90210"
    assert finding.cause == "incomplete-install-missing-native-lib"


def test_a_flood_of_output_neither_blocks_nor_fills_memory(tmp_path: Path) -> None:
    source = """
        import sys
        for number in range(40000): print("line %06d of many" % number, file=sys.stderr)
        raise ImportError("end")
    """
    outcome = run_probe(environment(tmp_path / "env", source), timeout_s=60)
    assert outcome.stderr.startswith("line 000000")
    assert "line 039999" in outcome.stderr
    assert len(outcome.stderr) < 300_000


def test_variables_of_another_environment_do_not_leak_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoy = tmp_path / "decoy" / "tensorflow"
    decoy.mkdir(parents=True)
    (decoy / "__init__.py").write_text("raise ImportError('the decoy')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(decoy.parent))
    monkeypatch.chdir(decoy.parent)
    outcome = run_probe(environment(tmp_path / "env", "raise ImportError('the right one')"), timeout_s=60)
    assert judge(outcome, None, None).failure.message.endswith("the right one")  # type: ignore[union-attr]


def test_the_library_being_loaded_is_named_before_its_code_runs(tmp_path: Path) -> None:
    source = """
        import importlib.machinery, importlib.util, os
        path = os.path.join(os.path.dirname(__file__), "_pywrap_fake.so")
        open(path, "wb").write(b"not an image")
        spec = importlib.util.spec_from_file_location("_pywrap_fake", path)
        try:
            importlib.util.module_from_spec(spec)
        except ImportError:
            os.abort()
    """
    outcome = run_probe(environment(tmp_path / "env", source), timeout_s=60)
    kind, title = failure_of(outcome)
    assert kind == "crash"
    assert title.endswith("while loading _pywrap_fake.so")


@pytest.mark.parametrize("content", [None, b"#!/nowhere/at/all\n", b"\x7fELF"])
def test_an_interpreter_that_cannot_start_is_a_value(tmp_path: Path, content: bytes | None) -> None:
    python = tmp_path / "python"
    if content is not None:
        python.write_bytes(content)
        python.chmod(0o755)
    kind, title = failure_of(run_probe(python, timeout_s=60))
    assert kind == "not-started"
    assert title == "the environment's interpreter could not be started"
