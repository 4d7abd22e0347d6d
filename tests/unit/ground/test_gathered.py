"""Small pieces of an answer that come fast are joined; none is held for long, and none is lost before a failure."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground import exchange
from tfsetup.ground.exchange import gathered


def reading(pieces: list[bytes], *, fails: bool = False) -> Callable[[], bytes]:
    left = iter(pieces)

    def read() -> bytes:
        piece = next(left, b"")
        if not piece and fails:
            raise OSError("broken off")
        return piece

    return read


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 100))
def test_the_body_is_the_same(pieces: list[bytes], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "_JOINED", most)
        found = list(gathered(reading(pieces)))
    assert b"".join(found) == b"".join(pieces)
    assert all(found)
    assert all(len(one) < most + 40 for one in found)


def test_small_pieces_become_a_large_one() -> None:
    assert list(gathered(reading([b"a"] * 100))) == [b"a" * 100]


def test_what_came_slowly_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    assert list(gathered(reading([b"a", b"b", b"c"]))) == [b"a", b"b", b"c"]


def test_what_came_before_a_failure_is_passed_on_first() -> None:
    found = gathered(reading([b"a", b"b"], fails=True))
    assert next(found) == b"ab"
    with pytest.raises(OSError, match="broken off"):
        next(found)
