"""The pattern language: what it matches, what it refuses, and that no pattern can backtrack."""

from __future__ import annotations

import re
import re._parser as parser  # type: ignore[import-not-found]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from support.examples import examples
from tfsetup.doctor.model import Cause
from tfsetup.doctor.pattern import PatternError, anchor_of, candidates, compile_pattern


def patterns_of(cause: Cause) -> list[str]:
    """All patterns of a cause, the shared ones too."""
    return [
        pattern
        for signal in cause.signals
        for pattern in (*signal.log, *(one for group in signal.also for one in group), *signal.without)
    ]


SHIPPED = sorted({pattern for cause in knowledge().causes for pattern in patterns_of(cause)})


def captures(pattern: str, text: str) -> list[dict[str, str]]:
    return [dict(hit.captures) for hit in compile_pattern(pattern).hits(text)]


def test_literal_text_matches_where_it_stands() -> None:
    hits = list(compile_pattern("No module").hits("x No module y No module"))
    assert [(hit.start, hit.end) for hit in hits] == [(2, 11), (14, 23)]


def test_captures_end_where_the_next_literal_begins() -> None:
    text = "dlopen(/a b/libx.dylib, 0x0006): Symbol not found: _f Referenced from: /q"
    assert captures("dlopen({library:path}, {mode}): Symbol not found: {symbol} Ref", text) == [
        {"library": "/a b/libx.dylib", "mode": "0x0006", "symbol": "_f"}
    ]


def test_a_leading_capture_is_read_backwards() -> None:
    text = "ImportError: /lib/libgomp.so.1: cannot allocate memory"
    assert captures("{library:file}: cannot allocate memory", text) == [{"library": "/lib/libgomp.so.1"}]


def test_a_leading_capture_must_hold_something() -> None:
    assert captures("{library:file}: cannot allocate", "( : cannot allocate") == []


def test_choices_are_literal_and_may_be_empty() -> None:
    assert len(captures("Python {ABI|version} tag", "Python ABI tag Python version tag Python x tag")) == 2
    assert len(captures("Loading library{ settings|} to", "Loading library to Loading library settings to")) == 2


def test_gaps_are_bounded() -> None:
    assert captures("from here{..}to there", "from here" + "." * 200 + "to there") == [{}]
    assert captures("from here{..}to there", "from here" + "." * 201 + "to there") == []
    assert captures("from here{...}to there", "from here" + "." * 1500 + "to there") == [{}]


def test_a_gap_ends_at_the_first_place_it_can() -> None:
    [hit] = compile_pattern("from here{..}to {name}").hits("from here to a and to b")
    assert hit.captures == {"name": "a"}


def test_punctuation_behind_a_capture_is_not_part_of_it() -> None:
    assert captures("has version {found:version}", "has version 2.10.1.") == [{"found": "2.10.1"}]


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("", "at least 4 literal"),
        ("abc", "at least 4 literal"),
        ("{a}{b}", "at least 4 literal"),
        ("{a|b} literal", "at least 4 literal"),
        ("literal{..}", "a gap must be followed by literal text"),
        ("literal{..}{name}", "a gap must be followed by literal text"),
        ("literal {Name}", "is no capture, gap or choice"),
        ("literal {name:color}", "the type must be one of"),
        ("literal {rest:text}", "must be followed by literal text"),
        ("{rest:text} literal", "without blanks"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, complaint: str) -> None:
    with pytest.raises(PatternError, match=re.escape(complaint)):
        compile_pattern(pattern)


def test_only_the_ends_of_endless_repetition_are_tried() -> None:
    stream = "again and " * 1000
    places = candidates(stream, "again")
    assert len(places) == 60
    assert places[0] == 0
    assert places[-1] == 9990
    assert places == sorted(places)


def _can_backtrack(tree: Any) -> bool:
    """Whether a parsed regular expression holds a repeat that gives characters back, or a branch that is retried."""
    for operation, argument in tree:
        name = str(operation)
        if name in {"MAX_REPEAT", "MIN_REPEAT", "BRANCH"}:
            return True
        inner = argument if isinstance(argument, tuple | list | parser.SubPattern) else ()
        if name == "ATOMIC_GROUP":
            continue  # what is inside is never entered again
        if name == "POSSESSIVE_REPEAT":
            inner = argument[2]
        elif name == "SUBPATTERN":
            inner = argument[3]
        elif name in {"ASSERT", "ASSERT_NOT"}:
            continue  # look-ahead for a literal or one of some literals: bounded by their length
        else:
            inner = ()
        if _can_backtrack(inner):
            return True
    return False


@pytest.mark.parametrize("cause", knowledge().causes, ids=lambda cause: cause.slug)
def test_no_shipped_pattern_can_backtrack(cause: Cause) -> None:
    patterns = patterns_of(cause)
    assert [one for one in patterns if _can_backtrack(parser.parse(compile_pattern(one).body))] == []


def test_the_anchor_is_read_without_compiling() -> None:
    assert len(SHIPPED) > 1000
    assert [one for one in SHIPPED if anchor_of(one) != compile_pattern(one).anchor] == []
    assert anchor_of("{library:file}: cannot allocate {what} here") == ": cannot allocate "


def test_the_check_sees_what_backtracks() -> None:
    assert _can_backtrack(parser.parse("(a+)+b"))
    assert _can_backtrack(parser.parse("(?P<x>a*)"))
    assert not _can_backtrack(parser.parse("(?P<x>a{1,4}+)"))


@examples(2)
@given(st.text(max_size=300), st.sampled_from(SHIPPED))
def test_any_text_is_searched_without_complaint(text: str, source: str) -> None:
    pattern = compile_pattern(source)
    stream = text[:100] + pattern.anchor + text[100:]
    for hit in pattern.hits(stream):
        assert 0 <= hit.start <= hit.end <= len(stream)
        assert pattern.anchor in stream[hit.start : hit.end]


@examples(2)
@given(st.text("ab {}.|:", max_size=12))
def test_any_pattern_is_compiled_or_refused(source: str) -> None:
    try:
        pattern = compile_pattern("anchor" + source)
    except PatternError:
        return
    assert list(pattern.hits("nothing to see")) == []
