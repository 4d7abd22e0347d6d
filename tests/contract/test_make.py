"""The Makefile and the scripts that it calls: what `help` lists, the oldest make, the plainest shells."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SHELL_SCRIPTS = sorted(
    path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")
)
SHELLS = (["dash"], ["busybox", "sh"], ["bash", "--posix"], ["zsh", "--emulate", "sh"], ["ksh"], ["mksh"])
AWKS = (["awk"], ["mawk"], ["gawk"], ["busybox", "awk"], ["original-awk"])


def here(words: list[str]) -> list[str]:
    """Return a program of this machine, or skip where there is none."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed here")
    return words


def phony() -> set[str]:
    return set(" ".join(re.findall(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE)).split())


@pytest.mark.process
@pytest.mark.parametrize("awk", AWKS, ids=" ".join)
def test_help_lists_every_target(tmp_path: Path, awk: list[str]) -> None:
    words = " ".join(here(awk))
    (tmp_path / "awk").write_text(f'#!/bin/sh\nexec {shutil.which(awk[0])} {words.partition(" ")[2]} "$@"\n')
    (tmp_path / "awk").chmod(0o755)
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    listed = re.findall(r"^  make (\S+) +\S", done.stdout, re.MULTILINE)
    assert set(listed) == phony()
    assert len(listed) == len(set(listed))
    assert done.stderr == ""


def test_every_target_of_help_is_phony_and_says_what_it_does() -> None:
    described = set(re.findall(r"^([a-z0-9-]+):.*## \S", MAKEFILE, re.MULTILINE))
    assert described == phony() >= {"install", "test", "e2e", "help", "clean"}


# What GNU make has learned since 3.81, which macOS still brings (its NEWS, 3.82 to 4.4): each would silently be taken
# for something else there.
NEWER_MAKE = {
    "several lines run by one shell (3.82)": r"^\.ONESHELL|^\.SHELLFLAGS",
    "private, undefine (3.82)": r"^\s*(private|undefine)\s",
    "define with an assignment (3.82)": r"^\s*define\s+\S+\s*[:+?!]?=",
    "!= (4.0)": r"^[A-Za-z_]+\s*!=",
    "::= and :::= (4.0, 4.4)": r"^[A-Za-z_]+\s*::+=",
    "$(file), $(guile) (4.0)": r"\$[({](file|guile)\s",
    "$(intcmp), $(let) (4.4)": r"\$[({](intcmp|let)\s",
    ".WAIT, .NOTINTERMEDIATE (4.4)": r"\.WAIT|\.NOTINTERMEDIATE",
    "grouped targets &: (4.3)": r"^[^#\t=]+&:",
    "--output-sync, --shuffle (4.0, 4.4)": r"--output-sync|--shuffle|\s-O\b",
    ".EXTRA_PREREQS (4.3)": r"\.EXTRA_PREREQS",
}


@pytest.mark.parametrize("what", NEWER_MAKE)
def test_nothing_of_the_makefile_is_newer_than_make_3_81(what: str) -> None:
    assert re.findall(NEWER_MAKE[what], MAKEFILE, re.MULTILINE) == []


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.process
def test_each_script_is_one_for_the_plainest_shells(shell: list[str], script: Path) -> None:
    done = subprocess.run([*here(shell), "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# What bash has and a plain sh does not, or bash 3.2, which macOS still brings, does not.
BASHISMS = {
    "[[ and ((": r"(?:^|[;&|({]\s*|\s)(?:\[\[|\(\()\s",
    "arrays": r"^\s*\w+=\(|\$\{\w+\[",
    "function, local, declare, source": r"^\s*(?:function|local|declare|typeset|source)\s",
    "<<< and <( and >( and &>": r"<<<|[<>]\(|&>",
    "${x^^}, ${x,,}, ${x//}, ${x:1:2}": r"\$\{\w+(?:\^|,,|//|:\d)",
    "echo with an option": r"\becho\s+-",
    "pipefail": r"pipefail",
    "$'...'": r"\$'",
    "test ==": r"\[[^]]*==",
    "which, readlink -f, realpath": r"(?:^|[;&|$(]\s*)(?:which|realpath)\s",
}


@pytest.mark.parametrize("what", BASHISMS)
def test_no_script_needs_bash(what: str) -> None:
    recipes = "\n".join(line[1:] for line in MAKEFILE.splitlines() if line.startswith("\t"))
    for name, text in [
        ("Makefile", recipes),
        *((path.name, path.read_text(encoding="utf-8")) for path in SHELL_SCRIPTS),
    ]:
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        assert re.findall(BASHISMS[what], code, re.MULTILINE) == [], name


def test_the_makefile_and_the_bootstrap_agree_on_what_an_environment_is_made_from() -> None:
    from bootstrap.environment import sources

    words = MAKEFILE.split("BOOTSTRAP := ")[1].splitlines()[0]
    named = {ROOT / word for word in re.sub(r"\$\(wildcard [^)]*\)", "", words).split()}
    assert "$(wildcard scripts/bootstrap/*.py)" in words
    requirements = Path("requirements/tool.txt")
    ours = {path for path in sources(ROOT, requirements) if path.parent.name != "bootstrap"}
    assert ours == named | {ROOT / requirements}
    assert all(path.is_file() for path in ours)
