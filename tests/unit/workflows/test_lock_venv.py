"""The backend of wheels, without uv: what must be there, how it stands, what is written and judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.locks import package
from support.matrix import shipped
from tfsetup.errors import Code, InvalidFileError, LockError, TfsetupError, Where
from tfsetup.ground.marked import Marked
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.files import write_all
from tfsetup.locks.model import Lock
from tfsetup.locks.proof import Proof, render_proofs
from tfsetup.locks.team import Team, parse_team
from tfsetup.locks.venv.many import Resolved
from tfsetup.locks.venv.targets import LockTarget
from tfsetup.matrix.model import Ask
from tfsetup.workflows.backends import Case, LockOrder, Scope
from tfsetup.workflows.lock_venv import VenvBackend, case_made, telling, texts_of
from tfsetup.workflows.told import silent
from tfsetup.workflows.venv_cases import case_of

MATRIX = shipped()
CPU, METAL, LEGACY = "linux-x86_64-cpu", "macos-arm64-metal", "macos-x86_64-legacy"
FOLDER = Path("locks")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def backend(team: str | None = None, ask: Ask | None = None, **order: Any) -> VenvBackend:
    read = parse_team(team, "team.yaml") if team is not None else None
    return VenvBackend(scope=Scope(order=LockOrder(ask=ask or Ask(), folder=FOLDER, **order), matrix=MATRIX, team=read))


def locked(*platforms: str, **order: Any) -> dict[str, Lock]:
    """Write locks of what is asked for, one package a requirement, and return them by name."""
    one = backend(platforms=platforms, **order)
    cases = [_resolved(target, one) for target, _ in one.targets({}, silent)]
    write_all(FOLDER, texts_of(cases))
    return {case.name: case.lock for case in cases}


def _resolved(target: LockTarget, one: VenvBackend) -> Case:
    (wish,) = [wish for found, wish in one.targets({}, silent) if found.name == target.name]
    pins = [requirement.partition("==") for requirement in target.selection.requirements if "==" in requirement]
    packages = tuple(package(name.partition("[")[0], version) for name, _, version in pins)
    return case_made(target, wish, packages)


# ----------------------------------------------------------------------------------------------------------- targets


def test_every_row_asked_for_is_a_target_with_what_uv_is_to_be_asked() -> None:
    found = backend(platforms=(CPU, METAL), offline=True, upgrade=frozenset({"six"})).targets({}, silent)
    assert [target.name for target, _ in found] == [CPU, METAL]
    wish = found[1][1]
    assert (wish.offline, wish.upgrade, wish.keep, wish.form) == (True, ("six",), {}, "pylock")
    assert wish.origin is not None
    assert wish.origin.cures == {"TURN_OFF_REMAPPER": "1"}


def test_what_is_locked_stays_unless_everything_may_move_on() -> None:
    there = locked(METAL)
    ((_, wish),) = backend(platforms=(METAL,)).targets(there, silent)
    assert wish.keep == {"tensorflow": "2.19.1", "tensorflow-metal": "1.2.0"}  # and not the wheel that cures
    ((_, wish),) = backend(platforms=(METAL,), upgrade=None).targets(there, silent)
    assert wish.keep == {}


def test_a_current_row_that_has_no_release_is_left_out_with_a_word() -> None:
    told: list[str] = []
    found = backend(ask=Ask(tensorflow="2.21.*")).targets({}, told.append)
    assert METAL not in {target.name for target, _ in found}
    assert any(line.startswith(f"Left out  Nothing to lock for {METAL}: ") for line in told)


def test_a_row_that_was_named_must_have_one() -> None:
    with pytest.raises(TfsetupError) as raised:
        backend(ask=Ask(tensorflow="2.21.*"), platforms=(CPU, METAL)).targets({}, silent)
    assert (raised.value.code, raised.value.where) == (Code.NO_ROW, None)
    with pytest.raises(TfsetupError) as raised:
        backend(f'tensorflow: "2.21.*"\nplatforms: [{METAL}]\n').targets({}, silent)
    assert str(raised.value.where) == "team.yaml:2:13"


def test_nothing_for_anybody_is_the_first_reason() -> None:
    with pytest.raises(TfsetupError, match="Nothing to lock for macos-arm64-metal"):
        backend(ask=Ask(tensorflow="==1.0")).targets({}, silent)


# ----------------------------------------------------------------------------------------------------------- reading


def test_a_lock_is_read_in_the_form_to_write_else_in_the_other_one() -> None:
    locked(CPU)
    locked(CPU, METAL, form="portable")
    assert {name: lock.form for name, lock in backend().read().items()} == {CPU: "pylock", METAL: "portable"}
    assert {name: lock.form for name, lock in backend(form="portable").read().items()} == {
        CPU: "portable",
        METAL: "portable",
    }
    assert backend("format: portable\n").form == "portable"


def test_a_folder_of_portable_locks_stays_one() -> None:
    assert backend().form == "pylock"
    locked(CPU, form="portable")
    assert backend().form == "portable"


def test_the_wheel_that_cures_is_written_beside_its_lock() -> None:
    locked(METAL)
    wheel = cure_wheel({"TURN_OFF_REMAPPER": "1"})
    assert (FOLDER / wheel.filename).read_bytes() == wheel.content


# ---------------------------------------------------------------------------------------------------------- standing


def stale(one: VenvBackend) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(standing.path.name, standing.row, standing.changes) for standing in one.stale()]


def test_what_was_written_is_fresh_and_what_is_missing_is_known_from_the_record() -> None:
    locked(CPU, METAL)
    proofs = {f"pylock.{row}.toml": Proof(row=row, python="3.12", sha256="", verdict="loads") for row in (CPU, METAL)}
    write_all(FOLDER, {"proof.json": render_proofs(proofs)})
    both = [(f"pylock.{CPU}.toml", CPU, ()), (f"pylock.{METAL}.toml", METAL, ())]
    assert stale(backend()) == both
    (FOLDER / f"pylock.{METAL}.toml").unlink()
    assert stale(backend()) == [both[0], (f"pylock.{METAL}.toml", METAL, ("there is no lock file for it",))]


def test_a_lock_in_two_forms_stands_twice() -> None:
    locked(CPU)
    locked(CPU, form="portable")
    assert [name for name, _, _ in stale(backend())] == [f"pylock.{CPU}.toml", f"requirements.{CPU}.txt"]


def test_what_is_asked_now_is_held_against_the_lock_s_own_note() -> None:
    locked(CPU, pythons=("3.12",))
    assert stale(backend()) == [(f"pylock.{CPU}.toml", CPU, ())]
    ((_, _, changed),) = stale(backend(ask=Ask(tensorflow="2.18.*")))
    assert "TensorFlow 2.18.* is asked for" in changed[0]
    ((_, _, changed),) = stale(backend(pythons=("3.11",)))
    assert "Python: 3.12 → 3.11" in changed
    locked(METAL)
    ((_, _, changed),) = [one for one in stale(backend(without_cures=True)) if one[1] == METAL]
    assert changed == ("what known defects are cured by: -TURN_OFF_REMAPPER=1",)


def test_the_team_says_what_must_be_there() -> None:
    locked(CPU)
    found = stale(backend(f"platforms: [{CPU}, {METAL}]\nrequirements: [six]\n"))
    assert found == [
        (f"pylock.{CPU}.toml", CPU, ("the team's requirements: +six",)),
        (f"pylock.{METAL}.toml", METAL, ("there is no lock file for it",)),
    ]


def test_a_row_without_a_release_makes_its_lock_stale() -> None:
    locked(METAL)
    ((_, row, changed),) = stale(backend(platforms=(METAL,), ask=Ask(tensorflow="2.21.*")))
    assert row == METAL
    assert changed[0].startswith(f"Nothing to lock for {METAL}: ")


def test_the_wheel_beside_it_is_looked_at() -> None:
    locked(METAL)
    (wheel,) = FOLDER.glob("*.whl")
    wheel.unlink()
    ((_, _, changed),) = stale(backend())
    assert "cannot be read beside it" in changed[0]


def test_nobody_locked_anything_so_every_current_row_is_missing() -> None:
    FOLDER.mkdir()
    assert [changed for _, _, changed in stale(backend())] == [("there is no lock file for it",)] * 7


# ------------------------------------------------------------------------------------------------------------- cases


def test_a_lock_with_addresses_is_judged_as_it_is_on_its_row_s_machine() -> None:
    lock = locked(METAL)[METAL]
    (standing,) = backend().stale()
    one = standing.case()
    assert one is not None
    assert (one.packages, one.origin, one.host.os_version) == (
        lock.packages,
        lock.origin,
        lock.origin and lock.origin.macos,
    )


def test_what_does_not_say_what_it_is_for_is_not_judged() -> None:
    lock = locked(CPU)[CPU]
    assert lock.origin is not None
    gone = replace(lock, origin=replace(lock.origin, row="gone"))
    for one in (replace(lock, origin=None), gone):
        assert case_of(one, MATRIX, offline=True, environ={}) is None


def test_resolutions_are_told_as_they_end() -> None:
    told: list[str] = []
    tell = telling(told.append)
    tell(Resolved(name=CPU, packages=(package("a", "1"), package("b", "1")), seconds=1.25))
    tell(Resolved(name=METAL, error=LockError("no"), seconds=0.5))
    assert told == [f"Resolved  {CPU:<28} 2 packages     1.2 s", f"Failed    {METAL:<28} no solution    0.5 s"]


# ------------------------------------------------------------------------------- requirements that choose TensorFlow


def team_of(*texts: str, own: tuple[str, ...] = (), **fields: Any) -> Team:
    """A team whose requirements `texts` stand in a file that it takes over, `own` in its own list."""
    over, listed = (
        tuple(Marked(text=text, where=Where(file=file, line=n, column=1)) for n, text in enumerate(lines, 1))
        for file, lines in (("r.txt", texts), ("team.yaml", own))
    )
    return Team(file="team.yaml", requirements=(*over, *listed), taken_over=over, **fields)


def of_team(team: Team, *platforms: str, **order: Any) -> VenvBackend:
    scope = Scope(order=LockOrder(ask=Ask(), folder=FOLDER, platforms=platforms, **order), matrix=MATRIX, team=team)
    return VenvBackend(scope=scope)


def test_a_line_chooses_the_version_of_every_row_by_any_of_its_names() -> None:
    team, told = team_of("tensorflow-macos[and-cuda]==2.18.1", "tensorflow-text"), list[str]()
    found = of_team(team, CPU, METAL, "linux-x86_64-cuda").targets({}, told.append)
    assert [target.selection.requirements[0] for target, _ in found] == [
        "tensorflow-cpu==2.18.1", "tensorflow==2.18.1", "tensorflow[and-cuda]==2.18.1",
    ]  # fmt: skip
    assert [wish.team for _, wish in found] == [
        ("tensorflow-text",), ("tensorflow-text",), ("tensorflow[and-cuda]", "tensorflow-text"),
    ]  # fmt: skip
    assert [line for line in told if "does not take" in line and "(r.txt:1:1)" in line] == told[0:1] + told[2:3]
    assert all(target.origin.team == ("tensorflow-macos[and-cuda]==2.18.1", "tensorflow-text") for target, _ in found)


def test_a_line_of_the_team_file_s_own_list_may_not_ask_for_another_row_s_extra() -> None:
    with pytest.raises(InvalidFileError, match=r"does not take \[and-cuda\]") as raised:
        of_team(team_of(own=("tensorflow[and-cuda]",)), CPU).targets({}, silent)
    assert str(raised.value.where) == "team.yaml:1:1"


def test_lines_that_contradict_the_team_file_are_refused_before_uv_is_asked() -> None:
    at = Where(file="team.yaml", line=2, column=13)
    team = team_of("tensorflow==2.16.2", tensorflow=">=2.18", tensorflow_at=at)
    with pytest.raises(TfsetupError) as raised:
        of_team(team, CPU).targets({}, silent)
    assert (raised.value.code, str(raised.value.where)) == (Code.ANSWER_IS_NO, "r.txt:1:1")
    assert raised.value.message == (
        "No release of TensorFlow is what is asked for: `tensorflow: >=2.18` (team.yaml:2:13) and "
        "`tensorflow==2.16.2` (r.txt:1:1)."
    )


def test_a_row_without_the_release_that_a_line_chooses_names_it_and_the_nearest() -> None:
    legacy = "macos-arm64-cpu-legacy"
    with pytest.raises(TfsetupError) as raised:
        of_team(team_of("six", "tensorflow==2.8.1"), legacy).targets({}, silent)
    assert (raised.value.code, str(raised.value.where)) == (Code.NO_ROW, "r.txt:2:1")
    assert raised.value.message.endswith("(asked for by `tensorflow==2.8.1` (r.txt:2:1))")
    assert raised.value.hint == f"The nearest release that {legacy} has is 2.8.0: write that."


def test_a_project_s_pythons_decide_which_python_is_locked_for() -> None:
    wanted = Marked(text=">=3.10,<3.12", where=Where(file="pyproject.toml", line=2))
    team = team_of("six", requires_python=wanted)
    assert [target.origin.python for target, _ in of_team(team, CPU).targets({}, silent)] == ["3.11"]
    every = of_team(team, CPU, pythons=("all",)).targets({}, silent)
    assert [target.name for target, _ in every] == [CPU, f"{CPU}-py310"]
    plain = team_of("six")
    assert [target.origin.python for target, _ in of_team(plain, CPU).targets({}, silent)] == ["3.13"]


def test_a_lock_for_a_python_that_the_project_left_behind_is_stale() -> None:
    locked(CPU)
    wanted = Marked(text="<3.13", where=Where(file="pyproject.toml", line=2))
    team = Team(file="pyproject.toml", requires_python=wanted)
    ((_, _, said),) = stale(of_team(team, CPU))
    assert said == ("the project is for Python <3.13, and the lock for 3.13",)


def test_a_lock_stays_fresh_while_the_line_that_chose_its_release_stands() -> None:
    team = team_of("tensorflow-cpu==2.18.*")
    one = of_team(team, CPU)
    write_all(FOLDER, texts_of([_resolved(target, one) for target, _ in one.targets({}, silent)]))
    ((_, _, said),) = stale(one)
    assert said == ()
    ((_, _, moved),) = stale(of_team(team_of("tensorflow-cpu==2.19.*"), CPU))
    assert moved == (f"the row {CPU} no longer takes tensorflow-cpu 2.18.1 for what is asked",)
