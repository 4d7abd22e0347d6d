"""The very beginning: whose modules are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.process import ROOT
from tfsetup.__main__ import own_first

FOLDERS = st.lists(st.sampled_from(["/a", "/b", "/c/d", "/e e", "relative"]), unique=True)


def test_what_pythonpath_puts_in_front_goes_behind() -> None:
    path = ["/program", "/theirs", "/other", "/usr/lib/python3.12", "/env/site-packages"]
    given = os.pathsep.join(["/theirs/", "", "/x/../other"])
    assert own_first(path, given) == ["/program", "/usr/lib/python3.12", "/env/site-packages", "/theirs", "/other"]
    assert own_first(path, "") == path


@given(FOLDERS, FOLDERS)
def test_nothing_is_lost_and_the_order_within_stays(path: list[str], theirs: list[str]) -> None:
    found = own_first(path, os.pathsep.join(theirs))
    assert found == [one for one in path if one not in theirs] + [one for one in path if one in theirs]


@pytest.mark.process
@pytest.mark.parametrize("module", ["packaging", "json", "rich", "msgspec"])
def test_a_module_of_the_users_is_not_ours(module: str, tmp_path: Path) -> None:
    (tmp_path / f"{module}.py").write_text("raise SystemExit('not ours')\n")
    given = os.pathsep.join([str(tmp_path), str(ROOT / "installer")])
    ran = subprocess.run(
        [sys.executable, "-m", "tfsetup", "matrix", "show"],
        env=os.environ | {"PYTHONPATH": given}, cwd=tmp_path.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, "not ours" in ran.stderr) == (0, False)
    assert "macos-arm64-metal" in ran.stdout


@pytest.mark.process
def test_variables_that_keep_a_python_from_starting_reach_no_other_program(tmp_path: Path) -> None:
    """Started as its own launcher starts it (`-E`), tfsetup asks the Pythons of the machine without them."""
    environ = {
        "PYTHONHOME": "/nonsense",
        "PYTHONPATH": str(tmp_path),
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    begin = f"import sys; sys.path.insert(0, {str(ROOT / 'installer')!r}); from tfsetup.__main__ import main; main()"
    ran = subprocess.run(
        [sys.executable, "-E", "-c", begin, "host", "--json"],
        env=environ, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert f'"version": "{sys.version.split()[0]}"' in ran.stdout
