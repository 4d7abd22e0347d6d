"""The one line about a machine, for every host file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.host.describe import describe
from tfsetup.host.file import read_host
from tfsetup.host.model import Cpu, Gpu, Host

CASES = Path(__file__).parents[2] / "cases"
FILES = (CASES / "host" / "describe.txt", *(CASES / "host" / "lines").glob("*.txt"))
LINES = dict(line.split(": ", 1) for file in FILES for line in file.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_machine_in_one_line(name: str) -> None:
    assert describe(read_host(CASES / "hosts" / f"{name}.json")) == LINES[name]


def test_every_host_file_has_its_line() -> None:
    files = (CASES / "hosts").glob("*.json")
    assert {path.stem for path in files if not path.name.endswith(".expected.json")} == set(LINES)


def test_several_gpus_of_a_kind_are_counted() -> None:
    gpu = Gpu(vendor="nvidia", name="Tesla T4", driver="550.54")
    host = Host(os="linux", arch="x86_64", cpu=Cpu(features=("avx",)), gpus=(gpu, gpu, Gpu(vendor="intel")))
    assert describe(host).endswith("CPU with AVX, 2x Tesla T4 (driver 550.54), Intel GPU")


def test_unknown_is_said_and_never_taken_for_none() -> None:
    assert describe(Host(os="macos", arch="arm64")) == "macOS (version unknown) on Mac (arm64), GPU unknown"
    line = "Linux x86_64 (C library unknown), CPU of unknown features, GPU unknown"
    assert describe(Host(os="linux", arch="x86_64")) == line
    assert describe(Host(os="windows")) == "Windows (version unknown) (architecture unknown), GPU unknown"
    assert describe(Host(arch="x86_64", gpus=())) == "unknown system on x86_64, CPU of unknown features, no GPU"
