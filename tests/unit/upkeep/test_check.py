"""The matrix checks itself: the shipped one passes, and nothing in it can be changed unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples, heavy_but_one_in
from support.matrix import CASES, ask, linux, shipped
from tfsetup.ground.marked import InvalidTextError, Problem
from tfsetup.host.file import read_host
from tfsetup.matrix.choose.select import rivals
from tfsetup.matrix.file.disk import environments, read_index
from tfsetup.matrix.file.load import merge, parse
from tfsetup.upkeep.checks.check import check_matrix, check_one

TEXT = (environments() / "matrix.yaml").read_text(encoding="utf-8")
BASE = parse(TEXT, "matrix.yaml")


def test_the_shipped_matrix_passes_with_every_replayed_host() -> None:
    paths = [p for p in sorted((CASES / "hosts").glob("*.json")) if not p.name.endswith(".expected.json")]
    rows, problems = check_matrix(shipped(), {path.stem: read_host(path) for path in paths})
    assert [str(problem) for problem in problems] == []
    assert all(row.releases and row.newest and not row.problems for row in rows)


# ------------------------------------------------------------------------- any field of any row, corrupted

Leaf = tuple[str, tuple[Any, ...], str, int, int]  # row, path, text of the row as a file, begin and end of the value


def rows_of(text: str) -> Iterator[tuple[str, str]]:
    """Each row as a matrix file of its own."""
    begin = text.index("  - id: ")
    for block in text[begin : text.index("\n# What holds for every row")].split("  - id: ")[1:]:
        yield block.split("\n", 1)[0], "schema: 1\nrows:\n  - id: " + block


def leaves() -> Iterator[Leaf]:
    for name, text in rows_of(TEXT):
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        for path, node in walk(root):
            if path[0] == "rows":
                yield name, path[2:], text, node.start_mark.index, node.end_mark.index


def walk(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.SequenceNode):
        for place, child in enumerate(node.value):
            yield from walk(child, (*path, place))
    else:
        for key, child in node.value:
            yield from walk(child, (*path, key.value))


LEAVES = list(leaves())


def problems_with(leaf: Leaf, value: str) -> list[Problem]:
    """What is found when one value of one row of the shipped matrix is another."""
    name, path, text, begin, end = leaf
    try:
        changed = parse(text[:begin] + value + text[end:], "changed.yaml")
        matrix = merge([BASE, changed], read_index())
    except InvalidTextError as error:
        return list(error.problems)
    row = changed.content.rows[0]
    found = check_one(row, matrix)[1]
    if path == ("id",):  # the row it used to be is still there, and one of the two can win nowhere
        found += [p for other in matrix.rows if other.id == name for p in check_one(other, matrix)[1]]
    return found


@pytest.mark.parametrize("value", heavy_but_one_in(4, ["3.10", "[]", "{}", "''"]))
def test_a_value_of_another_kind_anywhere(value: str) -> None:
    assert len(LEAVES) > 300
    for name, path, text, begin, end in LEAVES:
        with pytest.raises(InvalidTextError) as caught:
            parse(text[:begin] + value + text[end:], "changed.yaml")
        assert caught.value.problems, (name, path)
        assert all(problem.where.line and problem.where.column for problem in caught.value.problems)


UNTRUE = {
    "os": "windows",
    "arch": "armv7l",
    "interpreter": "armv7l",
    "gpu": "intel",
    "rosetta": "false",
    "by_version": "1",
    "xcode_clt": "false",
    "accelerator": "rocm",
    "auto": "always",
    "tier": "-x",
    "distribution": "tensorflow-nowhere",
    "gives_way_to": "tensorflow-nowhere",
    "keeps_out": "tensorflow-nowhere",
    "versions": '">=99"',
    "python": '"3.99"',
    "reuse": '">=3.99"',
    "tensorflow": '">=99"',
    "plugin": '"99.0"',
    "macos": '">=x"',
    "numpy": '">=99"',
    "on_python": '">=3.99"',
    "use": "mkl",
    "cpu": "mmx3",
    "driver": '"5"',
    "capability": '"90"',
    "capability_most": '"30.0"',
    "on_capability": '">=30"',
    "gfx": "gfx300",
    "verdict": "maybe",
    "build": "sdist",
    "newest": "0",
    "warn": "0",
    "title": "short",
    "because": "short",
    "source": "short",
    "id": "linux-x86_64",
    "add": '"no-such-name<2"',
    "extras": "and-no-such",
    "sdists": "no-such-name",
}


def untrue(leaf: Leaf) -> str:
    """A value of the right kind for a field that cannot be true of this row."""
    key = leaf[1][-1] if isinstance(leaf[1][-1], str) else leaf[1][-2]
    if leaf[1] == ("when", "os") and leaf[0].startswith("windows"):
        return "linux"
    if leaf[1] == ("accelerator",) and "rocm" in leaf[0]:
        return "cuda"
    return UNTRUE[key]


@examples(2)
@given(st.sampled_from(LEAVES), st.booleans())
def test_a_value_that_is_not_true(leaf: Leaf, nonsense: bool) -> None:
    value = '"~nonsense~"' if nonsense else untrue(leaf)
    found = problems_with(leaf, value)
    assert found, (leaf[0], leaf[1], value)
    assert all(problem.where.line and problem.where.column for problem in found)


# ------------------------------------------------------------------------- what holds of the whole


def changed(old: str, new: str) -> list[str]:
    assert old in TEXT
    matrix = merge([parse(TEXT.replace(old, new, 1), "matrix.yaml")], read_index())
    return [problem.message for problem in check_matrix(matrix)[1]]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('proven: "2.21.0"', 'proven: "2.20.0"', "the index has 2.21.0, which nobody has looked at"),
        ('proven: "2.21.0"', 'proven: "2.21.9"', "the index has no release 2.21.9"),
        ("companions: [numpy", "companions: [no-such", "2.21.0 does not require no-such"),
        ('add: ["numpy<2"]', 'add: ["numpy<1"]', "leaves nothing of what a release requires ("),
        ('add: ["numpy<2"]', 'add: ["numpy<99"]', "changes nothing"),
        ("sdists: [wrapt", "sdists: [no-such", "no release here requires no-such"),
        ("{os: linux, libc: musl", "{os: windows, libc: musl", "windows has no libc to choose"),
        ("{os: linux, libc: musl", "{os: linux, libc: glibc", "wheels for glibc exist"),
        (
            "{os: macos, accelerator: cuda",
            "{os: linux, accelerator: cuda",
            "refuses what the row linux-x86_64-cuda",
        ),
        ("{os: macos, rosetta: true", "{os: linux, rosetta: true", "Rosetta is a part of macOS"),
        (
            'versions: ">=2.5,<2.17"',
            'versions: ">=2.17"',
            "in this row has a wheel for this system",
        ),
        ("    tier: 1\n    distribution: tensorflow-macos", "    distribution: tensorflow-macos", ""),
    ],
)
def test_the_whole(old: str, new: str, words: str) -> None:
    found = changed(old, new)
    if words:
        assert any(words in message for message in found), found
    else:
        assert found == []


def test_a_row_no_machine_can_reach() -> None:
    row = next(row for row in shipped().rows if row.id == "linux-aarch64-cpu")
    doubled = replace(shipped(), rows=(*shipped().rows, replace(row, id="linux-aarch64-cpu-again")))
    row_checked, found = check_one(doubled.rows[-1], doubled)
    assert row_checked.problems == 1
    assert [p.message for p in found] == ["unreachable: on every machine and for every ask another row wins"]


def test_a_plugin_pair_no_machine_can_reach() -> None:
    row = next(row for row in shipped().rows if row.id == "macos-arm64-metal")
    assert row.plugin is not None
    plugin = replace(row.plugin, pairs=(replace(row.plugin.pairs[0], because="another reason"), *row.plugin.pairs))
    doubled = replace(shipped(), rows=tuple(replace(r, plugin=plugin) if r is row else r for r in shipped().rows))
    _, found = check_one(doubled.rows[0], doubled)
    assert [p.message for p in found] == ["unreachable: an earlier pair is taken on every machine"]


def test_two_rows_that_nothing_tells_apart_are_a_tie() -> None:
    row = next(row for row in shipped().rows if row.id == "linux-x86_64-cpu")
    doubled = replace(shipped(), rows=(*shipped().rows, replace(row, id="linux-x86_64-cpu-again")))
    assert rivals(linux("3.12.4"), ask(), doubled) == ["linux-x86_64-cpu", "linux-x86_64-cpu-again"]
    _, found = check_matrix(doubled, {"mine": linux("3.12.4")})
    assert [p.message for p in found if "ties" in p.message] == ["ties with linux-x86_64-cpu for the host mine"] * 2
