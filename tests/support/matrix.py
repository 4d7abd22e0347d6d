"""Small builders for tests of the matrix: hosts and asks in one line, the shipped matrix read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from tfsetup.host.model import Cpu, Gpu, Host, Libc, Python
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask, Selection

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases"


@cache
def shipped() -> Matrix:
    return read_matrix(marks=True)


def pythons(*versions: str, arch: Any = None) -> tuple[Python, ...]:
    return tuple(
        Python(version=v.rstrip("t"), arch=arch, path=f"/python{v}", free_threaded=v.endswith("t")) for v in versions
    )


def linux(*versions: str, **changes: Any) -> Host:
    """A Linux x86_64 machine with AVX, glibc 2.36 and these Pythons; nothing can be downloaded."""
    facts: dict[str, Any] = {
        "os": "linux",
        "arch": "x86_64",
        "libc": Libc(name="glibc", version="2.36"),
        "cpu": Cpu(features=("avx",)),
        "gpus": (),
        "pythons": pythons(*(versions or ("3.12.4",)), arch=changes.get("arch", "x86_64")),
        "python_downloads": False,
    }
    return Host(**(facts | changes))


def mac(*versions: str, **changes: Any) -> Host:
    """An Apple-silicon Mac with macOS 14.5 and these Pythons; nothing can be downloaded."""
    facts: dict[str, Any] = {
        "os": "macos",
        "os_version": "14.5",
        "arch": "arm64",
        "cpu": Cpu(features=("neon",)),
        "gpus": (Gpu(vendor="apple"),),
        "pythons": pythons(*(versions or ("3.12.4",)), arch=changes.get("arch", "arm64")),
        "python_downloads": False,
        "xcode_clt": True,
        "rosetta": False,
    }
    return Host(**(facts | changes))


def intel_mac(*versions: str, **changes: Any) -> Host:
    """An Intel Mac with AVX and no GPU that TensorFlow could use."""
    return mac(*versions, **({"arch": "x86_64", "cpu": Cpu(features=("avx",)), "gpus": ()} | changes))


def windows(*versions: str, **changes: Any) -> Host:
    """A Windows 11 machine on x86_64."""
    facts: dict[str, Any] = {
        "os": "windows",
        "os_version": "11",
        "arch": "x86_64",
        "cpu": Cpu(features=("avx",)),
        "gpus": (),
        "pythons": pythons(*(versions or ("3.12.4",)), arch="x86_64"),
        "python_downloads": False,
    }
    return Host(**(facts | changes))


NVIDIA = (Gpu(vendor="nvidia", driver="550.54"),)


def ask(tensorflow: str | None = None, accelerator: Any = "auto", python: str | None = None, **more: Any) -> Ask:
    return Ask(tensorflow=tensorflow, accelerator=accelerator, python=python, **more)


def answer(host: Host, *args: Any, **kwargs: Any) -> Selection:
    return select(host, ask(*args, **kwargs), shipped())


def pins(selection: Selection) -> list[str]:
    """What would be installed, in order; empty when nothing fits."""
    return [*selection.requirements, *selection.source_builds]
