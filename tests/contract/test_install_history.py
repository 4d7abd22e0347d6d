"""What an installation verified goes into the prefix's history: a slower TensorFlow is told on the day it arrives."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.cli import Ran, Tfsetup
from support.envs import FakeUv
from support.locks import ONE_PACKAGE
from support.verify import verdict
from tfsetup.host.file import read_host
from tfsetup.locks.run import Finished
from tfsetup.verify.model import Device, Verification

pytestmark = pytest.mark.process  # the interpreter of a generation is started before and after a switch

CASES = Path(__file__).parents[1] / "cases"


def slowed(found: Verification, factor: float) -> Verification:
    """Return the same run, each of TensorFlow's products taking `factor` times as long."""

    def slower(device: Device) -> Device:
        items = tuple(
            replace(item, min_s=item.min_s and item.min_s * factor, median_s=item.median_s and item.median_s * factor)
            for item in device.matmul
        )
        return replace(device, matmul=items)

    return replace(found, devices=tuple(slower(device) for device in found.devices))


@pytest.fixture
def install(tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Verification], Ran]:
    """Return a function that installs what verifies so; uv only makes the files it would make."""
    monkeypatch.setenv("TFSETUP_STATE_DIR", str(tmp_path / "state"))
    host = read_host(CASES / "hosts" / "linux-x86_64-glibc-2.36.json")
    monkeypatch.setattr("tfsetup.host.probe.probe", lambda **_: host)
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", lambda *_, **__: Finished(stdout=ONE_PACKAGE, stderr=""))
    monkeypatch.setattr("tfsetup.envs.run.run_uv", FakeUv())
    versions = iter(("2.17.1", "2.18.1", "2.19.1"))  # another each time, so that something is built each time

    def call(found: Verification, *options: str) -> Ran:
        monkeypatch.setattr("tfsetup.verify.verify", lambda *_, **__: found)
        asked = ("--accelerator", "cpu", "--tensorflow", next(versions))
        return tfsetup("install", *asked, "--no-preflight", "--json", *options)

    return call


def kept(tmp_path: Path) -> list[dict[str, Any]]:
    """Return the lines of the one history there is."""
    files = list((tmp_path / "state").rglob("*.jsonl"))
    assert len(files) <= 1
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_an_installation_begins_the_prefix_s_history(install: Callable[..., Ran], tmp_path: Path) -> None:
    found = verdict("full-cpu")
    ran = install(found)
    assert ran.status == 0
    assert ran.document["data"]["history"] == {"runs": 0, "compared_with": None, "changes": []}
    (line,) = kept(tmp_path)
    assert line["tensorflow"] == found.tensorflow.version
    assert {device for device, *_ in line["rates"]} >= {"CPU:0"}


def test_a_slower_release_is_a_finding_of_the_installation(install: Callable[..., Ran], tmp_path: Path) -> None:
    before = verdict("full-cpu")
    install(before)
    install(before)
    ran = install(replace(slowed(before, 3.0), tensorflow=replace(before.tensorflow, version="2.99.0")))
    assert ran.status == 0
    titles = {finding["title"] for finding in ran.document["findings"]}  # one for each type of number
    (told,) = (title for title in titles if "times slower than on" in title)
    assert told.startswith("CPU:0 is 3.0 times slower than on ")
    assert told.endswith(f"after tensorflow {before.tensorflow.version} → 2.99.0")
    others = [finding for finding in ran.document["findings"] if "was not seen to work" not in finding["title"]]
    assert ran.document["data"]["verify"]["findings"] == others
    assert [change["ratio"] for change in ran.document["data"]["history"]["changes"]] == pytest.approx(
        [1 / 3 if change["device"] == "CPU:0" else 1 for change in ran.document["data"]["history"]["changes"]]
    )
    assert len(kept(tmp_path)) == 3


def test_nothing_verified_is_nothing_kept(install: Callable[..., Ran], tmp_path: Path) -> None:
    ran = install(verdict("full-cpu"), "--no-verify")
    assert ran.status == 0
    assert ran.document["data"]["verify"] is None
    assert ran.document["findings"] == []
    assert kept(tmp_path) == []


def test_what_is_refused_is_not_the_prefix_s_history(install: Callable[..., Ran], tmp_path: Path) -> None:
    ran = install(verdict("numpy-wrong"))
    assert ran.status == 7
    assert kept(tmp_path) == []


def test_a_history_that_cannot_be_kept_is_a_note_and_no_failure(install: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be", encoding="utf-8")
    ran = install(verdict("full-cpu"))
    assert ran.status == 0
    assert "could not be kept" in ran.err
