"""What uv installed is judged by its RECORD files before anything of it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tfsetup.envs.run as room
from support.envs import FakeUv, make_hooks, make_plan, make_store
from tfsetup.envs.model import CreateVenv, InstallWheels, Preflight, Switch, Verify
from tfsetup.envs.run import install
from tfsetup.errors import BuildError
from tfsetup.locks.run import Finished

STEPS = (
    CreateVenv(python="/opt/python3.12", download=False),
    InstallWheels(lock_name="pylock.x-y.toml", lock_text="# a lock\n", count=1, size=10, arguments=()),
    Preflight(),
    Verify(),
    Switch(),
)


class Recording(FakeUv):
    """A uv whose wheel recorded one path more."""

    path = ""

    def __call__(self, arguments: list[str], **options: Any) -> Finished:
        done = super().__call__(arguments, **options)
        if arguments[:2] == ["pip", "sync"]:
            prefix = Path(arguments[arguments.index("--python") + 1]).parents[1]
            (info,) = prefix.glob("lib/python3.12/site-packages/alpha-1.dist-info")
            with (info / "RECORD").open("a", encoding="utf-8") as file:
                file.write(f"alpha-1.dist-info/RECORD,,\n{self.path},,\n")
        return done


@pytest.mark.parametrize("path", ["../../../../escaped", "../../../bin/python", "/etc/cron.d/x", "con.txt", "a\x1b[2J"])
def test_a_path_that_must_not_be_ends_the_installation_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    uv, store = Recording(), make_store(tmp_path)
    uv.path = path
    monkeypatch.setattr(room, "run_uv", uv)

    def look(_python: Path) -> dict[str, Any]:
        raise AssertionError("something of the environment was started")

    with pytest.raises(BuildError, match="A wheel holds files that must not be installed"):
        install(make_plan(*STEPS), store, make_hooks(preflight=look, verify=look))
    assert store.current() is None
    assert store.numbers() == []
