"""A conflict names both requirers and the line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfsetup.errors import BuildError, Code, InvalidFileError, NetworkError, TfsetupError, Where
from tfsetup.locks.explain import explain_uv
from tfsetup.locks.team import Marked
from tfsetup.locks.venv.conflict import Sides, explained, together

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
    assert isinstance(error, InvalidFileError)
    assert error.message.splitlines()[0] == (
        "linux-x86_64-cpu: `numpy>=2` (team.yaml:2:5) does not fit together with `tensorflow==2.15.1`, "
        "which the row asks for."
    )
    assert "tensorflow==2.15.1 depends on numpy>=1.23.5,<2.0.0" in error.message
    assert str(error.where) == "team.yaml:2:5"
    assert error.code is Code.INVALID_FILE


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
    assert isinstance(explained(explain_uv(said, "Locking"), sides("My_Lib>=2")), InvalidFileError)


def test_a_name_that_another_begins_with_is_not_meant() -> None:
    error = explained(explain_uv(SAID, "Locking"), sides("num", "numpy-financial"))
    assert isinstance(error, BuildError)


def test_without_a_line_of_the_team_the_row_s_requirements_are_named() -> None:
    error = explained(explain_uv(SAID, "Locking"), sides("pandas"))
    assert isinstance(error, BuildError)
    assert error.message.startswith("linux-x86_64-cpu: tensorflow==2.15.1 cannot be resolved: ")


def test_anything_else_stays_as_it_is() -> None:
    error = NetworkError("no network")
    assert explained(error, sides("numpy>=2")) is error


@pytest.mark.parametrize(("messages", "expected"), [(("a", "a"), "a"), (("a", "b"), "a\nb")])
def test_several_errors_become_one(messages: tuple[str, ...], expected: str) -> None:
    errors = [TfsetupError(Code.BUILD, text, hint=f"hint {text}") for text in messages]
    found = together(errors)
    assert (found.message, found.hint, found.code) == (expected, "hint a", Code.BUILD)
