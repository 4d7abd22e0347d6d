"""`tfsetup doctor` as people and scripts call it: text, JSON, exit status, files."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tfsetup.cli.app import run
from tfsetup.doctor.present import ShownDiagnosis, ShownFinding
from tfsetup.report.doctor import doctor_lines

LOG = "ModuleNotFoundError: No module named 'tensorflow'\n"


def call(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = run(["doctor", *argv])
    out, err = capsys.readouterr()
    return status, out, err


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_a_problem_ends_with_7_and_tells_what_why_and_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = call(capsys, "--log", write(tmp_path / "log", LOG))
    assert status == 7
    assert out.splitlines()[0] == "A cause was found."
    assert "TensorFlow is not in the Python that is running  [wrong-python-environment, likely, 79%]" in out
    assert "   why: ModuleNotFoundError: No module named 'tensorflow'" in out
    assert "   fix: python -m pip install tensorflow" in out


def test_json_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--log", write(tmp_path / "log", LOG), "--json")
    document = json.loads(out)
    assert (status, document["status"], document["command"]) == (7, "failed", "doctor")
    assert document["data"]["healthy"] is False
    finding = document["data"]["findings"][0]
    assert {"cause", "confidence", "title", "evidence", "explanation", "fix"} <= set(finding)


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(LOG.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert call(capsys, "--log", "-", "--json")[0] == 7


def test_nothing_wrong_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--log", write(tmp_path / "log", "all fine\n"))
    assert (status, out) == (0, "Nothing wrong was found.\n")


def test_an_unknown_error_is_told_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--log", write(tmp_path / "log", "Traceback\nKeyError: 'x'\n"))
    assert status == 7
    assert "none of the known causes" in out
    assert "at: KeyError: 'x'" in out


def test_a_text_with_nothing_to_judge_is_undecided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--log", write(tmp_path / "log", "hello there\n"))
    assert status == 9
    assert "nothing in this text that the doctor can judge" in out
    status, out, _ = call(capsys, "--log", write(tmp_path / "log", "hello there\n"), "--json")
    answer = json.loads(out)["data"]
    assert (status, answer["healthy"], answer["verdict"]) == (9, False, "unknown")


def test_a_complaint_that_nobody_can_explain_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--log", write(tmp_path / "log", "So far so good.\nIt does not draw my cat.\n"))
    assert status == 7
    assert "at: It does not draw my cat." in out


def test_a_package_list_alone_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packages = write(tmp_path / "p.txt", "tensorflow==2.19.1\ntensorflow-metal==1.2.0\n")
    status, out, _ = call(capsys, "--packages", packages)
    assert status == 7
    assert "[metal-activation-dropped, sure, 90%]" in out
    assert "fix: export TURN_OFF_REMAPPER=1 " in out
    cured = write(tmp_path / "p.txt", "tensorflow==2.19.1\ntensorflow-metal==1.2.0\ntfsetup-cures==1\n")
    assert call(capsys, "--packages", cured)[:2] == (0, "Nothing wrong was found.\n")


def test_host_and_packages_are_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log", "ERROR: No matching distribution found for tensorflow\n")
    host = write(tmp_path / "host.json", '{"os": "linux", "arch": "x86_64", "pythons": [{"version": "3.14.0"}]}')
    packages = write(tmp_path / "packages.json", '[{"name": "pip", "version": "24.0"}]')
    _, out, _ = call(capsys, "--log", log, "--host", host, "--packages", packages, "--json")
    finding = json.loads(out)["data"]["findings"][0]
    assert (finding["cause"], finding["confidence"] > 0.9) == ("no-wheel-for-python-version", True)


def test_what_would_tell_look_alikes_apart_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log", "ERROR: No matching distribution found for tensorflow\n")
    _, out, _ = call(capsys, "--log", log)
    assert "would need to know" in out
    assert "tfsetup host --json > host.json" in out


@pytest.mark.parametrize(
    ("option", "text", "status", "words"),
    [
        ("--packages", "{}", 3, "This is no list of packages"),
        ("--host", "{", 3, "error: "),
    ],
)
def test_bad_files_end_with_their_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, text: str, status: int, words: str
) -> None:
    log = write(tmp_path / "log", LOG)
    got, _, err = call(capsys, "--log", log, option, write(tmp_path / "bad", text))
    assert got == status
    assert words in err


def test_a_log_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capsys, "--log", str(tmp_path / "none"), "--json")
    assert (status, json.loads(out)["error"]["code"]) == (2, "usage")


def test_a_bundle_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, report = write(tmp_path / "log", "/home/alice/x " + LOG), tmp_path / "report.json"
    status, _, err = call(capsys, "--log", log, "--bundle", str(report))
    assert status == 7
    assert "Read it before you send it" in err
    assert "alice" not in report.read_text()
    status, _, err = call(capsys, "--log", log, "--bundle", str(report))
    assert status == 2
    assert "cannot be written" in err


def test_escapes_never_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log", "\x1b[2J\x1b]0;evil\x07ModuleNotFoundError: No module named 'tensorflow'\x1b[31m\n")
    _, out, err = call(capsys, "--log", log)
    assert "\x1b" not in out + err
    assert "\x07" not in out + err


FINDING = ShownFinding(
    cause="x", confidence=0.6, title="T", kind="fatal", evidence=("e1",), explanation="E.", fix=("a", "b")
)
FOUND = ShownDiagnosis(
    healthy=False, verdict="problem", findings=(FINDING,), needs=(), unexplained=(), contradictions=(), advice=(),
    questions=(),
)  # fmt: skip


def test_the_text_of_a_finding() -> None:
    assert [line for line, _ in doctor_lines(FOUND)] == [
        "A cause was found.",
        "",
        "T  [x, likely, 60%]",
        "   why: e1",
        "        E.",
        "   fix: a",
        "    or: b",
    ]


def test_several_findings_are_numbered() -> None:
    finding = replace(FINDING, confidence=0.3)
    lines = [line for line, _ in doctor_lines(replace(FOUND, findings=(finding, finding), needs=("os", "python")))]
    assert lines[0] == "2 causes fit, the most likely first."
    assert lines[2] == "1. T  [x, possible, 30%]"
    assert lines[-2] == "To tell them apart the doctor would need to know: os, python."


def test_harmless_messages_are_no_problem() -> None:
    lines = [line for line, _ in doctor_lines(replace(FOUND, verdict="healthy"))]
    assert lines[0] == "Nothing is wrong: only messages that look alarming."


def test_text_from_outside_is_made_printable() -> None:
    finding = replace(FINDING, evidence=("\x1b[31mred",), fix=("x\x07",))
    text = "".join(line for line, _ in doctor_lines(replace(FOUND, findings=(finding,))))
    assert "\x1b" not in text
    assert "\\x1b[31mred" in text


HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\u202e"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    "log",
    [
        f"ModuleNotFoundError: No module named 'tensorflow'{HOSTILE}",
        f"ImportError: /lib/{HOSTILE}libgomp.so.1: cannot allocate memory in static TLS block",
        f"Traceback (most recent call last):\nKeyError: '{HOSTILE}'",
        f"ERROR: Could not find a version that satisfies the requirement tensorflow{HOSTILE} (from versions: none)",
        f"Cannot uninstall '{HOSTILE}wrapt'. It is a distutils installed project",
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_that_drives_a_terminal_gets_out_of_a_log(
    log: str, as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--log", write(tmp_path / "log", log), *(["--json"] if as_json else [])]
    _, out, err = call(capsys, *argv)
    assert UNSAFE.search(out + err) is None
    assert out


@pytest.mark.parametrize("name", ["no\x1b[2Jlog", "a\nb", "\u202egol", "[bold]x"])
def test_a_log_of_a_hostile_name_is_named_harmlessly(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = call(capsys, "--log", str(tmp_path / name))
    assert status == 2
    assert UNSAFE.search(out + err) is None
    (tmp_path / name).write_text(LOG)
    status, out, err = call(capsys, "--log", str(tmp_path / name))
    assert status == 7
    assert UNSAFE.search(out + err) is None


def test_a_bundle_of_a_hostile_log_drives_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log", f"{LOG}{HOSTILE}\n")
    call(capsys, "--log", log, "--bundle", str(tmp_path / "bundle.json"))
    assert UNSAFE.search((tmp_path / "bundle.json").read_text()) is None
