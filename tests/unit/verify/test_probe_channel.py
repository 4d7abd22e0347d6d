"""The way findings leave the probe: whole lines, strict JSON, and phases that end whatever happens in them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.probes.channel import MOST, Channel, describe, plain, shortened


class Pipe:
    """A channel, and what came out at its other end."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.channel = Channel(self.writing)

    def events(self) -> list[dict[str, Any]]:
        """Return the events sent so far; nothing more can be sent."""
        os.close(self.writing)
        with os.fdopen(self.reading, encoding="utf-8") as stream:
            return [json.loads(line) for line in stream]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    for descriptor in (made.reading, made.writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_an_event_is_a_line_with_its_time(pipe: Pipe) -> None:
    pipe.channel.send("devices", devices=["CPU:0"])
    pipe.channel.send("done")
    first, second = pipe.events()
    assert (first["event"], first["devices"]) == ("devices", ["CPU:0"])
    assert second == {"event": "done", "at_s": second["at_s"]}
    assert 0 <= first["at_s"] <= second["at_s"] < 60


def test_a_field_may_take_the_place_of_nothing_else(pipe: Pipe) -> None:
    pipe.channel.send("check", name="é\n\x00")
    (event,) = pipe.events()
    assert event["name"] == "é\n\x00"


def test_a_phase_is_bracketed(pipe: Pipe) -> None:
    with pipe.channel.phase("blas"):
        pipe.channel.send("blas")
    begin, inside, end = pipe.events()
    assert (begin["event"], begin["phase"]) == ("begin", "blas")
    assert inside["event"] == "blas"
    assert (end["event"], end["phase"]) == ("end", "blas")
    assert end["seconds"] >= 0


def test_an_exception_ends_its_phase_and_nothing_else(pipe: Pipe) -> None:
    with pipe.channel.phase("describe"):
        raise ValueError("no such fact")
    _begin, error = pipe.events()
    assert (error["event"], error["phase"]) == ("error", "describe")
    assert (error["type"], error["message"]) == ("ValueError", "no such fact")
    assert error["where"][-1].endswith("test_an_exception_ends_its_phase_and_nothing_else")


def test_what_must_end_the_process_ends_it(pipe: Pipe) -> None:
    with pytest.raises(KeyboardInterrupt), pipe.channel.phase("import"):
        raise KeyboardInterrupt
    assert [event["event"] for event in pipe.events()] == ["begin"]


@pytest.mark.parametrize(
    ("error", "module"),
    [
        (ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow"), "tensorflow"),
        (ImportError("dlopen failed"), None),
        (NameError("x", name="x"), None),
    ],
)
def test_only_a_missing_module_is_called_one(error: BaseException, module: str | None) -> None:
    assert describe(error)["missing_module"] == module


def test_an_error_that_was_never_raised_has_no_frames() -> None:
    assert describe(OSError("gone")) == {"type": "OSError", "message": "gone", "where": [], "missing_module": None}


@given(st.text())
def test_a_shortened_text_is_the_text_or_its_two_ends(text: str) -> None:
    short = shortened(text * 50)
    assert len(short) <= MOST + len("\n[...]\n")
    assert short == text * 50 or (short.startswith((text * 50)[:100]) and short.endswith((text * 50)[-100:]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@given(JSON)
def test_everything_becomes_strict_json(value: Any) -> None:
    json.dumps(plain(value), allow_nan=False)


def test_numbers_that_are_not_finite_are_spelt_out() -> None:
    assert plain([math.nan, math.inf, -math.inf, 0.5]) == ["nan", "inf", "-inf", 0.5]
    assert plain({1: (True, None), "x": {2}}) == {"1": [True, None], "x": "{2}"}
