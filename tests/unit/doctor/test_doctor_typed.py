"""What a report shows to have been done: at a prompt, in a sentence; and what it only speaks of."""

from __future__ import annotations

import pytest

from tfsetup.doctor.commands import commands_in
from tfsetup.doctor.needs import Need
from tfsetup.doctor.typed import is_typed, typed_in


def done(line: str) -> list[str]:
    return [need.text for one in typed_in([line]) for need in one.needs]


@pytest.mark.parametrize(
    "line",
    [
        "pip install keras",
        "$ pip install keras",
        "% python -m pip install keras",
        "(tf) $ pip install keras",
        "(base) me@MacBook-Air project % pip install keras",
        "PS C:\\Users\\me> pip install keras",
        "C:\\work>python -m pip install keras",
        "root@3f2a:/app# pip install keras",
        "!pip install keras",
        "%pip install keras",
        "RUN pip install keras",
        "RUN apt-get update && pip install keras",
        "$ sudo -H pip install keras",
        "$ cd x && pip install keras",
        "I ran pip install keras and it went through",
        "After `pip install keras` the error is the same",
        "we've tried python -m pip install keras",
        "It was installed with pip install keras.",
    ],
)
def test_what_was_typed_is_heard(line: str) -> None:
    assert done(line)[:1] == ["keras"]


@pytest.mark.parametrize(
    "line",
    [
        "Please run pip install keras",
        "You should consider upgrading via the 'python -m pip install --upgrade pip' command.",
        "ImportError: to fix this, pip install keras",
        "try running `pip install keras`",
        "The README recommends pip install keras",
        "Did I have to pip install keras? They suggest pip install keras",
        "the docs say pip install keras",
        "pip uninstall keras",
    ],
)
def test_what_is_advised_was_not_done(line: str) -> None:
    assert done(line) == []


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("I downgraded numpy to 1.26.4 and nothing changed", ["numpy==1.26.4"]),
        ("After downgrading to numpy it works", []),
        ("upgrading tensorflow to 2.20 did not help", ["tensorflow==2.20"]),
        ("I installed tensorflow 2.15.1 on it", ["tensorflow==2.15.1"]),
        ("I reinstalled tensorflow twice", ["tensorflow"]),
        ("Re-installing the tensorflow wheel", ["tensorflow"]),
        ("installing tensorflow fails", []),
        ("you should try downgrading numpy to 1.26.4", []),
        ("we could have downgraded numpy to 1.26.4", []),
    ],
)
def test_a_sentence_tells_of_it_too(line: str, needs: list[str]) -> None:
    assert done(line) == needs


@pytest.mark.parametrize(
    ("step", "line", "same"),
    [
        ("pip install keras", "$ pip install keras", True),
        ("pip install keras", "$ pip install keras numpy", True),
        ("pip install keras numpy", "$ pip install keras", False),
        ("pip install 'keras>=3'", "$ pip install 'keras>=3'", True),
        ("pip install 'keras>=3'", "$ pip install keras==3.5.0", True),
        ("pip install 'keras>=3'", "$ pip install keras==2.15.0", False),
        ("pip install 'keras>=3'", "$ pip install keras", False),
        ("pip install keras", "$ pip install keras==3.5.0", False),
        ("pip install 'tensorflow[and-cuda]'", "$ pip install tensorflow", False),
        ("pip install tensorflow", "$ pip install tensorflow[and-cuda]", True),
        ("pip install --upgrade keras", "$ pip install keras", False),
        ("pip install --upgrade keras", "$ pip install -U -q keras", True),
        ("pip install keras", "$ pip install --upgrade keras", True),
    ],
)
def test_a_command_was_typed_when_what_was_typed_is_as_good(step: str, line: str, *, same: bool) -> None:
    [command] = commands_in(step)
    needs = tuple(map(Need.of, command.wanted))
    assert is_typed(needs, command, typed_in([line]), same_python=True) is same


def test_into_which_python_is_a_question_of_its_own() -> None:
    [command] = commands_in("python -m pip install keras")
    needs = tuple(map(Need.of, command.wanted))
    bare, sure = typed_in(["$ pip install keras"]), typed_in(["$ python -m pip install keras"])
    assert is_typed(needs, command, bare, same_python=True)
    assert not is_typed(needs, command, bare, same_python=False)
    assert is_typed(needs, command, sure, same_python=False)


def test_nothing_was_typed_when_a_command_needs_nothing() -> None:
    [command] = commands_in("tfsetup install --prefix .venv")
    assert not is_typed((), command, typed_in(["$ pip install keras"]), same_python=True)


def test_of_a_long_report_a_part_is_heard() -> None:
    lines = [f"$ pip install keras=={n}" for n in range(5000)]
    assert 0 < len(typed_in(lines)) < 1000
