"""`tfsetup host`: the table people read and the JSON programs read."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from support.recorded_world import RecordedWorld
from tfsetup.cli.app import run
from tfsetup.host.gather import gather
from tfsetup.host.model import Cpu, Gpu, Host, Python
from tfsetup.report.host import UNKNOWN, host_document, host_rows, host_table

CASES = Path(__file__).parents[2] / "cases"
TABLES = sorted((CASES / "host" / "tables").glob("*.txt"))


def printed(host: Host) -> str:
    out = io.StringIO()
    console = Console(file=out, width=110, no_color=True, highlight=False)
    console.print(host_table(host_document(host)))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_the_table_of_a_machine(path: Path) -> None:
    host = gather(RecordedWorld(CASES / "host" / "recorded" / path.stem), pythons=True, downloads=True)
    assert printed(host) == path.read_text()


def test_could_not_tell_is_said_and_a_fact_that_does_not_apply_is_not_called_unknown() -> None:
    rows = {title: value for title, value, _ in host_rows(Host(os="macos", gpus=(), pythons=()))}
    assert rows["C library"] == "does not apply"
    assert rows["GPUs"] == rows["Pythons"] == "none"
    assert {title for title, value in rows.items() if value == UNKNOWN} == {
        "version", "architecture", "Rosetta", "WSL", "CPU", "Python downloads", "Xcode tools",
    }  # fmt: skip


def test_what_is_partly_known_says_which_part_is_not() -> None:
    gpus = (Gpu(vendor="amd"), Gpu(vendor="nvidia", compute_capability="9.0"))
    host = Host(cpu=Cpu(), gpus=gpus, pythons=(Python(version="3.12"),))
    rows = {title: value for title, value, _ in host_rows(host)}
    assert rows["CPU"] == "(brand unknown)\nfeatures unknown"
    assert rows["GPUs"] == "amd (name unknown)\nnvidia (name unknown), no driver, compute capability 9.0"
    assert rows["Pythons"] == "1, listed below"


def test_no_escape_sequence_of_a_tool_reaches_the_terminal() -> None:
    evil = "\x1b]0;gone\x07\x1b[2J\u202e"
    host = Host(os_version=evil, cpu=Cpu(brand=evil), gpus=(Gpu(vendor="amd", name=evil),), sources={"cpu": evil})
    text = printed(host)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b" in text


def test_an_interpreter_of_which_only_the_version_is_known() -> None:
    text = printed(Host(pythons=(Python(version="3.12"), Python(version="3.13.1", arch="arm64", free_threaded=True))))
    rows = [line.split() for line in text.splitlines()][-3:]
    assert rows == [["3.12", "unknown", "unknown"], ["3.13.1", "free-threaded", "arm64", "unknown"], []]


def test_json_is_the_host_file_with_sources(capsys: pytest.CaptureFixture[str]) -> None:
    path = CASES / "hosts" / "macos-14-m3.json"
    assert run(["host", "--json", "--host", str(path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["command"], document["status"], document["error"]) == ("host", "ok", None)
    data = document["data"]
    assert data.pop("summary") == "macOS 14.4.1 on Apple M3 Pro (arm64), Metal GPU"
    assert set(data.pop("sources").values()) == {str(path), f"not in {path}"}
    assert data == json.loads(path.read_text())


def test_its_own_json_can_be_piped_into_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first = tmp_path / "first.json"
    assert run(["host", "--json", "--host", str(CASES / "hosts" / "linux-x86_64-wsl2-nvidia.json")]) == 0
    first.write_text(capsys.readouterr().out)
    assert run(["host", "--json", "--host", str(first)]) == 0
    again = json.loads(capsys.readouterr().out)["data"]
    before = json.loads(first.read_text())["data"]
    del again["sources"], before["sources"]
    assert again == before


def test_a_bad_file_is_exit_3_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    path = CASES / "host" / "invalid" / "unknown-key.json"
    assert run(["host", "--json", "--host", str(path)]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["where"] == f"{path}:3:3"
    assert run(["host", "--host", str(path)]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[:2] == ["error: Unknown key `gpu`.", f"   at: {path}:3:3"]
