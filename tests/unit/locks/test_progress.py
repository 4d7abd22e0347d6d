"""uv's progress as the user sees it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.locks.progress import Filter, Tamed

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


FAILED = b"Downloading alpha (7.0MiB)\nwarning: slow\nerror: Failed to fetch\n  cause: dns error\nerror: again\n"


@pytest.mark.parametrize("size", [1, 2, 7, 30, 1000])
@pytest.mark.parametrize("begin", [b"", b"\x1b[1m\x1b[31m"], ids=["plain", "coloured"])
def test_what_went_wrong_is_left_to_the_message_that_is_made_of_it(size: int, begin: bytes) -> None:
    passed, text = Filter(), FAILED.replace(b"error: ", begin + b"error: ")
    shown = b"".join(passed.feed(text[at : at + size]) for at in range(0, len(text), size))
    assert shown == b"Downloading alpha (7.0MiB)\nwarning: slow\n"


def test_a_bar_that_is_redrawn_is_shown_at_once() -> None:
    passed = Filter()
    assert passed.feed(b"alpha ---- 1.0 MiB/7.0 MiB") == b"alpha ---- 1.0 MiB/7.0 MiB"
    assert passed.feed(b"\r\x1b[2Kalpha ------ 2.0 MiB/7.0 MiB") == b"\r\x1b[2Kalpha ------ 2.0 MiB/7.0 MiB"


@given(st.lists(st.binary(max_size=20)))
def test_nothing_is_changed_or_reordered(blocks: list[bytes]) -> None:
    passed = Filter()
    shown = b"".join(passed.feed(block) for block in blocks)
    assert b"".join(blocks).startswith(shown)


NO = "\ufffd".encode()
HOSTILE = {
    "a title": (b"a\x1b]0;owned\x07b", b"a%b]0;owned%bb" % (NO, NO)),
    "a screen cleared": (b"a\x1b[2Jb", b"a%b[2Jb" % NO),
    "the clipboard": (b"\x1b]52;c;ZXZpbA==\x1b\\", b"%b]52;c;ZXZpbA==%b\\" % (NO, NO)),
    "a cursor sent far": (b"\x1b[10;10Hb", b"%b[10;10Hb" % NO),
    "one C1 control": (b"\xc2\x9b2Jb", b"%b2Jb" % NO),
    "halves that would join": (b"\xc2\x07\x9b2J", b"\xc2%b\x9b2J" % NO),
    "text turned round": ("a\u202eb\u2066c".encode(), b"a%bb%bc" % (NO, NO)),
    "a bell and a backspace": (b"a\x07\x08b", b"a%b%bb" % (NO, NO)),
    "letters that begin as controls do": ("\u00a9 \u2022 \u2190 ⠋".encode(), "\u00a9 \u2022 \u2190 ⠋".encode()),
    "bars": (DRAWN, DRAWN),
    "colours": (COLOURED, COLOURED),
    "a hidden cursor": (b"\x1b[?25l\x1b[?25h", b"\x1b[?25l\x1b[?25h"),
    "another mode": (b"\x1b[?1049h", b"%b[?1049h" % NO),
}


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("name", HOSTILE)
def test_only_what_uv_draws_with_gets_through(name: str, size: int) -> None:
    text, expected = HOSTILE[name]
    tamed = Tamed()
    assert b"".join(tamed.feed(text[at : at + size]) for at in range(0, len(text), size)) == expected


@given(st.lists(st.binary(max_size=20)))
def test_what_drives_a_terminal_never_gets_through(blocks: list[bytes]) -> None:
    tamed = Tamed()
    shown = b"".join(tamed.feed(block) for block in blocks)
    assert not re.search(rb"\x1b(?!\[[\d;?]*[ABKmhl])", shown)
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]", shown)


@given(st.lists(st.binary(max_size=6), max_size=30))
def test_how_the_bytes_arrive_makes_no_difference(blocks: list[bytes]) -> None:
    one, many = Tamed(), Tamed()
    end = b"."  # lets go of what is held back
    assert one.feed(b"".join(blocks) + end) == b"".join(many.feed(block) for block in [*blocks, end])
