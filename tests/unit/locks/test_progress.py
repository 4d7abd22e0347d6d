"""uv's progress as the user sees it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.locks.progress import Filter

PLAIN = b"Downloading alpha (7.0MiB)\n Downloaded alpha\nInstalled 2 packages in 20ms\n + alpha==1\n + beta==2\n"
COLOURED = b"\x1b[2mInstalled \x1b[1m2 packages\x1b[0m in 20ms\n \x1b[32m+\x1b[39m alpha==1\n"


@pytest.mark.parametrize("size", [1, 2, 7, 30, 1000])
def test_the_list_at_the_end_is_kept_back_however_the_bytes_arrive(size: int) -> None:
    passed = Filter()
    shown = b"".join(passed.feed(PLAIN[at : at + size]) for at in range(0, len(PLAIN), size))
    assert shown == PLAIN[: PLAIN.index(b" + alpha")]


DRAWN = b"alpha --- 6.0 MiB/7.0 MiB\r\x1b[2K\x1b[1A\x1b[2K" + COLOURED.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("text", [COLOURED, DRAWN], ids=["colours", "bars on a terminal"])
def test_control_sequences_do_not_hide_the_last_line(size: int, text: bytes) -> None:
    passed = Filter()
    shown = b"".join(passed.feed(text[at : at + size]) for at in range(0, len(text), size))
    assert text.startswith(shown)
    assert shown.rstrip().endswith(b"in 20ms")
    assert b"alpha==" not in shown


def test_a_bar_that_is_redrawn_is_shown_at_once() -> None:
    passed = Filter()
    assert passed.feed(b"alpha ---- 1.0 MiB/7.0 MiB") == b"alpha ---- 1.0 MiB/7.0 MiB"
    assert passed.feed(b"\r\x1b[2Kalpha ------ 2.0 MiB/7.0 MiB") == b"\r\x1b[2Kalpha ------ 2.0 MiB/7.0 MiB"


@given(st.lists(st.binary(max_size=20)))
def test_nothing_is_changed_or_reordered(blocks: list[bytes]) -> None:
    passed = Filter()
    shown = b"".join(passed.feed(block) for block in blocks)
    assert b"".join(blocks).startswith(shown)
