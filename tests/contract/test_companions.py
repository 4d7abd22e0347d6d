"""Bounds beside a distribution in locks, and locks proven by running: commands, JSON, exit codes, words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.cli import Tfsetup
from support.locks import FakeResolver
from tfsetup.verify.programs import ProgramsTried, Trial
from tfsetup.workflows.backends import Case

CPU = "linux-x86_64-cpu"
HUB = f"platforms: [{CPU}]\npythons: ['3.12']\nrequirements: [tensorflow-hub]\n"
WITHOUT = "schema: 1\nremove: [tensorflow-hub-pkg-resources]\n"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeResolver:
    """Resolve as the index does today: TensorFlow brings the newest setuptools, unless something bounds it."""
    uv = FakeResolver(newest={"setuptools": "84.2.1", "tensorflow-hub": "0.16.1"})
    uv.brings = {"tensorflow-cpu": ("setuptools",)}
    uv.admitted = {"setuptools<82": "81.0.0"}
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
    monkeypatch.setattr("tfsetup.workflows.prove.judged", lambda case, *_, **__: case.proof("loads", (), 3))
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("environments").mkdir()
    Path("environments/team.yaml").write_text(HUB)
    return uv


def test_what_the_team_brings_gets_what_it_needs_beside_it(tfsetup: Tfsetup, hub: FakeResolver) -> None:
    ran = tfsetup("lock", "--json")
    assert ran.status == 0, ran.err
    assert 'name = "setuptools"\nversion = "81.0.0"' in Path(f"environments/locks/pylock.{CPU}.toml").read_text()
    assert [call["stdin"].splitlines()[1:] for call in hub.calls] == [
        ["tensorflow-hub"],
        ["tensorflow-hub", "setuptools<82"],
    ]
    told = "Note      setuptools<82 beside tensorflow-hub 0.16.1: it imports pkg_resources"
    assert any(line.startswith(told) for line in ran.err.splitlines())
    assert tfsetup("lock", "--check").status == 0


def test_a_lock_without_the_bound_is_stale_and_says_why(tfsetup: Tfsetup, hub: FakeResolver, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(WITHOUT)
    assert tfsetup("--matrix", str(own), "lock").status == 0
    assert len(hub.calls) == 1
    ran = tfsetup("lock", "--check", "--json")
    assert ran.status == 8
    (one,) = ran.document["data"]["files"]
    assert [change.partition(":")[0] for change in one["changes"]] == ["setuptools<82 beside tensorflow-hub 0.16.1"]


def test_the_row_s_own_bound_is_asked_for_at_once(tfsetup: Tfsetup, hub: FakeResolver) -> None:
    Path("environments/team.yaml").write_text(f"platforms: [{CPU}]\ntensorflow: '2.20.0'\n")
    assert tfsetup("lock").status == 0
    assert [call["stdin"].splitlines() for call in hub.calls] == [["tensorflow-cpu==2.20.0", "setuptools<82"]]


# --------------------------------------------------------------------------------------------- proven by running

DEAD: dict[str, Any] = {
    "what": "program", "name": "tensorboard", "distribution": "tensorboard 2.20.0", "status": "dies",
    "message": "ModuleNotFoundError: No module named 'pkg_resources'",
}  # fmt: skip
HERE = ("--platform", CPU, "--host", CPU)  # a replayed machine is not probed, and runs nothing
Came = Callable[..., None]


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> Came:
    def to(**changes: Any) -> None:
        found = ProgramsTried(programs=3, modules=5, trouble=(Trial(**(DEAD | changes)),))

        def attempting(*_: object, **__: object) -> Callable[[Case], ProgramsTried]:
            return lambda _case: found

        monkeypatch.setattr("tfsetup.workflows.attempt.attempting", attempting)

    return to


@pytest.mark.usefixtures("hub")
def test_what_the_row_brings_and_dies_is_not_written(tfsetup: Tfsetup, came: Came) -> None:
    came(by="row")
    ran = tfsetup("lock", *HERE, "--prove=run", "--json")
    assert ran.status == 7
    assert ran.document["error"]["message"] == (
        "Not written, because what the row itself brings does not work:\n"
        f"  {CPU}: `tensorboard` of tensorboard 2.20.0 does not start: "
        "ModuleNotFoundError: No module named 'pkg_resources'"
    )
    assert not Path("environments/locks").exists()
    assert tfsetup("lock", *HERE, "--prove=run", "--force").status == 0
    assert tfsetup("lock", *HERE, "--check", "--prove=run").status == 7


@pytest.mark.usefixtures("hub")
def test_what_the_user_brought_is_a_finding(tfsetup: Tfsetup, came: Came) -> None:
    came(by="user")
    ran = tfsetup("lock", *HERE, "--prove=run", "--json")
    assert ran.status == 0, ran.err
    (one,) = ran.document["data"]["files"]
    assert one["programs"]["trouble"][0]["by"] == "user"
    (finding,) = ran.document["findings"]
    assert (finding["severity"], finding["title"]) == ("warning", "`tensorboard` of tensorboard 2.20.0 does not start")
    shown = tfsetup("lock", *HERE, "--prove=run").out
    assert "    3 programs, 5 packages imported\n" in shown


@pytest.mark.usefixtures("hub")
def test_nothing_is_tried_unless_it_is_asked_for(tfsetup: Tfsetup, came: Came) -> None:
    came(by="row")
    ran = tfsetup("lock", "--json")
    assert ran.status == 0
    assert "programs" not in ran.document["data"]["files"][0]
