"""`verify --tune` over a real TensorFlow: what the build follows is measured, what changes nothing is not claimed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from support.process import data, tfsetup
from tfsetup.host.probe import probe

pytestmark = pytest.mark.e2e

HOST = probe(downloads=False)
PYTHON = next((each.path for each in HOST.pythons or () if each.minor == "3.12" and each.path), None)
ONEDNN = "TF_ENABLE_ONEDNN_OPTS"

x86_64_linux = pytest.mark.skipif(
    (HOST.os, HOST.arch, PYTHON is None) != ("linux", "x86_64", False), reason="oneDNN is a switch of these wheels"
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tune") / "env"
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "-p", str(PYTHON), str(folder)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(folder), "tensorflow-cpu==2.21.0"], check=True)
    return folder


def tuned(environment: Path, seconds: int, **variables: str) -> dict[str, Any]:
    argv = ["verify", str(environment), "--quick", "--tune", "--tune-seconds", str(seconds), "--json"]
    return data(tfsetup(*argv, cwd=environment.parent, **variables))


@x86_64_linux
def test_where_onednn_is_off_it_is_tried_first_and_never_called_slower(environment: Path) -> None:
    found = tuned(environment, 400, **{ONEDNN: "0"})
    assert found["tuning"]["problem"] == ""
    assert found["tuning"]["settings"][ONEDNN] == "0"
    mine = [each for each in found["tune"] if each["set"] == {ONEDNN: "1"}]
    assert len(mine) == 4
    assert all(each["max_rel_error"] < 1e-4 for each in mine)
    assert not any(each["status"] == "slower" for each in mine)
    if found["tuning"]["complete"]:  # a machine that others use as much may run out of time
        assert found["tuning"]["set"].get(ONEDNN) == "1"
        assert any(each["worth_it"] for each in mine)


@x86_64_linux
def test_a_switch_that_the_environment_overrides_claims_nothing(environment: Path) -> None:
    # The start-up file sets what the trial sets otherwise: in every process it is as it was.
    site = environment / "lib/python3.12/site-packages"
    (site / "own.pth").write_text(f'import os; os.environ["{ONEDNN}"] = "0"\n', encoding="utf-8")
    found = tuned(environment, 200)
    (verdict,) = (each for each in found["tuning"]["switches"] if each["id"] == "onednn")
    assert verdict["status"] in {"no-effect", "not-tried"}
    assert ONEDNN not in found["tuning"]["set"]
    assert not any(each["worth_it"] for each in found["tune"] if ONEDNN in each["set"])
