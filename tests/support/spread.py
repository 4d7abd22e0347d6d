"""Runs tests in several pytests side by side: `python -m support.spread PATH… [-- OPTION…]`, from `tests/`.

Each pytest collects what it runs, and no report goes from process to process. With xdist every worker collects all
there is: thousands of tests that take a millisecond each cost less than to be handed about. A part is a folder with
its caches, several small ones, or a share of a large one; where tests take minutes (`--each`), the files of one
subject, which share what they build.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from support.source import ROOT

MOST: Final = 40
"""So many files are a part: few enough to be shared out evenly, enough that it pays to start a pytest."""
_NOTHING_CHOSEN: Final = 5
"""pytest's exit status where no test is there, or all of them were deselected."""
_PROGRESS: Final = re.compile(r"[.sxXFEup,-]*+ *\[ *[0-9]+%\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Files of tests, and what to call them."""

    name: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What became of a part: pytest's exit status, and what it said."""

    part: Part
    status: int
    said: str
    seconds: float


Run = Callable[[Part], tuple[int, str]]


def parts(root: Path, paths: Sequence[str]) -> list[Part]:
    """Return all files of tests below `paths` in `root`, each in one part; folder by folder, in the paths' order."""
    found: list[list[Path]] = []
    for path in paths:
        begun: list[Path] = []
        files = sorted(file.relative_to(root) for file in (root / path).rglob("test_*.py"))
        for share in _shares(Path(path), files):
            if len(begun) + len(share) > MOST:
                found.append(begun)
                begun = []
            begun = [*begun, *share]
        found.append(begun)
    return [Part(name=_name(files), files=tuple(map(str, files))) for files in found if files]


def _shares(path: Path, files: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield the files of each folder in `path`; of a large folder even shares."""
    for _, group in groupby(files, key=lambda file: file.relative_to(path).parts[:-1][:1]):
        folder = list(group)
        count = -(-len(folder) // MOST)
        for at in range(count):
            yield folder[at * len(folder) // count : (at + 1) * len(folder) // count]


def subjects(root: Path, paths: Sequence[str], marks: Sequence[str], first: Sequence[str]) -> list[Part]:
    """Return the files in which one of `marks` is given to a test, those of one subject in a folder as one part.

    What `first` names comes first, in its order: what takes longest must not be what the others wait for.
    """
    marked = re.compile(rf"\b(?:mark\.(?:{'|'.join(marks)})\b|heavy_but_one_in\()")
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(file for folder in paths for file in (root / folder).rglob("test_*.py")):
        if marked.search(path.read_text(encoding="utf-8")):
            folder, subject = path.parent.relative_to(root).as_posix(), path.stem.split("_")[1]
            found.setdefault((folder, subject), []).append(f"{folder}/{path.name}")
    places = {subject: place for place, subject in enumerate(first)}
    order = sorted(found, key=lambda one: places.get(one[1], len(places)))
    return [Part(name=f"{folder}/{subject}", files=tuple(found[folder, subject])) for folder, subject in order]


def _name(files: Sequence[Path]) -> str:
    """Return the folders of files; of those that lie in another of them only that one."""
    folders = dict.fromkeys(file.parent for file in files)
    return " ".join(folder.as_posix() for folder in folders if not folders.keys() & {*folder.parents})


def spread(wanted: Sequence[Part], run: Run, told: Callable[[str], object], *, workers: int) -> int:
    """Run parts, several side by side, tell of each when it has ended, and return one exit status for all.

    Nothing run is a failure; a part of which nothing is chosen is none.
    """
    with ThreadPoolExecutor(workers) as pool:
        ended = list(pool.map(lambda part: _ended(part, run, told), wanted))
    statuses = {one.status for one in ended} - {_NOTHING_CHOSEN}
    if not statuses:
        told("No test was chosen.\n")
        return _NOTHING_CHOSEN
    return max(statuses) if min(statuses) >= 0 else 1  # what a signal ended has no status of its own


def _ended(part: Part, run: Run, told: Callable[[str], object]) -> Ended:
    began = time.monotonic()
    status, said = run(part)
    ended = Ended(part=part, status=status, said=said, seconds=time.monotonic() - began)
    if status != _NOTHING_CHOSEN:
        told(shown(ended))
    return ended


def shown(ended: Ended) -> str:
    """Return what is worth telling of a part: all but the dots, and which part it was."""
    lines = [line for line in ended.said.splitlines() if line.strip() and not _PROGRESS.fullmatch(line)]
    how = f"{ended.part.name}: {lines.pop() if lines else 'nothing was said'}"
    if ended.status:
        how += f" (exit status {ended.status})"
    return "".join(f"{line}\n" for line in [*lines, how])


def pytest_in(folder: Path, options: Sequence[str]) -> Run:
    """Return what runs a part with a pytest of its own, whose temporary files go to `folder`."""

    def run(part: Part) -> tuple[int, str]:
        # Gigabytes, where something real is built. Not `t`: conda takes what follows `/t/` for a secret and drops it.
        own = Path(tempfile.mkdtemp(dir=folder)) / "run"
        argv = [sys.executable, "-m", "pytest", "-q", f"--basetemp={own}", *options, *part.files]
        with subprocess.Popen(
            argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as running:
            said = running.communicate()[0]
        shutil.rmtree(own, ignore_errors=True)
        return running.returncode, said.decode(errors="replace")

    return run


def main(argv: Sequence[str]) -> int:
    """Run the tests that are asked for and return pytest's exit status."""
    asked = argparse.ArgumentParser(prog="support.spread", description="Run tests in several pytests side by side.")
    asked.add_argument("paths", nargs="+", metavar="PATH", help="a folder of tests, from the root")
    # One more than there are processors: some tests wait for a child process.
    asked.add_argument("--workers", type=int, default=(os.cpu_count() or 1) + 1, help="how many side by side")
    asked.add_argument(
        "--each", metavar="MARKS", type=_words, help="the files with one of these marks, by their subjects"
    )
    asked.add_argument("--first", metavar="SUBJECTS", type=_words, default=[], help="what `--each` begins with")
    own, options = (list(argv[: argv.index("--")]), list(argv[argv.index("--") + 1 :])) if "--" in argv else (argv, [])
    said = asked.parse_args(own)
    with tempfile.TemporaryDirectory(prefix="tfsetup-tests-", ignore_cleanup_errors=True) as folder:
        wanted = subjects(ROOT, said.paths, said.each, said.first) if said.each else parts(ROOT, said.paths)
        return spread(wanted, pytest_in(Path(folder), options), _tell, workers=said.workers)


def _words(text: str) -> list[str]:
    return text.split(",")


def _tell(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
