"""The plan of a conda environment, and its steps carried out with stand-ins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.conda import package, platform_lock, wheel
from support.envs import make_hooks, make_store, quiet
from tfsetup.envs.conda import build
from tfsetup.envs.conda.engine import Downloads
from tfsetup.envs.model import AddWheels, CreateCondaPrefix, Plan, Preflight, Switch, TryPrograms, Verify, WriteCures
from tfsetup.envs.plan import describe, plan_install
from tfsetup.envs.reuse import fitting
from tfsetup.envs.run import install
from tfsetup.errors import BuildError
from tfsetup.ground.index import BY_HASH
from tfsetup.ground.start_up import START_UP, start_up_text
from tfsetup.host.model import Host
from tfsetup.locks.conda.lockfile import as_lock, make_lock
from tfsetup.locks.conda.model import CondaPackage, PlatformLock
from tfsetup.locks.model import Lock
from tfsetup.locks.run import Finished
from tfsetup.matrix.model import Selection
from tfsetup.matrix.pips import PipWheel

SELECTION = Selection(
    installable=True, row="linux-x86_64-cpu", python="3.12", requirements=("tensorflow-cpu==2.20.0",), backend="conda"
)

HOST = Host(os="linux", arch="x86_64")


def locked(platform: PlatformLock) -> Lock:
    return as_lock(platform, text=make_lock([platform], ()).text)


def plan(platform: PlatformLock | None = None, **changes: Any) -> Plan:
    platform = platform or platform_lock()
    return plan_install(SELECTION, locked(platform), HOST, **changes)


def test_wheels_come_after_the_packages_and_nothing_is_switched_to_unseen() -> None:
    made = plan(pinned=True)
    assert [type(step) for step in made.steps] == [CreateCondaPrefix, AddWheels, Preflight, Verify, TryPrograms, Switch]
    assert made.backend == "conda"
    assert made.pinned_lock == made.lock_sha256
    assert plan().pinned_lock is None


def test_the_pip_of_the_channel_is_a_tool_unless_somebody_asked_for_one() -> None:
    wanted = PipWheel(version="26.3", requires_python=">=3.10", size=1, sha256="c" * 64)
    own = platform_lock(packages=(package(), package(name="pip")))
    made = plan(own, pip=wanted)
    assert [type(step) for step in made.steps] == [type(step) for step in plan().steps]
    assert made.tools == ("pip",)
    assert plan(own, pip=wanted, together=("pip==25.0",)).tools == ()


def test_without_wheels_there_is_no_step_for_them() -> None:
    made = plan(platform_lock(wheels=()), preflight=False, verify=False)
    assert [type(step) for step in made.steps] == [CreateCondaPrefix, Switch]


def test_the_steps_in_words() -> None:
    sized = platform_lock(packages=(package(size=12_400_000),), wheels=(wheel(size=3_000_000),))
    assert describe(plan(sized))[:2] == [
        "link 1 locked conda packages for linux-64, at most 12 MB to download, each checked by its sha256",
        "put 1 locked wheels on top, at most 3 MB to download, each checked by its sha256",
    ]
    assert describe(plan())[0] == "link 2 locked conda packages for linux-64, each checked by its sha256"


class Stage:
    """Stands in for rattler, for the interpreter that compiles, and for uv."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.uv: list[list[str]] = []
        self.held: list[os.stat_result] = []
        self.record = ""
        self.fail: BaseException | None = None
        monkeypatch.setattr(build, "link", self.link)
        monkeypatch.setattr(build, "compile_bytecode", lambda _python, _site: None)
        monkeypatch.setattr(build, "run_uv", self.run_uv)

    def link(self, _: tuple[CondaPackage, ...], _subdir: str, prefix: Path, _mine: Any, *, offline: bool) -> Downloads:
        for name in ("bin", "conda-meta", "lib/python3.12/site-packages/numpy-2.1.3.dist-info"):
            (prefix / name).mkdir(parents=True)
        (prefix / "bin/python").write_text("#!/bin/sh\n")
        if self.record:
            (prefix / "lib/python3.12/site-packages/numpy-2.1.3.dist-info/RECORD").write_text(self.record)
        return Downloads(seconds=0.0 if offline else 1.5)

    def run_uv(self, arguments: list[str], *, held: Sequence[int] = (), **_: Any) -> Finished:
        self.uv.append(arguments)
        self.held += [os.fstat(descriptor) for descriptor in held]
        if self.fail:
            raise self.fail
        return Finished(stdout="", stderr="Prepared 1 package in 2.00s\n")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Nothing real is started."""
    return Stage(monkeypatch)


def test_a_generation_of_packages_and_wheels(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    outcome = install(plan(), store, make_hooks())
    folder = store.layout.folder(1)
    assert outcome.changed
    assert outcome.seconds["download"] == pytest.approx(3.5)
    assert outcome.receipt.backend == "conda"
    assert outcome.receipt.packages == ("numpy-2.1.3.dist-info",)
    assert (folder / "conda-meta/conda-lock.yml").read_text() == make_lock([platform_lock()], ()).text
    assert (folder / "conda-meta/tfsetup-wheels.txt").read_text() == f"{wheel().requirement}\n"
    assert store.current() == 1


def test_uv_is_told_the_interpreter_and_to_keep_its_hands_off_conda_s(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    install(plan(), store, make_hooks(), offline=True)
    (arguments,) = stage.uv
    assert arguments[:4] == ["pip", "install", "--python", str(store.layout.folder(1) / "bin" / "python")]
    assert {"--no-deps", *BY_HASH, "--offline"} <= set(arguments)


def test_uv_has_the_lock_in_its_hands_here_too(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    install(plan(), store, make_hooks())
    (held,) = stage.held
    assert os.path.samestat(held, (store.layout.root / "lock").stat())


def test_the_records_of_wheels_on_top_of_packages_are_judged_too(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    stage.record = "numpy/__init__.py,,\n../../../../escaped,,\n"
    with pytest.raises(BuildError, match="A wheel holds files that must not be installed"):
        install(plan(), store, make_hooks())
    assert store.numbers() == []


def test_what_conda_changed_is_remembered_and_not_missed_later(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    receipt = install(plan(), store, make_hooks()).receipt
    assert receipt.differing == ("numpy-2.1.3.dist-info/RECORD",)
    assert store.lacks(receipt) == ()


def test_the_activate_script_names_the_link_and_not_the_generation(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    install(plan(), store, make_hooks())
    text = (store.layout.prefix / "bin/activate").read_text()
    assert f"CONDA_PREFIX={store.layout.prefix}\n" in text
    assert ".generations" not in text


def test_a_second_installation_has_nothing_to_do(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    first = install(plan(), store, make_hooks())
    again = install(plan(), store, make_hooks())
    assert (again.changed, again.generation) == (False, first.generation)
    (store.layout.folder(1) / "bin/python").unlink()
    assert fitting(store, 1, plan().digest, None, say=quiet) is None


def test_when_the_wheels_fail_nothing_has_changed(stage: Stage, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    stage.fail = BuildError("no")
    with pytest.raises(BuildError):
        install(plan(), store, make_hooks())
    assert store.current() is None
    assert store.numbers() == []
    assert not store.layout.folder(1).exists()


def test_on_windows_the_interpreter_is_at_the_top() -> None:
    from tfsetup.envs.model import Layout

    layout = Layout(prefix=Path("env"), windows=True)
    assert layout.python(Path("p"), "conda") == Path("p/python.exe")
    assert layout.python(Path("p")) == Path("p/Scripts/python.exe")
    assert Layout(prefix=Path("env")).python(Path("p"), "conda") == Path("p/bin/python")


def test_a_conda_prefix_is_cured_for_its_python_and_for_its_activation(stage: Stage, tmp_path: Path) -> None:
    one = {"TURN_OFF_REMAPPER": "1"}
    selection = replace(SELECTION, settings=one)
    made = plan_install(selection, locked(platform_lock()), HOST)
    kinds = [type(step) for step in made.steps]
    assert kinds == [CreateCondaPrefix, AddWheels, WriteCures, Preflight, Verify, TryPrograms, Switch]
    assert made.cures == one
    store = make_store(tmp_path)
    receipt = install(made, store, make_hooks()).receipt
    folder = store.layout.folder(1)
    assert receipt.cures == one
    assert (folder / "lib/python3.12/site-packages" / START_UP).read_text() == start_up_text(one)
    assert (folder / "etc/conda/activate.d/tfsetup-cures.sh").is_file()
    assert (folder / "etc/conda/deactivate.d/tfsetup-cures.sh").is_file()
    (folder / "lib/python3.12/site-packages" / START_UP).unlink()
    assert [lack.how for lack in store.lacks(receipt)] == ["is missing; it sets TURN_OFF_REMAPPER=1"]
    bare = plan_install(selection, locked(platform_lock()), HOST, cures=False)
    assert (bare.cures, bare.without_cures) == ({}, True)
    assert stage.uv
