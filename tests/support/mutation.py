"""Runs the mutants: `python -m support.mutation [--quick] [NAME…]`, from `tests/`; `make mutants` does that.

Each runs in a private copy of the tree with an interpreter of its own that imports the copy, whoever starts it: a test,
a process that a test starts, or the console script. The tree itself is never touched. In each copy one pytest waits,
warm, and forks for every mutant (`warm.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from support.mutants import (
    LIMIT_S,
    BrokenMutantError,
    Mutant,
    Result,
    applied,
    killer,
    read_mutants,
    read_report,
    refuse_unsound,
    table,
)

ROOT = Path(__file__).parents[2]
MUTANTS = "tests/mutants"
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".tool", "__pycache__", ".*_cache", ".hypothesis", "dist", "build")
_BEFORE = 1_000_000_000  # seconds; a time of modification that no file of the tree has


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What became of a mutant: the test that killed it, or why none did."""

    mutant: Mutant
    killed_by: str | None
    problem: str | None
    seconds: float


class Copy:
    """A private copy of the tree, and an interpreter whose `tfsetup` is that copy. `close` it."""

    def __init__(self, root: Path, folder: Path) -> None:
        """Copy what git knows or would add, else everything that is no product of a build."""
        self.tree = folder / "tree"
        listed = _git_files(root)
        if listed is None:
            shutil.copytree(root, self.tree, ignore=_LEFT_OUT, symlinks=True)
        for name in listed or ():
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, self.tree / name, follow_symlinks=False)
        self._open = ExitStack()
        self._pytest = self._open.enter_context(
            _warm(_interpreter(folder / "tool", self.tree / "installer"), self.tree)
        )
        self._times = _BEFORE

    def close(self) -> None:
        """End what waits here."""
        self._open.close()

    def run(self, tests: Sequence[str], limit_s: float) -> Result:
        """Run tests (until the first that fails) in the copy."""
        with tempfile.TemporaryDirectory(dir=self.tree.parent) as folder:
            report = Path(folder) / "report.xml"
            options = ["-x", "-q", f"--junitxml={report}", f"--basetemp={folder}/tests"]
            status = _ended(self._pytest, [*options, *tests], limit_s)
            return read_report(status, report.read_text(encoding="utf-8") if report.exists() else "")

    def judge(self, mutant: Mutant) -> str:
        """Apply a mutant, run its tests, take it back, and return the test that noticed.

        Raises:
            BrokenMutantError: none did, or it says nothing.
        """
        before = self.texts(mutant)
        changed = applied(before, mutant)
        try:
            self._write(changed)
            return killer(self.run(mutant.tests, LIMIT_S[mutant.cost]))
        finally:
            self._write(before)

    def texts(self, mutant: Mutant) -> dict[str, str]:
        """Return the texts of a mutant's files."""
        files = {edit.file for edit in mutant.edits}
        return {file: (self.tree / file).read_text("utf-8") for file in files if (self.tree / file).is_file()}

    def _write(self, texts: dict[str, str]) -> None:
        for file, text in texts.items():
            (self.tree / file).write_text(text, encoding="utf-8")
            # Bytecode is known by its source's size and second: each state of a file has a second of its own.
            self._times += 1
            os.utime(self.tree / file, (self._times, self._times))


def _git_files(root: Path) -> list[str] | None:
    argv = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    with suppress(OSError):
        listed = subprocess.run(argv, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if listed.returncode == 0 and (root / ".git").exists():
            names = {os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}
            return sorted(name for name in names if os.path.lexists(root / name))
    return None


def _interpreter(folder: Path, source: Path) -> Path:
    """Make an environment that finds `source` before anything else, and lends the packages and programs of this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    bin_folder = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = bin_folder / Path(sys.executable).name
    site = next(folder.glob("[Ll]ib/**/site-packages"))
    (site / "copy.pth").write_text(f"{source}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    for program in Path(sysconfig.get_path("scripts")).iterdir():
        if program.is_file() and not (bin_folder / program.name).exists() and "python" not in program.name:
            (bin_folder / program.name).symlink_to(program)
    script = bin_folder / "tfsetup"
    script.unlink(missing_ok=True)
    script.write_text(f"#!{python}\nfrom tfsetup.__main__ import main\nmain()\n", encoding="utf-8")
    script.chmod(0o755)
    return python


@contextmanager
def _warm(python: Path, tree: Path) -> Iterator[subprocess.Popen[str]]:
    """Keep a pytest ready (`warm.py`)."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    argv = [str(python), "-P", str(Path(__file__).with_name("warm.py"))]
    with subprocess.Popen(
        argv, cwd=tree, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as waiting:
        yield waiting


def _ended(pytest: subprocess.Popen[str], arguments: Sequence[str], limit_s: float) -> int | None:
    """Run tests and return pytest's exit status; None: it and what it started were ended after the limit."""
    assert pytest.stdin  # made with both
    assert pytest.stdout
    pytest.stdin.write(f"{json.dumps(arguments)}\n")
    pytest.stdin.flush()
    child = int(pytest.stdout.readline())
    hung = threading.Event()

    def end() -> None:
        hung.set()
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

    limit = threading.Timer(limit_s, end)
    limit.start()
    try:
        status = int(pytest.stdout.readline())
    finally:
        limit.cancel()
    return None if hung.is_set() else status


def run_mutants(root: Path, mutants: Sequence[Mutant], *, workers: int) -> list[Ended]:
    """Run mutants in private copies of `root`, several side by side, and say what became of each.

    Raises:
        BrokenMutantError: one of the named tests does not pass without any mutant.
    """
    copies: SimpleQueue[Copy] = SimpleQueue()
    with (
        tempfile.TemporaryDirectory(prefix="tfsetup-mutants-") as folder,
        ExitStack() as made,
        ThreadPoolExecutor(workers) as pool,
    ):
        for copy in pool.map(lambda at: Copy(root, _made(Path(folder).resolve() / str(at))), range(workers)):
            made.callback(copy.close)
            copies.put(copy)
        limit_s = sum(LIMIT_S[mutant.cost] for mutant in mutants)
        for result in pool.map(lambda tests: _controlled(copies, tests, limit_s), _shares(mutants, workers)):
            refuse_unsound(result)
        return list(pool.map(lambda mutant: _judged(copies, mutant), mutants))


def _shares(mutants: Sequence[Mutant], workers: int) -> list[list[str]]:
    """Return the tests of all mutants, a share for each worker; the tests of a file stay together."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    files = sorted({test.partition("::")[0] for test in tests})
    shares = [{*files[at::workers]} for at in range(workers)]
    return [[test for test in tests if test.partition("::")[0] in share] for share in shares if share]


def _controlled(copies: SimpleQueue[Copy], tests: Sequence[str], limit_s: float) -> Result:
    copy = copies.get()
    try:
        return copy.run(tests, limit_s)
    finally:
        copies.put(copy)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _judged(copies: SimpleQueue[Copy], mutant: Mutant) -> Ended:
    copy = copies.get()
    began = time.monotonic()
    killed_by, problem = None, None
    try:
        killed_by = copy.judge(mutant)
    except BrokenMutantError as found:
        problem = str(found)
    finally:
        copies.put(copy)
    return Ended(mutant=mutant, killed_by=killed_by, problem=problem, seconds=time.monotonic() - began)


def main(argv: Sequence[str]) -> int:
    """Run the mutants that are asked for, print a table, and return 0 if every one of them was killed."""
    asked = argparse.ArgumentParser(prog="make mutants", description="Run the mutants of tests/mutants.")
    asked.add_argument("names", nargs="*", metavar="NAME", help="only these")
    asked.add_argument("--quick", action="store_true", help="only those whose tests take seconds")
    asked.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1), help="how many side by side")
    options = asked.parse_args(argv)
    try:
        ended = run_mutants(ROOT, _wanted(options.names, quick=options.quick), workers=options.workers)
    except BrokenMutantError as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1
    rows = [(one.mutant.name, f"{one.seconds:.1f} s", _said(one)) for one in ended]
    living = sum(one.problem is not None for one in ended)
    sys.stdout.write(f"{table(rows)}\n{len(ended) - living} of {len(ended)} mutants were killed.\n")
    return 1 if living or not ended else 0


def _said(one: Ended) -> str:
    return one.problem or f"killed by {one.killed_by}".partition("[")[0]


def _wanted(names: Sequence[str], *, quick: bool) -> list[Mutant]:
    known = read_mutants(ROOT / MUTANTS)
    unknown = sorted(set(names) - {mutant.name for mutant in known})
    if unknown:
        raise BrokenMutantError(f"there is no mutant {', '.join(unknown)} in {MUTANTS}")
    chosen = [mutant for mutant in known if not names or mutant.name in names]
    return [mutant for mutant in chosen if not quick or mutant.cost == "seconds"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
