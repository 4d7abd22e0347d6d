"""A bound that nothing keeps: versions that do not call for it are asked for before giving up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.locks import FakeResolver
from support.matrix import shipped
from tfsetup.errors import UnsolvableError
from tfsetup.locks.order import Order
from tfsetup.locks.venv.solve import Wish, resolve
from tfsetup.locks.venv.targets import targets_for
from tfsetup.matrix.beside import Beside
from tfsetup.matrix.model import Ask

ROW = next(row for row in shipped().rows if row.id == "linux-x86_64-cpu")
RULE = Beside(
    id="odds-needs-old", distribution="odds", versions=">=3", add=("old>=2",), because="it imports it", source="run"
)


def packages(uv: FakeResolver, *rules: Beside) -> tuple[dict[str, str], list[str]]:
    target = targets_for(ROW, Order(ask=Ask()), shipped(), locked={})[0]
    selection = replace(target.selection, beside=rules)
    bounds: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tfsetup.locks.venv.solve.run_uv", uv)
        found = resolve(Wish(selection=selection, team=("odds",)), bounds=bounds)
    return {one.name: one.version for one in found}, bounds


def uv(**more: object) -> FakeResolver:
    return FakeResolver(newest={"odds": "3.1", "old": "2.5"}, admitted={"odds<3": "2.9"}, **more)  # type: ignore[arg-type]


def test_a_bound_that_can_be_kept_is() -> None:
    found, bounds = packages(uv(), RULE)
    assert (found["odds"], found["old"], bounds) == ("3.1", "2.5", ["old>=2"])


def test_where_nothing_keeps_it_an_older_version_that_does_without_is_taken() -> None:
    found, bounds = packages(uv(sources=frozenset({"old"})), RULE)
    assert (found["odds"], bounds) == ("2.9", ["odds<3"])
    assert "old" not in found


def test_where_there_is_no_such_version_either_the_first_refusal_is_told() -> None:
    with pytest.raises(UnsolvableError, match="old"):
        packages(uv(sources=frozenset({"old"}), brings={"odds": ("old",)}), RULE)
    with pytest.raises(UnsolvableError, match="old"):
        packages(uv(sources=frozenset({"old"})), replace(RULE, versions=">=3,<4"))
