"""The TensorFlow that requirements choose, by any of its names; what cannot be met names every side."""

from __future__ import annotations

import pytest

from support.matrix import shipped
from tfsetup.errors import Code, TfsetupError, Where
from tfsetup.ground.marked import Marked
from tfsetup.ground.platforms import Platform
from tfsetup.locks.naming import Option, Side, chosen_by, markers_of, narrowed, refuse_contradiction, sides
from tfsetup.locks.taken import tensorflow_names
from tfsetup.matrix.model import Ask

LINUX = markers_of(Platform("linux", "x86_64"), "3.12")
NOWHERE = Option(words="--tensorflow >=2.18")


def lines(*texts: str) -> list[Marked]:
    return [Marked(text=text, where=Where(file="r.txt", line=n, column=1)) for n, text in enumerate(texts, 1)]


def of(*texts: str, ask: Ask | None = None, option: Option = NOWHERE) -> tuple[Side, ...]:
    return sides(ask or Ask(), option, lines(*texts), LINUX, shipped())


@pytest.mark.parametrize(
    ("text", "specifier"),
    [
        ("tensorflow==2.18.*", "==2.18.*"),
        ("TensorFlow_CPU[and-cuda]~=2.18.0", "~=2.18.0"),
        ("tensorflow-intel==2.16.2; sys_platform == 'linux'", "==2.16.2"),
        ("tensorflow-macos==2.9.2; sys_platform == 'darwin'", ""),
        ("tensorflow==2.13.1; python_version < '3.12'", ""),
        ("tensorflow==2.13.1; python_full_version >= '3.12.0'", "==2.13.1"),
        ("tensorflow", ""),
        ("tensorflow-text==2.18.*", ""),
        ("tensorflow-metal==1.2.0", ""),
    ],
)
def test_a_line_that_names_it_and_holds_there_chooses(text: str, specifier: str) -> None:
    assert chosen_by(text, LINUX, shipped()) == specifier


def test_its_names_are_those_of_the_index_without_the_plugins() -> None:
    found = tensorflow_names(shipped())
    assert {"tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-cpu-aws"} <= found
    assert not {"tensorflow-metal", "tensorflow-metal-plugin", "tensorflow-text"} & found


@pytest.mark.parametrize(
    ("given", "texts", "expected"),
    [
        (None, ["pandas"], None),
        ("2.18.*", ["pandas"], "2.18.*"),
        (None, ["tensorflow>=2.16", "tensorflow-cpu<2.19"], ">=2.16,<2.19"),
        ("2.18.*", ["tensorflow>=2.16"], "==2.18.*,>=2.16"),
        (">=2.17", ["tensorflow>=2.17"], ">=2.17"),
    ],
)
def test_what_is_chosen_narrows_what_is_asked(given: str | None, texts: list[str], expected: str | None) -> None:
    assert narrowed(Ask(tensorflow=given), texts, LINUX, shipped()).tensorflow == expected


def test_two_lines_without_a_common_release_are_refused_with_both_and_the_change_that_costs_least() -> None:
    with pytest.raises(TfsetupError) as caught:
        refuse_contradiction(of("six", "tensorflow==2.16.2", "tensorflow-cpu>=2.18"), shipped())
    assert (caught.value.code, str(caught.value.where)) == (Code.ANSWER_IS_NO, "r.txt:3:1")
    assert caught.value.message == (
        "No release of TensorFlow is what is asked for: `tensorflow==2.16.2` (r.txt:2:1) and "
        "`tensorflow-cpu>=2.18` (r.txt:3:1)."
    )
    assert caught.value.hint == "Leave out `tensorflow==2.16.2` (r.txt:2:1): the others are satisfied by 2.21.0."


def test_an_option_is_left_out_before_a_line_of_a_file() -> None:
    with pytest.raises(TfsetupError) as caught:
        refuse_contradiction(of("tensorflow==2.16.2", ask=Ask(tensorflow=">=2.18")), shipped())
    assert caught.value.hint == "Leave out `--tensorflow >=2.18`: the others are satisfied by 2.16.2."


def test_the_team_file_s_own_key_is_named_with_its_line() -> None:
    key = Option(words="tensorflow: >=2.18", where=Where(file="team.yaml", line=4, column=13))
    found = of("tensorflow==2.16.2", ask=Ask(tensorflow=">=2.18"), option=key)
    assert [side.words for side in found] == [
        "`tensorflow: >=2.18` (team.yaml:4:13)",
        "`tensorflow==2.16.2` (r.txt:1:1)",
    ]
    assert [side.line for side in found] == [False, True]


@pytest.mark.parametrize("texts", [["tensorflow==2.16.2"], ["tensorflow>=2.16", "tensorflow<2.19"], ["tensorflow==9"]])
def test_what_some_release_satisfies_and_what_stands_alone_is_no_contradiction(texts: list[str]) -> None:
    refuse_contradiction(of(*texts), shipped())


def test_where_no_single_line_is_to_blame_none_is_named() -> None:
    with pytest.raises(TfsetupError) as caught:
        refuse_contradiction(of("tensorflow==2.16.2", "tensorflow==2.17.1", "tensorflow==2.18.1"), shipped())
    assert caught.value.hint == "Change them so that one release satisfies all."


def test_a_pre_release_satisfies_where_they_are_allowed() -> None:
    both = of("tensorflow==2.22.0rc0", "tensorflow>2.21")
    refuse_contradiction(both, shipped(), pre=True)
    with pytest.raises(TfsetupError):
        refuse_contradiction(both, shipped())
