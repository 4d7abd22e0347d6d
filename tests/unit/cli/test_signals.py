"""A run that is told to end, or whose terminal is gone, cleans up as an interrupted one does."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tfsetup.cli.app import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
NUMBERS = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = [signal.getsignal(number) for number in NUMBERS]
    yield
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


def handler_of(number: signal.Signals) -> Any:
    signal.signal(number, signal.SIG_DFL)
    assert run(["--version"]) == 0
    return signal.getsignal(number)


def interrupts(handler: Any, number: signal.Signals) -> bool:
    """Tell whether a handler interrupts; pytest would take a stray interrupt for the user's."""
    try:
        handler(number, None)
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.name)
def test_the_first_is_an_interrupt_and_its_twin_is_not(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = handler_of(number)
    assert [interrupts(handler, number) for _ in range(2)] == [True, False]
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + 3)
    assert interrupts(handler, number)


def test_a_pair_of_two_kinds_is_one() -> None:
    handler_of(signal.SIGTERM)
    both: list[Any] = [handler_of(signal.SIGHUP), signal.getsignal(signal.SIGTERM)]
    assert interrupts(both[0], signal.SIGHUP)
    assert not interrupts(both[1], signal.SIGTERM)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.name)
def test_what_was_ignored_stays_so(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    assert run(["--version"]) == 0
    assert signal.getsignal(number) is signal.SIG_IGN
