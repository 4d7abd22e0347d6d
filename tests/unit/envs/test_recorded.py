"""Recorded files: taking a text apart at once says what reading it row by row says."""

from __future__ import annotations

import csv
import io
import posixpath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.envs import recorded as room
from tfsetup.envs.recorded import recorded

SITE = "lib/python3.12/site-packages"
PARTS = [
    "a", "a.py", "../../../bin/a", "../a", "..", "a..b", "", ".", " a", "a,b", 'a"b', '"', '""', "é", "sha256=x",
    "1", "10", "007", "٣", "²", "-1", "1 ", "\r", "\n", "\r\n", "\0", "\v", "\f", "\x1c", "\x85", "\u2028", ",",
]  # fmt: skip


def slowly(text: str) -> list[tuple[str, int]]:
    """Return what counts by the format's own reader."""
    found = []
    for row in csv.reader(text.splitlines()):
        if len(row) == 3 and row[2].isdecimal():
            path = f"{SITE}/{row[0]}"
            path = posixpath.normpath(path) if ".." in path else path
            if path.startswith((SITE + "/", "bin/", "Scripts/")):
                found.append((path, int(row[2])))
    return found


def written(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


loose = st.lists(st.sampled_from([*PARTS, ",", "\n", "\n"]), max_size=14).map("".join)
proper = st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4), max_size=4).map(written)


@examples(40)
@given(text=st.one_of(loose, proper))
@example(text="a.py,sha256=x,10\r\nb.py,,\r\n../../../bin/a,sha256=y,4\r\n")
@example(text='a.py,x,1\n"b,c.py",x,2\nd.py,x,3')
@example(text="a.py,x,1\x0bb.py,x,2\n")
@example(text="é.py,x,1\u2028b.py,x,2\n")
@example(text="a.py,x,1,\n,,1\na,b\n")
def test_at_once_is_as_one_by_one(text: str) -> None:
    assert recorded(text, SITE) == slowly(text)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("a.py", [f"{SITE}/a.py"]),
        ("a/../b.py", [f"{SITE}/b.py"]),
        ("../../../bin/a", ["bin/a"]),
        ("../../../Scripts/a.exe", ["Scripts/a.exe"]),
        ("../../../share/a", []),
        ("../../../../a", []),
        ("a..b.py", [f"{SITE}/a..b.py"]),
    ],
)
def test_what_is_looked_at(name: str, seen: list[str]) -> None:
    assert recorded(f"{name},sha256=x,7\n", SITE) == [(path, 7) for path in seen]


def test_a_plain_record_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_text: str) -> list[tuple[str, str]]:
        raise AssertionError("row by row")

    monkeypatch.setattr(room, "one_by_one", slow)
    assert recorded("a.py,sha256=x,10\r\nb/RECORD,,\r\n", SITE) == [(f"{SITE}/a.py", 10)]
    with pytest.raises(AssertionError):
        recorded('"a.py",sha256=x,10\n', SITE)


def test_behind_a_broken_row_there_is_nothing_more() -> None:
    text = f'a.py,x,1\n"{"b" * (csv.field_size_limit() + 1)}",x,2\nc.py,x,3\n'
    assert recorded(text, SITE) == [(f"{SITE}/a.py", 1)]
