"""The contract of INTERFACE: the envelope, the exit codes, and that every failure has both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Tfsetup
from tfsetup import __version__
from tfsetup.cli.commands import COMMANDS
from tfsetup.errors import Code

ENVELOPE = ["schema", "tool", "version", "command", "status", "data", "findings", "error"]
EXIT_CODES = {
    "bug": 1,
    "usage": 2,
    "invalid-file": 3,
    "no-row": 4,
    "network": 5,
    "build": 6,
    "answer-is-no": 7,
    "lock": 8,
    "undecided": 9,
    "interrupted": 130,
}


def test_the_table_of_codes_is_the_documented_one() -> None:
    assert {code.slug: code.exit_status for code in Code} == EXIT_CODES


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(tfsetup: Tfsetup, name: str) -> None:
    ran = tfsetup(name, "--help")
    assert ran.status == 0
    assert ran.out.startswith(f"Usage: tfsetup {name}")
    assert ran.err == ""


def test_help_names_every_command(tfsetup: Tfsetup) -> None:
    ran = tfsetup("--help")
    listed = [line.split()[0] for line in ran.out.partition("Commands:\n")[2].splitlines() if line.startswith("  ")]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_overview_is_the_command_s_own(tfsetup: Tfsetup, name: str) -> None:
    own = " ".join(tfsetup(name, "--help").out.partition("\n\n")[2].partition("\n\n")[0].split())
    assert COMMANDS[name].line == own.partition(". ")[0].rstrip(".") + "."


def test_the_version_is_the_package_s(tfsetup: Tfsetup) -> None:
    assert tfsetup("--version").out == f"tfsetup {__version__}\n"


def test_a_result_is_one_envelope(tfsetup: Tfsetup, host_file: Callable[[str], str]) -> None:
    ran = tfsetup("resolve", "--json", "--host", host_file("macos-14-m3"))
    document = ran.document
    assert list(document) == ENVELOPE
    assert (document["schema"], document["tool"], document["version"]) == (1, "tfsetup", __version__)
    assert (document["command"], document["status"], document["error"]) == ("resolve", "ok", None)
    assert ran.status == 0


@pytest.mark.parametrize(
    "argv",
    [
        ["resolve", "--json", "--no-such-option"],
        ["resolve", "--json", "--accelerator", "abacus"],
        ["install", "--json", "--tensorflow"],
        ["--json"],
        ["explode", "--json"],
        ["rollback", "--json", "many"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_an_envelope_too(tfsetup: Tfsetup, argv: list[str]) -> None:
    ran = tfsetup(*argv)
    assert ran.status == 2
    document = ran.document
    assert list(document) == ENVELOPE
    assert document["status"] == "error"
    assert document["error"]["code"] == "usage"
    assert document["error"]["message"]
    assert "--help" in document["error"]["hint"]


def test_without_json_an_error_goes_to_stderr_with_its_hint(tfsetup: Tfsetup) -> None:
    ran = tfsetup("resolve", "--no-such-option")
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "error: No such option: --no-such-option",
        " hint: `tfsetup --help` lists the commands, `tfsetup COMMAND --help` their options.",
    ]


def test_a_host_file_that_is_not_there_is_exit_3(tfsetup: Tfsetup, tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere.json")
    document = tfsetup("resolve", "--json", "--host", missing).document
    assert document["error"]["code"] == "invalid-file"
    assert document["error"]["where"].startswith(missing)


def test_a_row_s_name_stands_for_its_plainest_machine(tfsetup: Tfsetup) -> None:
    document = tfsetup("resolve", "--json", "--host", "macos-arm64-metal").document
    assert document["data"]["row"] == "macos-arm64-metal"
    host = tfsetup("host", "--json", "--host", "macos-arm64-metal").document["data"]
    assert (host["arch"], host["os_version"]) == ("arm64", "14.0")  # the first with Accelerate under NumPy
    assert tfsetup("host", "--json", "--host", "linux-x86_64-cuda").document["data"]["gpus"][0]["vendor"] == "nvidia"


def test_a_file_is_read_although_a_row_has_its_name(tfsetup: Tfsetup, tmp_path: Path) -> None:
    (tmp_path / "macos-arm64-metal").write_text('{"os": "windows", "arch": "x86_64"}')
    assert tfsetup("host", "--json", "--host", "macos-arm64-metal").document["data"]["os"] == "windows"


def test_neither_a_file_nor_a_row_is_exit_3_and_says_both(tfsetup: Tfsetup) -> None:
    ran = tfsetup("resolve", "--host", "macos-arm64-metl")
    assert ran.status == 3
    assert ran.err.splitlines() == [
        "error: --host macos-arm64-metl: there is no such file, and the matrix has no row of this name.",
        "   at: macos-arm64-metl",
        " hint: `tfsetup matrix show` lists the rows; `tfsetup host --json > host.json` writes a host file.",
    ]


def test_a_row_is_no_machine_to_install_on(tfsetup: Tfsetup) -> None:
    ran = tfsetup("install", "--host", "linux-x86_64-cpu")
    assert (ran.status, "Add --dry-run." in ran.err) == (2, True)


def test_a_host_file_with_a_mistake_names_its_line(tfsetup: Tfsetup, tmp_path: Path) -> None:
    file = tmp_path / "host.json"
    file.write_text('{\n  "os": "macos",\n  "arch": "m1"\n}\n')
    ran = tfsetup("resolve", "--host", str(file))
    assert ran.status == 3
    assert f"   at: {file}:3:" in ran.err


def test_no_row_is_exit_4_and_an_answer(tfsetup: Tfsetup, host_file: Callable[[str], str]) -> None:
    ran = tfsetup("resolve", "--json", "--host", host_file("linux-x86_64-musl"))
    assert ran.status == 4
    document = ran.document
    assert document["status"] == "failed"
    assert document["error"] is None
    assert document["data"]["installable"] is False
    assert document["data"]["reasons"]


def test_this_machine_does_not_change_for_another_s_sake(tfsetup: Tfsetup, host_file: Callable[[str], str]) -> None:
    ran = tfsetup("install", "--host", host_file("macos-14-m3"))
    assert ran.status == 2
    assert "Add --dry-run." in ran.err


def test_an_interrupt_is_130_and_says_so(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tfsetup.host.probe.probe", interrupted)
    ran = tfsetup("resolve")
    assert ran.status == 130
    assert ran.err == "error: Interrupted; nothing half-done is left behind.\n"
    assert tfsetup("resolve", "--json").document["error"]["code"] == "interrupted"


def test_a_bug_is_told_in_a_sentence_with_a_log(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("a bug\x1b[31m")

    monkeypatch.setattr("tfsetup.host.probe.probe", broken)
    ran = tfsetup("resolve")
    assert ran.status == 1
    assert ran.err.startswith("error: This is a bug in tfsetup (ZeroDivisionError: a bug\\x1b[31m).")
    assert "Traceback" not in ran.err
    log = Path(ran.err.partition("The whole traceback is in ")[2].partition(";")[0])
    assert "ZeroDivisionError" in log.read_text()


def test_json_is_ascii_whatever_the_terminal(tfsetup: Tfsetup, host_file: Callable[[str], str]) -> None:
    ran = tfsetup("resolve", "--json", "--host", host_file("macos-14-m3"))
    assert ran.out.isascii()
    assert json.loads(ran.out)["data"]["row"] == "macos-arm64-metal"


@pytest.mark.process
def test_a_reader_that_goes_away_is_no_error(host_file: Callable[[str], str]) -> None:
    source = str(Path(__file__).parents[2] / "installer")
    argv = [sys.executable, "-m", "tfsetup", "resolve", "--json", "--host", host_file("macos-14-m3")]
    read, write = os.pipe()
    os.close(read)
    environ = {"PYTHONPATH": source, "PATH": os.environ["PATH"]}
    done = subprocess.run(argv, stdout=write, stderr=subprocess.PIPE, env=environ, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
