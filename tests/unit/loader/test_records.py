"""Recorded paths: what is refused of them, and that looking at all together never passes what one look finds."""

from __future__ import annotations

import csv
import io
import posixpath
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.examples import examples
from support.source import read_yaml
from tfsetup.loader.files import records as room
from tfsetup.loader.files.names import path_problem
from tfsetup.loader.files.records import innocent, objections, one_by_one

SITE = "lib/python3.12/site-packages"
CASES = read_yaml(
    (Path(__file__).parents[2] / "cases" / "security" / "records" / "bad.yaml").read_text(encoding="utf-8")
)
# Ordinary parts, and one of each kind that something is wrong with somewhere.
PARTS = [
    "six", "Six", "SIX", "six.py", "a", "b", "site", "bin", "Bin", "Scripts", "lib64", "pyvenv.cfg", "activate",
    "python3.12", "Python.exe", "..", ".", "", "...", ".hidden", "~", "a..b", "con", "CON", "con.txt", "con .py",
    "aux. ",
    "Aux.tar.gz", "nul", "com1", "com0", "com¹", "lpt9.", "console", "auxiliary", "prn-x", "xcon", "C:", "c:x", "b\\..",
    "..\\..", "\\\\server", "a\tb", "a\x7f", "\x1b[2J", "é", "e\u0301", "É", "straße", "STRASSE", "strasse", "\u212a",
    "k", "ﬀ", "ff", "İ", "i\u0307", "a,b", 'a"b', '"', " x", "x ", "\0", "dist-info", "lib",
    "site-packages",
]  # fmt: skip
SITES = [
    SITE, "Lib/site-packages", "Lib/Site-Packages", "site", "bin", "Bin/x", "", ".", "a//b", "a/../b", "../a/b", "/a/b",
    "lib/con/x", "lib/é", "a/b/", "a\\b/c",
]  # fmt: skip


def record(*paths: str) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([path, "sha256=x", 1] for path in paths)
    return out.getvalue()


def loose(*paths: str) -> str:
    """Return a record that no CSV writer has written: quotes stand where they stand."""
    return "".join(f"{path},,\n" for path in paths)


def paths(of: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(of), min_size=1, max_size=4).map("/".join)


def texts(of: list[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda write, found: write(*found), st.sampled_from([record, loose]), st.lists(paths(of)))


def records(of: list[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(["a-1.dist-info", "b-2.dist-info", "c.dist-info"]), texts(of))


@examples(10)
@given(found=records(PARTS), site=st.sampled_from(SITES))
@example(found={"a-1.dist-info": record("x/", "con")}, site=SITE)
@example(found={"a-1.dist-info": record("\u212a.py", "k.py")}, site=SITE)
@example(found={"a-1.dist-info": record("a/./six.py", "A/six.py")}, site=SITE)
@example(found={"a-1.dist-info": record("a/./six.py", "a/six.py")}, site=SITE)
@example(found={"a-1.dist-info": record("../site-packages/six.py", "Six.py")}, site=SITE)
@example(found={"a-1.dist-info": record("../Site-Packages/six.py", "six.py")}, site=SITE)
@example(found={"a-1.dist-info": record("activate")}, site="bin")
def test_looking_at_all_together_says_what_looking_at_each_says(found: dict[str, str], site: str) -> None:
    assert objections(found, site) == one_by_one(found, site)


@examples(5)
@given(found=records(["six", "Six", "a", "b.py", "..", ".", "con.x", "conx", "é"]))
def test_and_where_hardly_anything_is_wrong(found: dict[str, str]) -> None:
    """The same with fewer odd parts, among which two that meet are likely."""
    assert objections(found, SITE) == one_by_one(found, SITE)


@examples(5)
@given(text=st.text(max_size=300), other=st.text(alphabet='aA/.\\,"\r\n\x85\u2028 c:on', max_size=60))
def test_any_text_is_judged_alike(text: str, other: str) -> None:
    found = {"a-1.dist-info": text, "b-2.dist-info": other}
    assert objections(found, SITE) == one_by_one(found, SITE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["path"]))
@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_known_path_is_found_among_others(case: dict[str, str], place: int) -> None:
    among = ["a/six.py", "a/seven.py"]
    among.insert(place, case["path"])
    found = objections({"a-1.dist-info": record(*among)}, SITE)
    assert len(found) == bool(case["says"])
    assert all(case["says"] in words for words in found)


def test_a_line_that_is_too_long_for_the_reader_ends_the_record_for_both() -> None:
    long = "a/" * csv.field_size_limit() + "x.py"
    found = {"a-1.dist-info": record("con", long, "nul"), "b-2.dist-info": record("six.py", "b/" * 500 + "aux.py")}
    assert objections(found, SITE) == one_by_one(found, SITE)
    assert [words.split()[0] for words in objections(found, SITE)] == ["a-1", "b-2"]


def test_an_ordinary_environment_is_passed_at_once() -> None:
    """Thousands of paths as wheels have them, scripts, hidden files and one with a comma among them."""
    many = [f"package/{'Sub' * (n % 3)}/{n:x}/module_{n}.py".replace("//", "/") for n in range(5000)]
    scripts = ["../../../bin/six", "../../../share/man/man1/six.1", "package/.lock", "package/été.py"]
    found = {"a-1.dist-info": record(*many), "b-2.dist-info": record(*scripts, "b,c.py"), "c.dist-info": ""}
    assert innocent(found, SITE)
    assert objections(found, SITE) == one_by_one(found, SITE) == []


def test_what_looks_at_all_together_never_asks_for_a_plain_path(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def seen(path: str, site: str) -> str | None:
        asked.append(path)
        return path_problem(path, site)

    monkeypatch.setattr(room, "path_problem", seen)
    assert objections({"a-1.dist-info": record("a/six.py", "a/.six", "Console/x.con", "../../../bin/six")}, SITE) == []
    assert sorted(asked) == ["../../../bin/six", "a/.six", "x"]


def test_two_names_that_are_one_elsewhere_are_named_with_their_wheel() -> None:
    found = {"a-1.dist-info": record("six.py"), "b-2.dist-info": record("Six.py", "x.py")}
    there = posixpath.join(SITE, "six.py")
    assert objections(found, SITE) == [f"b-2 has 'Six.py', which is '{there}' where upper and lower case are the same"]


def test_the_same_name_twice_and_two_spellings_of_a_letter() -> None:
    twice = {"a-1.dist-info": record("ns/__init__.py"), "b-1.dist-info": record("ns/__init__.py")}
    assert objections(twice, SITE) == []
    assert len(objections({"a-1.dist-info": record("é.py", "e\u0301.py")}, SITE)) == 1


def test_an_ordinary_wheel_is_not_objected_to() -> None:
    ordinary = ("six.py", "../../../bin/six", "../../../share/man/man1/six.1", "six-1.dist-info/RECORD")
    assert objections({"six-1.dist-info": record(*ordinary)}, SITE) == []
