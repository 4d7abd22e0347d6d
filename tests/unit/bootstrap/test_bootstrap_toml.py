"""The reader of TOML for old Pythons reads as Python's own does."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.toml import _Reader
from tfsetup.ground.uv_settings import as_toml

LEAVES = st.one_of(st.text(max_size=12), st.booleans(), st.integers(-(10**6), 10**6))
KEYS = st.text(min_size=1, max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=4))
def test_what_is_written_is_read(table: dict[str, object]) -> None:
    text = as_toml(table)
    assert _Reader(text).document() == tomllib.loads(text)


CASES = [
    "",
    "# nothing but a word\n",
    'index-url = "https://a.example/simple"  # ours\n',
    "extra-index-url = [\n  \"https://a.example\", # one\n  'https://b.example',\n]\nnative-tls = true\n",
    '[[index]]\nname = "a"\nurl = "https://a"\ndefault = true\n\n[[index]]\nurl = "b"\n[pip]\na = false\n',
    'index = [{ name = "a", url = "https://a" }, { url = "b", explicit = true }]\n',
    '[tool.uv]\nindex-url = "x"\n[tool.other]\na.b.c = 1\na.b.d = 2.5\n"quoted key" = 3\n',
    'a = """\nfirst \\\n   second\n"quoted" """\nb = \'\'\'\nraw \\n\'\'\'\n',
    'a = "\\u00e9\\t\\"\\\\"\nexclude-newer = "2026-01-01T00:00:00Z"\n',
    "a = 1_000\nb = -3\nc = 1.5e3\nd = +7\n",
    "[[a.b]]\nc = 1\n[[a.b]]\nc = 2\n[a.b.d]\ne = 3\n",
    'a = []\nb = {}\nc = [[1, 2], ["x"]]\r\nd = 1\r\n',
]


@pytest.mark.parametrize("text", CASES)
def test_what_people_write_is_read(text: str) -> None:
    assert _Reader(text).document() == tomllib.loads(text)


@pytest.mark.parametrize(
    "text", ["a", "a =", "a = 1 2", "[a", "a = [1", 'a = "x', "a = {b = 1", "= 1", "a = 1\na = 2", "a = \\"]
)
def test_what_is_none_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        _Reader(text).document()
