"""The real machine: commands with time limits, files, names, and the probe as a whole."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tfsetup.host.probe import ThisMachine, probe
from tfsetup.host.world import World, text

PROCESS = pytest.mark.process


def a_world(machine: ThisMachine) -> World:
    """Return it as the protocol: a type check that the real machine is one."""
    return machine


@PROCESS
def test_the_probe_tells_what_runs_these_tests() -> None:
    host = probe(downloads=False)
    assert host.os == {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    assert host.python_downloads is None
    assert host.sources["python_downloads"] == "not tried"
    real = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    mine = [python for python in host.pythons or () if os.path.realpath(python.path or "") == real]
    assert [python.version for python in mine] == [".".join(map(str, sys.version_info[:3]))]
    assert set(host.sources) == {
        "os", "os_version", "arch", "rosetta", "wsl", "libc", "page_size", "cpu", "gpus", "pythons", "python_downloads",
        "xcode_clt",
    }  # fmt: skip
    assert sys.platform != "linux" or host.page_size == os.sysconf("SC_PAGESIZE")


def test_nothing_is_started_for_a_plain_linux_without_pythons_and_downloads() -> None:
    if sys.platform != "linux" or Path("/usr/bin/nvidia-smi").exists() or not os.confstr("CS_GNU_LIBC_VERSION"):
        pytest.skip("this machine has to be asked through commands")
    host = probe(pythons=False, downloads=False)
    assert host.pythons is None
    assert host.libc is not None


@PROCESS
def test_a_command_and_its_answer() -> None:
    with ThisMachine() as machine:
        running = machine.start(
            [sys.executable, "-c", "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)"]
        )
        output = running()
        assert (output.status, output.stdout.strip(), output.stderr) == (3, "out", "err")
        assert not output.ok
        assert output.trouble == "exit status 3: err"
        assert running() is output


@PROCESS
def test_a_command_that_does_not_answer_is_ended() -> None:
    with ThisMachine() as machine:
        before = time.monotonic()
        output = machine.start([sys.executable, "-c", "import time; time.sleep(600)"], limit_s=0.2)()
        assert output.problem == "no answer within 0.2 s"
        assert time.monotonic() - before < 60


@PROCESS
def test_leaving_ends_what_was_never_waited_for() -> None:
    with ThisMachine() as machine:
        machine.start([sys.executable, "-c", "import time; time.sleep(600)"])
        child = machine._running[0]._child
        assert child is not None
    assert child.returncode not in {0, None}


@PROCESS
def test_more_output_than_a_pipe_holds() -> None:
    with ThisMachine() as machine:
        output = machine.start([sys.executable, "-c", "print('x' * 300_000)"])()
        assert len(output.stdout) == 300_001 or output.stdout.endswith("x\r\n")


@PROCESS
def test_bytes_that_are_no_text_stay_visible() -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\x00a')"
    with ThisMachine() as machine:
        assert machine.start([sys.executable, "-c", code])().stdout == "\\xff\x00a"
        utf_16 = "import sys; sys.stdout.buffer.write('é'.encode('utf-16'))"
        assert machine.start([sys.executable, "-c", utf_16])().stdout == "é"


@PROCESS
def test_a_program_that_is_not_there_or_no_program(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    with ThisMachine() as machine:
        assert machine.start([str(tmp_path / "none")])().problem == "no such file or directory"
        assert machine.start([str(tmp_path / "plain")])().problem == "permission denied"
        assert machine.start(["a\0b"])().problem == "embedded null byte"


@PROCESS
def test_an_environment_given_is_the_whole_one() -> None:
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    with ThisMachine() as machine:
        output = machine.start([sys.executable, "-I", "-c", code], env={"ONLY": "this"})()
    assert output.stdout.strip() == "['LANGUAGE', 'LC_ALL', 'ONLY']"


def test_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789\xff")
    machine = ThisMachine()
    assert machine.read(str(tmp_path / "file"), limit=4) == b"0123"
    assert text(machine.read(str(tmp_path / "file"))) == "0123456789\\xff"
    assert [machine.read(str(path)) for path in (tmp_path, tmp_path / "none", "a\0b")] == [None] * 3
    assert machine.listdir(str(tmp_path)) == ("file",)
    assert [machine.listdir(path) for path in (str(tmp_path / "file"), "/none/at/all", "a\0b")] == [()] * 3
    assert [machine.exists(path) for path in (str(tmp_path), str(tmp_path / "none"), "a\0b")] == [True, False, False]
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    assert machine.realpath(str(link)) == str((tmp_path / "file").resolve())


def test_a_folder_that_was_deleted_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert ThisMachine().cwd() == ""


@pytest.mark.loopback
def test_names_are_looked_up() -> None:
    machine = ThisMachine()
    assert machine.resolves("localhost", limit_s=30)() is True
    assert machine.resolves("no-such-host.invalid", limit_s=30)() is False
    assert machine.resolves("a" * 70 + ".invalid", limit_s=30)() is False


@pytest.mark.loopback
def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: time.sleep(5))
    assert ThisMachine().resolves("example.org", limit_s=0.05)() is None


@pytest.mark.process
def test_a_child_sees_the_scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    program = "import os; print(os.environ.get('PYTHONPATH'))"
    with ThisMachine() as machine:
        assert machine.start([sys.executable, "-c", program], limit_s=60)().stdout.strip() == "None"
        given = {"PYTHONPATH": "/elsewhere", "PATH": os.environ["PATH"]}
        assert machine.start([sys.executable, "-c", program], limit_s=60, env=given)().stdout.strip() == "None"
