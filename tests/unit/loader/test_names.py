"""Paths inside wheels: which are refused, and that no others are."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from support.source import read_yaml
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.files.archive import read_archive
from tfsetup.loader.files.names import leads_out, path_problem

SITE = "lib/python3.12/site-packages"
CASES = read_yaml(
    (Path(__file__).parents[2] / "cases" / "security" / "records" / "bad.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["path"]))
def test_what_is_said_of_a_path(case: dict[str, str]) -> None:
    found = path_problem(case["path"], SITE)
    assert case["says"] in found if case["says"] and found else found is None and not case["says"]


@examples(6.7)
@given(parts=st.lists(st.sampled_from(["..", ".", "a", "", "b\\..", "..\\.."]), max_size=8))
def test_leading_out_is_what_the_file_system_makes_of_it(parts: list[str]) -> None:
    depth, lowest = 0, 0
    path = "/".join(parts)
    for part in path.replace("\\", "/").split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        lowest = min(lowest, depth)
    if not path.startswith(("/", "\\")):
        assert leads_out(path) == (lowest < 0)
    else:
        assert leads_out(path)


def archive_with(name: str, mode: int) -> Memory:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("six.py", "")
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = mode << 16
        archive.writestr(entry, "../../elsewhere")
    return Memory(out.getvalue())


def test_a_link_in_an_archive_is_refused() -> None:
    with pytest.raises(MalformedImage, match=r"it holds a link, 'lib/x\.so'"):
        read_archive(archive_with("lib/x.so", 0o120777))


@pytest.mark.parametrize("name", ["../evil.py", "/etc/evil", "a/../../evil", "..\\evil"])
def test_a_path_that_leads_out_of_an_archive_is_refused(name: str) -> None:
    with pytest.raises(MalformedImage, match="leads out of it"):
        read_archive(archive_with(name, 0o100644))


def test_ordinary_members_are_read() -> None:
    assert set(read_archive(archive_with("a/b..py", 0o100755)).members) == {"six.py", "a/b..py"}
