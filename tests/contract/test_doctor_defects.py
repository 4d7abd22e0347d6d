"""A known defect in an environment on this disk: seen, cured by a start-up file, and seen again when that is gone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.process import data
from support.process import tfsetup as real

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


def test_a_variable_that_the_user_set_is_a_cure(site: Path) -> None:
    assert "metal-activation-dropped" not in told(site, TURN_OFF_REMAPPER="1")
    (site / "tfsetup_cures.pth").write_text(CURE)
    assert "metal-activation-dropped" in told(site, TURN_OFF_REMAPPER="0")  # and it wins over the start-up file
