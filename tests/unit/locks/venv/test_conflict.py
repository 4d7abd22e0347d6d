"""A conflict names both requirers and the line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import Code, NetworkError, TfsetupError, UnsolvableError, Where
from tfsetup.locks.explain import explain_uv
from tfsetup.locks.team import Marked
from tfsetup.locks.venv.conflict import Sides, blamed, explained, together

SAID = """\
error: No solution found when resolving dependencies
  cause: Because tensorflow==2.15.1 depends on numpy>=1.23.5,<2.0.0 and you require numpy>=2, we can conclude that your
         requirements and tensorflow==2.15.1 are incompatible.
         And because you require tensorflow==2.15.1, we can conclude that your requirements are unsatisfiable.
"""


def team(*lines: str) -> tuple[Marked, ...]:
    return tuple(Marked(text=text, where=Where(file="team.yaml", line=n, column=5)) for n, text in enumerate(lines, 1))


def sides(*lines: str) -> Sides:
    return Sides(row="linux-x86_64-cpu", requirements=("tensorflow==2.15.1",), team=team(*lines))


def test_both_sides_and_the_line_are_named() -> None:
    error = explained(explain_uv(SAID, "Locking"), sides("pandas", "numpy>=2", "scipy"))
    assert isinstance(error, UnsolvableError)
    assert error.message.splitlines()[0] == (
        "linux-x86_64-cpu: `numpy>=2` (team.yaml:2:5) does not fit together with `tensorflow==2.15.1`, "
        "which the row asks for."
    )
    assert "tensorflow==2.15.1 depends on numpy>=1.23.5,<2.0.0" in error.message
    assert str(error.where) == "team.yaml:2:5"
    assert error.code is Code.ANSWER_IS_NO


def test_a_bound_of_the_matrix_comes_with_its_reason() -> None:
    said = SAID.replace("numpy", "pyarrow")
    ours = ("tensorflow==2.15.1", "pyarrow>=22", "onnx>=1.18")
    reasons = {"pyarrow>=22": "beside tensorflow >=2.20: it dies", "onnx>=1.18": "as well"}
    line = replace(sides("pyarrow>=2"), requirements=ours, reasons=reasons)
    error = explained(explain_uv(said, "Locking"), line)
    assert error.message.splitlines()[:3] == [
        (
            "linux-x86_64-cpu: `pyarrow>=2` (team.yaml:1:5) does not fit together with `tensorflow==2.15.1`, "
            "`pyarrow>=22`, which the row asks for."
        ),
        "pyarrow>=22 beside tensorflow >=2.20: it dies.",
        "uv said: No solution found when resolving dependencies",
    ]
    nobody_s = explained(explain_uv(said, "Locking"), replace(line, team=()))
    assert nobody_s.message.endswith("\npyarrow>=22 beside tensorflow >=2.20: it dies.")


def test_names_are_compared_as_indexes_compare_them() -> None:
    said = SAID.replace("numpy", "my-lib")
    assert explained(explain_uv(said, "Locking"), sides("My_Lib>=2")).where is not None


def test_a_name_that_another_begins_with_is_not_meant() -> None:
    error = explained(explain_uv(SAID, "Locking"), sides("num", "numpy-financial"))
    assert error.where is None
    assert error.code is Code.ANSWER_IS_NO


def test_without_a_line_of_the_team_the_row_s_requirements_are_named() -> None:
    error = explained(explain_uv(SAID, "Locking"), sides("pandas"))
    assert error.where is None
    assert error.code is Code.ANSWER_IS_NO
    assert error.message.startswith("linux-x86_64-cpu: tensorflow==2.15.1 cannot be resolved: ")


def test_anything_else_stays_as_it_is() -> None:
    error = NetworkError("no network")
    assert explained(error, sides("numpy>=2")) is error


@pytest.mark.parametrize(("messages", "expected"), [(("a", "a"), "a"), (("a", "b"), "a\nb")])
def test_several_errors_become_one(messages: tuple[str, ...], expected: str) -> None:
    errors = [TfsetupError(Code.BUILD, text, hint=f"hint {text}") for text in messages]
    found = together(errors)
    assert (found.message, found.hint, found.code) == (expected, "hint a", Code.BUILD)


FOLDER = Path(__file__).parents[3] / "cases" / "uv"


def said(name: str) -> TfsetupError:
    return explain_uv((FOLDER / f"{name}.txt").read_text(), "Locking", solving=True)


def test_the_package_without_a_wheel_is_named_and_tensorflow_is_not() -> None:
    error = explained(said("source-only"), sides("pandas", "tensorflow-datasets"))
    assert error.message.splitlines()[0] == (
        "linux-x86_64-cpu: promise has no wheel, it is published as source only; `tensorflow-datasets` "
        "(team.yaml:2:5) cannot be had without it."
    )
    assert str(error.where) == "team.yaml:2:5"
    assert "tensorflow==2.15.1" not in error.message
    assert "`allow-build: [promise]` in the team file, or --allow-build-of promise." in error.hint


def test_a_line_of_the_team_s_own_without_a_wheel_is_named_once() -> None:
    error = explained(said("source-only"), sides("promise"))
    assert error.message.splitlines()[0] == ("linux-x86_64-cpu: promise has no wheel, it is published as source only.")


def test_the_package_without_a_wheel_for_this_platform_is_named() -> None:
    error = explained(said("no-wheel-here"), sides("tensorflow-text==2.13.0"))
    assert error.message.splitlines()[0] == (
        "linux-x86_64-cpu: tensorflow-text 2.13.0 has no wheel for linux-x86_64-cpu "
        "(`tensorflow-text==2.13.0` (team.yaml:1:5))."
    )
    assert (error.code, str(error.where)) == (Code.ANSWER_IS_NO, "team.yaml:1:5")
    assert "allow-build" not in error.hint


def test_two_that_want_different_versions_of_one_package_are_both_named() -> None:
    error = explained(
        said("same-package-twice"),
        Sides(
            row="linux-x86_64-cuda", requirements=("tensorflow[and-cuda]==2.15.1",), team=team("six", "torch==2.4.1")
        ),
    )
    assert error.message.splitlines()[0] == (
        "linux-x86_64-cuda: `torch==2.4.1` (team.yaml:2:5) does not fit together with "
        "`tensorflow[and-cuda]==2.15.1`, which the row asks for."
    )
    assert error.code is Code.ANSWER_IS_NO


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("error: numpy and alpha contradict each other", "team.yaml:2:5"),
        ("error: Nothing satisfies this", "team.yaml:1:5"),
        ("thread 'main' has no idea", "team.yaml:1:5"),
        ("", "team.yaml:1:5"),
    ],
)
def test_words_that_nobody_knows_end_with_the_same_status_and_a_line(words: str, line: str) -> None:
    error = explained(explain_uv(words, "Locking", solving=True), sides("pandas", "numpy>=2", "scipy"))
    assert error.code is Code.ANSWER_IS_NO
    assert str(error.where) == line
    assert (words.removeprefix("error: ") or "nothing") in error.message


@given(st.text())
def test_no_words_break_it(words: str) -> None:
    error = explain_uv(words, "Locking", solving=True)
    assert isinstance(error, TfsetupError)
    if isinstance(error, UnsolvableError):
        blamed(error, team("numpy"))
        assert explained(error, sides("numpy")).code is Code.ANSWER_IS_NO


def test_why_a_bound_of_ours_asks_for_what_has_no_wheel_is_told() -> None:
    told = said("source-only").message.replace("tensorflow-datasets", "board")
    both = sides("pandas")
    both = replace(both, requirements=(*both.requirements, "board"), reasons={"board": "beside keras: it imports it"})
    error = explained(explain_uv(f"error: {told.partition('uv said: ')[2]}", "Locking", solving=True), both)
    assert "\nboard beside keras: it imports it.\nuv said: " in error.message
    assert error.where is None
    called = replace(sides("pandas", "old>1"), reasons={"tensorflow==2.15.1": "beside old: it imports it"})
    assert str(explained(explain_uv(SAID, "Locking"), called).where) == "team.yaml:2:5"


def test_a_wheel_for_other_pythons_is_not_called_no_wheel_for_the_platform() -> None:
    text = (FOLDER / "no-wheel-here.txt").read_text()
    tag = "Python ABI tag (e.g., `cp313`)"
    error = explained(
        explain_uv(text.replace("platform tag (e.g., `macosx_13_0_arm64`)", tag), "Locking"), sides("pandas")
    )
    assert error.message.startswith(
        "linux-x86_64-cpu: tensorflow-text 2.13.0 has no wheel for cp313 on linux-x86_64-cpu."
    )


def test_who_has_wheels_that_want_something_else_is_not_called_wheelless() -> None:
    error = explained(said("some-versions-without-wheels"), sides("pandas", "alpha"))
    assert error.message.splitlines()[0] == (
        "linux-x86_64-cpu: `alpha` (team.yaml:2:5) does not fit together with `tensorflow==2.15.1`, which the row asks "
        "for."
    )
    assert "allow-build" not in error.hint


def test_who_has_wheels_elsewhere_is_not_called_source_only() -> None:
    text = (FOLDER / "some-versions-without-wheels.txt").read_text()
    text = text.replace(
        "depend on tensorflow==2.19.0", "have no wheels with a matching platform tag (e.g., `win_amd64`)"
    )
    error = explained(explain_uv(text, "Locking", solving=True), sides("pandas", "alpha"))
    assert "source only" not in error.message
    assert "alpha<=1.8.0 has no wheel for cp312 on linux-x86_64-cpu" in error.message
