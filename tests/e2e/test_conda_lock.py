"""`tfsetup lock --backend conda` for real: five platforms at once, and what conda-lock says to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.channel import SUBDIRS
from support.forge import Forge
from support.process import data

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def locked(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of a lock of all platforms, and the data of the JSON."""
    folder = tmp_path_factory.mktemp("locks")
    done = forge.run("lock", "--backend", "conda", "-o", str(folder), "--no-prove", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, data(done)


def content(folder: Path) -> Any:
    return yaml.safe_load((folder / "conda-lock.yml").read_text())


def test_five_platforms_stand_in_one_file(locked: tuple[Path, dict[str, Any]]) -> None:
    folder, told = locked
    assert sorted(file["platform"] for file in told["files"]) == sorted(SUBDIRS)
    assert {file["path"] for file in told["files"]} == {str(folder / "conda-lock.yml")}
    metadata = content(folder)["metadata"]
    assert metadata["platforms"] == sorted(SUBDIRS)
    assert sorted(metadata["content_hash"]) == sorted(SUBDIRS)


def test_the_mac_gets_metal_and_apple_s_blas(locked: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = locked
    mac = {entry["name"]: entry for entry in content(folder)["package"] if entry["platform"] == "osx-arm64"}
    assert mac["libblas"]["url"].endswith("_newaccelerate.conda")
    assert mac["tensorflow-metal"]["manager"] == "pip"
    assert "macosx_" in mac["tensorflow"]["url"]
    assert "arm64" in mac["tensorflow"]["url"]
    machines = yaml.safe_load((folder / "virtual-packages.yml").read_text())["subdirs"]
    assert machines["osx-arm64"]["packages"]["__osx"] == "14.0"


def test_every_entry_is_pinned_by_its_hashes(locked: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = locked
    for entry in content(folder)["package"]:
        assert len(entry["hash"]["sha256"]) == 64
        if entry["manager"] == "conda":
            assert len(entry["hash"]["md5"]) == 32
        else:
            assert entry["url"].endswith(".whl")


def test_a_second_time_the_bytes_are_the_same_and_it_is_fresh(
    forge: Forge, locked: tuple[Path, dict[str, Any]]
) -> None:
    folder, _ = locked
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = data(forge.run("lock", "--backend", "conda", "-o", str(folder), "--no-prove", "--json", cwd=folder))
    assert [file["changed"] for file in again["files"]] == [False] * 5
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    check = forge.run("lock", "--backend", "conda", "-o", str(folder), "--check", "--json", cwd=folder)
    assert check.returncode == 0
    assert all(file["fresh"] for file in data(check)["files"])


def test_another_ask_makes_it_stale(forge: Forge, locked: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = locked
    argv = ["lock", "--backend", "conda", "-o", str(folder), "--check", "--tensorflow", "2.18.*", "--json"]
    done = forge.run(*argv, cwd=folder)
    assert done.returncode == 8
    stale = {file["row"]: file["changes"] for file in data(done)["files"] if not file["fresh"]}
    assert "linux-x86_64-cpu" in stale


def conda_lock(*argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "conda_lock", *argv]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "platform",
    [
        name if name in {"linux-64", "osx-arm64"} else pytest.param(name, marks=pytest.mark.exhaustive)
        for name in SUBDIRS
    ],
)
def test_conda_lock_renders_every_platform(locked: tuple[Path, dict[str, Any]], platform: str) -> None:
    folder, _ = locked
    done = conda_lock("render", "--kind", "explicit", "--platform", platform, "conda-lock.yml", cwd=folder)
    assert done.returncode == 0, done.stderr
    rendered = (folder / f"conda-{platform}.lock").read_text()
    assert "@EXPLICIT" in rendered
    urls = {e["url"] for e in content(folder)["package"] if e["platform"] == platform and e["manager"] == "conda"}
    assert {line.partition("#")[0] for line in rendered.splitlines() if line.startswith("file:")} == urls
    (folder / f"conda-{platform}.lock").unlink()


def test_conda_lock_itself_finds_nothing_to_do(locked: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = locked
    names = folder.parent / "names.json"
    names.write_text("{}")
    # It wants to know the version of a conda before it finds that it needs none; this one can do nothing else.
    conda = folder.parent / "conda"
    conda.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "conda 26.7.1" || exit 1\n')
    conda.chmod(0o755)
    argv = ["lock", "--check-input-hash", "--conda", str(conda), "--pypi_to_conda_lookup_file", names.as_uri()]
    done = conda_lock(*argv, "-f", "environment.yml", "--lockfile", "conda-lock.yml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Spec hash already locked" in done.stderr


def test_an_environment_file_is_taken_over(forge: Forge, tmp_path: Path) -> None:
    source = tmp_path / "environment.yml"
    source.write_text(
        "name: paper\nchannels: [conda-forge]\nplatforms: [linux-64, osx-arm64]\n"
        f"dependencies:\n- python={forge.minor}\n- numpy<2.6\n- tool\n- pip:\n  - tabulate\nvariables: {{A: b}}\n"
    )
    out = tmp_path / "out"
    done = forge.run("lock", "--from", str(source), "-o", str(out), "--no-prove", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = data(done)
    assert sorted(file["platform"] for file in told["files"]) == ["linux-64", "osx-arm64"]
    assert {file["python"] for file in told["files"]} == {forge.minor}
    assert [line.split(": ")[1].split(",")[0] for line in told["left_out"]] == ["`name`", "`variables`"]
    found = {(entry["name"], entry["manager"]) for entry in content(out)["package"]}
    assert {("tool", "conda"), ("tabulate", "pip"), ("tensorflow-metal", "pip")} <= found


def test_the_lock_installs_here(forge: Forge, locked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, _ = locked
    argv = [
        "install",
        "--lock",
        str(folder / "conda-lock.yml"),
        "--prefix",
        str(tmp_path / "env"),
        "--dry-run",
        "--json",
    ]
    done = forge.run(*argv, cwd=tmp_path)
    told = data(done)
    assert (told["row"], told["backend"]) == ("linux-x86_64-cpu", "conda")
    wanted = [e for e in content(folder)["package"] if e["platform"] == "linux-64"]
    assert len(told["packages"]) == len(wanted)


@pytest.mark.parametrize(
    ("argv", "status", "says"),
    [
        (["--format", "portable"], 2, "no portable form"),
        (["--python", "3.12", "--python", "3.11"], 2, "one Python"),
        (["--platform", "linux-x86_64-cpu", "--platform", "linux-x86_64-cuda"], 2, "one environment a platform"),
        (["--check"], 8, "no such lock file"),
        (["--from", "nowhere.yml"], 3, "There is no such environment file"),
        (["--platform", "macos-arm64-metal", "--tensorflow", "2.21.*"], 4, "Nothing to lock for macos-arm64-metal"),
    ],
)
def test_what_makes_no_lock_says_why(forge: Forge, tmp_path: Path, argv: list[str], status: int, says: str) -> None:
    done = forge.run("lock", "--backend", "conda", "-o", str(tmp_path / "x"), *argv, "--json", cwd=tmp_path)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, says in error["message"]) == (status, True), error
    assert not (tmp_path / "x" / "conda-lock.yml").exists()
