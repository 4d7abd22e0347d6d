from __future__ import annotations

import pytest

from support.tree import Tree
from support.wheels import wheel
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files.view import Overlay, WheelView, installed_path

SITE = "/venv/lib/python3.12/site-packages"
ONE = wheel("one-1.0-cp312-cp312-macosx_12_0_arm64.whl", {"pkg/a.so": b"1", "pkg/sub/b.so": b"22", "top.py": b""})
TWO = wheel(
    "two-2.0-py3-none-any.whl", {"pkg/a.so": b"other", "two.data/platlib/pkg/c.so": b"3", "two.data/scripts/run": b"x"}
)


def test_wheels_lie_over_one_another_and_the_later_covers() -> None:
    view = WheelView([ONE, TWO], at=SITE)
    entry = view.lookup(f"{SITE}/pkg/a.so")
    assert entry is not None
    assert entry.source is not None
    assert entry.source.read(0, entry.source.size) == b"other"
    assert entry.path == f"{SITE}/pkg/a.so"
    assert [(each.path, each.wheels) for each in view.conflicts] == [("pkg/a.so", (ONE[0], TWO[0]))]


def test_the_same_content_twice_is_no_conflict() -> None:
    again = wheel("again-1.0-py3-none-any.whl", {"pkg/a.so": b"1"})
    assert WheelView([ONE, again], at=SITE).conflicts == ()


def test_folders_are_listed_and_have_no_content() -> None:
    view = WheelView([ONE, TWO], at=SITE)
    assert view.listdir(SITE) == ["one-1.0.dist-info", "pkg", "top.py", "two-2.0.dist-info"]
    assert view.listdir(f"{SITE}/pkg/") == ["a.so", "c.so", "sub"]
    assert view.listdir(f"{SITE}/nowhere") == []
    entry = view.lookup(f"{SITE}/pkg")
    assert entry is not None
    assert entry.source is None


@pytest.mark.parametrize("path", [f"{SITE}/pkg/sub/../a.so", f"{SITE}/./pkg//a.so", f"{SITE}/pkg/a.so"])
def test_paths_are_followed_however_they_are_written(path: str) -> None:
    view = WheelView([ONE], at=f"{SITE}/")
    entry = view.lookup(path)
    assert entry is not None
    assert entry.identity == (ONE[0], "pkg/a.so")


def test_what_is_not_there_is_none() -> None:
    view = WheelView([ONE], at=SITE)
    assert view.lookup(f"{SITE}/pkg/A.so") is None
    assert view.lookup("/usr/lib/libc.so") is None


def test_windows_ignores_case() -> None:
    view = WheelView([ONE], at="C:/venv/Lib/site-packages", fold=True)
    entry = view.lookup("c:/VENV/lib/site-packages/PKG/A.SO")
    assert entry is not None
    assert entry.path == "C:/venv/Lib/site-packages/pkg/a.so"


def test_a_member_that_climbs_out_is_refused() -> None:
    with pytest.raises(MalformedImage, match=r"leads out of it, '\.\./\.\./evil\.so'"):
        wheel("bad-1.0-py3-none-any.whl", {"../../evil.so": b"1"})


def test_a_member_that_turns_round_inside_is_where_it_ends() -> None:
    view = WheelView([wheel("odd-1.0-py3-none-any.whl", {"pkg/../ok.so": b"2"})], at=SITE)
    assert view.lookup(f"{SITE}/ok.so") is not None
    assert view.lookup("/venv/lib/ok.so") is None


@pytest.mark.parametrize(
    ("member", "path"),
    [
        ("pkg/a.so", "pkg/a.so"),
        ("n-1.data/platlib/pkg/a.so", "pkg/a.so"),
        ("n-1.data/purelib/x.py", "x.py"),
        ("n-1.data/scripts/run", None),
        ("n-1.data/data/lib/x.so", None),
    ],
)
def test_where_members_land(member: str, path: str | None) -> None:
    assert installed_path(member) == path


def test_an_overlay_asks_its_layers_in_order() -> None:
    first, second = Tree({"/a/x": b"1"}), Tree({"/a/x": b"2", "/a/y": b"3"})
    both = Overlay(first, second)
    entry = both.lookup("/a/x")
    assert entry is not None
    assert entry.source is not None
    assert entry.source.read(0, 1) == b"1"
    assert both.lookup("/a/y") is not None
    assert both.lookup("/a/z") is None
    assert both.listdir("/a") == ["x", "y"]
