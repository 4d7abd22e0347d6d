"""Every hint names the command as its reader can type it: each text of the sources, and what a run prints."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.process import ROOT
from support.source import MODULES, PACKAGE, nodes, text_of, tree_of
from tfsetup.cli.commands import COMMANDS
from tfsetup.report.typed import Typed

COMMAND = "./here/tfsetup"
KNOWN = re.compile(rf"(?<![\w./\\-])tfsetup (?:(?:{'|'.join(COMMANDS)})\b|COMMAND\b|--[a-z])")
# Modules whose texts are no hints: how a fix is read, and what stands in a file whoever wrote it.
KEPT = {"envs/csh.py", "doctor/commands.py", "doctor/setting.py", "locks/origin.py", "locks/conda/writing.py"}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every text of a module but its docstrings; what is filled in is left out."""
    every = nodes(tree_of(path))
    spoken = {
        id(node.body[0].value)
        for node in every
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    spoken |= {id(node.value) for node in every if isinstance(node, ast.Expr)}
    inside = {id(piece) for node in every if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in every:
        if isinstance(node, ast.JoinedStr):
            pieces = (str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
            yield node.lineno, "".join(pieces)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken | inside:
            yield node.lineno, node.value


TYPED = Typed(COMMAND, COMMANDS)


def untyped(text: str) -> bool:
    """Tell whether a text, shown as it is, or behind `fix: ` where it is a command, keeps the name that JSON has."""
    shown = TYPED.text(f"fix: {text}" if text.startswith("tfsetup ") else text)
    return KNOWN.search(shown) is not None


def test_every_text_of_the_sources_names_a_command_so_that_it_is_typed() -> None:
    saying = [path for path in MODULES if re.search(r"tfsetup(?![.\w])", text_of(path))]  # the others need no tree
    files = {path.relative_to(PACKAGE).as_posix(): path for path in saying}
    found = ((name, *row) for name, path in files.items() if name not in KEPT for row in texts(path))
    wanted = [row for row in found if "tfsetup " in row[2]]
    assert len(wanted) > 100
    assert [row for row in wanted if untyped(row[2])] == []


def fixes() -> list[str]:
    files = sorted((PACKAGE / "doctor" / "causes").glob("*.yaml"))
    return sorted({step for file in files for step in _steps(yaml.load(file.read_bytes(), yaml.CSafeLoader))})


def _steps(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (one for key, one in value.items() if key == "do" and isinstance(one, str))
        yield from (step for one in value.values() for step in _steps(one))
    elif isinstance(value, list):
        yield from (step for one in value for step in _steps(one))


def test_every_fix_of_a_cause_names_it_so_too() -> None:
    wanted = [text for text in fixes() if KNOWN.search(text)]
    assert len(wanted) > 5
    assert [text for text in wanted if KNOWN.search(TYPED.text(f"    or: {text}"))] == []


SCRIPT = """\
import sys
sys.path.insert(0, {sources!r})
from tfsetup.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A console script, as installers write it, in a folder that is not on PATH."""
    path = tmp_path_factory.mktemp("a tool") / "env" / "tfsetup"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{SCRIPT.format(sources=str(PACKAGE.parent))}")
    path.chmod(0o755)
    return path


def run(words: list[str], cwd: Path, **environ: str) -> str:
    """Return what a run prints: it must be in the order of streams, so both go to one."""
    known = os.environ | {"PYTHONPATH": str(PACKAGE.parent)} | environ
    return subprocess.run(
        words, cwd=cwd, env=known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    ).stdout


HINTS = [
    (["list"], "builds one"),
    (["rollback"], "shows the generations"),
    (["explode"], "lists the commands"),
    (["run", "nowhere", "--", "true"], "builds one"),
    (["doctor", "--log", "empty.txt"], "looks at the environment itself"),
    (["install", "--lock", "no-lock.toml"], "writes"),
]
HOST = ROOT / "tests/cases/hosts/linux-x86_64-glibc-2.36.json"
LOG = "ModuleNotFoundError: No module named 'tensorflow'\n"


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix")
@pytest.mark.parametrize("way", ["path", "path from beside it", "name", "module"])
def test_every_kind_of_hint_can_be_typed_as_it_stands(way: str, program: Path, tmp_path: Path) -> None:
    there = program.parent.parent if way == "path from beside it" else tmp_path
    (there / "empty.txt").write_text("nothing\n")
    words, path = {
        "path": ([str(program)], os.environ["PATH"]),
        "path from beside it": (["env/tfsetup"], os.environ["PATH"]),
        "name": ([str(program)], f"{program.parent}{os.pathsep}{os.environ['PATH']}"),
        "module": ([sys.executable, "-m", "tfsetup"], os.environ["PATH"]),
    }[way]
    seen = set()
    for argv, after in HINTS if way == "path" else HINTS[:1]:
        said = run([*words, *argv], there, PATH=path)
        for line in said.splitlines():
            assert way == "name" or not KNOWN.search(line.replace("-m tfsetup", "")), line
        found = re.search(r"`(.*?tfsetup'?) [^`]*` " + re.escape(after), said)
        assert found is not None, said
        seen.add(found[1])
    (command,) = seen
    typed = run(["sh", "-c", f"{command} --version"], there, PATH=path)
    assert typed.startswith("tfsetup "), typed


@pytest.mark.process
def test_a_fix_of_a_pasted_log_is_typed_and_json_keeps_the_name(program: Path, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(LOG + "$ tfsetup install\n")
    asked = [str(program), "doctor", "--log", "log.txt", "--host", str(HOST)]
    said = run(asked, tmp_path)
    fixes = [line for line in said.splitlines() if re.match(r" *(?:fix|or): ", line)]
    assert any(f"{program}' install" in line for line in fixes), said
    assert not any(KNOWN.search(line) for line in fixes)
    assert str(program) not in run([*asked, "--json"], tmp_path)
