"""What digests save, row by row as it was promised: a preflight the first time and again, locks for three machines.

The wheels come from the folder TFSETUP_BENCH_WHEELS (as for `preflight`); TFSETUP_BENCH_DIGESTS is a folder that
`make digests` has filled, for what is asked with handed-on digests. With `--baseline CHECKOUT` the commit before there
were digests stands beside each. Jobs that ask the index are timed with what uv remembers in place.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.preflight import PINS, PYTHON, fetch
from benchmarks.timing import alternate, command, peak, plain_environ, report, report_cpu, tfsetups
from tfsetup.ground.units import size

HOST = {"os": "macos", "os_version": "14.4", "arch": "arm64"}
THREE = ("macos-arm64-metal", "linux-x86_64-cpu", "windows-x86_64-cpu")
SEVEN = (*THREE, "macos-arm64-cpu", "macos-x86_64-cpu", "linux-aarch64-cpu", "linux-x86_64-cpu-full")
MORE = "scikit-learn>=1.5"
"""The requirement that is added to locks whose other wheels are known."""
SIZES = {"macosx": 11, "manylinux": 23, "win_amd64": 3}
"""Megabytes that the digests of a TensorFlow may have, by a word of its file name."""
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
        first(folder, [*ask, *PINS])
        given = os.environ.get("TFSETUP_BENCH_DIGESTS")
        if given:
            handed(folder, [*ask, *PINS], given)
            sizes(Path(given))
        locks(folder)
        changed(folder)
        memory(folder, [*ask, *PINS])


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
        first_time = f"{name}, first time"
        contenders[first_time] = command(*start, *ask, environ=cached(folder, first_time), status=ANSWERS)
        before[first_time] = emptied(folder, first_time)
    timed = alternate(contenders, rounds=ROUNDS, before=before)
    against = list(contenders)[-1]  # the baseline's first time, where there is a baseline
    report(title, timed, against=against, at_most=at_most)
    report_cpu(title, timed, against=against, at_most=at_most)


def first(folder: Path, ask: list[str]) -> None:
    """Compare first preflights from the index, without any digest; building them may cost a quarter more CPU."""
    contenders = {
        name: command(*start, *ask, environ=cached(folder, f"{name} new"), status=ANSWERS)
        for name, start in tfsetups().items()
    }
    before = {name: emptied(folder, f"{name} new") for name in contenders}
    timed = alternate(contenders, rounds=ROUNDS, before=before)
    title, against = "The first preflight from the index, without digests", list(contenders)[-1]
    report(title, timed, against=against, at_most=0.55)
    report_cpu(title, timed, against=against, at_most=1.25)


def handed(folder: Path, ask: list[str], given: str) -> None:
    """Compare a first preflight with handed-on digests with one without."""
    (start,) = list(tfsetups().values())[:1]
    with_them, without = "with digests handed on, the first time", "without"
    contenders = {
        with_them: command(*start, *ask, "--digests", given, environ=cached(folder, "handed"), status=ANSWERS),
        without: command(*start, *ask, environ=cached(folder, "not handed"), status=ANSWERS),
    }
    before = {with_them: emptied(folder, "handed"), without: emptied(folder, "not handed")}
    timed = alternate(contenders, rounds=ROUNDS, before=before)
    report_cpu("Preflight of requirements (promised: 1.3 s CPU besides uv's)", timed, against=without, at_most=0.33)


def sizes(given: Path) -> None:
    """Print how large the digests of a TensorFlow are: the largest for each system that a list knows."""
    from tfsetup.matrix.file.disk import environments
    from tfsetup.workflows.handed import RELEASED, parse_released

    known = parse_released((environments() / RELEASED).read_text(encoding="utf-8"), RELEASED)
    print("\nDigests of a TensorFlow")
    for word, promised in SIZES.items():
        found = {
            one.name: sum((given / name).stat().st_size for name in one.digests if (given / name).exists())
            for one in known.values()
            if one.name.startswith(("tensorflow-2", "tensorflow_cpu-2", "tensorflow_macos-2")) and word in one.name
        }
        name = max(found, key=lambda one: found[one], default="none")
        print(f"  {name:<70} {size(found.get(name, 0)):>9}  (promised: at most {promised} MB)")


def locks(folder: Path) -> None:
    """Compare locks for three machines: the first time, and again with digests, its own or those handed on."""
    (start,) = list(tfsetups().values())[:1]
    digests = ["--digests", str(folder / "handed on")]
    ask = [*start, *wanting(THREE)]
    environ = cached(folder, "locks")
    command(*ask, "-o", str(folder / "there"), *digests, environ=environ)()

    def forgotten() -> None:
        """Forget the verdicts, not what was read."""
        shutil.rmtree(folder / "locks" / "proofs", ignore_errors=True)
        shutil.rmtree(folder / "again", ignore_errors=True)

    given = ["-o", str(folder / "there"), *digests]

    def moved() -> None:
        emptied(folder, "with digests handed on")()
        record = folder / "there" / "proof.json"
        found = json.loads(record.read_text())
        for proof in found["locks"].values():
            proof["subject"] = ""
        record.write_text(json.dumps(found))

    contenders: dict[str, Callable[[], object]] = {
        "again, verdicts forgotten": command(*ask, "-o", str(folder / "again"), environ=environ),
        "with digests handed on": command(*ask, *given, environ=cached(folder, "with digests handed on")),
    }
    before: dict[str, Callable[[], object]] = {
        "again, verdicts forgotten": forgotten,
        "with digests handed on": moved,
    }
    for name, started in tfsetups().items():
        new = f"{name}, the first time"
        out = str(folder / new.replace(" ", "-"))
        contenders[new] = command(*started, *wanting(THREE), "-o", out, environ=cached(folder, new))
        before[new] = emptied(folder, new)
    timed = alternate(contenders, rounds=ROUNDS, before=before)
    report("Locks for three machines (promised: 6 s again)", timed, against=list(contenders)[-1], at_most=0.2)


def changed(folder: Path) -> None:
    """Compare a lock with one more requirement, its other wheels known, with the same lock that is not proven."""
    (start,) = list(tfsetups().values())[:1]
    environ, team = cached(folder, "changed"), folder / "environments" / "team.yaml"
    team.parent.mkdir()
    rows = f"platforms: [{', '.join(THREE)}]\n"
    team.write_text(rows)
    command(*start, "lock", "--prove", environ=environ, cwd=folder)()
    shutil.copytree(folder / "changed", folder / "as it was")
    team.write_text(f"{rows}requirements:\n  - {MORE}\n")

    def as_it_was() -> None:
        for name in ("changed", "environments/locks"):
            shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(folder / "as it was", folder / "changed")

    contenders: dict[str, Callable[[], object]] = {
        "one requirement more, proven": command(*start, "lock", "--prove", environ=environ, cwd=folder),
        "the same, not proven": command(*start, "lock", "--no-prove", environ=environ, cwd=folder),
    }
    timed = alternate(contenders, rounds=ROUNDS, before=dict.fromkeys(contenders, as_it_was))
    title = "Locks for three machines after one requirement changed (promised: 4 s and the new wheels more)"
    report(title, timed, against="the same, not proven")


def memory(folder: Path, ask: list[str]) -> None:
    """Print the most memory that each job held, in MB."""
    print("\nMemory")
    for name, start in tfsetups().items():
        shutil.rmtree(folder / "memory", ignore_errors=True)
        environ = cached(folder, "memory")
        jobs: list[tuple[str, Sequence[str], int]] = [
            ("preflight from the index", [*start, *ask], 200),
            ("the same from digests", [*start, *ask], 170),
            ("locks for 3 machines", [*start, *wanting(THREE), "-o", str(folder / "m3")], 250),
            ("locks for 7 machines", [*start, *wanting(SEVEN), "-o", str(folder / "m7")], 250),
        ]
        for job, argv, promised in jobs:
            found = peak(*argv, environ=environ, status=ANSWERS) / 1e6
            print(f"  {name}, {job:<40} {found:6.0f} MB  (promised: at most {promised})")


def wanting(rows: Sequence[str]) -> list[str]:
    """Return how proven locks for those rows are asked for."""
    return ["lock", "--prove", *(word for name in rows for word in ("--platform", name))]
