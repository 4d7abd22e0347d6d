"""Running mutants: in a copy, whoever starts the copy's code, and the tree stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import mutation
from support.mutants import LIMIT_S, BrokenMutantError, Edit, Mutant
from support.mutation import run_mutants

pytestmark = pytest.mark.heavy  # copies of trees, and pytests of their own

CODE = "def answer():\n    return 42\n"
TESTS = """\
import os, shutil, subprocess, sys, time
from pathlib import Path

FIRST = "tfsetup" not in sys.modules and "pytest" in sys.modules

def test_here():
    from tfsetup.__main__ import answer
    assert answer() == 42

def test_in_a_process():
    argv = [sys.executable, "-c", "from tfsetup.__main__ import answer; print(answer())"]
    assert subprocess.check_output(argv, text=True) == "42\\n"

def test_in_an_isolated_process():
    argv = [sys.executable, "-I", "-c", "from tfsetup.__main__ import answer; print(answer())"]
    assert subprocess.check_output(argv, text=True) == "42\\n"

def test_by_the_console_script():
    assert subprocess.check_output([str(Path(sys.executable).with_name("tfsetup"))], text=True) == "42\\n"

def test_blind():
    pass

def test_alone():
    from tfsetup.__main__ import answer
    print(1234, flush=True)
    os.write(1, b"5678\\n")
    assert FIRST and os.environ.setdefault("MET", str(os.getpid())) == str(os.getpid())
    assert os.read(0, 1) == b"" and os.getpgid(0) == os.getpid()
    assert answer() == 42

def test_of_a_sudden():
    from tfsetup.__main__ import answer
    if answer() != 42:
        os._exit(1)

def test_that_hangs():
    from tfsetup.__main__ import answer
    while answer() != 42:
        time.sleep(0.1)

def test_broken():
    assert False, "as ever"
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    root = tmp_path / "project"
    package = root / "installer" / "tfsetup"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(f"{CODE}\ndef main():\n    print(answer())\n")
    (root / "tests").mkdir()
    (root / "tests" / "test_a.py").write_text(TESTS)
    (root / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    (root / ".venv").mkdir()
    (root / ".venv" / "large").write_text("not copied")
    return root


def one(*tests: str, new: str = "return 41", name: str = "m") -> Mutant:
    edits = (Edit(file="installer/tfsetup/__main__.py", old="return 42", new=new),)
    names = tuple(f"tests/test_a.py::{test}" for test in tests)
    return Mutant(name=name, rule="It holds.", cost="seconds", edits=edits, tests=names)


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.process
def test_a_mutant_is_noticed_by_a_test_and_by_whatever_a_test_starts(tree: Path) -> None:
    before = files(tree)
    seeing = ["test_here", "test_in_a_process", "test_in_an_isolated_process", "test_by_the_console_script"]
    ended = run_mutants(tree, [*(one(test) for test in seeing), one("test_blind")], workers=2)
    assert [(end.killed_by or "").partition("::")[2] for end in ended] == [*seeing, ""]
    assert ended[-1].problem == "it lives: no test noticed"
    assert files(tree) == before


@pytest.mark.process
def test_a_copy_is_whole_again_after_each_mutant(tree: Path) -> None:
    # The same size and the same second: a stale bytecode would let the second one live, or kill the third.
    mutants = [one("test_here"), one("test_in_a_process", new="return 43"), one("test_here", new="return 42 + 0")]
    assert [end.problem for end in run_mutants(tree, mutants, workers=1)] == [None, None, "it lives: no test noticed"]


@pytest.mark.process
def test_what_hangs_or_does_not_apply_or_does_not_run_is_no_kill(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIMIT_S, "seconds", 3)
    gone = Mutant(
        name="g",
        rule="It holds.",
        cost="seconds",
        edits=(Edit(file="gone.py", old="a", new="b"),),
        tests=one("test_here").tests,
    )
    ended = run_mutants(tree, [one("test_that_hangs"), gone, one("test_here", new="return forty_one")], workers=2)
    hanging, moved, undefined = (end.problem or "" for end in ended)
    assert "did not end" in hanging
    assert moved == "there is no file gone.py"
    assert "it does not run" in undefined


@pytest.mark.process
def test_each_run_is_a_process_of_its_own_that_begins_where_the_first_began(tree: Path) -> None:
    mutants = [one("test_alone"), one("test_of_a_sudden"), one("test_alone", new="return 42 + 0"), one("test_alone")]
    ended = run_mutants(tree, mutants, workers=1)
    assert [end.problem for end in ended] == [
        None, "it does not run, so nothing noticed it: pytest ended with 1", "it lives: no test noticed", None,
    ]  # fmt: skip


def test_the_tests_of_a_file_stay_with_one_worker() -> None:
    mutants = [one("a"), one("b"), Mutant(name="n", rule="R.", cost="seconds", edits=(), tests=("t/b.py::x", "t/c.py"))]
    assert mutation._shares(mutants, 2) == [["t/b.py::x", "tests/test_a.py::a", "tests/test_a.py::b"], ["t/c.py"]]
    assert mutation._shares(mutants[:1], 3) == [["tests/test_a.py::a"]]
    assert mutation._shares([], 2) == []


@pytest.mark.process
@pytest.mark.parametrize("test", ["test_broken", "test_that_nobody_wrote"])
def test_tests_that_cannot_judge_are_refused_before_any_mutant_runs(tree: Path, test: str) -> None:
    with pytest.raises(BrokenMutantError, match="without any mutant"):
        run_mutants(tree, [one("test_here"), one(test)], workers=1)


def test_only_those_that_are_asked_for_run(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tree / "tests" / "mutants"
    folder.mkdir()
    edits = '[[edits]]\nfile = "a"\nold = "b"\nnew = "c"\n'
    for name, cost in (("quick", "seconds"), ("slow", "minutes")):
        (folder / f"{name}.toml").write_text(f'rule = "It holds."\ncost = "{cost}"\ntests = ["t"]\n{edits}')
    asked: list[list[str]] = []

    def run(_root: Path, mutants: list[Mutant], *, workers: int) -> list[mutation.Ended]:
        asked.append([mutant.name for mutant in mutants])
        problem = "it lives" if asked[-1] == ["slow"] else None
        killed_by = None if problem else "tests.a::test_x[1]"
        return [mutation.Ended(mutant=one, killed_by=killed_by, problem=problem, seconds=workers) for one in mutants]

    monkeypatch.setattr(mutation, "ROOT", tree)
    monkeypatch.setattr(mutation, "run_mutants", run)
    assert [mutation.main(argv) for argv in ([], ["--quick"], ["slow"], ["--quick", "slow"])] == [0, 0, 1, 1]
    assert asked == [["quick", "slow"], ["quick"], ["slow"], []]
    out = capsys.readouterr().out
    assert "quick  " in out
    assert "killed by tests.a::test_x\n" in out
    assert "0 of 1 mutants were killed." in out
    assert mutation.main(["other"]) == 1
    assert capsys.readouterr().err == "error: there is no mutant other in tests/mutants\n"
