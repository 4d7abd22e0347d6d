"""The ELF side of preflight on a real Linux environment, against LIEF, which builds an object for every symbol.

TFSETUP_BENCH_ENVIRONMENT names the environment's prefix; without it there is nothing to measure.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path

from benchmarks.timing import alternate, report
from tfsetup.host.model import Host, Libc
from tfsetup.loader.elf.image import Elf
from tfsetup.loader.elf.relocations import Relocations
from tfsetup.loader.elf.symbols import Query, Symbols
from tfsetup.loader.files.sources import LocalTree, MappedFile
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.system import system_of
from tfsetup.loader.model import Mode

ENVIRONMENT = "TFSETUP_BENCH_ENVIRONMENT"
GUARD = "tensorflow/python/platform/_pywrap_cpu_feature_guard.so"
LARGEST = "tensorflow/libtensorflow_cc.so.2"
SMALLER = "tensorflow/libtensorflow_framework.so.2"
"""LIEF needs minutes for the largest, so the comparison is made on the library a tenth of its size."""


def main() -> None:
    """Run all comparisons and print ratios."""
    prefix = os.environ.get(ENVIRONMENT)
    if not prefix:
        print(f"{ENVIRONMENT} names no environment; skipped")
        return
    site = next((Path(prefix) / "lib").glob("python3.*/site-packages"))
    binding(site)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory so far: {peak:.0f} MB")
    against_lief(site / SMALLER)


def look_up(path: Path) -> None:
    """Ask a library for a symbol it does not have."""
    if Symbols(Elf(MappedFile(path))).lookup(Query(b"no_such_symbol")) is not False:
        raise RuntimeError(f"{path} has a symbol it cannot have")


def bind(site: Path) -> None:
    """Map and bind every symbol of the tree of the first native file of `import tensorflow`."""
    host = Host(os="linux", libc=Libc(name="glibc", version="2.36"))
    process = GlibcProcess(system_of(host, "x86_64", LocalTree(site)))
    failure = process.dlopen(str(site.resolve() / GUARD), Mode())
    if failure:
        raise RuntimeError(failure.message)


def binding(site: Path) -> None:
    """Compare one look-up, the reading of the tables, and the whole tree."""
    path = site / LARGEST

    def tables() -> None:
        Relocations(Symbols(Elf(MappedFile(path)))).references()

    contenders = {
        f"one look-up in {path.stat().st_size >> 20} MB": lambda: look_up(path),
        "what it needs of others": tables,
        "the whole tree, mapped and bound": lambda: bind(site),
    }
    report(
        "ELF: the largest library, and all that is loaded with it",
        alternate(contenders, rounds=5),
        against=list(contenders)[-1],
    )


def against_lief(path: Path) -> None:
    """Compare a look-up and the list of undefined symbols with LIEF's parse of the same file."""
    import lief

    contenders = {
        "tfsetup: one look-up": lambda: look_up(path),
        "tfsetup: what it needs of others": lambda: Relocations(Symbols(Elf(MappedFile(path)))).references(),
        "LIEF: parse": lambda: lief.parse(str(path)),
    }
    report(f"ELF: {path.stat().st_size >> 20} MB", alternate(contenders, rounds=2), against="LIEF: parse")


if __name__ == "__main__":
    main()
