"""How young a file may be that a lock takes: the option, the team file, the note in the lock, and `--check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.cli import Ran, Tfsetup
from support.locks import FakeResolver

CPU = "linux-x86_64-cpu"


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeResolver:
    resolver = FakeResolver(newest={"six": "1.5"})
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", resolver)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    return resolver


def files(ran: Ran) -> list[dict[str, Any]]:
    found = ran.document["data"]["files"]
    assert isinstance(found, list)
    return found


def team(text: str) -> None:
    Path("environments").mkdir(exist_ok=True)
    Path("environments/team.yaml").write_text(text, encoding="utf-8")


OLD = "2020-01-01T00:00:00Z"


def cpu_lock(run: Tfsetup, *options: str) -> Ran:
    return run("lock", "--platform", CPU, "--no-prove", "--json", *options)


def test_a_cooldown_is_told_to_uv_kept_in_the_lock_and_held_by_check(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    uv.uploaded = OLD
    ran = cpu_lock(tfsetup, "--exclude-newer", "2026-10-31", "--exclude-newer-package", "six=false")
    assert ran.status == 0, ran.err
    told = " ".join(uv.calls[0]["arguments"])
    assert "--exclude-newer 2026-11-01T00:00:00Z --exclude-newer-package six=false" in told
    assert "--quiet" not in told  # only a warning says that an index does not tell
    assert files(ran)[0]["exclude_newer"] == {
        "asked": "2026-10-31",
        "before": "2026-11-01T00:00:00Z",
        "packages": {"six": None},
    }
    text = Path(f"environments/locks/pylock.{CPU}.toml").read_text(encoding="utf-8")
    assert 'exclude_newer = "2026-10-31"\n' in text
    assert 'exclude_newer_package.six = "false"\n' in text
    assert tfsetup("lock", "--check").status == 0
    other = tfsetup("lock", "--check", "--exclude-newer", "2026-09-30", "--json")
    assert other.status == 8
    assert "-exclude-newer 2026-10-31" in files(other)[0]["changes"][0]


def test_a_span_is_counted_once_and_again_when_versions_may_move_on(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    uv.uploaded = OLD
    first = files(cpu_lock(tfsetup, "--exclude-newer", "P1W"))[0]["exclude_newer"]
    path = Path(f"environments/locks/pylock.{CPU}.toml")
    moved = "2020-06-01T00:00:00Z"
    was = path.read_text(encoding="utf-8")
    assert files(cpu_lock(tfsetup, "--exclude-newer", "7 days"))[0]["exclude_newer"] == first
    assert files(cpu_lock(tfsetup))[0]["exclude_newer"] == first  # nobody says anything else
    assert path.read_text(encoding="utf-8") == was
    assert first["asked"] == "7 days"
    assert moved < first["before"]
    upgraded = files(cpu_lock(tfsetup, "--upgrade"))[0]["exclude_newer"]
    assert upgraded["asked"] == "7 days"
    assert upgraded["before"] >= first["before"]
    assert "exclude_newer" not in files(cpu_lock(tfsetup, "--exclude-newer", "none"))[0]
    assert "exclude_newer" not in path.read_text(encoding="utf-8")


def test_the_team_file_says_it_and_the_command_line_wins(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    uv.uploaded = OLD
    team(f"platforms: [{CPU}]\nexclude-newer: 2026-10-31\n")
    assert files(tfsetup("lock", "--no-prove", "--json"))[0]["exclude_newer"]["before"] == "2026-11-01T00:00:00Z"
    assert tfsetup("lock", "--check").status == 0
    team(f"platforms: [{CPU}]\n")
    assert tfsetup("lock", "--check").status == 8  # the team no longer says it
    ran = tfsetup("lock", "--no-prove", "--exclude-newer", "2026-09-30", "--json")
    assert files(ran)[0]["exclude_newer"]["asked"] == "2026-09-30"


def test_an_index_that_does_not_say_when_its_files_came_is_refused(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    ran = cpu_lock(tfsetup, "--exclude-newer", "7 days")
    assert ran.status == 5
    assert "it is not said when these were uploaded" in ran.document["error"]["message"]
    assert "--exclude-newer-package" in ran.document["error"]["hint"]
    assert not Path("environments").exists()


def test_a_release_that_is_too_new_gives_way_unless_it_is_asked_for(tfsetup: Tfsetup, uv: FakeResolver) -> None:
    uv.uploaded = OLD
    newest = files(cpu_lock(tfsetup))[0]["requirements"][0]
    older = files(cpu_lock(tfsetup, "--exclude-newer", "2026-01-31"))[0]["requirements"][0]
    assert older != newest
    asked = cpu_lock(tfsetup, "--exclude-newer", "2026-01-31", "--tensorflow", newest.partition("==")[2])
    assert asked.status == 4
    assert "was uploaded on" in asked.document["error"]["message"]
    assert "exclude-newer" in asked.document["error"]["message"]


def test_a_conda_lock_takes_no_exceptions(tfsetup: Tfsetup) -> None:
    ran = tfsetup("lock", "--backend", "conda", "--exclude-newer-package", "six=7 days", "--json")
    assert ran.status == 2
    team("exclude-newer: 7 days\nexclude-newer-package: {six: false}\n")
    named = tfsetup("lock", "--backend", "conda", "--json")
    assert named.status == 3
    assert named.document["error"]["where"] == "environments/team.yaml:1:16"
