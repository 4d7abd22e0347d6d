"""What an activated shell would have set."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tfsetup.envs.activate import activate_script, activated

BEFORE = {"PATH": "/usr/bin", "PYTHONHOME": "/x", "CONDA_PREFIX": "/base", "VIRTUAL_ENV": "/other", "HOME": "/home/me"}


def test_a_virtual_environment() -> None:
    assert activated(BEFORE, Path("/p"), windows=False) == {
        "HOME": "/home/me",
        "PATH": f"{Path('/p/bin')}{os.pathsep}/usr/bin",
        "VIRTUAL_ENV": str(Path("/p")),
    }


def test_a_conda_prefix() -> None:
    assert activated(BEFORE, Path("/p"), windows=False, conda=True) == {
        "HOME": "/home/me",
        "PATH": f"{Path('/p/bin')}{os.pathsep}/usr/bin",
        "CONDA_PREFIX": str(Path("/p")),
        "CONDA_DEFAULT_ENV": str(Path("/p")),
    }


def test_on_windows_a_conda_prefix_has_five_folders_of_programs() -> None:
    path = activated({}, Path("p"), windows=True, conda=True)["PATH"].split(os.pathsep)
    inner = ["Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts"]
    assert [Path(part) for part in path] == [Path("p"), *(Path("p") / part for part in inner)]


@pytest.mark.process
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_script_activates_and_takes_it_back(tmp_path: Path, shell: str) -> None:
    prefix = tmp_path / "a 'quoted' prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "activate").write_text(activate_script(prefix))
    hooks = prefix / "etc" / "conda"
    for name in ("activate", "deactivate"):
        (hooks / f"{name}.d").mkdir(parents=True)
        (hooks / f"{name}.d" / "thing.sh").write_text(f'echo "{name} $CONDA_PREFIX"\n')
    script = '. "$1/bin/activate"; echo "$CONDA_PREFIX|$PATH"; deactivate; echo "${CONDA_PREFIX-none}|$PATH"'
    done = subprocess.run(
        [shell, "-euc", script, shell, str(prefix)],
        env={"PATH": "/usr/bin:/bin", "PYTHONHOME": "/x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"activate {prefix}",
        f"{prefix}|{prefix}/bin:/usr/bin:/bin",
        f"deactivate {prefix}",
        "none|/usr/bin:/bin",
    ]
    assert done.returncode == 0
