"""csh: the one shell that uv has no script for in an environment that may be moved."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tfsetup.envs.csh import CSH, csh_script
from tfsetup.envs.cures import scripted

ODD = ["plain", "two words", "it's", "dollar$HOME", "bang!x", 'a"b', "star*", "#x"]


def put(prefix: Path, variables: dict[str, str] | None = None) -> Path:
    script = prefix / "bin" / CSH
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(scripted(csh_script(prefix), CSH, variables or {}), encoding="utf-8")
    return script


def csh(folder: Path, *lines: str, **environ: str) -> list[str]:
    """Run lines as a script of csh, with nothing of this machine's settings; return what is said."""
    if shutil.which("tcsh") is None:
        pytest.skip("tcsh is not on this machine")
    script = folder / "script"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **environ}
    done = subprocess.run(["tcsh", "-f", script], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.process
@pytest.mark.parametrize("name", ODD)
def test_it_activates_and_gives_back(tmp_path: Path, name: str) -> None:
    prefix = tmp_path / "p" / name
    put(prefix)
    (tmp_path / "here").symlink_to(prefix)
    said = csh(
        tmp_path,
        "source here/bin/activate.csh",
        "echo $VIRTUAL_ENV:q",
        "echo $PATH:q",
        "deactivate",
        "echo $PATH:q $?VIRTUAL_ENV $?_OLD_VIRTUAL_PATH",
    )
    assert said == [str(prefix), f"{prefix}/bin:/usr/bin:/bin", "/usr/bin:/bin 0 0"]


@pytest.mark.process
def test_another_environment_is_left_first(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    said = csh(tmp_path, f"source {put(one)}", f"source {put(two)}", "echo $PATH", "deactivate", "echo $PATH")
    assert said == [f"{two}/bin:/usr/bin:/bin", "/usr/bin:/bin"]


@pytest.mark.process
def test_the_prompt_says_where_one_is_and_is_given_back(tmp_path: Path) -> None:
    script = put(tmp_path / "my env")
    lines = ["set prompt = '% '", f"source '{script}'", "echo $prompt:q", "deactivate", "echo $prompt:q"]
    assert csh(tmp_path, *lines) == ["(my env) % ", "% "]
    assert csh(tmp_path, *lines[:3], VIRTUAL_ENV_DISABLE_PROMPT="1") == ["% "]


@pytest.mark.process
def test_the_cure_of_a_known_defect_goes_in_and_out(tmp_path: Path) -> None:
    script = put(tmp_path / "env", {"TF_A": "1"})
    ask = "echo $?TF_A"
    assert csh(tmp_path, f"source {script}", "echo $TF_A", "deactivate", ask) == ["1", "0"]
    given = csh(tmp_path, f"source {script}", "echo $TF_A", "deactivate", "echo $TF_A", TF_A="mine")
    assert given == ["mine", "mine"]


@pytest.mark.process
def test_a_prefix_that_was_moved_is_told(tmp_path: Path) -> None:
    put(tmp_path / "was")
    (tmp_path / "was").rename(tmp_path / "is")
    said = csh(tmp_path, "source is/bin/activate.csh", "echo $PATH $?VIRTUAL_ENV")
    assert said == [
        f"{tmp_path}/was is no longer there, and csh cannot tell where it is now; use bash or zsh, or tfsetup run.",
        "/usr/bin:/bin 0",
    ]


def test_the_alias_stands_on_one_line() -> None:
    # Where its cures begin is found by the quote that opens it, and a csh alias has no second line.
    lines = csh_script(Path("/e")).splitlines()
    (alias,) = (line for line in lines if line.startswith("alias deactivate '"))
    assert alias.endswith("'")
    assert alias.count("'") == 2


def test_what_was_is_noted_before_it_is_changed() -> None:
    lines = [line.strip() for line in csh_script(Path("/e")).splitlines()]
    for noted, changed in (
        ('set _OLD_VIRTUAL_PATH="$PATH:q"', 'setenv PATH "$VIRTUAL_ENV:q/bin:$PATH:q"'),
        ('set _OLD_VIRTUAL_PROMPT="$prompt:q"', 'set prompt="($VIRTUAL_ENV_PROMPT:q) $prompt:q"'),
    ):
        assert lines.index(noted) < lines.index(changed)
