"""Runs the mutants: `python -m support.mutation [--quick] [NAME…]`, from `tests/`; `make mutants` does that.

Each runs in a private copy of the tree with an interpreter of its own that imports the copy, whoever starts it: a test,
a process that a test starts, or the console script. The tree itself is never touched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
    """A private copy of the tree, and an interpreter whose `tfsetup` is that copy."""

    def __init__(self, root: Path, folder: Path) -> None:
        """Copy what git knows or would add, else everything that is no product of a build."""
        self.tree = folder / "tree"
        listed = _git_files(root)
        if listed is None:
            shutil.copytree(root, self.tree, ignore=_LEFT_OUT, symlinks=True)
        for name in listed or ():
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, self.tree / name, follow_symlinks=False)
        self.python = _interpreter(folder / "tool", self.tree / "installer")
        self._times = _BEFORE

    def run(self, tests: Sequence[str], limit_s: float) -> Result:
        """Run tests (until the first that fails) in the copy."""
        with tempfile.TemporaryDirectory(dir=self.tree.parent) as folder:
            report = Path(folder) / "report.xml"
            options = ["-x", "-q", f"--junitxml={report}", f"--basetemp={folder}/tests"]
            argv = [str(self.python), "-m", "pytest", *options, *tests]
            status = _ended(argv, self.tree, limit_s)
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


def _ended(argv: Sequence[str], folder: Path, limit_s: float) -> int | None:
    """Run a program and return its exit status; None: it and what it started were ended after the limit."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    with subprocess.Popen(
        argv, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    ) as running:
        try:
            return running.wait(limit_s)
        except BaseException as problem:
            os.killpg(running.pid, signal.SIGKILL)
            if isinstance(problem, subprocess.TimeoutExpired):
                return None
            raise


def run_mutants(root: Path, mutants: Sequence[Mutant], *, workers: int) -> list[Ended]:
    """Run mutants in private copies of `root`, several side by side, and say what became of each.

    Raises:
        BrokenMutantError: one of the named tests does not pass without any mutant.
    """
    copies: SimpleQueue[Copy] = SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="tfsetup-mutants-") as folder, ThreadPoolExecutor(workers) as pool:
        made = list(pool.map(lambda at: Copy(root, _made(Path(folder).resolve() / str(at))), range(workers)))
        for copy in made:
            copies.put(copy)
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        if tests:
            refuse_unsound(made[0].run(tests, sum(LIMIT_S[mutant.cost] for mutant in mutants)))
        return list(pool.map(lambda mutant: _judged(copies, mutant), mutants))


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
    rows = [
        (one.mutant.name, f"{one.seconds:.1f} s", one.problem or f"killed by {one.killed_by}".partition("[")[0])
        for one in ended
    ]
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
