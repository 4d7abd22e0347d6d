"""What digests save: a preflight the first time and again, and locks for three machines, also with those handed on.

The wheels come from the folder TFSETUP_BENCH_WHEELS (as for `preflight`). With `--baseline CHECKOUT` the commit before
there were digests stands beside each. Jobs that ask the index are timed with what uv remembers in place.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.preflight import PINS, PYTHON, fetch
from benchmarks.timing import alternate, command, plain_environ, report, report_cpu, tfsetups

HOST = {"os": "macos", "os_version": "14.4", "arch": "arm64"}
THREE = ("macos-arm64-metal", "linux-x86_64-cpu", "windows-x86_64-cpu")
ROUNDS = 3
ANSWERS = (0, 7)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "host.json").write_text(json.dumps(HOST))
        wheels = fetch(Path(os.environ.get("TFSETUP_BENCH_WHEELS", scratch)))
        ask = ["preflight", "--host", str(folder / "host.json"), "--python", PYTHON]
        again(folder, [*ask, *map(str, wheels)], "Preflight of wheels on this disk", at_most=0.33)
        again(folder, [*ask, *PINS], "Preflight of requirements, from the index", at_most=None)
        locks(folder)


def cached(folder: Path, name: str) -> Mapping[str, str]:
    """Return an environment with a cache of its own."""
    return plain_environ() | {"TFSETUP_CACHE_DIR": str(folder / name)}


def emptied(folder: Path, name: str) -> Callable[[], object]:
    """Return what empties that cache."""
    return lambda: shutil.rmtree(folder / name, ignore_errors=True)


def again(folder: Path, ask: list[str], title: str, *, at_most: float | None) -> None:
    """Compare the first time with every later one; of an earlier commit every time is the first."""
    contenders: dict[str, Callable[[], object]] = {}
    before: dict[str, Callable[[], object]] = {}
    for name, start in tfsetups().items():
        command(*start, *ask, environ=cached(folder, name), status=ANSWERS)()
        contenders[f"{name}, again"] = command(*start, *ask, environ=cached(folder, name), status=ANSWERS)
        first = f"{name}, first time"
        contenders[first] = command(*start, *ask, environ=cached(folder, first), status=ANSWERS)
        before[first] = emptied(folder, first)
    timed = alternate(contenders, rounds=ROUNDS, before=before)
    against = list(contenders)[-1]  # the baseline's first time, where there is a baseline
    report(title, timed, against=against, at_most=at_most)
    report_cpu(title, timed, against=against, at_most=at_most)


def locks(folder: Path) -> None:
    """Compare locks for three machines: the first time, again with digests, and after one requirement changed."""
    (start,) = list(tfsetups().values())[:1]
    platforms = [word for name in THREE for word in ("--platform", name)]
    digests = ["--digests", str(folder / "handed")]
    ask = [*start, "lock", "--prove", *platforms]
    environ = cached(folder, "locks")
    command(*ask, "-o", str(folder / "there"), *digests, environ=environ)()

    def forgotten() -> None:
        """Forget the verdicts, not what was read."""
        shutil.rmtree(folder / "locks" / "proofs", ignore_errors=True)
        shutil.rmtree(folder / "again", ignore_errors=True)

    handed, first = "with digests handed on", "the first time"
    given = ["-o", str(folder / "there"), *digests]

    def moved() -> None:
        emptied(folder, handed)()
        record = folder / "there" / "proof.json"
        found = json.loads(record.read_text())
        for proof in found["locks"].values():
            proof["subject"] = ""
        record.write_text(json.dumps(found))

    contenders = {
        "again, verdicts forgotten": command(*ask, "-o", str(folder / "again"), environ=environ),
        handed: command(*ask, *given, environ=cached(folder, handed)),
        first: command(*ask, "-o", str(folder / "again"), environ=cached(folder, first)),
    }
    before = {"again, verdicts forgotten": forgotten, handed: moved, first: emptied(folder, first)}
    timed = alternate(contenders, rounds=ROUNDS, before=before)
    report("Locks for three machines (promised: 6 s again)", timed, against=first, at_most=0.2)
