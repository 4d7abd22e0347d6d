"""Bounds that hold beside a distribution, whoever brought it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.matrix import answer, ask, linux, mac, shipped, windows
from tfsetup.errors import InvalidFileError
from tfsetup.matrix.beside import Beside, around, bounds_of, held, required, told_of, unmet
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.load import merge, parse
from tfsetup.matrix.removed import Removed, gone

BOARD = Beside(
    id="board-needs-tools", distribution="board", versions="<2.21", add=("tools<82",),
    because="it asks for a part of it",
    source="run",
)  # fmt: skip
HUB = Beside(
    id="hub-needs-tools",
    distribution="hub",
    versions="<=0.16.1",
    add=("tools<82",),
    because="it does too",
    source="run",
)
RULES = (BOARD, HUB)


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ({"board": "2.20.0", "tools": "84.2.1"}, [BOARD]),
        ({"board": "2.20.0", "tools": "81.0.0"}, []),
        ({"board": "2.20.0"}, [BOARD]),  # what nobody brings must be brought
        ({"board": "2.21.0", "tools": "84.2.1"}, []),
        ({"tools": "84.2.1"}, []),
        ({"board": "2.20.0", "hub": "0.16.1", "tools": "82.0.0"}, [BOARD, HUB]),
        ({"board": "not a version", "tools": "84.2.1"}, []),
    ],
)
def test_what_packages_call_for_and_do_not_keep(packages: dict[str, str], expected: list[Beside]) -> None:
    assert [one.rule for one in unmet(RULES, packages)] == expected


def test_a_rule_is_held_also_where_it_is_kept_and_says_beside_what() -> None:
    (one,) = held(RULES, {"board": "2.20.0", "tools": "81.0.0"})
    assert one.sentence == "tools<82 beside board 2.20.0: it asks for a part of it"
    assert bounds_of([BOARD, HUB]) == ("tools<82",)
    both = [{"board": "2.20.0"}, {"board": "2.20.0"}, {"board": "2.19.0"}]
    assert [line.partition(":")[0] for line in told_of((RULES, one) for one in both)] == [
        "tools<82 beside board 2.20.0", "tools<82 beside board 2.19.0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("requirement", "calls"),
    [
        ("board~=2.20.0", True),
        ("board<2.20,>=2.19", True),
        ("Board==2.20.*", True),
        ("board~=2.21.0", False),
        ("board>=2.21", False),
        ("board", False),
        ("boards==2.20.0", False),
        ('board==2.20.0; extra == "more"', False),
    ],
)
def test_a_requirement_that_is_sure_to_call_for_a_rule(requirement: str, calls: bool) -> None:
    assert (required(RULES, [requirement]) == (BOARD,)) is calls


@pytest.mark.parametrize("version", ["2.16.2", "2.19.1", "2.20.0"])
def test_every_machine_gets_the_tools_that_tensorboard_needs(version: str) -> None:
    machines = (linux("3.12.4"), mac("3.12.4"), windows("3.12.4"), linux("3.12.4", arch="aarch64"))
    for machine in machines:
        found = answer(machine, version, "cpu")
        assert found.requirements[-1] == "setuptools<82"
        assert any("pkg_resources" in reason for reason in found.reasons)


def test_a_release_without_tensorboard_is_left_alone() -> None:
    assert "setuptools<82" not in answer(linux("3.12.4"), "2.21.0", "cpu").requirements


MORE = """
schema: 1
beside:
  - id: tensorboard-pkg-resources
    distribution: tensorboard
    versions: "<2.21"
    add: ["setuptools<80"]
    because: our own tests say so
    source: our own tests
"""


def test_a_later_file_replaces_a_rule_of_the_same_id_and_removes_another() -> None:
    from tfsetup.matrix.file import disk

    first = parse((disk.environments() / disk.MATRIX).read_text(), "matrix.yaml")
    others = [rule.id for rule in shipped().beside if rule.id != "tensorboard-pkg-resources"]
    whole = merge(
        [
            first,
            parse(
                MORE + f"remove: [{', '.join(others)}]\n",
                "own.yaml",
            ),
        ],
        shipped().index,
    )
    assert [(rule.id, rule.add) for rule in whole.beside] == [("tensorboard-pkg-resources", ("setuptools<80",))]
    found = select(linux("3.12.4"), ask("2.20.0", "cpu"), whole)
    assert found.requirements[-1] == "setuptools<80"
    assert str(whole.marks["beside", "tensorboard-pkg-resources", "add"]).startswith("own.yaml:7")


def test_a_rule_that_stands_twice_is_refused_with_its_line() -> None:
    twice = MORE + MORE.partition("beside:\n")[2]
    with pytest.raises(InvalidFileError, match="rule `tensorboard-pkg-resources` stands already at line 4") as caught:
        parse(twice, "own.yaml")
    assert caught.value.where is not None
    assert str(caught.value.where).startswith("own.yaml:10:")


# ------------------------------------------------------------------------------------------------- what is gone

TABLE = (
    Removed(names=("parts",), versions=">=82", because="gone", source="run", distribution="tools"),
    Removed(names=("oldutils",), versions=">=3.12", because="gone", source="run", instead_from=("tools",)),
    Removed(names=("imp",), versions=">=3.12", because="gone", source="run"),
)


@pytest.mark.parametrize(
    ("packages", "python", "names"),
    [
        ({"tools": "84.2.1"}, "3.12", {"parts", "imp"}),
        ({"tools": "81.0.0"}, "3.12", {"imp"}),
        ({}, "3.13", {"oldutils", "imp"}),
        ({"tools": "81.0.0"}, "3.11", set()),
    ],
)
def test_what_is_gone_beside_these_packages(packages: dict[str, str], python: str, names: set[str]) -> None:
    assert set(gone(TABLE, packages, python)) == names


def test_the_shipped_table_knows_what_ended_tensorboard() -> None:
    names = gone(shipped().removed, {"setuptools": "84.2.1", "numpy": "2.5.5"}, "3.12")
    assert {"pkg_resources", "imp", "numpy.float_", "numpy.int"} <= set(names)
    assert not {"distutils", "numpy.bool"} & set(names)


@pytest.mark.parametrize(
    ("versions", "clear"),
    [
        ("<2.21", ("board>=2.21",)),
        ("<=2.21", ("board>2.21",)),
        (">=2.21", ("board<2.21",)),
        ("> 2.21", ("board<=2.21",)),
        (">=2,<3", ()),  # two clauses have no one bound around them
        ("==2.21", ()),
    ],
)
def test_the_bound_that_keeps_clear_of_a_rule(versions: str, clear: tuple[str, ...]) -> None:
    assert around([replace(BOARD, versions=versions)] * 2) == clear
