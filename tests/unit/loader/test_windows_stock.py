"""What a Windows brings along, and what a package prepares before its first extension is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tree import Tree
from tfsetup.loader.python.brought import Brought
from tfsetup.loader.shipped import load_editions, load_windows
from tfsetup.loader.windows.stock import Presence, is_fixed, parse_editions, parse_system32, presence_of

SYSTEM, EDITIONS = load_windows(), load_editions()


@pytest.mark.parametrize(
    ("name", "presence"),
    [
        ("kernel32.dll", Presence.ALWAYS),
        ("ucrtbase.dll", Presence.ALWAYS),
        ("winspool.drv", Presence.ALWAYS),
        ("api-ms-win-crt-runtime-l1-1-0.dll", Presence.ALWAYS),
        ("ext-ms-win-ntuser-window-l1-1-0.dll", Presence.ALWAYS),
        ("msvcp140.dll", Presence.REDISTRIBUTABLE),
        ("msvcp140_1.dll", Presence.REDISTRIBUTABLE),
        ("msvcp140_atomic_wait.dll", Presence.REDISTRIBUTABLE),
        ("vcomp140.dll", Presence.REDISTRIBUTABLE),
        ("msvcp140_9.dll", Presence.UNKNOWN),
        ("msvcp120.dll", Presence.UNKNOWN),
        ("nvcuda.dll", Presence.UNKNOWN),
        ("mfplat.dll", Presence.UNKNOWN),
        ("libomp140.x86_64.dll", Presence.UNKNOWN),
        ("rstrtmgr.dll", Presence.ALWAYS),
        ("icuuc.dll", Presence.ALWAYS),
        ("wlanapi.dll", Presence.UNKNOWN),
        ("opencl.dll", Presence.UNKNOWN),
        ("blas-0a1b2c3d4e5f60718293a4b5c6d7e8f9.dll", Presence.NEVER),
        ("zlib-1a2b3c4d.dll", Presence.NEVER),
        ("libopenblas.xwydx2ikjw2nmtwsfyngfuwkqu3lytcz.gfortran-win_amd64.dll", Presence.NEVER),
        ("libopenblas64__v0.3.21-gcc_10_3_0.dll", Presence.UNKNOWN),
        ("_internal.pyd", Presence.NEVER),
        ("kernel32", Presence.ALWAYS),
        ("", Presence.NEVER),
    ],
)
def test_what_is_in_system32(name: str, presence: Presence) -> None:
    assert presence_of(name, "3.12", SYSTEM) is presence


def test_what_some_editions_lack_is_in_no_other_list() -> None:
    assert {presence_of(name, "3.12", SYSTEM) for name in EDITIONS} == {Presence.UNKNOWN}
    assert all(name == name.lower() and "." in name for name in EDITIONS)
    assert {lacking.partition(" ")[0] for lacking in EDITIONS.values()} == {"N", "servers"}
    assert parse_editions({"libraries": [{"lacking": "x", "names": "a.dll\nb.cpl"}]}) == {"a.dll": "x", "b.cpl": "x"}


@pytest.mark.parametrize(
    ("name", "python", "presence"),
    [
        ("python312.dll", "3.12", Presence.ALWAYS),
        ("python3.dll", "3.12", Presence.ALWAYS),
        ("python311.dll", "3.12", Presence.NEVER),
        ("python313t.dll", "3.13t", Presence.ALWAYS),
        ("python3t.dll", "3.13t", Presence.ALWAYS),
        ("python313.dll", "3.13t", Presence.NEVER),
        ("python3.dll", "3.13t", Presence.NEVER),
        ("vcruntime140.dll", "3.12", Presence.ALWAYS),
        ("vcruntime140_1.dll", "3.13t", Presence.ALWAYS),
        ("vcruntime140_threads.dll", "3.12", Presence.REDISTRIBUTABLE),
    ],
)
def test_what_lies_beside_the_interpreter(name: str, python: str, presence: Presence) -> None:
    assert presence_of(name, python, SYSTEM) is presence


@given(st.text(max_size=40))
def test_any_name_has_an_answer(name: str) -> None:
    assert presence_of(name, "3.12", SYSTEM) in Presence


SITE = "C:/venv/Lib/site-packages"


@pytest.mark.parametrize(
    ("name", "fixed"),
    [("kernel32.dll", True), ("api-ms-win-crt-runtime-l1-1-0.dll", True), ("dbghelp.dll", False), ("x.dll", False)],
)
def test_what_no_folder_can_take_the_place_of(name: str, fixed: bool) -> None:
    assert is_fixed(name) is fixed


def test_every_fixed_library_is_in_every_windows() -> None:
    names = [name for name in SYSTEM if is_fixed(name)]
    assert len(names) > 20


def test_the_list_is_names_and_comments() -> None:
    assert parse_system32("# a.dll\nb.dll c.drv # d.dll\n\n") == {"b.dll", "c.drv"}


def test_the_list_names_nothing_that_an_edition_lacks_or_python_brings() -> None:
    never = ("mfplat", "mfreadwrite", "wlanapi", "nvcuda", "opencl", "vulkan-1", "python3", "vcruntime140", "msvcp140")
    assert not {f"{name}.dll" for name in never} & SYSTEM
    assert all(name == name.lower() for name in SYSTEM)


def test_what_the_distributions_bring_or_brought() -> None:
    files = Tree(
        {
            f"{SITE}/a/lib/One.DLL": b"",
            f"{SITE}/a/__init__.py": b"",
            f"{SITE}/a-1.0.dist-info/RECORD": b"a/lib/One.DLL,sha256=x,1\na/lib/removed.dll,sha256=y,2\na/m.pyd,,\n",
        }
    )
    own = Brought(files=files, site=SITE, folded=True)
    names = ("one.dll", "One.DLL", "removed.dll", "m.pyd", "__init__.py", "gone.dll")
    assert [name for name in names if name in own] == ["one.dll", "One.DLL", "removed.dll"]


def test_the_names_of_linux_keep_their_case_and_a_folder_counts_as_a_whole() -> None:
    files = Tree({f"{SITE}/a/lib/libOne.so.1": b"", "/env/lib/libtwo.so": b"", "/env/lib/python3.12": b""})
    own = Brought(files=files, site=SITE, folder="/env/lib")
    names = ("libOne.so.1", "libone.so.1", "libtwo.so", "libthree.so", "python3.12", 1)
    assert [name for name in names if name in own] == ["libOne.so.1", "libtwo.so"]
    assert "libOne.so.1" not in Brought(files=files)
