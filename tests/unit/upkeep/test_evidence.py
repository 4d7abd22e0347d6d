"""What is kept of the emulation: the oracle of the matrix's hazards, and how new evidence is held against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tfsetup.errors import TfsetupError
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.hazards import Hazard
from tfsetup.upkeep.xray.asked import GRAPHS
from tfsetup.upkeep.xray.evidence import (
    UNCHANGED,
    Evidence,
    environments_of,
    lost,
    not_run,
    outcome,
    read_evidence,
    render_evidence,
    shown,
    written,
)
from tfsetup.upkeep.xray.files import kept_evidence, read_plan
from tfsetup.upkeep.xray.graphs import Node
from tfsetup.upkeep.xray.judge import differences, judge
from tfsetup.upkeep.xray.plan import parse_plan

HAZARD = "metal-activation-dropped"
LOSING = {"1.0.0", "1.0.1", "1.1.0", "1.2.0"}
FUSED = {"Relu": "dense-relu", "Relu6": "dense-relu6", "Elu": "dense-elu"}


@pytest.fixture(scope="module")
def kept() -> Evidence:
    found = kept_evidence(HAZARD)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def hazards() -> tuple[Hazard, ...]:
    return read_matrix(None).hazards


def _changed(evidence: Evidence, *path: int | str, to: Any) -> Evidence:
    """Return the evidence with one value changed."""
    content = msgspec.to_builtins(evidence)
    at = content
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return msgspec.convert(content, Evidence)


def _place(evidence: Evidence, version: str) -> int:
    return next(n for n, one in enumerate(evidence.versions) if one.version == version)


# ------------------------------------------------------------------------------------------------- what is kept


def test_the_versions_of_the_hazard_are_those_that_lose_an_activation(
    kept: Evidence, hazards: tuple[Hazard, ...]
) -> None:
    assert list(judge(kept, hazards)) == []


def test_what_was_promised_is_in_it(kept: Evidence) -> None:
    versions = {one.version: one.builds for one in kept.versions}
    assert list(versions) == ["0.5.0", "0.5.1", "0.6.0", "0.7.0", "0.7.1", "0.8.0", "1.0.0", "1.0.1", "1.1.0", "1.2.0"]
    for version, builds in versions.items():
        for build in builds:
            assert [dict(run.environment) for run in build.runs] == [
                {},
                {"TURN_OFF_REMAPPER": "1"},
                {"TF_METAL_REMAPPER": "1"},
            ], version
    assert not_run(kept) == ""
    assert kept.graphs == {name: written(nodes) for name, nodes in GRAPHS.items()}


def test_without_the_cure_the_activation_is_fused_away_and_with_it_nothing_changes(kept: Evidence) -> None:
    for version in kept.versions:
        if version.version in LOSING:
            without, cured, _control = version.builds[0].runs
            for activation, name in FUSED.items():
                assert without.graphs[name] == f"out = _FusedMatMul[BiasAdd,{activation}](x, w, b)"
            assert without.graphs["dense-tanh"] == "out = Tanh(_FusedMatMul[BiasAdd](x, w, b))"
            assert without.graphs["dense-leaky-relu"] == "out = LeakyRelu(_FusedMatMul[BiasAdd](x, w, b))"
            assert without.graphs["dense-add-relu"] == UNCHANGED
            assert without.graphs["convolution-relu"] == "out = _FusedConv2D[BiasAdd,Relu](x, w, b)"
            assert "ReluGrad(d, _FusedMatMul[BiasAdd,Relu](x, w, b))" in without.graphs["training-relu"]
            assert set(cured.graphs.values()) == {UNCHANGED}


def test_what_came_before_is_safe_but_for_one_wheel(kept: Evidence) -> None:
    builds = {one.version: one.builds for one in kept.versions if one.version not in LOSING}
    losing = [(v, build.wheels) for v, of in builds.items() for build in of if lost(kept, [build], {})]
    assert losing == [("0.8.0", ("tensorflow_metal-0.8.0-cp311-cp311-macosx_12_0_arm64.whl",))]
    assert all(lost(kept, [build], {"TF_METAL_REMAPPER": "1"}) for build in builds["0.8.0"])  # it would have been seen


def test_its_text_is_the_same_each_time(kept: Evidence) -> None:
    text = render_evidence(kept)
    assert read_evidence(text, "x") == kept
    assert render_evidence(read_evidence(text, "x")) == text


def test_the_plan_and_what_is_kept_agree(kept: Evidence) -> None:
    plan = read_plan()
    assert (plan.hazard, plan.distribution, plan.losing, plan.framework) == (
        kept.hazard,
        kept.distribution,
        kept.losing,
        kept.framework,
    )
    assert (plan.partly, plan.not_asked, plan.presumed) == (kept.partly, kept.not_asked, kept.presumed)


# ------------------------------------------------------------------------------------------------- the hazards


def _with(hazards: tuple[Hazard, ...], **changes: Any) -> tuple[Hazard, ...]:
    return tuple(replace(one, **changes) if one.id == HAZARD else one for one in hazards)


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (">=1.0,<1.2", "1.2.0 loses an activation too (dense-relu, dense-relu6, dense-elu, batch-relu, training-relu)"),
        (">=0.7.1,<=1.2", "0.7.1 is named, and the evidence shows no loss"),
    ],
)
def test_a_range_that_says_too_little_or_too_much_is_a_problem(
    kept: Evidence, hazards: tuple[Hazard, ...], versions: str, words: str
) -> None:
    found = list(judge(kept, _with(hazards, versions=versions)))
    assert found == [(("hazards", HAZARD, "versions"), words)]


def test_a_version_of_which_one_wheel_loses_something_may_be_named(kept: Evidence, hazards: tuple[Hazard, ...]) -> None:
    assert list(judge(kept, _with(hazards, versions=">=0.8,<=1.2"))) == []


def test_a_version_of_which_one_wheel_loses_something_must_be_known(
    kept: Evidence, hazards: tuple[Hazard, ...]
) -> None:
    ((_, words),) = judge(_changed(kept, "partly", to=[]), _with(hazards, versions=">=1.0,<=1.2"))
    assert words.startswith("0.8.0 loses an activation too")


def test_a_cure_that_undoes_nothing_is_a_problem(kept: Evidence, hazards: tuple[Hazard, ...]) -> None:
    at = ("versions", _place(kept, "1.1.0"), "builds", 0, "runs", 1, "graphs", "dense-relu")
    ((place, words),) = judge(_changed(kept, *at, to="out = _FusedMatMul[BiasAdd,Relu](x, w, b)"), hazards)
    assert place == ("hazards", HAZARD, "cure", "environment")
    assert words == "it does not undo the loss in 1.1.0 (dense-relu)"


def test_another_cure_than_the_one_that_was_proven_is_a_problem(kept: Evidence, hazards: tuple[Hazard, ...]) -> None:
    cure = replace(hazards[0].cure, environment={"TURN_OFF_REMAPPER": "0"})
    assert [words for _place_, words in judge(kept, _with(hazards, cure=cure))] == [
        "the evidence was taken with TURN_OFF_REMAPPER=1"
    ]


def test_evidence_without_its_hazard_is_a_problem(kept: Evidence) -> None:
    assert list(judge(kept, [])) == [(("hazards",), f"there is evidence for {HAZARD}, and no hazard of that name")]


def test_nothing_seen_is_no_proof(kept: Evidence, hazards: tuple[Hazard, ...]) -> None:
    at = ("versions", _place(kept, "1.2.0"), "builds")
    for to in ([], [msgspec.to_builtins(kept.versions[-1].builds[0]) | {"runs": []}]):
        assert [words for _p, words in judge(_changed(kept, *at, to=to), hazards)] == [
            "the evidence lacks 1.2.0 without or with the cure"
        ]
    stopped = _changed(kept, *at, 0, "runs", 1, "graphs", "dense", to="not run: _x was called")
    assert next(words for _p, words in judge(stopped, hazards)) == "the evidence lacks 1.2.0 without or with the cure"
    assert not_run(stopped) == "1.2.0 with TURN_OFF_REMAPPER=1: not run: _x was called"


# ------------------------------------------------------------------------------------------------- differences


def test_the_same_evidence_has_no_difference(kept: Evidence) -> None:
    assert list(differences(kept, kept)) == []


def test_another_graph_is_named_with_its_version(kept: Evidence) -> None:
    at = ("versions", _place(kept, "1.2.0"), "builds", 0, "runs", 0, "graphs", "dense-relu")
    assert list(differences(kept, _changed(kept, *at, to=UNCHANGED))) == [
        "1.2.0, dense-relu, no variable: kept is out = _FusedMatMul[BiasAdd,Relu](x, w, b), now it is as it was"
    ]


def test_another_way_to_the_same_graph_is_named_too(kept: Evidence) -> None:
    at = ("versions", _place(kept, "1.0.1"), "builds", 0, "runs", 1, "calls", "loading")
    assert list(differences(kept, _changed(kept, *at, to="0"))) == [
        "1.0.1, loading, TURN_OFF_REMAPPER=1: the same came out, and other imports were called or answered on the way"
    ]


@pytest.mark.parametrize(
    ("path", "to", "words"),
    [
        (("framework_library",), "0", "framework library: kept is"),
        (("cure",), {"A": "1"}, "cure: kept is TURN_OFF_REMAPPER=1, now it is A=1"),
        (("losing",), [], "losing: kept is"),
        (("graphs", "dense"), "x", "the graph dense is another one"),
        (("versions",), [], "0.5.0: kept, and not asked now"),
        (("versions", 0, "builds", 0, "library"), "ab", "0.5.0: its library is another file, sha256 ab"),
        (("versions", 0, "builds", 0, "wheels"), ["x"], "0.5.0: other wheels hold its libraries"),
        (("versions", 0, "builds", 0, "runs"), [], "0.5.0: asked in other environments"),
        (("presumed",), [], "presumed: the plan says it otherwise"),
    ],
)
def test_every_difference_is_said(kept: Evidence, path: tuple[int | str, ...], to: Any, words: str) -> None:
    assert next(iter(differences(kept, _changed(kept, *path, to=to)))).startswith(words)


def test_a_release_that_is_new_is_a_difference(kept: Evidence) -> None:
    assert list(differences(_changed(kept, "versions", 9, "version", to="1.1.9"), kept)) == [
        "1.1.9: kept, and not asked now",
        "1.2.0: not among what is kept",
    ]


# ------------------------------------------------------------------------------------------------- graphs as text


def test_a_graph_is_written_as_what_it_computes() -> None:
    assert written(GRAPHS["dense-relu"]) == "out = Relu(BiasAdd(MatMul(x, w), b))"
    assert written(tuple(reversed(GRAPHS["dense-relu"]))) == written(GRAPHS["dense-relu"])


def test_a_graph_is_as_it_was_only_with_every_node_and_attribute() -> None:
    given = GRAPHS["dense-leaky-relu"]
    assert outcome(given, tuple(reversed(given))) == UNCHANGED
    other = [replace(node, attributes={"alpha": 0.5}) if node.op == "LeakyRelu" else node for node in given]
    assert outcome(given, other) == "out = LeakyRelu(BiasAdd(MatMul(x, w), b))"


def test_a_broken_graph_is_shown_and_never_endless() -> None:
    circle = [Node(name="out", op="Identity", inputs=("a",)), Node(name="a", op="Relu", inputs=("a",))]
    assert written(circle) == "out = Relu(a?)"
    assert written([Node(name="out", op="Identity", inputs=("gone:1",))]) == "out = gone:1?"


def test_no_environment_is_asked_twice() -> None:
    cure = {"A": "1"}
    assert list(environments_of(cure, [{"A": "1"}, {"B": "1"}])) == [{}, cure, {"B": "1"}]
    assert shown({}) == "no variable"


# ------------------------------------------------------------------------------------------------- bad files


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": "x"}'])
def test_a_file_that_is_no_evidence_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(TfsetupError) as caught:
        read_evidence(text, "evidence/x.json")
    assert caught.value.where is not None
    assert "evidence/x.json" in str(caught.value.where)
    assert "--prove" in caught.value.hint


def test_evidence_of_another_schema_is_refused(kept: Evidence) -> None:
    with pytest.raises(TfsetupError, match="has schema 2"):
        read_evidence(render_evidence(_changed(kept, "schema", to=2)), "x")


@pytest.mark.parametrize("text", ["a: [", "- 1", "hazard: x\nnew: 1"])
def test_a_plan_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(TfsetupError, match="no plan"):
        parse_plan(text, "xray.yaml")
