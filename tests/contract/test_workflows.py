"""The workflows of those who publish this repository: their form, and what must not be in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.process import ROOT
from support.workflow import FOLDER, Runner, steps, workflows

FILES = sorted(FOLDER.glob("*.yml"))
LABELS = (
    "macos-14", "macos-15", "macos-26", "macos-15-intel", "ubuntu-24.04", "ubuntu-24.04-arm", "windows-2025",
)  # fmt: skip
GUIDE = ROOT / "docs" / "how-to" / "real-machines.md"
MACHINES: Any = workflows()["real-machines.yml"]
JOB: Any = MACHINES["jobs"]["machine"]
OS = {"macos": "macOS", "ubuntu": "Linux", "windows": "Windows"}


def runner(label: str, **fields: Any) -> Runner:
    return Runner(os=OS[label.split("-", maxsplit=1)[0]], label=label, **fields)


def taken(label: str, **fields: Any) -> list[str]:
    """Return the names of the steps that a runner takes."""
    return [step.name for step in steps(JOB, runner(label, **fields))]


def checked(path: Path, schema: str) -> subprocess.CompletedProcess[str]:
    """Hold a file to one of the schemas that come with check-jsonschema, which asks nobody for them."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.process
@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_a_workflow(path: Path, schema: str) -> None:
    done = checked(path, schema)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        ("runs-on: ${{", "runs_on: ${{"),
        ("    steps:", "    stages:"),
        ("contents: read", "contents: some"),
    ],
)
def test_the_schema_would_refuse_another(tmp_path: Path, whole: str, broken: str) -> None:
    text = (FOLDER / "real-machines.yml").read_text(encoding="utf-8")
    assert whole in text
    path = tmp_path / "broken.yml"
    path.write_text(text.replace(whole, broken), encoding="utf-8")
    assert checked(path, "vendor.github-workflows").returncode == 1


def test_the_machines_stand_in_one_list() -> None:
    assert tuple(JOB["strategy"]["matrix"]["label"]) == LABELS
    text = (FOLDER / "real-machines.yml").read_text(encoding="utf-8")
    assert all(len(re.findall(rf"^\s*- {re.escape(label)}$", text, re.MULTILINE)) == 1 for label in LABELS)
    assert not any(re.search(rf"{re.escape(label)}(?![\w-])", text.replace(f"- {label}\n", "")) for label in LABELS)
    assert JOB["runs-on"] == "${{ matrix.label }}"


@pytest.mark.parametrize("label", LABELS)
def test_every_machine_takes_the_two_commands_of_the_readme(label: str) -> None:
    done = [step.run for step in steps(JOB, runner(label))]
    if label.startswith("windows"):
        assert any(text.startswith("call make.cmd install") for text in done)
        assert ".\\make.ps1 test" in done
    else:
        assert 'make install ARGS="$INSTALL_ARGS"' in done
        assert 'make test ARGS="$TEST_ARGS"' in done
    assert sum("scripts/record-machine" in text for text in done) == 1
    assert sum("scripts/compare-with-loader" in text for text in done) == 1


def test_a_virtual_gpu_that_fails_is_recorded_all_the_same() -> None:
    ends = {"outcomes": {"install": "failure"}}
    assert "Keep what is there where the GPU did not pass" in taken("macos-15", **ends)
    assert "Keep what is there where the GPU did not pass" not in taken("macos-15")
    install = next(step for step in JOB["steps"] if step.get("id") == "install")
    forgives = install["continue-on-error"].removeprefix("${{").removesuffix("}}").strip()
    assert runner("macos-15").value(forgives) is True
    assert runner("ubuntu-24.04").value(forgives) is False
    assert "make install, for the CPU of a Mac" in taken("macos-15")
    assert "make install, for the CPU of a Mac" not in taken("ubuntu-24.04")


def every_step() -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, step) for name, file in workflows().items() for job in file["jobs"].values() for step in job["steps"]
    ]


def test_actions_are_pinned_to_commits_with_their_version() -> None:
    for path in FILES:
        uses = re.findall(r"uses: (\S+)(.*)", path.read_text(encoding="utf-8"))
        assert uses
        for action, comment in uses:
            assert re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_nothing_of_what_somebody_typed_is_a_part_of_a_shells_text() -> None:
    for name, step in every_step():
        assert "${{" not in step.get("run", ""), (name, step)


def test_a_workflow_may_read_and_nothing_else_and_knows_no_secret() -> None:
    for name, file in workflows().items():
        assert file["permissions"] == {"contents": "read"}, name
        assert "secrets" not in (FOLDER / name).read_text(encoding="utf-8")
        assert file["concurrency"]["cancel-in-progress"] is True
        assert all(job["timeout-minutes"] for job in file["jobs"].values())
        assert all("permissions" not in job for job in file["jobs"].values())
    assert all(step["timeout-minutes"] for _, step in every_step() if "run" in step)


def test_credentials_of_the_checkout_do_not_stay() -> None:
    checkouts = [step for _, step in every_step() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_a_machine_showed_is_kept_whatever_became_of_it() -> None:
    keep = next(step for _, step in every_step() if step.get("uses", "").startswith("actions/upload-artifact@"))
    assert keep["if"] == "always()"
    assert keep["with"]["path"] == "real-machine"
    assert keep["with"]["name"] == "${{ matrix.label }}"
    assert JOB["strategy"]["fail-fast"] is False


def test_the_guide_has_every_machine() -> None:
    rows = re.findall(r"^\| `([\w.-]+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(rows) == LABELS
