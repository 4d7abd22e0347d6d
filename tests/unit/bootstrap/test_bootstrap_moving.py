"""Nothing in an environment of ours says where it lies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.moving import moved, settle

BODY = b"# -*- coding: utf-8 -*-\nimport sys\nprint('here', sys.flags.ignore_environment, *sys.argv[1:])\n"


@pytest.mark.parametrize(
    "head",
    [
        b"#!/a/b/bin/python\n",
        b"#!/a/b/bin/python3\n",
        b"#!/a/b/bin/python3.13 -E\n",
        b"#!/bin/sh\n'''exec' /a/b/bin/python \"$0\" \"$@\"\n' '''\n",
        b"#!/bin/sh\n'''exec' \"/a/b/bin/python3\" \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_a_program_of_the_environment_is_run_by_the_python_beside_it(head: bytes) -> None:
    made = moved(head + BODY, b"/a/b")
    assert made.endswith(BODY)
    assert b"/a/b" not in made
    assert moved(made, b"/a/b") == made
    compile(made, "program", "exec")


def test_a_path_with_quotes_and_blanks_is_found_as_installers_write_it() -> None:
    head = b"""#!/bin/sh\n'''exec' '/a'"'"'s/b $c/bin/python3' "$0" "$@"\n' '''\n"""
    made = moved(head + BODY, b"/a's/b $c")
    assert made.endswith(BODY)
    assert b"/a'" not in made
    other = head.replace(b"b $c", b"other")
    assert moved(other, b"/a's/b $c") == other


@pytest.mark.parametrize(
    "script", [b"#!/usr/bin/python3\nx", b"#!/a/bb/bin/python\nx", b"#!/bin/sh\necho /a/b/bin/python\n", b"\x7fELF/a/b"]
)
def test_other_programs_stay_as_they_are(script: bytes) -> None:
    assert moved(script, b"/a/b") == script


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="programs are .exe files there")
@pytest.mark.parametrize("shell", ["moved", "linked"])
def test_after_a_move_programs_run_and_the_sources_are_found(tmp_path: Path, shell: str) -> None:
    root = tmp_path / "a clone's $HOME"
    folder, site = root / ".tool" / "env", root / ".tool" / "env" / "lib" / "python3.13" / "site-packages"
    (folder / "bin").mkdir(parents=True)
    site.mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    program = folder / "bin" / "program"
    program.write_bytes(b"#!/bin/sh\n'''exec' \"%s/bin/python\" \"$0\" \"$@\"\n' '''\n" % os.fsencode(folder) + BODY)
    program.chmod(0o755)
    (site / "_ours.pth").write_text(f"{root / 'installer'}\n")
    (site / "_other.pth").write_text("/usr/lib/x\nimport os; 1\n# a word\nrelative\n")

    settle(folder, root)
    there = tmp_path / "elsewhere"
    root.rename(there)
    program = there / ".tool" / "env" / "bin" / "program"
    if shell == "linked":
        (tmp_path / "link").symlink_to(program)
        program = tmp_path / "link"
    done = subprocess.run(
        [program, "x y"],
        env={"PATH": os.environ["PATH"], "PYTHONHOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "here 1 x y\n"
    site = there / ".tool" / "env" / "lib" / "python3.13" / "site-packages"
    assert (site / (site / "_ours.pth").read_text().strip()).resolve() == there / "installer"
    assert (site / "_other.pth").read_text() == "/usr/lib/x\nimport os; 1\n# a word\nrelative\n"
