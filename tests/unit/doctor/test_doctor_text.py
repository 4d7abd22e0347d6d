"""Log text made readable: nothing that drives a terminal survives, and a match is found back in its line."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.doctor.text import clean, plain, without_repeats

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_escape_sequences_go_and_their_text_stays() -> None:
    assert plain("\x1b[1;31merror\x1b[0m") == "error"
    assert plain("\x1b]0;title\x07text") == "text"
    assert plain("\x1b]8;;file://x\x1b\\name\x1b]8;;\x1b\\") == "name"


def test_an_unfinished_escape_takes_nothing_with_it() -> None:
    assert plain("before\x1b[") == "before"
    assert plain("before\x1b]no end\nnext line") == "before\nnext line"


def test_progress_bars_become_lines() -> None:
    assert clean("10%\r20%\r\ndone").lines == ("10%", "20%", "done")


def test_frames_arrows_and_blanks_of_programs_are_dropped() -> None:
    assert clean("  \u00d7 No solution\n  ╰─▶ Because\u00a0x").lines == ("No solution", "Because x")


def test_quotes_are_one_kind_in_the_stream_only() -> None:
    log = clean("version `GLIBC_2.27' and \u2018x\u2019 \u201cy\u201d")
    assert log.stream == " version 'GLIBC_2.27' and 'x' \"y\""
    assert log.lines[0].startswith("version `GLIBC")


def test_html_entities_of_pasted_logs() -> None:
    assert clean("&lt;module&gt; &#39;x&#39; &amp;c").lines == ("<module> 'x' &c",)


def test_a_place_in_the_stream_leads_back_to_its_line() -> None:
    log = clean("first line\n\n   second   line\nthird")
    assert log.quote(log.stream.index("second")) == "second line"
    assert log.line_at(log.stream.index("third")) == 2
    assert log.quote(0) == "first line"


def test_long_lines_are_quoted_around_the_place() -> None:
    log = clean("a" * 5000 + " here " + "b" * 5000)
    quoted = log.quote(log.stream.index("here"))
    assert "here" in quoted
    assert len(quoted) <= 302
    assert quoted.startswith("…")
    assert quoted.endswith("…")


def test_an_empty_log_has_nothing_to_quote() -> None:
    log = clean("")
    assert log.lines == ()
    assert log.quote(0) == ""


def test_repeated_lines_are_looked_at_once_but_the_end_is_whole() -> None:
    lines = [f"step {n} loss 0.{n}" for n in range(50_000)] + ["step 1 loss 0.5"] * 2000
    kept = without_repeats(lines)
    assert len(kept) < 2020
    assert kept[0] == "step 0 loss 0.0"
    assert kept[-2000:] == lines[-2000:]
    assert "only once" in without_repeats(["x"] * 9000 + ["only once"] + ["x"] * 9000)


def test_a_short_log_is_kept_as_it_is() -> None:
    assert without_repeats(["a", "a"]) == ["a", "a"]


@examples(1.7)
@given(st.binary(max_size=2000))
def test_any_bytes_come_out_safe_for_a_terminal(raw: bytes) -> None:
    log = clean(raw.decode("utf-8", errors="replace"))
    assert not UNSAFE.search(log.stream)
    assert not any(UNSAFE.search(line) or "\n" in line for line in log.lines)


@examples(1.7)
@given(st.lists(st.text("ab \t\n\r\x1b[]0;m", max_size=40), max_size=20))
def test_every_place_of_the_stream_belongs_to_a_line(parts: list[str]) -> None:
    log = clean("\n".join(parts))
    for number, start in enumerate(log.starts):
        assert log.line_at(start) == number
        assert log.stream[start : start + len(log.lines[number])] == log.lines[number]
