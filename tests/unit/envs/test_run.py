"""The executor: what it asks uv for, and that no failure changes what was there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tfsetup.envs.run as room
from support.envs import FakeUv, finish, make_hooks, make_plan, make_store, quiet
from tfsetup.envs.csh import csh_script
from tfsetup.envs.model import (
    AddPip,
    BuildFromSource,
    CreateVenv,
    InstallWheels,
    Preflight,
    Step,
    Switch,
    Tune,
    Tuned,
    Verify,
    WriteCures,
)
from tfsetup.envs.reuse import fitting
from tfsetup.envs.run import install
from tfsetup.envs.store import Store
from tfsetup.errors import BuildError, NetworkError
from tfsetup.ground.start_up import START_UP, start_up_text
from tfsetup.matrix.pips import PipWheel

CREATE = CreateVenv(python="/opt/python3.12", download=False)
WHEELS = InstallWheels(
    lock_name="pylock.linux-x86_64-cpu.toml",
    lock_text="# a lock\n",
    count=3,
    size=1000,
    arguments=("--only-binary", ":all:"),
)
STEPS: tuple[Step, ...] = (CREATE, WHEELS, Preflight(), Verify(), Switch())


class RefusedError(Exception):
    """A check said no; which exception says so is the check's own affair."""


def refuse(_python: Path) -> object:
    raise RefusedError("The GPU computes nonsense.")


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> FakeUv:
    fake = FakeUv()
    monkeypatch.setattr(room, "run_uv", fake)
    return fake


def test_a_generation_is_built_proved_and_switched_to(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    outcome = install(make_plan(*STEPS), store, make_hooks(verify=lambda _python: {"gflops": 7}))
    assert (outcome.generation, outcome.changed) == (1, True)
    assert store.current() == 1
    receipt = store.receipt(1)
    assert receipt.verify == {"gflops": 7}
    assert receipt.preflight == {"ok": True}
    assert receipt.packages == ("alpha-1.dist-info",)
    assert [call[0:2] for call in uv.calls] == [["venv", "--no-project"], ["pip", "sync"]]


def test_what_a_check_found_is_kept_as_json_has_it(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Found:
        where: Path
        devices: tuple[str, ...]

    store, fake = make_store(tmp_path), FakeUv()
    found = Found(where=tmp_path, devices=("CPU",))
    install(make_plan(*STEPS), store, make_hooks(preflight=lambda _python: found, uv=fake))
    assert store.receipt(1).preflight == {"where": str(tmp_path), "devices": ["CPU"]}
    assert fake.calls, "the uv that was handed in is the one that is run"


def test_csh_has_a_script_of_ours_for_the_link(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    (made,) = store.layout.root.glob("*/bin/activate.csh")
    assert made.read_text(encoding="utf-8") == csh_script(store.layout.prefix)


def test_a_pip_is_put_in_last_and_stands_apart_in_the_receipt(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    wheel = PipWheel(version="26.3", requires_python=">=3.10", size=1, sha256="c" * 64)
    plan = make_plan(*STEPS[:-1], AddPip(wheel=wheel), Switch(), tools=("pip",))
    install(plan, store, make_hooks())
    assert uv.calls[-1][:2] == ["pip", "install"]
    receipt = store.receipt(1)
    assert (receipt.packages, receipt.tools) == (("alpha-1.dist-info",), ("pip-26.3.dist-info",))
    site = store.layout.site_packages(store.layout.folder(1), "3.12")
    (site / "pip-26.3.dist-info").rename(site / "pip-27.0.dist-info")
    assert store.lacks(receipt) == ()


def test_the_scripts_that_activate_follow_the_link(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    written = (store.layout.prefix / "bin" / "activate.fish").read_bytes()
    assert written == b"set -gx VIRTUAL_ENV (dirname -- (dirname -- (realpath -s -- (status -f))))\r\n# \xff\n"
    assert uv.calls


def test_the_checks_see_the_new_environment_before_the_switch(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    seen: list[tuple[Path, int | None]] = []

    def look(python: Path) -> dict[str, Any]:
        seen.append((python, store.current()))
        return {}

    install(make_plan(*STEPS), store, make_hooks(preflight=look, verify=look))
    assert seen == [(store.layout.folder(1) / "bin/python", None)] * 2
    assert uv.calls


def test_wheels_are_installed_from_the_lock_without_building(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    sync = uv.calls[1]
    assert sync[sync.index("--only-binary") + 1] == ":all:"
    assert Path(sync[-1]).name == "pylock.linux-x86_64-cpu.toml"
    assert Path(sync[-1]).read_text() == "# a lock\n"


def test_a_known_interpreter_is_never_replaced_by_a_download(tmp_path: Path, uv: FakeUv) -> None:
    install(make_plan(*STEPS), make_store(tmp_path), make_hooks())
    assert "--no-python-downloads" in uv.calls[0]
    assert uv.calls[0][uv.calls[0].index("--python") + 1] == "/opt/python3.12"


def test_a_python_that_uv_brings_is_announced(tmp_path: Path, uv: FakeUv) -> None:
    said: list[str] = []
    steps = (CreateVenv(python="3.12", download=True), *STEPS[1:])
    install(make_plan(*steps), make_store(tmp_path), make_hooks(said))
    assert said == ["Fetching Python 3.12"]
    assert "--no-python-downloads" not in uv.calls[0]


def test_a_source_build_comes_after_the_wheels_without_isolation_or_cache(tmp_path: Path, uv: FakeUv) -> None:
    steps = (CREATE, WHEELS, BuildFromSource(requirement="alpha-plugin==0.4"), Switch())
    install(make_plan(*steps), make_store(tmp_path), make_hooks())
    assert uv.calls[2][:2] == ["pip", "install"]
    assert {"--no-build-isolation", "--no-cache", "--no-deps"} <= set(uv.calls[2])
    assert uv.calls[2][-1] == "alpha-plugin==0.4"


def test_offline_reaches_every_run_of_uv(tmp_path: Path, uv: FakeUv) -> None:
    install(make_plan(*STEPS), make_store(tmp_path), make_hooks(), offline=True)
    assert all("--offline" in call for call in uv.calls)


def test_a_full_cache_needs_no_network(tmp_path: Path, uv: FakeUv) -> None:
    install(make_plan(*STEPS), make_store(tmp_path), make_hooks())
    assert ["--offline" in call for call in uv.calls] == [False, True]


def test_what_is_not_cached_is_fetched(tmp_path: Path, uv: FakeUv) -> None:
    uv.cached = False
    install(make_plan(*STEPS), make_store(tmp_path), make_hooks())
    assert ["--offline" in call for call in uv.calls] == [False, True, False]


def test_offline_never_goes_on_to_the_network(tmp_path: Path, uv: FakeUv) -> None:
    uv.cached = False
    with pytest.raises(NetworkError):
        install(make_plan(*STEPS), make_store(tmp_path), make_hooks(), offline=True)
    assert all("--offline" in call for call in uv.calls)


def test_downloading_is_told_from_building(tmp_path: Path, uv: FakeUv) -> None:
    outcome = install(make_plan(*STEPS), make_store(tmp_path), make_hooks())
    assert outcome.seconds["download"] == pytest.approx(62.5)
    assert set(outcome.seconds) == {"build", "download", "preflight", "verify"}
    assert uv.calls


def test_a_second_installation_changes_nothing(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    calls = len(uv.calls)
    outcome = install(make_plan(*STEPS), store, make_hooks())
    assert (outcome.generation, outcome.changed) == (1, False)
    assert len(uv.calls) == calls


@pytest.mark.parametrize(
    "change",
    [{"digest": "d2"}, {"pinned_lock": "l2"}],
    ids=["another selection", "another lock named by the user"],
)
def test_another_wish_builds_another_generation(tmp_path: Path, uv: FakeUv, change: dict[str, str]) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    outcome = install(make_plan(*STEPS, **change), store, make_hooks())
    assert (outcome.generation, outcome.changed, store.current()) == (2, True, 2)
    assert store.numbers() == [1, 2]
    assert uv.calls


@pytest.mark.parametrize("loss", ["interpreter", "package", "receipt"])
def test_a_damaged_environment_is_built_anew(tmp_path: Path, uv: FakeUv, loss: str) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    folder = store.layout.folder(1)
    match loss:
        case "interpreter":
            (folder / "bin/python").unlink()
        case "package":
            shutil.rmtree(folder / "lib/python3.12/site-packages/alpha-1.dist-info")
        case _:
            store.layout.receipt(1).write_text("{")
    assert fitting(store, 1, "d1", None, say=quiet) is None
    assert install(make_plan(*STEPS), store, make_hooks()).generation == 2
    assert uv.calls


def _with_a_current_one(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    finish(store, 1, digest="old")
    store.switch(1)
    return store


@pytest.mark.parametrize("at", ["venv", "sync"])
@pytest.mark.parametrize(
    "failure",
    [KeyboardInterrupt(), NetworkError("The index broke off."), BuildError("The disk is full."), OSError(28, "full")],
    ids=lambda failure: type(failure).__name__,
)
def test_a_failed_build_leaves_the_old_environment_and_nothing_else(
    tmp_path: Path, uv: FakeUv, at: str, failure: BaseException
) -> None:
    store = _with_a_current_one(tmp_path)
    uv.fail_at, uv.failure = at, failure
    expected = BuildError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected):
        install(make_plan(*STEPS), store, make_hooks())
    assert store.current() == 1
    assert sorted(path.name for path in store.layout.root.iterdir()) == [".gitignore", "1", "1.json", "lock"]


@pytest.mark.parametrize("stage", ["preflight", "verify"])
def test_a_check_that_says_no_leaves_the_old_environment(tmp_path: Path, uv: FakeUv, stage: str) -> None:
    store = _with_a_current_one(tmp_path)

    with pytest.raises(RefusedError, match="nonsense"):
        install(make_plan(*STEPS), store, make_hooks(None, **{stage: refuse}))
    assert store.current() == 1
    assert store.numbers() == [1]
    assert uv.calls


def foreign(prefix: Path) -> None:
    """Make a virtual environment that is not tfsetup's."""
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "python").write_text("#!/bin/sh\n")
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n")


def project(prefix: Path) -> None:
    prefix.mkdir()
    (prefix / "thesis.tex").write_text("years of work")


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path, uv: FakeUv, replace: bool) -> None:
    store = make_store(tmp_path)
    project(store.layout.prefix)
    with pytest.raises(BuildError, match=r"holds files, is no environment and was not made") as caught:
        install(make_plan(*STEPS), store, make_hooks(), replace=replace)
    assert "--replace" not in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == [".venv"]
    assert uv.calls == []


def test_an_empty_folder_may_become_one_and_is_nothing_to_go_back_to(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    store.layout.prefix.mkdir()
    outcome = install(make_plan(*STEPS), store, make_hooks())
    assert store.current() == outcome.generation
    assert store.numbers() == [outcome.generation]
    assert uv.calls


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("appears", [project, foreign], ids=["a project", "an environment"])
def test_what_appears_at_the_prefix_while_it_is_built_is_judged_too(
    tmp_path: Path, uv: FakeUv, appears: Callable[[Path], None], replace: bool
) -> None:
    store = make_store(tmp_path)

    def meanwhile(_python: Path) -> dict[str, Any]:
        appears(store.layout.prefix)
        return {}

    def work() -> Any:
        return install(make_plan(*STEPS), store, make_hooks(verify=meanwhile), replace=replace)

    if replace and appears is foreign:
        assert work().changed
        assert store.receipt(0).row == "adopted"
    else:
        with pytest.raises(BuildError, match="was not made by tfsetup"):
            work()
        assert not store.layout.prefix.is_symlink()
        assert store.numbers() == []
    assert uv.calls


def test_the_python_to_build_on_is_not_replaced_by_what_is_built_on_it(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    foreign(store.layout.prefix)
    python = str(store.layout.prefix / "bin" / "python")
    steps = (CreateVenv(python=python, download=False), *STEPS[1:])
    with pytest.raises(BuildError, match="holds the Python to build on"):
        install(make_plan(*steps), store, make_hooks(), replace=True)
    assert uv.calls == []


def test_an_existing_environment_of_somebody_else_is_refused_before_anything_is_written(
    tmp_path: Path, uv: FakeUv
) -> None:
    store = make_store(tmp_path)
    foreign(store.layout.prefix)
    with pytest.raises(BuildError, match="was not made by tfsetup"):
        install(make_plan(*STEPS), store, make_hooks())
    assert [path.name for path in tmp_path.iterdir()] == [".venv"]
    assert uv.calls == []


def test_it_is_kept_as_generation_0_when_its_place_may_be_taken(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    foreign(store.layout.prefix)
    (store.layout.prefix / "mine").write_text("kept")
    outcome = install(make_plan(*STEPS), store, make_hooks(), replace=True)
    assert outcome.generation == store.current()
    assert (store.layout.folder(0) / "mine").read_text() == "kept"
    assert store.receipt(0).row == "adopted"
    assert uv.calls


def test_its_place_is_not_taken_when_the_new_one_does_not_run(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    foreign(store.layout.prefix)
    (store.layout.prefix / "mine").write_text("kept")

    with pytest.raises(RefusedError):
        install(make_plan(*STEPS), store, make_hooks(verify=refuse), replace=True)
    assert (store.layout.prefix / "mine").read_text() == "kept"
    assert not store.layout.prefix.is_symlink()
    assert uv.calls


def test_a_plain_file_is_never_replaced(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    store.layout.prefix.write_text("not an environment")
    with pytest.raises(BuildError, match="was not made by tfsetup"):
        install(make_plan(*STEPS), store, make_hooks(), replace=True)
    assert store.layout.prefix.read_text() == "not an environment"
    assert uv.calls == []


def test_what_a_killed_run_left_is_cleaned_by_the_next(tmp_path: Path, uv: FakeUv) -> None:
    store = _with_a_current_one(tmp_path)
    (store.layout.folder(2) / "lib").mkdir(parents=True)
    outcome = install(make_plan(*STEPS), store, make_hooks())
    assert outcome.generation == store.current()
    assert outcome.generation != 1
    assert store.numbers() == [1, outcome.generation]
    assert uv.calls


def test_what_a_damaged_cache_gave_is_fetched_past_it(tmp_path: Path, uv: FakeUv) -> None:
    uv.poisoned = True
    said: list[str] = []
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks(said))
    assert said == ["Note      uv's cache has damaged files of alpha; fetching them anew without it."]
    last = uv.calls[-1]
    assert last[last.index("--reinstall-package") + 1] == "alpha"
    assert "--offline" not in last
    assert store.lacks(store.receipt(1)) == ()


def test_what_was_built_and_is_not_whole_is_not_switched_to(tmp_path: Path, uv: FakeUv) -> None:
    store = _with_a_current_one(tmp_path)
    uv.poisoned = True
    with pytest.raises(BuildError, match=r"What was built is not whole: .*alpha\.py is empty") as caught:
        install(make_plan(*STEPS), store, make_hooks(), offline=True)
    assert "uv cache clean" in caught.value.hint
    assert store.current() == 1
    assert store.numbers() == [1]
    assert all("--offline" in call for call in uv.calls)


def test_a_whole_one_is_taken_instead_of_building_it_again(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    install(make_plan(*STEPS, digest="d2"), store, make_hooks())
    calls = len(uv.calls)
    said: list[str] = []
    outcome = install(make_plan(*STEPS), store, make_hooks(said))
    assert (outcome.generation, outcome.changed, store.current()) == (1, True, 1)
    assert len(uv.calls) == calls
    assert said[0].startswith("Reusing   generation 1, ")


def test_anew_builds_what_seems_whole(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())
    assert install(make_plan(*STEPS), store, make_hooks(), anew=True).generation == 2
    assert uv.calls


def test_a_python_that_does_not_start_at_the_prefix_undoes_the_whole(tmp_path: Path, uv: FakeUv) -> None:
    store = _with_a_current_one(tmp_path)
    store.starts = lambda python: None if ".generations" in str(python) else "does not start"
    with pytest.raises(BuildError, match="was taken back"):
        install(make_plan(*STEPS), store, make_hooks())
    assert store.current() == 1
    assert sorted(path.name for path in store.layout.root.iterdir()) == [".gitignore", "1", "1.json", "lock"]
    assert uv.calls


def test_a_failing_run_leaves_a_current_one_without_a_receipt(tmp_path: Path, uv: FakeUv) -> None:
    store = _with_a_current_one(tmp_path)
    store.layout.receipt(1).unlink()
    uv.fail_at, uv.failure = "sync", BuildError("no")
    said: list[str] = []
    with pytest.raises(BuildError):
        install(make_plan(*STEPS), store, make_hooks(said))
    assert store.layout.python(store.layout.prefix).exists()
    assert "it was written anew" in said[0]


def test_an_interrupt_behind_the_switch_removes_nothing_of_it(tmp_path: Path, uv: FakeUv) -> None:
    store = _with_a_current_one(tmp_path)
    real = store.switch

    def interrupted(generation: int, **more: Any) -> None:
        real(generation, **more)
        raise KeyboardInterrupt

    store.switch = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        install(make_plan(*STEPS), store, make_hooks())
    assert store.current() == 2
    assert store.lacks(store.receipt(2)) == ()
    assert uv.calls


def test_uv_holds_the_lock_too(tmp_path: Path, uv: FakeUv) -> None:
    """Should tfsetup be killed while uv still writes, nobody else builds there."""
    store = make_store(tmp_path)
    install(make_plan(CREATE, WHEELS, BuildFromSource(requirement="alpha-plugin==0.4"), Switch()), store, make_hooks())
    lock = (store.layout.root / "lock").stat()
    assert len(uv.held) == 3
    assert all(len(held) == 1 and os.path.samestat(held[0], lock) for held in uv.held)


ONE = {"TURN_OFF_REMAPPER": "1"}
CURING: tuple[Step, ...] = (CREATE, WHEELS, WriteCures(environment=ONE), Preflight(), Verify(), Switch())


def test_the_checks_see_the_cured_environment_and_the_receipt_says_so(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    start_up = store.layout.site_packages(store.layout.folder(1), "3.12") / START_UP
    seen: list[str] = []

    def look(_python: Path) -> dict[str, Any]:
        seen.append(start_up.read_text())
        return {}

    install(make_plan(*CURING, cures=ONE), store, make_hooks(preflight=look, verify=look))
    assert seen == [start_up_text(ONE)] * 2
    receipt = store.receipt(1)
    assert (receipt.cures, receipt.without_cures) == (ONE, False)
    assert store.lacks(receipt) == ()
    assert "set -gx TURN_OFF_REMAPPER" in (store.layout.prefix / "bin/activate.fish").read_text("utf-8", "replace")
    start_up.unlink()
    assert [lack.how for lack in store.lacks(receipt)] == ["is missing; it sets TURN_OFF_REMAPPER=1"]
    assert uv.calls


def test_an_environment_that_is_to_be_cured_and_is_not_is_not_whole(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    with pytest.raises(BuildError, match=r"tfsetup_cures\.pth is missing"):
        install(make_plan(*STEPS, cures=ONE), store, make_hooks())
    assert store.current() is None
    assert uv.calls


def test_that_the_cures_were_left_out_is_recorded(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS, without_cures=True), store, make_hooks())
    assert (store.receipt(1).cures, store.receipt(1).without_cures) == ({}, True)
    assert uv.calls


def test_a_cure_that_cannot_be_written_leaves_everything_as_it_was(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*STEPS), store, make_hooks())

    def in_the_way(python: Path) -> dict[str, Any]:
        (python.parents[1] / "lib/python3.12/site-packages" / START_UP / "x").mkdir(parents=True)
        return {}

    steps = (CREATE, WHEELS, Preflight(), WriteCures(environment=ONE), Switch())
    plan = make_plan(*steps, cures=ONE, digest="other")
    with pytest.raises(BuildError, match=r"2/lib/python3.12/site-packages/tfsetup_cures.pth cannot be written"):
        install(plan, store, make_hooks(preflight=in_the_way))
    assert (store.current(), store.numbers()) == (1, [1])
    assert uv.calls


def test_what_a_lock_names_by_a_path_lies_beside_it(tmp_path: Path, uv: FakeUv) -> None:
    from dataclasses import replace

    store = make_store(tmp_path)
    install(make_plan(CREATE, replace(WHEELS, beside={"a-1-py3-none-any.whl": b"x"}), Switch()), store, make_hooks())
    assert (store.layout.prefix / "a-1-py3-none-any.whl").read_bytes() == b"x"
    assert (store.layout.prefix / WHEELS.lock_name).is_file()
    assert uv.calls


FASTER = {"TF_ENABLE_ONEDNN_OPTS": "1"}
TUNING: tuple[Step, ...] = (CREATE, WHEELS, Preflight(), Tune(), WriteCures(environment=ONE), Verify(), Switch())


def tuner(seen: list[bool], variables: dict[str, str] | None = None) -> Callable[[Path], Tuned]:
    """Return what finds `variables` to be faster, and notes whether the start-up file was there."""

    def tune(python: Path) -> Tuned:
        seen.append(bool([*python.parents[1].rglob(START_UP)]))
        return Tuned(variables=FASTER if variables is None else variables, found={"set": dict(FASTER)})

    return tune


def test_what_is_faster_is_written_with_the_cures_and_verified_and_the_receipt_says_so(
    tmp_path: Path, uv: FakeUv
) -> None:
    store = make_store(tmp_path)
    start_up = store.layout.site_packages(store.layout.folder(1), "3.12") / START_UP
    verified: list[str] = []
    before: list[bool] = []

    def look(_python: Path) -> dict[str, Any]:
        verified.append(start_up.read_text())
        return {}

    hooks = make_hooks(verify=look, tune=tuner(before))
    done = install(make_plan(*TUNING, cures=ONE, tuning="measured"), store, hooks)
    assert before == [False]  # it was measured before anything was set
    assert verified == [start_up_text({**ONE, **FASTER})]
    receipt = store.receipt(1)
    assert (receipt.cures, receipt.tuned, receipt.tune) == ({**ONE, **FASTER}, FASTER, {"set": FASTER})
    assert store.lacks(receipt) == ()
    assert "tune" in done.seconds
    assert "set -gx TF_ENABLE_ONEDNN_OPTS" in (store.layout.prefix / "bin/activate.fish").read_text("utf-8", "replace")
    assert uv.calls


def test_a_cure_is_never_overridden_by_what_is_faster(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    hooks = make_hooks(tune=tuner([], {"TURN_OFF_REMAPPER": "0"}))
    install(make_plan(*TUNING, cures=ONE, tuning="measured"), store, hooks)
    assert store.receipt(1).cures == ONE
    assert uv.calls


def test_where_nothing_is_faster_nothing_is_set_and_that_it_was_measured_is_kept(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    steps = [step for step in TUNING if not isinstance(step, WriteCures)]
    plan = make_plan(*steps[:-2], WriteCures(environment={}), *steps[-2:], tuning="measured")
    install(plan, store, make_hooks(tune=tuner([], {})))
    receipt = store.receipt(1)
    assert (receipt.cures, receipt.tuned, receipt.tune) == ({}, {}, {"set": FASTER})
    assert not [*store.layout.folder(1).rglob(START_UP)]
    assert uv.calls


@pytest.mark.parametrize(
    ("asked", "changed"),
    [("kept", False), ("measured", False), ("without", True)],
)
def test_a_tuned_generation_is_what_is_asked_for_unless_nothing_is_to_be_set(
    tmp_path: Path, uv: FakeUv, asked: Any, changed: bool
) -> None:
    store = make_store(tmp_path)
    install(make_plan(*TUNING, cures=ONE, tuning="measured"), store, make_hooks(tune=tuner([])))
    steps = CURING if asked != "measured" else TUNING
    wanted = make_plan(*steps, cures=ONE, tuning=asked)
    assert install(wanted, store, make_hooks(tune=tuner([]))).changed is changed
    assert store.receipt(store.current() or 0).cures == (ONE if changed else {**ONE, **FASTER})
    assert uv.calls


def test_a_generation_that_was_not_measured_is_not_what_tune_asks_for(tmp_path: Path, uv: FakeUv) -> None:
    store = make_store(tmp_path)
    install(make_plan(*CURING, cures=ONE), store, make_hooks())
    assert install(make_plan(*TUNING, cures=ONE, tuning="measured"), store, make_hooks(tune=tuner([]))).changed
    assert uv.calls
