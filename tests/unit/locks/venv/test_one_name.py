"""Of several names for one thing a lock holds one; what costs least where it holds two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.locks import FakeResolver, package
from support.matrix import shipped
from tfsetup.errors import Where
from tfsetup.ground.marked import Marked
from tfsetup.locks.model import Lock
from tfsetup.locks.order import Order
from tfsetup.locks.venv.cheapest import change, cost, forbidding
from tfsetup.locks.venv.fresh import changes
from tfsetup.locks.venv.solve import Answer, Wish, answered, one_name, rendered
from tfsetup.locks.venv.suits import Suits, suits
from tfsetup.locks.venv.targets import LockTarget, targets_for
from tfsetup.matrix.choose.reference import reference_host
from tfsetup.matrix.file.rows import Row
from tfsetup.matrix.model import Ask

CPU, CUDA = "linux-x86_64-cpu", "linux-x86_64-cuda"
BRINGS = {"tf-keras": ("tensorflow",), "estimators": ("tensorflow-cpu",), "tensorflow": ("numpy",)}


def row(name: str = CPU) -> Row:
    return next(row for row in shipped().rows if row.id == name)


def target(name: str = CPU, locked: Lock | None = None, team: tuple[str, ...] = ()) -> LockTarget:
    order = Order(ask=Ask(tensorflow="2.20.0" if locked is None else None), team=team)
    return targets_for(row(name), order, shipped(), locked={} if locked is None else {name: locked})[0]


def wish(*team: str, name: str = CPU) -> Wish:
    found = target(name, team=team)
    base = {"team": team, "keep": {}}
    other = found.otherwise
    instead = None
    if other is not None:
        instead = Wish(
            selection=other.selection,
            origin=other.origin,
            keeps_out=other.row.keeps_out,
            **base,  # type: ignore[arg-type]
        )
    return Wish(
        selection=found.selection,
        origin=found.origin,
        keeps_out=found.row.keeps_out,
        otherwise=instead,
        **base,  # type: ignore[arg-type]
    )


def asked(one: Wish) -> tuple[Answer, list[list[str]]]:
    uv = FakeResolver(brings=BRINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
        found = answered(one)
    return found, [call["stdin"].split() for call in uv.calls]


def names(found: Answer) -> dict[str, str]:
    return {one.name: one.version for one in found.packages if one.name.startswith("tensorflow")}


def test_nothing_else_requires_it_and_the_row_keeps_its_name() -> None:
    found, calls = asked(wish("pandas"))
    assert names(found) == {"tensorflow-cpu": "2.20.0"}
    assert len(calls) == 1


def test_what_requires_it_by_the_other_name_is_served_by_that_one_alone() -> None:
    found, calls = asked(wish("tf-keras"))
    assert names(found) == {"tensorflow": "2.20.0"}
    assert found.wish.selection.requirements == ("tensorflow==2.20.0", "setuptools<82")
    assert found.wish.origin is not None
    assert found.wish.origin.requirements == ("tensorflow==2.20.0", "setuptools<82")
    # The bounds that anything puts on the name that is kept out stay in force.
    assert calls[1] == ["tensorflow==2.20.0", "setuptools<82", "tf-keras", "tensorflow-cpu==2.20.0"]


def test_a_team_s_own_line_is_enough_to_ask_once() -> None:
    found, calls = asked(wish("tensorflow<2.21"))
    assert names(found) == {"tensorflow": "2.20.0"}
    assert calls == [["tensorflow==2.20.0", "setuptools<82", "tensorflow<2.21"]]


def test_a_line_for_another_machine_decides_nothing_by_itself() -> None:
    _, calls = asked(wish("tensorflow; python_version<'3'"))
    assert calls[0][0] == "tensorflow-cpu==2.20.0"


def test_both_names_required_leave_one() -> None:
    found, _ = asked(wish("tf-keras", "estimators"))
    assert names(found) == {"tensorflow": "2.20.0"}


def test_a_row_keeps_out_what_it_already_is() -> None:
    found, calls = asked(wish("estimators", name=CUDA))
    assert names(found) == {"tensorflow": "2.20.0"}
    assert calls[1][-1] == "tensorflow-cpu==2.20.0"


def test_without_such_a_release_there_is_nothing_to_give_way_to() -> None:
    one = replace(wish("tf-keras"), otherwise=None)
    assert one_name(one, {"tensorflow", "tensorflow-cpu"}) == (one, ())


# ------------------------------------------------------------------------------------------------- the lock afterwards


def locked(*team: str) -> Lock:
    found, _ = asked(wish(*team))
    return rendered(found.wish, found.packages)


def test_the_lock_is_fresh_and_suits_the_machine() -> None:
    lock = locked("tf-keras")
    assert changes(lock, Order(ask=Ask(tensorflow="2.20.0"), team=("tf-keras",)), None, shipped()) == ()
    found = suits(lock, reference_host(row()), Ask(), shipped())
    assert isinstance(found, Suits)
    assert found.selection.requirements == ("tensorflow==2.20.0", "setuptools<82")


def test_its_release_stays_when_it_is_locked_again() -> None:
    again = target(locked=locked("tf-keras"))
    assert again.selection.requirements == ("tensorflow-cpu==2.20.0", "setuptools<82")
    assert again.otherwise is not None
    assert again.otherwise.selection.requirements == ("tensorflow==2.20.0", "setuptools<82")


@pytest.mark.parametrize("name", ["tensorflow", "tensorflow-cpu"])
def test_an_upgrade_by_either_name_moves_it_on(name: str) -> None:
    lock = locked("tf-keras")
    (found,) = targets_for(row(), Order(ask=Ask()), shipped(), locked={CPU: lock}, upgrade=frozenset({name}))
    assert found.selection.version != "2.20.0"


# ----------------------------------------------------------------------------------------------------- what costs least


def test_the_line_whose_package_moves_is_the_change() -> None:
    team = [Marked(text=text, where=Where(file="t.yaml", line=n)) for n, text in ((3, "six"), (4, "torch>=2.5"))]
    now = [package("torch", "2.14.1"), package("six", "1.17"), package("nvidia-cudnn-cu13", "9.2")]
    then = [package("torch", "2.10.0"), package("six", "1.17")]
    assert change(team, "nvidia-cudnn-cu13", now, then) == (
        "`torch<=2.10.0` in place of `torch>=2.5` (t.yaml:4), which does without nvidia-cudnn-cu13"
    )
    assert change(team[:1], "nvidia-cudnn-cu13", now, then) == ""
    assert cost(now, then) == 2


def test_an_owner_that_is_forbidden_is_a_constraint_and_required_by_nobody() -> None:
    uv = FakeResolver(brings=BRINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
        answered(forbidding(wish("pandas"), "nvidia-nccl-cu13"))
    assert uv.calls[0]["constraints"] == ["nvidia-nccl-cu13<0"]
    assert "nvidia-nccl-cu13" not in uv.calls[0]["stdin"]
