"""No pattern repeats a group possessively, unless the group is atomic: CPython 3.11.0 to 3.11.4 match it wrongly.

Where the last, failing round of `(?:ab?c)++` had got on by some characters, those versions take the characters for
matched (CPython gh-106052). Debian 12 has 3.11.2. `(?>ab?c)++` means the same and is right everywhere: an atomic group
that fails goes back to where it began. Groups that capture are wrong in later versions too (gh-101955).
"""

from __future__ import annotations

import ast
import importlib
import re
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from support.examples import examples
from support.source import MODULES, PACKAGE, nodes, tree_of
from tfsetup.doctor.pattern import compile_pattern

DATA = sorted(path for kind in ("yaml", "json", "toml") for path in PACKAGE.rglob(f"*.{kind}"))
# What stands in a pattern: an escape, a class, the beginning of a group, its end and how it is repeated.
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\((?:\?>)?)|(?P<close>\))(?P<possessive>(?:[*+?]|\{[^{}]*\})\+)?",
    re.DOTALL,
)


def faults_of_text(text: str) -> list[str]:
    """Return the possessive repeats of groups in `text`, a pattern or a part of one, that are not atomic."""
    opened: list[str] = []
    found = []
    for token in _TOKEN.finditer(text):
        if token["open"]:
            opened.append(token["open"])
        elif token["close"] and (opened.pop() if opened else "(?>") != "(?>" and token["possessive"]:
            found.append(text[: token.end()])
    return found


def faults_of_pattern(pattern: str | bytes) -> list[str]:
    """Return the possessive repeats in `pattern`, as `re` understands it, that early versions match wrongly."""
    return [str(item) for item in _walk(parser.parse(pattern)) if item[0] == "possessive" and not _safe(item[1])]


def _safe(body: Any) -> bool:
    """Whether one character or an atomic group is repeated, and nothing is captured in it."""
    inside = [str(operation) for operation, _ in body]
    captures = any(item[0] == "group" for item in _walk(body))
    return not captures and (inside == ["ATOMIC_GROUP"] or (len(inside) == 1 and body.getwidth() == (1, 1)))


def _walk(parsed: Any) -> Iterator[tuple[str, Any]]:
    """Yield the possessive repeats and the capturing groups in `parsed`, however deep."""
    for operation, arguments in parsed:
        if str(operation) == "POSSESSIVE_REPEAT":
            yield "possessive", arguments[2]
        elif str(operation) == "SUBPATTERN" and arguments[0] is not None:
            yield "group", arguments[3]
        for inner in _inside(arguments):
            yield from _walk(inner)


def _inside(arguments: Any) -> Iterator[Any]:
    if isinstance(arguments, parser.SubPattern):
        yield arguments
    elif isinstance(arguments, tuple | list):
        for argument in arguments:
            yield from _inside(argument)


def _texts(path: Path) -> Iterator[str]:
    """Yield the strings in a module; of those with holes, the holes as a letter."""
    for node in nodes(tree_of(path)):
        match node:
            case ast.JoinedStr(values=parts):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts)
            case ast.Constant(value=str(text)):
                yield text
            case ast.Constant(value=bytes(data)):
                yield data.decode("latin-1")


@cache
def _compiled(path: Path) -> tuple[str | bytes, ...]:
    return tuple(_compiled_of(path))


def _compiled_of(path: Path) -> Iterator[str | bytes]:
    """Yield the patterns a module hands to `re`, as far as they are made of what the module holds."""
    name = ".".join(("tfsetup", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    names = dict(vars(importlib.import_module(name)))
    for node in nodes(tree_of(path)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=attr), args=[pattern, *_]) if (
                attr != "escape"
            ):
                try:
                    value = eval(compile(ast.Expression(pattern), str(path), "eval"), names)  # noqa: S307 our own source
                except NameError:
                    continue  # made of what a function was given: its texts are looked at above
                yield getattr(value, "pattern", value)


def _faults(path: Path) -> list[str]:
    of_texts = [fault for text in _texts(path) for fault in faults_of_text(text)]
    patterns = _compiled(path) if path.stem != "__main__" else ()
    return [*of_texts, *(fault for pattern in patterns for fault in faults_of_pattern(pattern))]


def test_only_atomic_groups_are_repeated_possessively() -> None:
    assert {str(path.relative_to(PACKAGE)): found for path in MODULES if (found := _faults(path))} == {}


def test_the_patterns_are_found() -> None:
    """The test above would also pass if it saw none. These three are made of several parts, one of them of bytes."""
    seen = [pattern for path in MODULES if path.stem != "__main__" for pattern in _compiled(path)]
    assert len(seen) > 200
    shown = [pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern for pattern in seen]
    for part in ("PRIVATE KEY-----(?>", r"(?P<host>[^\W_](?>", r"|\xd1)++"):
        assert any(part in pattern for pattern in shown)


def test_the_doctor_s_patterns_repeat_only_atomic_groups() -> None:
    bodies = {
        compile_pattern(pattern).body
        for cause in knowledge().causes
        for signal in cause.signals
        for pattern in (*signal.log, *(one for group in signal.also for one in group), *signal.without)
    }
    assert len(bodies) > 100
    assert [fault for body in bodies for fault in faults_of_pattern(body)] == []


def test_no_pattern_in_the_data_repeats_a_group_possessively() -> None:
    repeated = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]*\})\+")
    assert len(DATA) > 5
    assert [path.name for path in DATA if repeated.search(path.read_text(encoding="utf-8"))] == []


FORBIDDEN = [
    "(?:ab?c)++", "(?:ab)*+", "(?:ab?c){0,4}+", "x(?:ab?c)?+", "(?:(?!xy).){0,200}+xy", "(?P<n>(?:a|bc){2,}+)",
    r"(?:\(a b?\) ?)?+", r"[()](?:[)]ab?)++", "(ab?c)++", "(?>x(?:ab?c)++y)", "(?=(?:ab?c)*+)", "a|(?:b|c(?:de?)++)",
]  # fmt: skip
ALLOWED = [
    "a++", "[ab]*+", r"\d{1,3}+", r"\)++", "[)]?+", "[()*+]", "(?>ab?c)++", "(?>(?!xy).){0,200}+xy", "(?:ab?c)+",
    "(?P<n>(?>a|bc){2,}+)", r"(?>\(a b?\) ?+)?+", "(?>(?:ab?c)+d)*+", "(?:ab?c)+?", r"(?>a\))++",
]  # fmt: skip


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_a_repeated_group_is_seen(pattern: str) -> None:
    assert faults_of_text(pattern) != []
    assert faults_of_pattern(pattern) != []
    assert faults_of_pattern(pattern.encode()) != []


@pytest.mark.parametrize("pattern", ALLOWED)
def test_what_is_right_everywhere_is_allowed(pattern: str) -> None:
    assert faults_of_text(pattern) == []
    assert faults_of_pattern(pattern) == []


def test_a_group_that_captures_in_an_atomic_one_is_seen() -> None:
    assert faults_of_pattern("(?>(a)b?)++") != []


_ATOM = st.sampled_from(["a", "b", "[ab]", ".", "(?=a)", "(?!b)", "a?", "b*", "[ab]+?", "a++"])
_INSIDE = st.recursive(
    st.lists(_ATOM, min_size=1, max_size=3).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("|".join),
        st.tuples(st.lists(inner, min_size=1, max_size=2), st.sampled_from(["*+", "++", "?+", "{0,2}+"])).map(
            lambda parts: f"(?>{''.join(parts[0])}){parts[1]}"
        ),
    ),
    max_leaves=6,
)


@examples(1)
@given(
    _INSIDE, st.sampled_from([("*+", "*"), ("++", "+"), ("?+", "?"), ("{0,3}+", "{0,3}")]), st.text("abc", max_size=8)
)
def test_an_atomic_group_repeated_means_an_atomic_repeat(inside: str, repeats: tuple[str, str], text: str) -> None:
    """So the rule changes no meaning: `(?>X)*+` finds what `(?>(?:X)*)` does. On an early 3.11 too."""
    possessive, plain = repeats
    written, meant = re.compile(f"(?>{inside}){possessive}"), re.compile(f"(?>(?>{inside}){plain})")
    assert [found.span() for found in written.finditer(text)] == [found.span() for found in meant.finditer(text)]
