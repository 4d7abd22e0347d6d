from __future__ import annotations

import importlib.machinery
import platform
import sys
import sysconfig
from typing import Any

import pytest

from tfsetup.ground.platforms import arch_of
from tfsetup.loader.python.target import Target

SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}


def test_the_endings_are_those_of_the_python_that_runs_this() -> None:
    system: Any = SYSTEMS[sys.platform]
    arch = arch_of(platform.machine(), system)
    assert arch is not None
    here = Target(
        system=system,
        arch=arch,
        python="{}.{}".format(*sys.version_info),
        musl="musl" in str(sysconfig.get_config_var("SOABI")),
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        debug=hasattr(sys, "gettotalrefcount"),
    )
    assert list(here.suffixes) == importlib.machinery.EXTENSION_SUFFIXES


@pytest.mark.parametrize(
    ("made", "suffixes"),
    [
        # as `_imp.extension_suffixes()` of real ones says
        ({"python": "3.6"}, ".cpython-36m-x86_64-linux-gnu.so .abi3.so .so"),
        ({"python": "3.7"}, ".cpython-37m-x86_64-linux-gnu.so .abi3.so .so"),
        ({"python": "3.8"}, ".cpython-38-x86_64-linux-gnu.so .abi3.so .so"),
        ({"python": "3.13"}, ".cpython-313-x86_64-linux-gnu.so .abi3.so .so"),
        (
            {"python": "3.15"},
            (
                ".cpython-315-x86_64-linux-gnu.so .abi3-x86_64-linux-gnu.so .abi3.so "
                ".abi3t-x86_64-linux-gnu.so .abi3t.so .so"
            ),
        ),
        # as the files in wheels of MarkupSafe are called
        ({"python": "3.10", "musl": True}, ".cpython-310-x86_64-linux-gnu.so .abi3.so .so"),
        ({"python": "3.11", "musl": True}, ".cpython-311-x86_64-linux-musl.so .abi3.so .so"),
        ({"python": "3.11", "arch": "aarch64"}, ".cpython-311-aarch64-linux-gnu.so .abi3.so .so"),
        ({"python": "3.11", "arch": "aarch64", "musl": True}, ".cpython-311-aarch64-linux-musl.so .abi3.so .so"),
        ({"python": "3.11", "arch": "i686"}, ".cpython-311-i386-linux-gnu.so .abi3.so .so"),
        ({"python": "3.11", "arch": "armv7l"}, ".cpython-311-arm-linux-gnueabihf.so .abi3.so .so"),
        ({"python": "3.12", "system": "macos", "arch": "arm64"}, ".cpython-312-darwin.so .abi3.so .so"),
        ({"python": "3.11", "system": "windows"}, ".cp311-win_amd64.pyd .pyd"),
        ({"python": "3.11", "system": "windows", "arch": "i686"}, ".cp311-win32.pyd .pyd"),
        ({"python": "3.13", "system": "windows", "arch": "arm64"}, ".cp313-win_arm64.pyd .pyd"),
        # builds of their own
        ({"python": "3.13", "free_threaded": True}, ".cpython-313t-x86_64-linux-gnu.so .so"),
        ({"python": "3.13", "free_threaded": True, "system": "macos"}, ".cpython-313t-darwin.so .so"),
        ({"python": "3.13", "free_threaded": True, "system": "windows"}, ".cp313t-win_amd64.pyd .pyd"),
        (
            {"python": "3.15", "free_threaded": True},
            ".cpython-315t-x86_64-linux-gnu.so .abi3t-x86_64-linux-gnu.so .abi3t.so .so",
        ),
        ({"python": "3.15", "system": "macos"}, ".cpython-315-darwin.so .abi3.so .abi3t.so .so"),
        (
            {"python": "3.11", "debug": True},
            ".cpython-311d-x86_64-linux-gnu.so .cpython-311-x86_64-linux-gnu.so .abi3.so .so",
        ),
        ({"python": "3.7", "debug": True}, ".cpython-37dm-x86_64-linux-gnu.so .abi3.so .so"),
        (
            {"python": "3.13", "debug": True, "free_threaded": True},
            ".cpython-313td-x86_64-linux-gnu.so .cpython-313t-x86_64-linux-gnu.so .so",
        ),
        ({"python": "3.11", "debug": True, "system": "windows"}, "_d.cp311-win_amd64.pyd _d.pyd"),
        # of no known version
        ({}, ".abi3.so .so"),
        ({"system": "windows"}, ".pyd"),
    ],
)
def test_the_endings_of_an_interpreter(made: dict[str, Any], suffixes: str) -> None:
    target = Target(**{"system": "linux", "arch": "x86_64", **made})
    assert " ".join(target.suffixes) == suffixes
