"""The backend of conda, without a channel: which platforms, what is asked of each, how they stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.conda import package, platform_lock
from support.matrix import shipped
from tfsetup.errors import Code, LockError, TfsetupError, UsageError
from tfsetup.ground.encode import encode
from tfsetup.locks.conda.lockfile import make_lock, seal
from tfsetup.locks.conda.model import PlatformLock
from tfsetup.locks.conda.resolve import Wanted
from tfsetup.locks.files import write_all
from tfsetup.locks.proof import render_proofs
from tfsetup.locks.team import parse_team
from tfsetup.matrix.model import Ask
from tfsetup.workflows.backends import LockOrder, Scope
from tfsetup.workflows.lock import check
from tfsetup.workflows.lock_conda import CondaBackend, conda_backend
from tfsetup.workflows.told import silent

MATRIX = shipped()
CPU, METAL = "linux-x86_64-cpu", "macos-arm64-metal"
FOLDER = Path("locks")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def order(**changes: Any) -> LockOrder:
    return LockOrder(ask=Ask(backend="conda"), folder=FOLDER, prove=False, **changes)


def backend(team: str | None = None, **changes: Any) -> CondaBackend:
    read = parse_team(team, "team.yaml") if team is not None else None
    return conda_backend(Scope(order=order(**changes), matrix=MATRIX, team=read), silent)


def part(wanted: Wanted) -> PlatformLock:
    """What would be locked: the row's own requirements, and the Python asked for."""
    python = f"{wanted.selection.python}.1"
    pins = [requirement.partition("==") for requirement in wanted.requirements if "==" in requirement]
    made = platform_lock(wanted.subdir, row=wanted.selection.row, digest=wanted.digest)
    wheels = tuple(
        replace(
            made.wheels[0], name=name, version=version, url=f"https://index.example/{name}-{version}-py3-none-any.whl"
        )
        for name, _, version in pins
    )
    archive = f"https://channel.example/forge/{wanted.subdir}/python-{python}-h0_0.conda"
    conda = (package("python", python, build="h0_0", subdir=wanted.subdir, url=archive),)
    return replace(made, packages=conda, wheels=wheels)


def locked(**changes: Any) -> dict[str, PlatformLock]:
    """Write a lock of what is asked for, and return its platforms."""
    parts = {one.subdir: part(one) for one in backend(**changes).targets({}, silent)}
    write_all(FOLDER, {"conda-lock.yml": make_lock(list(parts.values()), ("https://channel.example/forge",)).text})
    return parts


# ----------------------------------------------------------------------------------------------------------- targets


def test_five_platforms_one_row_each_that_every_machine_can_use() -> None:
    told: list[str] = []
    found = backend().targets({}, told.append)
    assert [(one.subdir, one.selection.row) for one in found] == [
        ("osx-arm64", METAL),
        ("osx-64", "macos-x86_64-cpu"),
        ("linux-64", CPU),
        ("linux-aarch64", "linux-aarch64-cpu"),
        ("win-64", "windows-x86_64-cpu"),
    ]
    assert told == ["Locking 5 platforms at once: osx-arm64, osx-64, linux-64, linux-aarch64, win-64"]


def test_a_row_named_exactly_takes_its_platform() -> None:
    found = backend(platforms=("linux-64", "linux-x86_64-cuda", "osx-arm64")).targets({}, silent)
    assert [(one.subdir, one.selection.row) for one in found] == [
        ("linux-64", "linux-x86_64-cuda"),
        ("osx-arm64", METAL),
    ]
    with pytest.raises(UsageError, match="one environment a platform"):
        backend(platforms=(CPU, "linux-x86_64-cuda")).targets({}, silent)


@pytest.mark.parametrize("pythons", [("3.12", "3.11"), ("all",)])
def test_it_holds_one_python(pythons: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="holds one Python"):
        backend(pythons=pythons).targets({}, silent)


def test_what_the_team_asks_is_asked_of_the_index() -> None:
    (one,) = backend(f'platforms: [{CPU}]\npythons: ["3.12"]\nrequirements: [pandas]\n').targets({}, silent)
    assert one.team == ("pandas",)
    assert one.requirements[-1] == "pandas"
    assert one.selection.python == "3.12"


def test_the_locked_release_stays_while_it_fits() -> None:
    (one,) = backend(platforms=(CPU,)).targets({}, silent)
    made = part(one)
    older = replace(made, wheels=tuple(replace(wheel, version="2.18.1") for wheel in made.wheels))
    there = {"linux-64": older}
    (kept,) = backend(platforms=(CPU,)).targets(there, silent)
    assert kept.selection.requirements == ("tensorflow-cpu==2.18.1", "setuptools<82")
    (moved,) = backend(platforms=(CPU,), upgrade=None).targets(there, silent)
    assert moved.selection.requirements == one.selection.requirements


# ---------------------------------------------------------------------------------------------------- taking over


def environment(text: str) -> Path:
    path = Path("environment.yml")
    path.write_text(text)
    return path


def test_an_environment_file_says_platforms_python_and_packages() -> None:
    source = environment(
        "name: paper\nchannels: [conda-forge]\nplatforms: [linux-64, osx-arm64]\n"
        "dependencies: [python=3.12, numpy<2.6, tool, {pip: [tabulate]}]\n"
    )
    one = backend(source=source)
    assert one.imported is not None
    assert one.imported.left_out == (
        "environment.yml:1:1: `name`, the environment's name: --prefix says where it goes",
    )
    found = one.targets({}, silent)
    assert [each.subdir for each in found] == ["linux-64", "osx-arm64"]
    assert {each.selection.python for each in found} == {"3.12"}
    assert {(each.specs, each.team) for each in found} == {(("numpy<2.6", "tool"), ("tabulate",))}
    narrowed = backend(source=source, platforms=(CPU,)).targets({}, silent)
    assert [each.subdir for each in narrowed] == ["linux-64"]


def test_a_conda_lock_has_no_form_without_addresses() -> None:
    with pytest.raises(UsageError, match="no portable form"):
        backend(form="portable")


# ----------------------------------------------------------------------------------------------------------- reading


@pytest.mark.loopback  # conda-lock looks whether this machine has IPv6
def test_what_is_made_is_told_from_what_is_there_and_written_in_conda_lock_s_own_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = locked(platforms=(CPU, METAL))
    monkeypatch.setattr("tfsetup.workflows.lock_conda.resolve", lambda wanted, *_, **__: [part(one) for one in wanted])
    made = backend(platforms=(CPU,)).made(silent)
    assert {name: lock.part and seal(lock.part) for name, lock in made.there.items()} == {
        name: seal(one) for name, one in parts.items()
    }
    assert {lock.text for lock in made.there.values()} == {Path("locks/conda-lock.yml").read_text()}
    assert [(one.key, one.file, one.origin.row) for one in made.cases] == [("linux-64", "conda-lock.yml", CPU)]
    assert sorted(made.texts) == ["conda-lock.yml", "environment.yml", "virtual-packages.yml"]
    Path("locks/conda-lock.yml").unlink()
    assert backend(platforms=(CPU,)).made(silent).there == {}


# ---------------------------------------------------------------------------------------------------------- standing


def test_each_platform_stands_for_itself() -> None:
    locked(platforms=(CPU, METAL))
    assert [(one.row, one.key, one.changes) for one in backend().stale()] == [
        (METAL, "osx-arm64", ()),
        (CPU, "linux-64", ()),
    ]
    (asked,) = backend(platforms=("osx-64",)).stale()
    assert (asked.row, asked.changes) == ("macos-x86_64-cpu", ("there is no osx-64 in it",))
    assert asked.lock is not None
    assert asked.lock.packages == ()


def test_another_ask_makes_it_stale() -> None:
    locked(platforms=(CPU,))
    team = "requirements: [pandas]\n"
    (one,) = backend(team).stale()
    assert one.changes[0].startswith("what is asked for: ")
    (one,) = backend(pythons=("3.11",)).stale()
    assert one.changes == ("Python: 3.13 → 3.11",)


def test_a_platform_that_nothing_is_for_is_missing() -> None:
    locked(platforms=(METAL,))
    one = CondaBackend(
        scope=replace(backend().scope, order=replace(order(), ask=Ask(backend="conda", tensorflow="2.21.*")))
    )
    (found,) = one.stale()
    assert (found.row, found.lock) == (METAL, None)
    assert found.changes[0].startswith(f"Nothing to lock for {METAL}: ")


def test_no_lock_says_how_to_write_one() -> None:
    with pytest.raises(LockError) as raised:
        backend().stale()
    assert (raised.value.message, raised.value.hint) == (
        "There is no such lock file.",
        "`tfsetup lock --backend conda` writes it.",
    )
    assert str(raised.value.where) == "locks/conda-lock.yml"


def test_a_check_holds_the_record_against_the_packages() -> None:
    parts = locked(platforms=(CPU,))
    one = backend()
    (standing,) = one.stale()
    judged = standing.case()
    assert judged is not None
    assert judged.sha256 == seal(parts["linux-64"])
    write_all(FOLDER, {"conda-proofs.json": render_proofs({"linux-64": judged.proof("fails", ["why"], 3)})})
    found = check(order(), MATRIX, backend=one)
    assert [(each.platform, each.verdict, each.reasons, each.conda) for each in found.files] == [
        ("linux-64", "fails", ("why",), standing.conda)
    ]
    assert list(encode(found)["files"][0])[:3] == ["path", "row", "platform"]
    other = replace(parts["linux-64"], packages=(replace(parts["linux-64"].packages[0], sha256="c" * 64),))
    write_all(FOLDER, {"conda-lock.yml": make_lock([other], ()).text})
    assert [each.verdict for each in check(order(), MATRIX, backend=backend()).files] == ["undecided"]


def test_nothing_to_lock_is_said_of_the_row() -> None:
    with pytest.raises(TfsetupError) as raised:
        backend(f'tensorflow: "2.21.*"\nplatforms: [{METAL}]\n').targets({}, silent)
    assert raised.value.code is Code.NO_ROW
