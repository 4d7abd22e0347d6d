"""From which size on a device wins: a number that one says, and a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.verify.breakeven import break_evens, from_units, sentence
from tfsetup.verify.model import ProbeOutcome, SmallStep
from tfsetup.verify.observed import Observed

SIZES = (16, 64, 256, 1024)


def steps(*ratios: float) -> list[SmallStep]:
    """Return steps that take the device `ratios` times the CPU's time."""
    return [SmallStep(units=n, cpu_s=1.0, device_s=ratio) for n, ratio in zip(SIZES, ratios, strict=False)]


@pytest.mark.parametrize(
    ("ratios", "units", "words"),
    [
        (
            (30.0, 4.0, 0.25, 0.05),
            128,
            "below about 128 units a layer a model of Dense layers is faster on the CPU than",
        ),
        ((2.0, 0.5, 0.2, 0.1), 32, "below about 32 units a layer"),
        ((9.0, 1.0, 0.5, 0.1), 64, "below about 64 units a layer"),
        ((0.5, 0.4, 0.3, 0.2), 16, "from 16 units a layer on, or fewer, a model of Dense layers is faster on GPU:0"),
        ((9.0, 8.0, 5.0, 1.5), None, "up to 1024 units a layer a model of Dense layers is faster on the CPU than on"),
        ((0.5, 3.0, 0.5, 0.1), 128, "below about 128 units a layer"),  # one size that wins proves nothing
    ],
)
def test_the_size_and_its_sentence(ratios: tuple[float, ...], units: int | None, words: str) -> None:
    measured = steps(*ratios)
    found = from_units(measured)
    assert found == (units if units is None else pytest.approx(units, rel=0.34))
    assert sentence("GPU:0", "dense", found, measured).startswith(words.replace(str(units), str(found)))


@given(st.lists(st.floats(0.01, 100), min_size=4, max_size=4))
def test_the_size_lies_between_the_last_that_loses_and_the_next(ratios: list[float]) -> None:
    found = from_units(steps(*ratios))
    losing = [n for n, ratio in zip(SIZES, ratios, strict=True) if ratio >= 1]
    if found is None:
        assert losing[-1] == SIZES[-1]
    elif losing:
        assert losing[-1] / 1.5 <= found <= SIZES[SIZES.index(losing[-1]) + 1] * 1.5
    else:
        assert found == SIZES[0]


def event(**more: Any) -> dict[str, Any]:
    made = [
        {"kind": "dense", "units": 16, "cpu_s": 0.001, "own_s": 0.01},
        {"kind": "dense", "units": 256, "cpu_s": 0.01, "own_s": 0.005},
        {"kind": "recurrent", "units": 16, "cpu_s": 0.001, "own_s": "nan"},
    ]
    return {"event": "check", "name": "break-even", "device": "GPU:0", "steps": made, **more}


def test_what_was_measured_is_kept_by_kind_also_by_a_later_worker() -> None:
    later = ProbeOutcome(python="python", ended="finished", events=(event(),))
    first = ProbeOutcome(python="python", ended="timeout", more=(later,))
    (found,) = break_evens(Observed(outcome=first))
    assert (found.device, found.model, len(found.steps)) == ("GPU:0", "dense", 2)
    assert found.from_units is not None
    assert "Dense" in found.says
    assert break_evens(Observed(outcome=ProbeOutcome(python="python", ended="finished"))) == ()
    assert break_evens(Observed(outcome=ProbeOutcome(python="p", ended="finished", events=(event(steps=None),)))) == ()
