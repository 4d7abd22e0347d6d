"""Several pytests side by side: every file of tests is run once, and one failure is the failure of all."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import heavy_but_one_in
from support.source import ROOT
from support.spread import MOST, Ended, Part, parts, shown, spread, subjects

TESTS = ["tests/contract", "tests/unit", "tests/architecture"]
PARTS = [Part(name=name, files=(f"tests/{name}/test_{name}.py",)) for name in ("one", "two", "three")]


def made(root: Path, files: dict[str, int]) -> None:
    """Make folders with so many files of tests, and files beside them that are none."""
    for folder, count in files.items():
        (root / folder).mkdir(parents=True)
        for number in range(count):
            (root / folder / f"test_{number:03}.py").touch()
        (root / folder / "conftest.py").touch()


def test_every_file_of_ours_is_in_one_part() -> None:
    files = [file for part in parts(ROOT, TESTS) for file in part.files]
    there = [path.relative_to(ROOT).as_posix() for folder in TESTS for path in (ROOT / folder).rglob("test_*.py")]
    assert sorted(files) == sorted(there)
    assert len(there) > 400


def test_the_makefile_names_the_folders_that_are_no_real_installations() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nunit: ")[2].partition("\n\n")[0]
    folders = {path.parent.relative_to(ROOT).parts[1] for path in (ROOT / "tests").rglob("test_*.py")}
    assert {f"tests/{name}" for name in folders - {"e2e"}} == {word for word in recipe.split() if word in TESTS}


@given(st.lists(st.integers(0, 3 * MOST), min_size=1, max_size=6))
def test_small_folders_are_run_together_and_large_ones_in_even_shares(counts: list[int]) -> None:
    tree = {f"t/{chr(97 + at)}": count for at, count in enumerate(counts)}
    paths = [Path(folder) / f"test_{number:03}.py" for folder, count in tree.items() for number in range(count)]
    found = parts(Tree(paths), ["t"])  # type: ignore[arg-type]
    assert [file for part in found for file in part.files] == [path.as_posix() for path in paths]
    assert all(0 < len(part.files) <= MOST for part in found)
    assert all(len(one.files) + len(other.files) > MOST for one, other in pairwise(found))


class Tree:
    """A root whose folders hold files that are nowhere."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __truediv__(self, path: str) -> Tree:
        return self

    def rglob(self, _: str) -> list[Listed]:
        return [Listed(path) for path in self.paths]


class Listed:
    def __init__(self, path: Path) -> None:
        self.path = path

    def relative_to(self, _: object) -> Path:
        return self.path


def test_a_part_is_called_by_its_folders(tmp_path: Path) -> None:
    made(tmp_path, {"t": 1, "t/a": 1, "t/b": 2, "t/b/within": 2, "t/c": MOST})
    found = [(part.name, len(part.files)) for part in parts(tmp_path, ["t"])]
    assert found == [("t/a t/b", 5), ("t/c", MOST), ("t", 1)]
    assert [part.name for part in parts(tmp_path, ["t/a", "t/b"])] == ["t/a", "t/b"]


def test_where_tests_take_minutes_a_part_is_a_subject_and_the_dear_ones_come_first(tmp_path: Path) -> None:
    marks = {
        "conda": "e2e",
        "conda_lock": "e2e",
        "kill": "heavy",
        "lock": "e2e",
        "plain": "process",
        "a": "heavyweight",
    }
    for folder in ("t/e2e", "t/unit"):
        (tmp_path / folder).mkdir(parents=True)
        for name, mark in marks.items():
            (tmp_path / folder / f"test_{name}.py").write_text(f"pytestmark = pytest.mark.{mark}\n")
    found = subjects(tmp_path, ["t"], ["e2e", "heavy"], ["kill", "nothing", "lock"])
    names = [f"t/{folder}/{name}" for name in ("kill", "lock", "conda") for folder in ("e2e", "unit")]
    assert [part.name for part in found] == names
    assert found[-1].files == ("t/unit/test_conda.py", "t/unit/test_conda_lock.py")


def test_all_that_takes_minutes_is_found_by_its_marks() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ne2e: ")[2].partition("\n\n")[0].split()
    marks, first = (recipe[recipe.index(option) + 1].split(",") for option in ("--each", "--first"))
    assert {f"{mark} or" in " ".join(recipe) or f"or {mark})" in " ".join(recipe) for mark in marks} == {True}
    found = subjects(ROOT, ["tests"], marks, first)
    files = {file for part in found for file in part.files}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/e2e").glob("test_*.py")} <= files
    assert [part.name.rpartition("/")[2] for part in found if part.name.startswith("tests/e2e/")][: len(first)] == first


def answering(statuses: dict[str, int]) -> Callable[[Part], tuple[int, str]]:
    return lambda part: (statuses[part.name], f"....sF [ 50%]\nof {part.name}\n..s [100%]\n3 passed in 1.00s\n")


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((0, 0, 0), 0),
        ((0, 1, 0), 1),
        ((0, 5, 0), 0),
        ((5, 1, 5), 1),
        ((5, 5, 5), 5),
        ((1, 2, 0), 2),
        ((0, -9, 0), 1),
        ((5, -11, 5), 1),
    ],
)
def test_one_failure_is_the_failure_of_all_and_nothing_run_is_one(statuses: tuple[int, ...], status: int) -> None:
    run = answering({part.name: one for part, one in zip(PARTS, statuses, strict=True)})
    said: list[str] = []
    assert spread(PARTS, run, said.append, workers=2) == status
    assert len(said) == (1 if set(statuses) == {5} else len([one for one in statuses if one != 5]))


def test_no_part_at_all_is_a_failure() -> None:
    assert spread([], answering({}), lambda _: None, workers=2) == 5


@pytest.mark.parametrize("status", [0, 1])
def test_all_but_the_dots_is_told_with_the_name_of_the_part(status: int) -> None:
    said = "..s..F [  3%]\n\n=== short test summary info ===\nSKIPPED [1] a.py:1: no zsh\n.[100%]\n2 passed in 1.2s\n"
    ended = Ended(part=PARTS[0], status=status, said=said, seconds=1.0)
    told = shown(ended).splitlines()
    assert told[:-1] == ["=== short test summary info ===", "SKIPPED [1] a.py:1: no zsh"]
    assert told[-1] == "one: 2 passed in 1.2s" + (" (exit status 1)" if status else "")
    assert shown(Ended(part=PARTS[0], status=-9, said="", seconds=0.0)) == "one: nothing was said (exit status -9)\n"


@pytest.mark.process
def test_a_part_is_run_by_a_pytest_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import os, sys\n"
        "def test_good(tmp_path): assert str(tmp_path).startswith(os.environ['WHERE'])\n"
        "def test_bad(): assert False, 'as ever'\n"
    )
    part = Part(name="it", files=(str(tmp_path / "test_it.py"),))
    argv = [sys.executable, "-c", RUN, str(tmp_path), part.files[0]]
    done = subprocess.run(argv, cwd=ROOT / "tests", capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0 True", "1 True"]


RUN = """
import os, sys
from pathlib import Path
from support.spread import Part, pytest_in
os.environ["WHERE"] = sys.argv[1]
for name, told in (("good", "1 passed, 1 deselected"), ("bad", "as ever")):
    status, said = pytest_in(Path(sys.argv[1]), ["-k", name])(Part(name="it", files=(sys.argv[2],)))
    print(status, told in said)
"""


def test_what_gives_a_mark_is_known_to_the_search_for_marks() -> None:
    """A test gets its mark in its own file, or from the one function that the search knows."""
    given = re.compile(r"\bmark\.(?:e2e|heavy|network)\b")
    places = [*(ROOT / "tests/support").rglob("*.py"), *(ROOT / "tests").rglob("conftest.py")]
    assert [path.name for path in places if given.search(path.read_text(encoding="utf-8"))] == ["examples.py"]


def test_what_make_check_leaves_out_is_all_there_for_ci() -> None:
    cases = heavy_but_one_in(3, ["a", ("b", 1), "c", "d", "e"])
    assert [(one.values, bool(one.marks)) for one in cases] == [
        (("a",), False), (("b", 1), True), (("c",), True), (("d",), False), (("e",), True),
    ]  # fmt: skip
