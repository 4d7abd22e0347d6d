"""Work done before anybody asks: the largest first, each piece once, and a failure is told to whoever asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground import ahead as module
from tfsetup.ground.ahead import Ahead, in_order
from tfsetup.ground.once import Once


def ended(done: Callable[[], bool]) -> bool:
    """Wait until something is so."""
    end = time.monotonic() + 20
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def test_the_largest_is_begun_first_and_what_was_begun_is_waited_for() -> None:
    gate, began = threading.Event(), list[str]()

    def work(name: str) -> Callable[[], str]:
        def run() -> str:
            began.append(name)
            gate.wait(20)
            return name.upper()

        return run

    ahead = Ahead[str](threads=1)
    ahead.plan({"small": (1, work("small")), "large": (9, work("large")), "middle": (5, work("middle"))})
    assert ended(lambda: bool(began))
    assert began == ["large"]
    assert ahead.take("small") is None  # nobody has begun it, nor will
    threading.Timer(0.05, gate.set).start()
    assert ahead.take("large") == "LARGE"
    assert ended(lambda: began == ["large", "middle"])
    assert ahead.take("middle") == "MIDDLE"
    assert ahead.take("middle") is None  # it was taken
    assert began == ["large", "middle"]


def test_a_failure_is_left_to_whoever_asks() -> None:
    def fails() -> str:
        raise OSError("no")

    ahead = Ahead[str](threads=1)
    ahead.plan({"bad": (2, fails), "good": (1, lambda: "yes")})
    assert ended(lambda: ahead._running == 0)
    assert ahead.take("bad") is None
    assert ahead.take("good") == "yes"


def test_what_is_given_up_is_not_begun() -> None:
    gate, began = threading.Event(), list[int]()

    def work(number: int) -> Callable[[], int]:
        def run() -> int:
            began.append(number)
            gate.wait(20)
            return number

        return run

    ahead = Ahead[int](threads=1)
    ahead.plan({number: (number, work(number)) for number in range(5)})
    assert ended(lambda: began == [4])
    ahead.give_up()
    gate.set()
    assert ended(lambda: ahead._running == 0)
    assert began == [4]


def test_without_a_thread_whoever_asks_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading, "Thread", Exhausted)
    ahead = Ahead[int](threads=2)
    ahead.plan({1: (1, lambda: 1)})
    assert ahead.take(1) is None
    assert list(in_order(lambda one: one + 1, range(5))) == [1, 2, 3, 4, 5]


@given(st.lists(st.integers(0, 9)), st.integers(0, 12))
def test_results_come_in_order_and_few_items_are_taken_before(items: list[int], taken: int) -> None:
    came: list[int] = []

    def each() -> Iterator[int]:
        for one in items:
            came.append(one)
            yield one

    found = in_order(lambda one: one * 2, each())
    first = [result for result, _ in zip(found, range(taken), strict=False)]
    assert first == [one * 2 for one in items[:taken]]
    assert len(came) <= taken + module._WINDOW + 2


def test_what_the_work_raises_is_raised() -> None:
    def work(one: int) -> int:
        if one == 7:
            raise ValueError(one)
        return one

    found = in_order(work, range(20))
    assert [next(found) for _ in range(7)] == list(range(7))
    with pytest.raises(ValueError, match="7"):
        next(found)


def test_a_value_is_made_once_for_all_threads_and_again_after_a_failure() -> None:
    made = list[int]()

    def make() -> int:
        made.append(1)
        time.sleep(0.02)
        if len(made) == 1:
            raise OSError("not yet")
        return len(made)

    once = Once(make)
    with pytest.raises(OSError, match="not yet"):
        once()
    found = list[int]()
    threads = [threading.Thread(target=lambda: found.append(once())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2, 2, 2, 2]
    assert len(made) == 2
