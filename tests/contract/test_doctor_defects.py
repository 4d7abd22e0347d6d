"""A known defect in an environment on this disk: seen, cured by a start-up file, and seen again when that is gone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.cli import Tfsetup
from support.process import data
from support.process import tfsetup as real
from support.verify import verdict
from tfsetup.verify.model import Check, Verification

pytestmark = pytest.mark.process
CURE = "import os; os.environ.setdefault('TURN_OFF_REMAPPER', '1')\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the site-packages of an environment that has the affected pair."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    found = next((tmp_path / "env").glob("[Ll]ib/**/site-packages"))
    for name, version, owned in (
        ("tensorflow", "2.19.1", "tensorflow/__init__.py"),
        ("tensorflow-metal", "1.2.0", "tensorflow-plugins/libmetal_plugin.dylib"),
    ):
        (found / owned).parent.mkdir()
        (found / owned).touch()
        info = found / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "RECORD").write_text(f"{owned},,0\n")
    return found


def told(site: Path, **variables: str) -> Mapping[str, Any]:
    environment = next(parent for parent in site.parents if parent.name == "env")
    done = real("doctor", str(environment), "--no-import", "--json", cwd=environment.parent, **variables)
    found = {finding["cause"]: finding for finding in data(done)["findings"]}
    assert (done.returncode == 7) is bool(found)
    return found


def test_an_affected_environment_is_told_apart_from_a_cured_one(site: Path) -> None:
    finding = told(site)["metal-activation-dropped"]
    assert finding["fix"][0].startswith("export TURN_OFF_REMAPPER=1 ")
    assert any("tensorflow-metal 1.2.0 is installed" in line for line in finding["evidence"])
    start = site / "tfsetup_cures.pth"
    start.write_text(CURE)
    assert "metal-activation-dropped" not in told(site)
    start.write_text(CURE.replace("'1'", "'0'"))  # edited: the value that cures is another one
    assert "metal-activation-dropped" in told(site)
    start.unlink()
    assert "metal-activation-dropped" in told(site)


def wrong_dense() -> Verification:
    """Return a run in which a GPU computes another network than the one that was written."""
    found = verdict("full-cpu")
    [cpu] = found.devices
    check = Check(name="dense-relu-graph", status="wrong", max_rel_error=0.7, tolerance=1e-3, message="wrong results")
    gpu = replace(cpu, name="GPU:0", type="GPU", status="wrong", checks=(check,))
    return replace(found, ok=False, devices=(cpu, gpu))


@pytest.mark.parametrize(
    ("removed", "cause"), [(None, "metal-activation-dropped"), ("tensorflow_metal-1.2.0.dist-info", None)]
)
def test_verify_names_the_defect_of_what_is_installed(
    removed: str | None, cause: str | None, site: Path, tfsetup: Tfsetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFSETUP_STATE", str(site.parent / "state"))
    monkeypatch.setattr("tfsetup.verify.verify", lambda *_, **__: wrong_dense())
    if removed is not None:
        (site / removed).rename(site / "gone")
    environment = next(parent for parent in site.parents if parent.name == "env")
    ran = tfsetup("verify", str(environment), "--quick", "--json")
    assert ran.status == 7
    doctor = ran.document["data"]["doctor"]
    assert (doctor and [finding["cause"] for finding in doctor["findings"]]) == (cause and [cause])
    screen = tfsetup("verify", str(environment), "--quick")
    assert ("fix: export TURN_OFF_REMAPPER=1 " in screen.out) is (cause is not None)


def test_a_variable_that_the_user_set_is_a_cure(site: Path) -> None:
    assert "metal-activation-dropped" not in told(site, TURN_OFF_REMAPPER="1")
    (site / "tfsetup_cures.pth").write_text(CURE)
    assert "metal-activation-dropped" in told(site, TURN_OFF_REMAPPER="0")  # and it wins over the start-up file
