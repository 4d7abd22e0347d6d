"""A machine nobody is at: the plainest one a row is for, so that it can be locked from anywhere. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tfsetup.host.model import Cpu, Gpu, Host, Libc
from tfsetup.matrix.choose.select import decide
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.model import Ask, Selection

GLIBC = "2.28"  # what the oldest Linux distributions that are still maintained have (RHEL 8, Debian 10)
MACOS = ("13.0", "14.0", "15.0", "26.0")  # from Apple's oldest that gets updates; the first that gives all a row has
_DRIVER = "999.0"  # an NVIDIA driver that is new enough for anything: drivers are not part of a lock
CAPABILITY = "9.0"
_FEATURES = {"x86_64": ("avx", "avx2", "fma"), "arm64": ("neon",), "aarch64": ("neon",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Levels:
    """How old a system may be that a lock is for: macOS and glibc, as `major.minor`. None: as `reference` chooses."""

    macos: str | None = None
    glibc: str | None = None


def reference_host(row: Row, levels: Levels | None = None) -> Host:
    """Return the plainest machine that `row` is for. Python is not on it, and uv may bring any."""
    when, levels = row.when, levels or Levels()
    versions = {"macos": levels.macos or MACOS[0], "windows": "10", "linux": None}
    gpu = when.gpu and Gpu(
        vendor=when.gpu,
        driver=_DRIVER if when.gpu == "nvidia" else None,
        compute_capability=CAPABILITY if when.gpu == "nvidia" else None,
    )
    return Host(
        os=when.os,
        os_version=versions[when.os],
        arch=when.arch,
        rosetta=when.rosetta if when.os == "macos" else None,
        wsl=False if when.os == "linux" else None,
        libc=Libc(name="glibc", version=levels.glibc or GLIBC) if when.os == "linux" else None,
        cpu=Cpu(features=_FEATURES.get(when.interpreter or when.arch, ())),
        gpus=(gpu,) if gpu else (),
        pythons=(),
        python_downloads=True,
        xcode_clt=True if when.os == "macos" else None,
    )


def reference(row: Row, ask: Ask, matrix: Matrix, levels: Levels | None = None) -> tuple[Host, Selection]:
    """Return the machine a lock of `row` is made for, and what the row answers on it.

    Without a macOS level the oldest is taken on which the row gives all it has: Accelerate under NumPy, where the row
    says that it comes from some macOS on. The answer is another row's, or not installable, when this row cannot answer.

    Raises:
        UsageError: the ask itself is not understood.
    """
    levels = levels or Levels()
    alone = replace(matrix, rows=(row,))
    ask = replace(ask, accelerator=row.accelerator, backend="venv")
    tried = [(host, decide(host, ask, alone)) for host in _hosts(row, levels)]
    fitting = [(host, answer) for host, answer in tried if answer.installable]
    best = {rule.use for rule in row.blas if rule.macos is not None}
    complete = [(host, answer) for host, answer in fitting if answer.blas in best]
    return next(iter(complete or fitting or tried))


def _hosts(row: Row, levels: Levels) -> Iterator[Host]:
    if row.when.os != "macos" or levels.macos is not None:
        yield reference_host(row, levels)
        return
    for level in MACOS:
        yield reference_host(row, replace(levels, macos=level))


def is_current(row: Row, matrix: Matrix) -> bool:
    """Tell whether the row is what a plain ask gets on its reference machine: not a legacy or a last resort."""
    if row.auto not in {"first", "then"} or row.when.by_version:
        return False
    host, answer = reference(row, Ask(), matrix)
    return answer.installable and decide(host, Ask(accelerator=row.accelerator), matrix).row == row.id
