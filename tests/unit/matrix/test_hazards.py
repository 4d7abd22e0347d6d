"""Known defects: which ones what is chosen has, what cures them, and that none of it can be said wrongly."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.matrix import CASES, answer, ask, intel_mac, linux, mac, pins, shipped
from tfsetup.ground.marked import InvalidTextError, Problem
from tfsetup.ground.versions import version
from tfsetup.host.model import Gpu
from tfsetup.matrix.choose.explain import explain
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import environments, read_index
from tfsetup.matrix.file.hazard_rules import touches
from tfsetup.matrix.file.load import Parsed, merge, parse
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import Cure, Hazard, environment_of, hazards_of
from tfsetup.matrix.hazards import pins as pins_of
from tfsetup.upkeep.checks.check import check_matrix
from tfsetup.upkeep.overview import overview

METAL = "tensorflow-metal"
TEXT = (environments() / "matrix.yaml").read_text(encoding="utf-8")
BASE = parse(TEXT, "matrix.yaml")
ALL = shipped().hazards
DROPPED = next(hazard for hazard in ALL if hazard.id == "metal-activation-dropped")


def over(text: str) -> Matrix:
    return merge([BASE, parse(text, "mine.yaml")], read_index())


def team() -> Matrix:
    return over((CASES / "matrix" / "valid" / "hazards.yaml").read_text(encoding="utf-8"))


def found(packages: dict[str, str], **where: Any) -> list[str]:
    return [hazard.id for hazard in hazards_of([DROPPED], packages, **where)]


def hazard(name: str = "one-defect", **changes: Any) -> Hazard:
    fields: dict[str, Any] = {
        "id": name,
        "title": "computes something else",
        "distribution": METAL,
        "versions": ">=1.0",
        "consequence": "what it computes is wrong",
        "asked_by": ("dense-relu-graph",),
        "cure": Cure(because="it switches it off", environment={"A": "1"}),
        "evidence": ("run: seen by us",),
        "source": "our own tests",
    }
    return Hazard(**(fields | changes))


# ------------------------------------------------------------------------------------------------ which hazards hold


@pytest.mark.parametrize("plugin", ["1.0.0", "1.0.1", "1.1.0", "1.2.0", "1.0", "1.2.0rc1"])
def test_the_plugins_that_drop_the_activation(plugin: str) -> None:
    assert found({METAL: plugin}) == [DROPPED.id]


@pytest.mark.parametrize("plugin", ["0.8.0", "0.5.0", "0.9.9", "1.2.1", "1.3.0", "2.0", "nonsense", ""])
def test_the_plugins_that_do_not(plugin: str) -> None:
    assert found({METAL: plugin}) == []


def test_it_is_the_distribution_that_has_it() -> None:
    assert found({"tensorflow-metal-plugin": "1.2.0", "tensorflow": "1.2.0"}) == []
    assert found({}) == []


@given(st.sampled_from(read_index().releases(METAL)))
def test_every_published_plugin_is_judged_by_its_number(plugin: str) -> None:
    assert bool(found({METAL: plugin})) == (version("1.0") <= version(plugin) <= version("1.2"))


def test_a_range_holds_its_ends_and_nothing_beyond() -> None:
    """Every small range against every small number: ends are rare among numbers drawn at random."""
    for first, last in product(product(range(3), repeat=2), repeat=2):
        one = hazard(versions=f">={first[0]}.{first[1]},<={last[0]}.{last[1]}")
        for number in product(range(3), repeat=3):
            holds = bool(hazards_of([one], {METAL: ".".join(map(str, number))}))
            assert holds == ((*first, 0) <= number <= (*last, 0)), (one.versions, number)


def test_rows_and_macos_narrow_it_and_what_is_not_known_rules_nothing_out() -> None:
    narrow = hazard(rows=("macos-arm64-metal",), macos=">=14,<15")
    packages = {METAL: "1.2.0"}

    def holds(**where: Any) -> bool:
        return bool(hazards_of([narrow], packages, **where))

    assert holds()
    assert holds(row="macos-arm64-metal", macos="14.5")
    assert holds(row="macos-arm64-metal")
    assert holds(macos="14.0")
    assert not holds(row="macos-x86_64-metal-amd", macos="14.5")
    assert not holds(row="macos-arm64-metal", macos="13.6")
    assert not holds(macos="15.0")


def test_they_come_in_the_order_of_the_file_and_their_cures_together() -> None:
    others = [hazard("b-b", cure=Cure(because="it helps", environment={"B": "2"})), hazard("a-a")]
    others.append(hazard("c-c", cure=Cure(because="no cure")))
    both = hazards_of(others, {METAL: "1.1.0"})
    assert [one.id for one in both] == ["b-b", "a-a", "c-c"]
    assert environment_of(both) == {"B": "2", "A": "1"}
    assert environment_of([]) == {}


def test_the_versions_that_requirements_fix() -> None:
    wanted = ["tensorflow[and-cuda]==2.20.0", "numpy<2", "keras>=3,<3.7", "six==1.16.0 ; python_version < '3.13'"]
    assert pins_of(wanted) == {"tensorflow": "2.20.0", "six": "1.16.0"}


# ------------------------------------------------------------------------------------------------ what a choice has


AMD = (Gpu(vendor="amd"),)


def test_a_mac_with_apples_plugin_gets_the_variable() -> None:
    selection = answer(mac("3.12.4"))
    assert pins(selection)[1] == "tensorflow-metal==1.2.0"
    assert [one.id for one in selection.hazards] == [DROPPED.id]
    assert selection.environment == {"TURN_OFF_REMAPPER": "1"}
    assert selection.expect is not None
    assert selection.expect.environment == {"TURN_OFF_REMAPPER": "1"}


@pytest.mark.parametrize("wanted", ["2.13.*", "2.14.*", "2.15.*", "2.16.*", "2.17.*", "2.18.*", "2.19.*"])
def test_every_release_of_the_default_row_is_cured(wanted: str) -> None:
    selection = answer(mac("3.11.4", "3.12.4"), wanted, "metal")
    assert (selection.row, selection.environment) == ("macos-arm64-metal", {"TURN_OFF_REMAPPER": "1"})


def test_an_intel_mac_is_cured_where_it_gets_the_plugin_that_has_it() -> None:
    new = select(intel_mac("3.11.4", gpus=AMD, os_version="14.4"), ask(accelerator="metal"), shipped())
    old = select(intel_mac("3.11.4", gpus=AMD, os_version="13.6"), ask(accelerator="metal"), shipped())
    assert (pins(new)[1], new.environment) == ("tensorflow-metal==1.0.0", {"TURN_OFF_REMAPPER": "1"})
    assert (pins(old)[1], old.environment) == ("tensorflow-metal==0.8.0", {"TURN_OFF_REMAPPER": "1"})  # Python 3.11
    older = select(intel_mac("3.10.4", gpus=AMD, os_version="13.6"), ask(accelerator="metal"), shipped())
    assert (pins(older)[1], older.environment) == ("tensorflow-metal==0.8.0", {})


@pytest.mark.parametrize(("python", "cured"), [("3.9.9", False), ("3.10.4", False), ("3.11.4", True)])
def test_one_wheel_of_a_release_may_have_what_the_others_have_not(python: str, *, cured: bool) -> None:
    selection = answer(mac(python), "2.12.*", "metal")
    assert pins(selection)[1] == "tensorflow-metal==0.8.0"
    assert [one.id for one in selection.hazards] == (["metal-activation-dropped-py311"] if cured else [])
    assert selection.environment == ({"TURN_OFF_REMAPPER": "1"} if cured else {})


@pytest.mark.parametrize(
    ("python", "holds"),
    [("3.11", True), ("3.11.9", True), ("3.10", False), ("3.12.0", False), (None, False), ("a path", False)],
)
def test_a_defect_of_some_pythons_needs_the_python(python: str | None, *, holds: bool) -> None:
    assert bool(hazards_of([hazard(python="==3.11.*")], {METAL: "1.2.0"}, python=python)) is holds
    assert hazards_of([hazard()], {METAL: "1.2.0"}, python=python)


@pytest.mark.parametrize(
    "selection", [answer(mac("3.12.4"), accelerator="cpu"), answer(linux()), answer(mac("3.10.4"), "2.12.*", "metal")]
)
def test_nothing_is_set_where_nothing_is_wrong(selection: Any) -> None:
    assert selection.installable
    assert (selection.hazards, selection.environment, selection.expect.environment) == ((), {}, {})


def test_the_conda_backend_is_cured_too() -> None:
    selection = select(mac("3.12.4"), replace(ask(accelerator="metal"), backend="conda"), shipped())
    assert selection.conda
    assert selection.environment == {"TURN_OFF_REMAPPER": "1"}
    assert selection.expect is not None
    assert selection.expect.environment == {"TURN_OFF_REMAPPER": "1"}


def test_a_row_s_own_variables_are_there_with_those_of_the_cures_and_without_any() -> None:
    selection = select(linux("3.12.4"), ask(), team())
    assert [one.id for one in selection.hazards] == ["cpu-rounds-otherwise"]
    both = {"TF_ENABLE_ONEDNN_OPTS": "0", "OUR_KERNELS": "off"}
    assert selection.environment == both
    assert selection.expect is not None
    assert selection.expect.environment == both
    assert replace(selection, hazards=()).environment == {"TF_ENABLE_ONEDNN_OPTS": "0"}


def test_the_whole_story_has_the_evidence() -> None:
    host = mac("3.12.4")
    chapters = {chapter.title: chapter.lines for chapter in explain(answer(host), host, ask(), shipped())}
    lines = chapters["Known defect metal-activation-dropped"]
    assert [text for name, text in lines if name == "known"] == [*DROPPED.evidence, DROPPED.source]
    told = dict(lines)
    assert told["cure"].startswith("TURN_OFF_REMAPPER=1 in every process: ")
    assert told["costs"] == DROPPED.cure.costs
    assert "keras<3.7 (not done by itself)" in [text for _, text in lines]
    assert not [title for title in _titles(linux()) if "defect" in title]


def _titles(host: Any) -> list[str]:
    return [chapter.title for chapter in explain(answer(host), host, ask(), shipped())]


def test_a_row_shows_what_any_of_its_answers_has_and_not_only_the_newest() -> None:
    shown = {line.row: line.defects for line in overview(shipped())}
    assert {row: defects for row, defects in shown.items() if defects} == {
        "macos-arm64-metal": DROPPED.id,
        "macos-arm64-metal-legacy": f"{DROPPED.id}-py311",
        "macos-x86_64-metal-amd": f"{DROPPED.id}; {DROPPED.id}-py311",
    }
    old = replace(shipped(), hazards=(hazard("old-one", versions="==1.1.0"), hazard("new-one", versions="==1.2.0")))
    by_row = {line.row: line.defects for line in overview(old)}
    assert by_row["macos-arm64-metal"] == "old-one; new-one"
    both = replace(shipped(), hazards=(hazard("old-one", distribution="tensorflow", versions="==2.13.0"),))
    assert {line.row: line.defects for line in overview(both)}["macos-x86_64-cpu"] == "old-one"


# ------------------------------------------------------------------------------------------------ files over files


def test_a_hazard_of_the_user_takes_the_place_of_its_namesake() -> None:
    matrix = team()
    assert [one.id for one in matrix.hazards] == [*(one.id for one in ALL), "cpu-rounds-otherwise"]
    mine = matrix.hazards[0]
    assert (mine.versions, mine.macos, mine.cure.costs) == ("==1.2.0", ">=14", None)
    assert matrix.marks["hazards", mine.id, "versions"].file == "mine.yaml"
    assert ("hazards", mine.id, "cure", "costs") not in matrix.marks  # a place of the one that was replaced


def test_a_hazard_can_be_taken_out() -> None:
    matrix = over("schema: 1\nremove: [metal-activation-dropped]\n")
    assert [one.id for one in matrix.hazards] == [one.id for one in ALL if one is not DROPPED]
    assert not [path for path in matrix.marks if path[:2] == ("hazards", DROPPED.id)]
    assert select(mac("3.12.4"), ask(), matrix).environment == {}


def test_the_rows_of_a_hazard_may_be_removed() -> None:
    matrix = over("schema: 1\nremove: [macos-arm64-metal, macos-arm64-metal-legacy, macos-x86_64-metal-amd]\n")
    assert [one.id for one in matrix.hazards] == [one.id for one in ALL]


def entry(name: str, value: str, rows: str) -> str:
    return (
        f"  - {{id: {name}, title: computes otherwise, distribution: tensorflow-metal, versions: '>=1',"
        f" consequence: it is wrong, asked_by: [matmul], evidence: ['run: by us'], source: our own tests,\n     {rows}"
        f"cure: {{because: it helps, environment: {{OURS: '{value}'}}}}}}\n"
    )


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        (("1", ""), ("2", ""), True),
        (("1", "rows: [macos-arm64-metal], "), ("2", ""), True),
        (("1", "rows: [macos-arm64-metal], "), ("2", "rows: [macos-arm64-metal], "), True),
        (("1", "rows: [macos-arm64-metal], "), ("2", "rows: [macos-x86_64-metal-amd], "), False),
        (("1", ""), ("1", ""), False),
    ],
)
def test_two_cures_that_can_meet_set_a_variable_alike(
    first: tuple[str, str], second: tuple[str, str], *, clash: bool
) -> None:
    text = "schema: 1\nhazards:\n" + entry("first-one", *first) + entry("second-one", *second)
    if not clash:
        assert len(over(text).hazards) == len(ALL) + 2
        return
    with pytest.raises(InvalidTextError, match=r"`first-one` sets OURS to 1, and this sets it to 2") as caught:
        over(text)
    assert [(p.where.file, p.where.line) for p in caught.value.problems] == [("mine.yaml", 6)]


MINE = """\
    environment: {TURN_OFF_REMAPPER: "1"}
    plugin:
      distribution: tensorflow-metal
      build: wheel
      pairs: [{tensorflow: "==2.19.*", plugin: "1.2.0", because: it loads, source: index}]
"""


@pytest.mark.parametrize("base", [BASE, Parsed(content=BASE.content, marks={})], ids=["the YAML", "its compiled copy"])
def test_a_cure_of_the_shipped_matrix_against_a_row_of_the_user_has_a_place_too(base: Parsed) -> None:
    text = (CASES / "matrix" / "valid" / "one-row.yaml").read_text(encoding="utf-8")
    text = text.replace("linux-x86_64-mine", "macos-arm64-mine-metal").replace(
        "linux, arch: x86_64", "macos, arch: arm64"
    )
    with pytest.raises(InvalidTextError, match="he cure sets TURN_OFF_REMAPPER, which the row `macos-arm64") as caught:
        merge([base, parse(text + MINE, "mine.yaml")], read_index())
    problem, *others = caught.value.problems
    assert len(others) == len(ALL) - 1
    shipped_line = TEXT[: TEXT.index("environment: {TURN_OFF")].count("\n") + 1
    where = ("matrix.yaml", shipped_line) if base.marks else ("mine.yaml", 12)
    assert (problem.where.file, problem.where.line) == where


def test_a_hazard_touches_the_rows_that_can_bring_it() -> None:
    names = {row.id for row in shipped().rows if touches(DROPPED, row)}
    assert names == {"macos-arm64-metal", "macos-arm64-metal-legacy", "macos-x86_64-metal-amd"}
    assert {row.id for row in shipped().rows if touches(hazard(rows=("linux-x86_64-cpu",)), row)} == {
        "linux-x86_64-cpu"
    }


# ------------------------------------------------------------------------------------------------ is it true?


def untrue(**changes: Any) -> list[str]:
    matrix = replace(shipped(), hazards=(replace(DROPPED, **changes),))
    _, loose = check_matrix(matrix)
    assert all(problem.where.line for problem in loose)
    return [problem.message for problem in loose]


def cure(**changes: Any) -> Cure:
    return replace(DROPPED.cure, **changes)


KERAS: dict[str, Any] = {"distribution": "keras", "versions": ">=3"}
LINUX_ONLY: dict[str, Any] = {"distribution": "tensorflow-cpu", "versions": ">=2", "rows": ("linux-x86_64-cpu",)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"versions": ">=7"}, "no published release of tensorflow-metal is in this range"),
        ({"versions": ">1.2,<1.1"}, "no published release of tensorflow-metal is in this range"),
        ({"distribution": "tensorflow-metl"}, "the index has no tensorflow-metl"),
        ({"rows": ("macos-arm64-metal", "linux-x86_64-cpu")}, "this row brings no tensorflow-metal of this range"),
        ({"rows": ("macos-arm64-metal-legacy",)}, "this row brings no tensorflow-metal of this range"),
        ({"macos": "<10"}, "no macOS from 11 on is in this range"),
        ({"python": "==3.14.*"}, "no release in this range has a wheel for such a Python"),
        (KERAS | {"python": "==3.11.*"}, "no release in this range has a wheel for such a Python"),
        (LINUX_ONLY | {"macos": ">=14"}, "no row of this hazard is for macOS"),
        ({"cure": Cure(because="it would be nice")}, "a cure without any effect"),
        ({"cure": cure(requirements=("keras>=99",))}, "no published keras is in this range"),
        ({"cure": cure(requirements=("kears<3",))}, "the index has no kears"),
    ],
)
def test_a_hazard_that_is_about_nothing(changes: dict[str, Any], message: str) -> None:
    assert untrue(**changes) == [message]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rows": ("macos-arm64-metal", "macos-x86_64-metal-amd")},
        {"distribution": "keras", "versions": ">=3.7", "rows": ("linux-x86_64-cpu",)},
        {"distribution": "tensorflow", "versions": "==2.19.0", "rows": ("linux-aarch64-cpu",)},
        {"macos": ">=14"},
        {"python": ">=3.12"},
        {"cure": Cure(because="nothing else helps", program="tf.config.optimizer.set_jit(False) at first")},
    ],
)
def test_a_hazard_that_is_about_something(changes: dict[str, Any]) -> None:
    assert untrue(**changes) == []


# ------------------------------------------------------------------------- any value of the shipped hazards, corrupted


def _block() -> str:
    return "schema: 1\n" + TEXT[TEXT.index("\nhazards:\n") + 1 :]


def leaves() -> list[tuple[tuple[Any, ...], int, int]]:
    root = yaml.compose(_block(), Loader=yaml.CSafeLoader)
    return [(path, node.start_mark.index, node.end_mark.index) for path, node in _walk(root) if path[0] == "hazards"]


def _walk(node: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(node, yaml.ScalarNode):
        yield path, node
        return
    pairs = enumerate(node.value) if isinstance(node, yaml.SequenceNode) else ((k.value, v) for k, v in node.value)
    for key, child in pairs:
        yield from _walk(child, (*path, key))


@pytest.mark.parametrize("value", ["3.10", "[]", "{}", "''"])
def test_a_value_of_another_kind_anywhere(value: str) -> None:
    text, known = _block(), leaves()
    assert len(known) >= 15
    for path, begin, end in known:
        with pytest.raises(InvalidTextError) as caught:
            parse(text[:begin] + value + text[end:], "changed.yaml")
        problems: tuple[Problem, ...] = caught.value.problems
        assert problems, path
        assert all(problem.where.line and problem.where.column for problem in problems), path


def test_what_the_first_one_says_is_what_was_found() -> None:
    assert (DROPPED.affects, DROPPED.asked_by) == ("tensorflow-metal >=1.0,<=1.2", ("dense-relu-graph",))
    assert DROPPED.cure.environment == {"TURN_OFF_REMAPPER": "1"}
    assert DROPPED.cure.requirements == ("keras<3.7",)
    assert DROPPED.cure.program is not None
    assert '{"use_plugin_optimizers": False}' in DROPPED.cure.program
    assert len(DROPPED.evidence) >= 4
