"""What an installation does once and no more often: it is a wait, and uv alone would be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from support.envs import FakeUv, make_hooks, make_plan, make_store
from tfsetup.envs import recorded
from tfsetup.envs.model import AddPip, CreateVenv, InstallWheels, Step, Switch, Verify, WriteCures
from tfsetup.envs.run import install
from tfsetup.envs.store import Store
from tfsetup.errors import BuildError, Code, TfsetupError
from tfsetup.matrix.pips import PipWheel

PIP = PipWheel(version="26.3", requires_python=">=3.10", size=1, sha256="c" * 64)
CREATE = CreateVenv(python="/opt/python3.12", download=False)
WHEELS = InstallWheels(
    lock_name="pylock.linux-x86_64-cpu.toml", lock_text="# alpha\n", count=1, size=1, with_pip="# alpha, pip\n"
)
STEPS: tuple[Step, ...] = (CREATE, WHEELS, AddPip(wheel=PIP), Switch())
INFOS = (("alpha-1.dist-info",), ("pip-26.3.dist-info",))


def built(store: Store, uv: FakeUv, *steps: Step, verify: Callable[[Path], object] | None = None) -> list[str]:
    """Build, and return the runs of uv in a word each."""
    hooks = make_hooks(uv=uv, verify=verify) if verify else make_hooks(uv=uv)
    install(make_plan(*(steps or STEPS), tools=("pip",)), store, hooks)
    receipt = store.receipt(1)
    assert (receipt.packages, receipt.tools) == INFOS
    return [call[0] if call[0] == "venv" else call[1] for call in uv.calls]


def test_the_pip_goes_along_with_the_wheels(tmp_path: Path) -> None:
    store, uv = make_store(tmp_path), FakeUv()
    assert built(store, uv) == ["venv", "sync"]
    folder = store.layout.folder(1)
    assert [path.name for path in folder.glob("*.toml")] == [WHEELS.lock_name]
    assert (folder / WHEELS.lock_name).read_text() == WHEELS.lock_text


def test_a_pip_that_is_not_cached_comes_by_itself(tmp_path: Path) -> None:
    uv = FakeUv(pip_cached=False)
    assert built(make_store(tmp_path), uv) == ["venv", "sync", "sync", "install"]
    assert all("--offline" in call for call in uv.calls[1:])


def test_the_pip_that_goes_along_is_never_asked_of_an_index(tmp_path: Path) -> None:
    uv = FakeUv(cached=False)
    assert built(make_store(tmp_path), uv) == ["venv", "sync", "sync", "sync", "install"]
    assert [Path(call[-1]).name for call in uv.calls if "--offline" not in call[1:]][1:] == [WHEELS.lock_name]


def test_a_pip_that_mending_took_away_is_put_in_again(tmp_path: Path) -> None:
    uv = FakeUv(poisoned=True)
    assert built(make_store(tmp_path), uv) == ["venv", "sync", "sync", "install"]


def test_an_interrupt_is_one_also_while_the_pip_goes_along(tmp_path: Path) -> None:
    uv = FakeUv(fail_at="sync", failure=TfsetupError(Code.INTERRUPTED, ""))
    with pytest.raises(TfsetupError) as caught:
        install(make_plan(*STEPS), make_store(tmp_path), make_hooks(uv=uv))
    assert caught.value.code is Code.INTERRUPTED
    assert len(uv.calls) == 2


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each look at the files that the RECORD of a package names."""
    seen: list[str] = []
    real = recorded.rows

    def look(text: str) -> Iterable[tuple[str, str]]:
        seen.append(text.partition(",")[0])
        return real(text)

    monkeypatch.setattr("tfsetup.envs.whole.rows", look)
    return seen


def test_files_are_looked_at_once_where_nothing_runs_after_that(tmp_path: Path, looks: list[str]) -> None:
    built(make_store(tmp_path), FakeUv())
    assert looks == ["alpha.py"]


@pytest.mark.parametrize(
    "steps",
    [
        (CREATE, WHEELS, Verify(), AddPip(wheel=PIP), Switch()),
        (CREATE, WHEELS, WriteCures(environment={"ONE": "1"}), AddPip(wheel=PIP), Switch()),
        (CREATE, replace(WHEELS, with_pip=""), AddPip(wheel=PIP), Switch()),
    ],
    ids=["a check", "cures", "uv"],
)
def test_files_are_looked_at_again_after_anything_has_run(
    tmp_path: Path, looks: list[str], steps: tuple[Step, ...]
) -> None:
    built(make_store(tmp_path), FakeUv(), *steps)
    assert len(looks) == 2


def test_what_a_check_does_to_the_files_is_seen(tmp_path: Path) -> None:
    def vandal(python: Path) -> object:
        (python.parents[1] / "lib/python3.12/site-packages/alpha.py").unlink()
        return {}

    store = make_store(tmp_path)
    with pytest.raises(BuildError, match=r"not whole: .*alpha\.py is missing"):
        built(store, FakeUv(), CREATE, WHEELS, Verify(), AddPip(wheel=PIP), Switch(), verify=vandal)
    assert store.numbers() == []


def test_what_the_one_look_finds_is_not_switched_to(tmp_path: Path, looks: list[str]) -> None:
    store, uv = make_store(tmp_path), FakeUv(poisoned=True)
    with pytest.raises(BuildError, match=r"not whole: .*alpha\.py is empty"):
        install(make_plan(*STEPS, tools=("pip",)), store, make_hooks(uv=uv), offline=True)
    assert store.current() is None
    assert looks
