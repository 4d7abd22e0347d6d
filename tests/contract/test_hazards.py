"""Known defects in the answers of `install` and `lock`, with uv replaced by a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.cli import Tfsetup
from support.locks import FakeResolver

HostFile = Callable[[str], str]
METAL = "macos-arm64-metal"
VARIABLE = {"TURN_OFF_REMAPPER": "1"}
DROPPED = "metal-activation-dropped"
SAID = "tensorflow-metal 1.2.0 drops the activation of Dense layers on the GPU; "


@pytest.fixture(autouse=True)
def uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeResolver:
    resolver = FakeResolver()
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", resolver)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return resolver


def locked(tfsetup: Tfsetup, *argv: str) -> dict[str, Any]:
    data = tfsetup("lock", "--no-prove", "--json", *argv).document["data"]
    assert isinstance(data, dict)
    return data


def test_an_installation_tells_the_defect_and_its_cure(tfsetup: Tfsetup, host_file: HostFile) -> None:
    ran = tfsetup("install", "--dry-run", "--json", "--host", host_file("macos-14-m3"))
    data = ran.document["data"]
    assert data["environment"] == VARIABLE
    assert [(one["id"], one["cured"]) for one in data["hazards"]] == [(DROPPED, True)]
    (line,) = [line for line in ran.err.splitlines() if line.startswith("Defect")]
    assert line == f"Defect    {SAID}cured here by TURN_OFF_REMAPPER=1 in every process of the environment."


def test_an_installation_without_a_defect_says_nothing_of_one(tfsetup: Tfsetup, host_file: HostFile) -> None:
    ran = tfsetup("install", "--dry-run", "--json", "--host", host_file("linux-x86_64-glibc-2.36"))
    data = ran.document["data"]
    assert (data["environment"], data["hazards"]) == ({}, [])
    assert "Defect" not in ran.err


def test_a_lock_tells_it_of_the_files_that_have_it_and_of_all_together(tfsetup: Tfsetup) -> None:
    data = locked(tfsetup, "--platform", METAL, "--platform", "linux-x86_64-cpu")
    metal, cpu = data["files"]
    assert (metal["environment"], [one["id"] for one in metal["hazards"]]) == (VARIABLE, [DROPPED])
    assert (cpu["environment"], cpu["hazards"]) == ({}, [])
    assert (data["environment"], [one["id"] for one in data["hazards"]]) == (VARIABLE, [DROPPED])


def test_the_portable_form_carries_no_cure_and_says_so(tfsetup: Tfsetup) -> None:
    data = locked(tfsetup, "--platform", METAL, "--format", "portable")
    assert [one["cured"] for one in (*data["files"][0]["hazards"], *data["hazards"])] == [False, False]
    shown = tfsetup("lock", "--no-prove", "--platform", METAL, "--format", "portable").out
    assert f"    {SAID}not cured here: every process that computes with it needs TURN_OFF_REMAPPER=1." in shown


def test_a_check_of_the_locks_tells_it_too(tfsetup: Tfsetup) -> None:
    locked(tfsetup, "--platform", METAL, "--format", "portable")
    ran = tfsetup("lock", "--check", "--json")
    assert ran.status == 0
    assert ran.document["data"]["files"][0]["environment"] == ran.document["data"]["environment"] == VARIABLE
    assert SAID in tfsetup("lock", "--check").out


def test_what_a_lock_holds_decides_and_not_only_what_the_row_chose(
    tfsetup: Tfsetup, uv: FakeResolver, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        'schema: 1\nhazards:\n  - {id: numpy-is-odd, title: is odd, distribution: numpy, versions: "==2.1.3", '
        "consequence: it is odd, asked_by: [matmul], cure: {because: it helps, environment: {NPY_ODD: 'no'}}, "
        "evidence: ['run: seen by us'], source: our own tests}\n"
    )
    uv.brings = {"tensorflow-cpu": ("numpy==2.1.3",)}
    ran = tfsetup("--matrix", str(mine), "lock", "--no-prove", "--platform", "linux-x86_64-cpu", "--json")
    (file,) = ran.document["data"]["files"]
    assert (file["environment"], [one["id"] for one in file["hazards"]]) == ({"NPY_ODD": "no"}, ["numpy-is-odd"])
