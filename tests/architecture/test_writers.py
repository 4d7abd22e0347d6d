"""One writer: what lasts is written by `ground/files.py`, whole, down to the disk. Everybody else is named here."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from support.source import MODULES, PACKAGE, nodes, tree_of

# Who writes without it, and why a file that is cut short does no harm there.
OTHERS = {
    "cli/crash.py": "a new file under a name nobody has",
    "cli/page.py": "the page goes where the user says, which may be a device",
    "doctor/act.py": "a new file that the user names; one that is there is never touched",
    "envs/conda/engine.py": "inside of a generation in the making, which no receipt vouches for",
    "envs/run.py": "inside of a generation in the making, which no receipt vouches for",
    "loader/digest/store.py": "a cache: what is cut short fails its checksum and is made anew",
    "locks/conda/run.py": "a temporary folder",
    "locks/conda/writing.py": "a temporary folder",
    "locks/run.py": "a temporary folder",
    "verify/trials.py": "a temporary folder",
    "verify/history_file.py": "a line at the end; a line cut short is skipped by the reader",
}
WRITES = {"write_text", "write_bytes", "fsync", "mkstemp"}


def _writes(tree: ast.AST) -> Iterator[str]:
    for node in nodes(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if name in WRITES or (name in {"open", "fdopen"} and any(set(text) & set("wx") for text in texts)):
            yield f"{name}:{node.lineno}"
        elif name == "open" and "a" in texts:
            yield f"append:{node.lineno}"


def _writers() -> dict[str, list[str]]:
    found = {
        path.relative_to(PACKAGE).as_posix(): list(_writes(tree_of(path)))
        for path in MODULES
        if "probes" not in path.parts
    }
    return {name: writes for name, writes in found.items() if writes and name != "ground/files.py"}


def test_nobody_else_writes_files() -> None:
    found = _writers()
    assert {name: writes for name, writes in found.items() if name not in OTHERS} == {}
    assert sorted(OTHERS) == sorted(found), "a name that no longer writes is taken off the list"


def test_the_check_sees_what_it_looks_for() -> None:
    source = 'p.write_text("")\nopen(p, "wb")\np.open("a")\np.open("rb")\nos.fsync(1)\nopen(f)\np.read_text()\n'
    assert list(_writes(ast.parse(source))) == ["write_text:1", "open:2", "append:3", "fsync:5"]
