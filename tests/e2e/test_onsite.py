"""What machines' own loaders said of pairs of packages, and preflight asked anew about the very same versions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.process import ROOT
from tfsetup.host.file import parse_host
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.upkeep.onsite.here import Here
from tfsetup.upkeep.onsite.pairs import Wanted, trials

SEEN = sorted((Path(__file__).parents[1] / "cases" / "loader" / "seen").glob("*.json"))
HOSTS = Path(__file__).parents[1] / "cases" / "hosts"

pytestmark = [pytest.mark.network, pytest.mark.heavy, pytest.mark.exhaustive]


def pairs() -> list[Any]:
    found = []
    for path in SEEN:
        case = json.loads(path.read_text(encoding="utf-8"))
        host = parse_host(json.dumps(case["host"]), path.name)
        known = [one for one in case["compared"] if one["agrees"] is not None]
        found += [pytest.param(host, one, id=f"{path.stem}-{one['about']}-{one['expects']}") for one in known]
    return found


@pytest.mark.parametrize(("host", "one"), pairs())
def test_preflight_still_says_what_a_machine_showed(host: Host, one: dict[str, Any]) -> None:
    report = Here(host).foretell(Wanted(tuple(one["installed"]), one["python"]))
    happened = {"imported": "loads", "raised": "fails", "died": "fails"}[one["happened"]["ended"]]
    assert report.verdict == happened, report.reasons


@pytest.mark.parametrize(("plugin", "tensorflow"), [("1.2.0", "2.20.0"), ("1.1.0", "2.18.0")])
def test_the_first_release_that_a_plugin_does_not_load_with_is_found(plugin: str, tensorflow: str) -> None:
    host = parse_host((HOSTS / "macos-15-m1-virtual.json").read_text(encoding="utf-8"), "host")
    about = f"tensorflow-metal=={plugin}"
    trial = next(one for one in trials(host, read_matrix()) if (one.about, one.expects) == (about, "fails"))
    refused = next(one for one in trial.candidates if Here(host).foretell(one).verdict == "fails")
    assert refused.requirements[0] == f"tensorflow=={tensorflow}"


@pytest.mark.e2e
@pytest.mark.skipif(sys.platform != "linux", reason="the row of Linux")
def test_the_real_tensorflow_is_built_imported_and_compared(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "compare-with-loader"), "here"]
    asked = subprocess.run([*script, "--list"], cwd=tmp_path, capture_output=True, text=True, check=True)
    about = asked.stdout.split()[0]
    done = subprocess.run([*script, "--about", about], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = json.loads((tmp_path / "real-machine/loader/seen/here.json").read_text(encoding="utf-8"))["compared"]
    assert (found["predicted"]["verdict"], found["happened"]["ended"], found["agrees"]) == ("loads", "imported", True)
    assert found["predicted"]["images"] > 100
