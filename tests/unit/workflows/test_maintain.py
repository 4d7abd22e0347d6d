"""The generations of an environment: listed, gone back to, removed and cleared up, as values."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.envs import finish, make_receipt
from tfsetup.envs.store import Store, layout_for
from tfsetup.errors import BuildError, UsageError
from tfsetup.ground.encode import encode
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.hazards import Hazard
from tfsetup.workflows.maintain import Collected, NotWhole, RolledBack, collect, list_generations, remove, roll_back

pytestmark = pytest.mark.process  # the interpreter of a generation is started before and after a switch

METAL = ("alpha-1.dist-info", "tensorflow_metal-1.2.0.dist-info")


@pytest.fixture(scope="module")
def hazards() -> tuple[Hazard, ...]:
    return tuple(read_matrix(None).hazards)


@pytest.fixture
def three(tmp_path: Path) -> Store:
    """Return a store with generations 1 to 3, the third current."""
    store = Store(layout_for(tmp_path / ".venv"))
    for number in (1, 2, 3):
        finish(store, number, row=f"row-{number}")
    store.switch(3)
    return store


def spoil(store: Store, number: int) -> None:
    """Take from a generation what `uv pip uninstall` takes."""
    shutil.rmtree(store.layout.site_packages(store.layout.folder(number), "3.12") / "alpha-1.dist-info")


def test_where_nothing_is_nothing_is_listed_and_nothing_is_wrong(tmp_path: Path) -> None:
    found = list_generations(tmp_path / ".venv", tuple)
    assert (found.current, found.missing, found.generations) == (None, None, ())
    assert found.prefix == str(tmp_path / ".venv")


def test_every_generation_is_listed_as_its_receipt_tells_it(three: Store) -> None:
    spoil(three, 2)
    found = list_generations(three.layout.prefix, tuple)
    assert (found.current, found.missing) == (3, None)
    assert [(one.generation, one.row, one.current) for one in found.generations] == [
        (1, "row-1", False),
        (2, "row-2", False),
        (3, "row-3", True),
    ]
    assert [(one.whole, one.missing) for one in found.generations] == [
        (True, ()),
        (False, ("alpha 1 is not installed any more",)),
        (True, ()),
    ]
    assert [one.verified for one in found.generations] == [False, False, False]
    assert found.generations[0].requirements == ("alpha==1",)


def test_one_damaged_receipt_does_not_hide_the_others(three: Store) -> None:
    three.layout.receipt(2).write_text("{")
    one, damaged, last = list_generations(three.layout.prefix, tuple).generations
    assert (one.damaged, last.damaged) == (None, None)
    assert damaged.damaged is not None
    assert damaged.damaged.startswith("The receipt of generation 2 cannot be read")
    assert (damaged.row, damaged.requirements, damaged.whole) == ("", (), False)
    assert damaged.missing == (f"{three.layout.receipt(2)} cannot be read",)


def test_a_generation_that_is_gone_is_listed_while_the_prefix_leads_to_it(three: Store) -> None:
    shutil.rmtree(three.layout.folder(3))
    found = list_generations(three.layout.prefix, tuple)
    assert found.current == 3
    assert found.missing is not None
    assert "which is gone" in found.missing
    assert found.generations[-1].missing == (f"{three.layout.folder(3)} is gone",)


def test_what_is_wrong_with_a_prefix_of_somebody_else_is_told(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to("/nowhere/at/all")
    found = list_generations(tmp_path / ".venv", tuple)
    assert (found.current, found.generations) == (None, ())
    assert found.missing is not None
    assert "points to /nowhere/at/all, which is gone." in found.missing


def test_known_defects_are_not_read_where_nothing_could_have_them(tmp_path: Path, three: Store) -> None:
    asked: list[str] = []

    def known() -> tuple[Hazard, ...]:
        asked.append("the matrix")
        return ()

    list_generations(tmp_path / "empty", known)
    assert asked == []
    list_generations(three.layout.prefix, known)
    assert asked == ["the matrix"]


def test_what_a_generation_needs_and_does_not_set_is_told(three: Store, hazards: tuple[Hazard, ...]) -> None:
    three.write_receipt(make_receipt(2, packages=METAL))
    uncured = [one.uncured for one in list_generations(three.layout.prefix, lambda: hazards).generations]
    assert uncured == [{}, {"TURN_OFF_REMAPPER": "1"}, {}]


def test_going_back_says_where_the_prefix_led_and_leads(three: Store) -> None:
    said: list[str] = []
    done = roll_back(three.layout.prefix, None, (), told=said.append)
    assert isinstance(done, RolledBack)
    assert (done.before, done.generation, done.changed, done.row) == (3, 2, True, "row-2")
    assert three.current() == 2
    again = roll_back(three.layout.prefix, 2, (), told=said.append)
    assert isinstance(again, RolledBack)
    assert (again.before, again.generation, again.changed) == (2, 2, False)
    assert said == []


def test_a_lost_receipt_is_told_where_it_is_written_anew(three: Store) -> None:
    three.layout.receipt(3).unlink()
    said: list[str] = []
    collect(three.layout.prefix, 9, told=said.append)
    assert [line for line in said if "3.json was gone or damaged; it was written anew" in line] == said


def test_there_is_no_going_back_to_what_is_not_whole(three: Store) -> None:
    spoil(three, 2)
    done = roll_back(three.layout.prefix, None, ())
    assert isinstance(done, NotWhole)
    assert (done.generation, done.changed, done.whole) == (2, False, False)
    assert done.missing == ("alpha 1 is not installed any more",)
    assert done.refused == "Generation 2 is not whole: alpha 1 is not installed any more. Nothing was changed."
    assert three.current() == 3


def test_going_back_tells_what_is_uncured_there(three: Store, hazards: tuple[Hazard, ...]) -> None:
    info = three.layout.site_packages(three.layout.folder(1), "3.12") / METAL[1]
    info.mkdir()
    (info / "RECORD").write_text("x,,\n")
    three.write_receipt(make_receipt(1, packages=METAL))
    done = roll_back(three.layout.prefix, 1, hazards)
    assert isinstance(done, RolledBack)
    assert (done.cures, done.uncured) == ({}, {"TURN_OFF_REMAPPER": "1"})


def test_one_generation_is_removed_and_never_the_current_one(three: Store) -> None:
    done = remove(three.layout.prefix, 1)
    assert (done.generation, done.changed) == (1, True)
    assert three.numbers() == [2, 3]
    with pytest.raises(UsageError, match="Generation 3 is what"):
        remove(three.layout.prefix, 3)
    with pytest.raises(UsageError):
        remove(three.layout.prefix, 1)
    assert three.numbers() == [2, 3]


def test_clearing_up_keeps_the_current_one_and_counts_it(three: Store) -> None:
    (three.layout.folder(7) / "lib").mkdir(parents=True)
    done = collect(three.layout.prefix, 2)
    whole = str(three.layout.prefix)
    assert done == Collected(prefix=whole, kept=(2, 3), removed=(1,), unfinished=(7,), changed=True)
    again = collect(three.layout.prefix, 2)
    assert (again.removed, again.unfinished, again.changed) == ((), (), False)


def test_somebody_else_s_link_is_left_alone(three: Store) -> None:
    three.layout.prefix.unlink()
    three.layout.prefix.symlink_to("/nowhere/at/all")
    for change in (lambda: roll_back(three.layout.prefix, None, ()), lambda: collect(three.layout.prefix, 1)):
        with pytest.raises(BuildError, match="which is not there"):
            change()
    assert three.numbers() == [1, 2, 3]


def test_what_is_returned_is_what_json_says(three: Store) -> None:
    assert list(encode(list_generations(three.layout.prefix, tuple))) == ["prefix", "current", "missing", "generations"]
    assert encode(roll_back(three.layout.prefix, 1, ())) == {
        "prefix": str(three.layout.prefix), "generation": 1, "before": 3, "changed": True, "row": "row-1",
        "whole": True, "missing": [], "cures": {}, "uncured": {},
    }  # fmt: skip
    assert encode(remove(three.layout.prefix, 2)) == {
        "prefix": str(three.layout.prefix), "generation": 2, "changed": True,
    }  # fmt: skip
