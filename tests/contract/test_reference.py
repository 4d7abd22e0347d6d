"""docs/reference says what the program says, byte for byte, and no variable that is read is missing from it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from support import reference
from support.cli import Tfsetup
from support.source import MODULES, nodes, text_of, tree_of
from tfsetup.cli.commands import leaves
from tfsetup.errors import Code
from tfsetup.ground.environ import KEPT, REMOVED

VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|PATH|HOME|APPDATA|LOCALAPPDATA|CONDARC")


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_what_is_rendered_now(name: str) -> None:
    written = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert written == reference.page(name), "write it with: make reference"


def test_there_is_no_page_that_nothing_renders() -> None:
    assert {path.name for path in reference.FOLDER.glob("*.md")} == {*reference.PAGES}


@pytest.mark.parametrize("name", [name for name, _ in leaves()])
def test_every_option_of_the_help_has_its_line(name: str, tfsetup: Tfsetup) -> None:
    options = set(re.findall(r"^\s+(?:-\w, )?(--[a-z-]+)", tfsetup(*name.split(), "--help").out, re.MULTILINE))
    section = reference.page("commands.md").split(f"## `tfsetup {name}")[1].partition("\n## ")[0]
    assert options - {"--help"} <= set(re.findall(r"--[a-z-]+", section))


def test_every_exit_status_is_there_once() -> None:
    statuses = re.findall(r"^\| (\d+) \|", reference.page("exit-codes.md"), re.MULTILINE)
    assert statuses == ["0", *(str(one.exit_status) for one in Code)]


def test_the_readme_says_the_same_of_every_exit_status() -> None:
    readme = (reference.FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| status | meaning |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", table, re.MULTILINE))
    assert rows == {"0": "done; the answer is yes"} | {str(one.exit_status): one.meaning for one in Code}


@pytest.mark.parametrize("name", ["json.md", "files.md"])
def test_every_key_says_what_it_means(name: str) -> None:
    rows = re.findall(r"^\| `([^`]+)`(?: \(optional\))? \| .+ \|\s*([^|]*?) \|$", reference.page(name), re.MULTILINE)
    assert len(rows) > 30
    assert [key for key, meaning in rows if not meaning] == []


def _read(tree: ast.AST) -> Iterator[str]:
    """Yield the names of variables that a piece of code reads from something that is called an environment."""
    for node in nodes(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=base, attr="get" | "pop" | "getenv"), args=[ast.Constant(value=name), *_]
            ):
                pass
            case ast.Subscript(value=base, slice=ast.Constant(value=name)):
                pass
            case ast.Compare(left=ast.Constant(value=name), ops=[ast.In() | ast.NotIn()], comparators=[base]):
                pass
            case _:
                continue
        if "environ" in ast.unparse(base) and isinstance(name, str) and VARIABLE.fullmatch(name):
            yield name


def test_no_variable_is_read_that_the_page_does_not_name() -> None:
    files = [path for path in MODULES if "probes" not in path.parts and "environ" in text_of(path)]
    read = {name for path in files for name in _read(tree_of(path))}
    assert len(read) > 15
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", reference.page("environment.md")))
    assert read - named - reference.SYSTEM - KEPT - {*REMOVED} == set()


def test_the_check_sees_what_it_looks_for() -> None:
    source = 'os.environ.get("NEW_ONE")\nenviron["OTHER_ONE"]\n"THIRD_ONE" in self.environ\ntable["NOT_ONE"]\n'
    assert set(_read(ast.parse(source))) == {"NEW_ONE", "OTHER_ONE", "THIRD_ONE"}
