"""The cases of the Linux prediction, put to the loader of this machine: the texts in the case files are its own."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.linux_cases import Case, load_cases, place

pytestmark = [
    pytest.mark.process,
    pytest.mark.heavy,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc",
        reason="needs the GNU C library on x86_64",
    ),
]

CASES = [case for case in load_cases() if case.real]

CHILD = """
import ctypes, json, os, sys
for path, mode in json.loads(sys.argv[1]):
    try:
        ctypes.CDLL(path, mode=mode)
    except OSError as error:
        print(json.dumps(str(error)), flush=True)
    else:
        print(json.dumps("loads"), flush=True)
os._exit(0)
"""

_LINE = re.compile(r"(dl-[a-z]+\.c): \d+: ")


def lay_out(case: Case, root: str) -> None:
    for path, data in case.files(root).items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)
    for path in case.data.get("folders", ()):
        Path(place(path, root)).mkdir(parents=True)
    for link, target in case.links(root).items():
        Path(link).parent.mkdir(parents=True, exist_ok=True)
        Path(link).symlink_to(target)


def mode_of(step: dict[str, str]) -> int:
    binding = os.RTLD_LAZY if step.get("mode") == "lazy" else os.RTLD_NOW
    return binding | (os.RTLD_GLOBAL if step.get("scope") == "global" else os.RTLD_LOCAL)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_real_loader_says_the_same(case: Case, tmp_path: Path) -> None:
    root = str(tmp_path)
    lay_out(case, root)
    steps = [(place(step["path"], root), mode_of(step)) for step in case.data["open"]]
    environment = {**os.environ, "LD_LIBRARY_PATH": case.library_path(root)}
    child = [sys.executable, "-S", "-c", CHILD, json.dumps(steps)]
    run = subprocess.run(child, capture_output=True, text=True, env=environment, check=False)
    expected = [place(step["says"], root) for step in case.data["open"]]
    if case.data.get("dies"):
        assert run.returncode != 0
        died = _LINE.sub(r"\1: ", run.stderr.strip())
        assert "is killed" in expected[0] or died == expected[0]
    else:
        assert [json.loads(line) for line in run.stdout.splitlines()] == expected
