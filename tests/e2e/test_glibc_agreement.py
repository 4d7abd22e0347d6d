"""The prediction for Linux against the loader of this machine: every library of a real environment, whole and damaged.

Each library is opened with ctypes in a child process; its words, or the way it dies, must be those predicted.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.elf_damage import Variant, lay_out, variants
from support.linux_host import environment_site, real_process, start_modules
from tfsetup.loader.bytes import Memory
from tfsetup.loader.elf import Elf
from tfsetup.loader.model import LoadFailure, Mode

pytestmark = [pytest.mark.process, pytest.mark.heavy, pytest.mark.skipif(sys.platform != "linux", reason="Linux only")]

CHILD = """
import ctypes, os, sys
try:
    ctypes.CDLL(sys.argv[1], mode=int(sys.argv[2]))
except OSError as error:
    print(error)
else:
    print("loads")
sys.stdout.flush()
os._exit(0)
"""

_LINE = re.compile(r"(dl-[a-z]+\.c): \d+: ")


@dataclass(frozen=True)
class Truth:
    """What really happened: the words, or None when the process died, and how."""

    words: str | None
    death: str = ""


def ask_loader(python: Path, path: Path, *, lazy: bool = False, library_path: str = "") -> Truth:
    environment = {**os.environ, "LD_LIBRARY_PATH": library_path} if library_path else dict(os.environ)
    mode = os.RTLD_LAZY if lazy else os.RTLD_NOW
    child = [str(python), "-S", "-c", CHILD, str(path), str(mode)]
    run = subprocess.run(child, capture_output=True, text=True, env=environment, cwd="/", check=False)
    if run.returncode == 0:
        return Truth(run.stdout.removesuffix("\n"))
    return Truth(None, _LINE.sub(r"\1: ", run.stderr.strip()) or f"status {run.returncode}")


def differs(truth: Truth, failure: LoadFailure | None, *, undecided: bool) -> str | None:
    """Return what is wrong with a prediction, None when it agrees."""
    predicted = failure.message if failure else "loads"
    if truth.words == predicted:
        return None
    if truth.words is None:
        if failure is not None and ("is killed" in predicted or predicted in truth.death):
            return None
        if undecided and failure is None:
            return None
    return f"really: {truth.words or truth.death!r}; predicted: {predicted!r} (undecided: {undecided})"


def compare(python: Path, path: Path, *, lazy: bool = False, library_path: str = "") -> str | None:
    truth = ask_loader(python, path, lazy=lazy, library_path=library_path)
    process = real_process(python, library_path=library_path)
    for module in start_modules(python):
        assert process.dlopen(module, Mode()) is None
    failure = process.dlopen(str(path), Mode(now=not lazy, scope="local"))
    undecided = any(note.matters for note in process.not_covered)
    return differs(truth, failure, undecided=undecided)


@pytest.fixture(scope="module")
def site() -> Path:
    return environment_site()


@pytest.fixture(scope="module")
def python(site: Path) -> Path:
    return site.parents[2] / "bin" / "python"


@pytest.mark.e2e
def test_every_library_of_an_environment(site: Path, python: Path) -> None:
    libraries = [path for path in sorted(site.rglob("*.so*")) if path.is_file()]
    assert len(libraries) > 100
    wrong = {path.name: text for path in libraries if (text := compare(python, path))}
    assert wrong == {}


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return path.is_file() and file.read(4) == b"\x7fELF"


def small_tree(site: Path, folder: Path) -> list[str]:
    """Copy the libraries of a few packages, small enough to be damaged hundreds of times, into a folder."""
    found = []
    for package in ("numpy", "numpy.libs", "h5py", "h5py.libs", "wrapt", "ml_dtypes", "optree"):
        for path in sorted((site / package).rglob("*.so*")):
            if path.is_file() and _is_elf(path):
                copy = folder / path.relative_to(site)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
                found.append(str(path.relative_to(site)))
    return found


def neighbours(tree: Path, files: list[str]) -> list[tuple[str, str]]:
    """Return (importer, provider) for files that need one another."""
    leaves = {Path(name).name: name for name in files}
    found = []
    for name in files:
        needed = Elf(Memory((tree / name).read_bytes())).needed
        found += [(name, leaves[leaf]) for leaf in needed if leaf in leaves]
    return found


def test_damaged_libraries(
    site: Path, python: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    pristine = tmp_path / "pristine"
    files = small_tree(site, pristine)
    pairs = neighbours(pristine, files)[:6]
    modules = [name for name in files if ".libs" not in name]
    foreign = {"aarch64": _other_machine(pristine / pairs[0][1])}
    wrong, count = {}, 0
    for variant in variants(pristine, modules, pairs, foreign):
        text = compare_variant(variant, pristine, tmp_path / f"v{count}", python)
        count += 1
        if text:
            wrong[variant.name] = text
    record_property("variants", count)
    assert count >= 200
    assert wrong == {}


def _other_machine(path: Path) -> bytes:
    data = bytearray(path.read_bytes())
    data[18:20] = (183).to_bytes(2, "little")
    return bytes(data)


def compare_variant(variant: Variant, pristine: Path, folder: Path, python: Path) -> str | None:
    folder.mkdir()
    lay_out(variant, pristine, folder)
    library_path = ":".join(str(folder / name) for name in variant.library_path)
    return compare(python, folder / variant.target, lazy=variant.lazy, library_path=library_path)
