"""What a Windows brings along, and what a package prepares before its first extension is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tree import Tree
from tfsetup.loader.windows.packages import Preparation, packages_above, preparation
from tfsetup.loader.windows.stock import Presence, presence_of


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
        ("msvcp140_9.dll", Presence.NEVER),
        ("msvcp120.dll", Presence.NEVER),
        ("nvcuda.dll", Presence.UNKNOWN),
        ("mfplat.dll", Presence.UNKNOWN),
        ("libomp140.x86_64.dll", Presence.NEVER),
        ("kernel32", Presence.ALWAYS),
        ("", Presence.NEVER),
    ],
)
def test_what_is_in_system32(name: str, presence: Presence) -> None:
    assert presence_of(name, "3.12") is presence


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
    assert presence_of(name, python) is presence


@given(st.text(max_size=40))
def test_any_name_has_an_answer(name: str) -> None:
    assert presence_of(name, "3.12") in Presence


SITE = "C:/venv/Lib/site-packages"
DELVEWHEEL = b"""
import os
libs_dir = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, 'numpy.libs'))
os.add_dll_directory(libs_dir)
"""
DISTRIBUTOR = b"""
from ctypes import WinDLL
for name in ("msvcp140.dll", "vcomp140.dll", "msvcp140.dll"):
    WinDLL(name)
"""


def tree(files: dict[str, bytes]) -> Tree:
    return Tree({f"{SITE}/{name}": data for name, data in files.items()})


def test_packages_are_imported_from_the_outside_in() -> None:
    files = tree({"a/__init__.py": b"", "a/b/__init__.py": b"", "a/b/c.pyd": b""})
    assert list(packages_above(files, f"{SITE}/a/b/c.pyd")) == [f"{SITE}/a", f"{SITE}/a/b"]


def test_a_folder_without_init_ends_the_chain() -> None:
    files = tree({"a/__init__.py": b"", "a/b/c/__init__.py": b"", "a/b/c/d.pyd": b""})
    assert list(packages_above(files, f"{SITE}/a/b/c/d.pyd")) == [f"{SITE}/a/b/c"]
    assert list(packages_above(files, f"{SITE}/top.pyd")) == []


def test_delvewheels_folder_is_added() -> None:
    files = tree({"numpy/__init__.py": DELVEWHEEL, "numpy.libs/openblas.dll": b""})
    assert preparation(files, f"{SITE}/numpy") == Preparation(directories=(f"{SITE}/numpy.libs",), preloads=())


@pytest.mark.parametrize(
    "files",
    [
        {"numpy/__init__.py": DELVEWHEEL},  # the folder is not there
        {"numpy/__init__.py": DELVEWHEEL.replace(b"add_dll_directory", b"x"), "numpy.libs/o.dll": b""},
        {"numpy.libs/o.dll": b""},
        {"numpy/__init__.py": b"\xff\xfe not python", "numpy.libs/o.dll": b""},
    ],
)
def test_nothing_is_added(files: dict[str, bytes]) -> None:
    assert preparation(tree(files), f"{SITE}/numpy") == Preparation(directories=(), preloads=())


def test_scikit_learns_preloads_in_their_order_and_once() -> None:
    files = tree(
        {
            "sklearn/__init__.py": b"",
            "sklearn/_distributor_init.py": DISTRIBUTOR,
            "sklearn/.libs/msvcp140.dll": b"",
            "sklearn/.libs/vcomp140.dll": b"",
        }
    )
    assert preparation(files, f"{SITE}/sklearn").preloads == (
        f"{SITE}/sklearn/.libs/msvcp140.dll",
        f"{SITE}/sklearn/.libs/vcomp140.dll",
    )


def test_only_what_is_there_is_preloaded() -> None:
    files = tree({"sklearn/_distributor_init.py": DISTRIBUTOR, "sklearn/.libs/vcomp140.dll": b""})
    assert preparation(files, f"{SITE}/sklearn").preloads == (f"{SITE}/sklearn/.libs/vcomp140.dll",)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_source_is_read(init: bytes, distributor: bytes) -> None:
    files = tree({"p/__init__.py": init, "p/_distributor_init.py": distributor})
    assert preparation(files, f"{SITE}/p") == Preparation(directories=(), preloads=())
