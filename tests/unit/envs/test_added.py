"""What of the `*.dist-info` folders belongs to an environment, what is a tool, and what was added by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.envs import make_receipt
from tfsetup.envs.added import added, distribution, sorted_out, tools_of

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("info", "read"),
    [
        ("six-1.17.0.dist-info", ("six", "1.17.0")),
        ("Typing.Extensions_x-4.0.dist-info", ("typing-extensions-x", "4.0")),
        ("pip-26.3.dist-info", ("pip", "26.3")),
    ],
)
def test_a_folder_says_name_and_version(info: str, read: tuple[str, str]) -> None:
    assert distribution(info) == read


def test_tools_stand_apart_from_the_packages() -> None:
    infos = ["pip-26.3.dist-info", "b-1.dist-info", "pipes-2.dist-info", "A-1.dist-info"]
    packages, tools = sorted_out(infos, ("pip",))
    assert packages == ("A-1.dist-info", "b-1.dist-info", "pipes-2.dist-info")
    assert tools == ("pip-26.3.dist-info",)
    assert sorted_out(infos, ()) == (tuple(sorted(infos)), ())


def test_what_is_neither_recorded_nor_a_tool_was_added() -> None:
    receipt = make_receipt(1, packages=("alpha-1.dist-info", "B_c-2.dist-info"), tools=("pip-26.3.dist-info",))
    there = ["Zeta.Eta-3.dist-info", "alpha-9.dist-info", "b.c-2.dist-info", "pip-27.0.dist-info", "gamma-1.dist-info"]
    assert added(receipt, there) == ("zeta-eta==3", "gamma==1")


@given(st.sets(NAMES), st.sets(NAMES))
def test_added_is_what_is_there_beyond_the_receipt(before: set[str], after: set[str]) -> None:
    receipt = make_receipt(1, packages=tuple(f"{name}-1.dist-info" for name in before))
    found = added(receipt, [f"{name}-2.dist-info" for name in after])
    assert set(found) == {f"{name.replace('_', '-')}==2" for name in after - before}


@pytest.mark.parametrize(
    ("lock", "conda", "tools"),
    [
        ("six==1\n", False, ("pip",)),
        ("six==1\npip==26.3 \\\n", False, ()),
        ('[[packages]]\nname = "pip"\n', False, ()),
        ('[[packages]]\nname = "pipes"\npipes==1\n# pip==3\n', False, ("pip",)),
        ("- name: pip\n", True, ("pip",)),
        ("", False, ("pip",)),
    ],
)
def test_of_a_lost_receipt_the_lock_tells_whether_pip_is_a_tool(lock: str, conda: bool, tools: tuple[str, ...]) -> None:
    assert tools_of(lock, conda=conda) == tools
