"""`tfsetup verify` as a user calls it: usage, exit codes, JSON, page and history, over a stand-in TensorFlow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import fake_tensorflow
from support.cli import Tfsetup
from support.process import ROOT

FAST = ("--size", "64", "--dtype", "float32", "--quick")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with the stand-in of tests/support/fake_tensorflow.py; histories go to `tmp_path`."""
    monkeypatch.setenv("TFSETUP_STATE", str(tmp_path / "state"))
    folder = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next(folder.glob("[Ll]ib*/**/site-packages"))
    (site / "numpy.pth").write_text(str(Path(np.__file__).parents[1]), encoding="utf-8")
    (site / "tensorflow").mkdir()
    source = Path(fake_tensorflow.__file__).read_text(encoding="utf-8")
    (site / "tensorflow" / "__init__.py").write_text(source, encoding="utf-8")
    return folder


def behave(environment: Path, **behaviour: Any) -> None:
    """Let the stand-in's GPU behave so."""
    package = next(environment.glob("[Ll]ib*/**/site-packages")) / "tensorflow"
    (package / "behaviour.json").write_text(json.dumps(behaviour), encoding="utf-8")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nowhere"], "does not exist"),
        (["."], "holds no Python interpreter"),
        ([".", "--size", "0"], "--size"),
        ([".", "--size", "many"], "--size"),
        ([".", "--dtype", "int8"], "--dtype"),
        ([".", "--timeout", "-1"], "--timeout"),
    ],
)
def test_wrong_usage_is_told_and_exits_2(tfsetup: Tfsetup, argv: list[str], words: str) -> None:
    ran = tfsetup("verify", *argv, "--json")
    assert ran.status == 2
    assert words in ran.document["error"]["message"]
    assert ran.document["error"]["hint"]


@pytest.mark.process
def test_a_good_environment_exits_0_with_one_document(tfsetup: Tfsetup, environment: Path) -> None:
    ran = tfsetup("verify", str(environment), *FAST, "--json")
    assert ran.status == 0
    data = ran.document["data"]
    assert [device["name"] for device in data["devices"]] == ["CPU:0", "GPU:0"]
    assert data["tensorflow"] == {
        "version": "2.99.0",
        "git_version": "v2.99.0-0-gabcdef",
        "build": data["tensorflow"]["build"],
    }
    assert data["history"]["runs"] == 0
    assert tfsetup("verify", str(environment), *FAST, "--json").document["data"]["history"]["runs"] == 1


@pytest.mark.process
def test_a_wrong_answer_exits_7_and_says_which_device(tfsetup: Tfsetup, environment: Path) -> None:
    behave(environment, answer="zeros")
    ran = tfsetup("verify", str(environment), *FAST, "--json")
    assert ran.status == 7
    assert ran.document["status"] == "failed"
    assert ran.document["findings"][0]["title"] == "GPU:0 computes wrong results"


@pytest.mark.process
def test_the_screen_ends_with_the_verdict_and_compares_when_asked(tfsetup: Tfsetup, environment: Path) -> None:
    first = tfsetup("verify", str(environment / "bin" / "python"), *FAST, "--compare")
    assert first.status == 0
    assert first.out.splitlines()[-1].strip() == "It runs."
    assert "this was the first verification" in first.out
    assert "\x1b" not in first.out
    second = tfsetup("verify", str(environment / "bin" / "python"), *FAST, "--compare")
    assert "tensorflow 2.99.0:" in second.out
    assert "CPU:0 float32 64: " in second.out


@pytest.mark.process
def test_the_page_is_written_where_asked(tfsetup: Tfsetup, environment: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert tfsetup("verify", str(environment), *FAST, "--report", str(page)).status == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "CPU:0 float32" in text
    assert "plotly" not in sys.modules  # nothing that an installation without extras lacks


@pytest.mark.process
@pytest.mark.parametrize("report", ["no/such/folder/page.html", "."])
def test_a_page_that_could_not_be_written_is_refused_before_anything_runs(
    tfsetup: Tfsetup, environment: Path, report: str
) -> None:
    ran = tfsetup("verify", str(environment), *FAST, "--report", report, "--json")
    assert ran.status == 2
    assert "is not a file one could write" in ran.document["error"]["message"]


@pytest.mark.process
def test_a_crash_is_an_answer_and_not_an_error(tfsetup: Tfsetup, environment: Path) -> None:
    package = next(environment.glob("[Ll]ib*/**/site-packages")) / "tensorflow"
    (package / "__init__.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    ran = tfsetup("verify", str(environment), "--json")
    assert ran.status == 7
    assert ran.document["error"] is None
    failure = ran.document["data"]["failure"]
    assert (failure["kind"], failure["signal"], failure["phase"]) == ("crash", "SIGABRT", "import")
    assert "Traceback" not in ran.err


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupt_ends_everything_and_exits_130(environment: Path, tmp_path: Path) -> None:
    package = next(environment.glob("[Ll]ib*/**/site-packages")) / "tensorflow"
    started = tmp_path / "started"
    source = f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(600)\n"
    (package / "__init__.py").write_text(source, encoding="utf-8")
    environ = os.environ | {"PYTHONPATH": str(ROOT / "installer")}
    argv = [sys.executable, "-m", "tfsetup", "verify", str(environment), "--json"]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True)
    while not started.exists() and child.poll() is None:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert "Traceback" not in err
    listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
    assert str(environment) not in listed


@pytest.mark.process
def test_where_no_switch_can_be_tried_the_verification_stands_and_says_why(tfsetup: Tfsetup, environment: Path) -> None:
    ran = tfsetup("verify", str(environment), *FAST, "--tune", "--json")
    assert ran.status == 0
    data = ran.document["data"]
    assert data["tune"] == []
    assert "Error: " in data["tuning"]["problem"]  # the stand-in lacks something that is timed
    assert (data["tuning"]["set"], data["tuning"]["complete"]) == ({}, False)
    shown = tfsetup("verify", str(environment), *FAST, "--tune")
    assert "tuning: nothing could be measured: " in shown.out


@pytest.mark.process
def test_unasked_a_verification_says_nothing_of_switches(tfsetup: Tfsetup, environment: Path) -> None:
    data = tfsetup("verify", str(environment), *FAST, "--json").document["data"]
    assert not {"tune", "tuning"} & data.keys()
