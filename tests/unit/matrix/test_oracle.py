"""`select` against a second implementation, over machines, Pythons, releases and accelerators."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from support.matrix import pins, shipped
from tfsetup.host.model import Cpu, Gpu, Host, Libc, Python
from tfsetup.matrix.choose.select import decide
from tfsetup.matrix.model import Ask
from unit.matrix.oracle import Machine, index, oracle

MINORS = [f"2.{minor}" for minor in range(5, 23)]
SPECS = [None, *(f"{minor}.*" for minor in MINORS)]
PYTHONS = ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.13t"]


def machines() -> Iterator[Machine]:
    for python in PYTHONS:
        for version in [(11, 7), (12, 0), (12, 6), (13, 6), (14, 5), (15, 2), (26, 1)]:
            yield Machine(os="macos", arch="arm64", version=version, python=python, gpu="apple")
        yield Machine(os="macos", arch="arm64", version=(15, 2), python=python, gpu="apple", clt=False)
        yield Machine(os="macos", arch="arm64", version=(14, 5), python=python)
        yield Machine(os="macos", arch="arm64", version=(14, 5), python=python, rosetta=True, avx=False, gpu="apple")
        for version in [(10, 11), (10, 14), (10, 15), (11, 7), (13, 6), (14, 5)]:
            yield Machine(os="macos", arch="x86_64", version=version, python=python)
        yield Machine(os="macos", arch="x86_64", version=(13, 6), python=python, gpu="amd")
        yield Machine(os="macos", arch="x86_64", version=(14, 5), python=python, gpu="amd")
        yield Machine(os="macos", arch="x86_64", version=(12, 6), python=python, avx=False)
        for glibc in [(2, 5), (2, 12), (2, 17), (2, 26), (2, 27), (2, 36)]:
            yield Machine(os="linux", arch="x86_64", version=glibc, python=python)
            yield Machine(os="linux", arch="aarch64", version=glibc, python=python)
        for driver in (390.157, 470.22, 525.6, 560.9):
            yield Machine(os="linux", arch="x86_64", version=(2, 36), python=python, gpu="nvidia", driver=driver)
        yield Machine(os="linux", arch="x86_64", version=(2, 17), python=python, gpu="nvidia", driver=550.54)
        yield Machine(os="linux", arch="aarch64", version=(2, 36), python=python, gpu="nvidia", driver=550.54)
        yield Machine(os="linux", arch="x86_64", version=(2, 36), python=python, gpu="amd")
        yield Machine(os="linux", arch="x86_64", version=(2, 36), python=python, avx=False)
        yield Machine(os="windows", arch="x86_64", version=None, python=python)
        yield Machine(os="windows", arch="x86_64", version=None, python=python, avx=False)
        yield Machine(os="windows", arch="x86_64", version=None, python=python, gpu="nvidia", driver=560.94)
        yield Machine(os="windows", arch="arm64", version=None, python=python)


MACHINES = list(machines())


def as_host(m: Machine) -> Host:
    vendor: Any = m.gpu
    gpus = (Gpu(vendor=vendor, driver=f"{m.driver:.2f}" if m.driver else None),) if m.gpu else ()
    arch: Any = m.arch
    python = Python(
        version=m.python.rstrip("t"), arch="x86_64" if m.rosetta else arch, free_threaded=m.python.endswith("t")
    )
    os: Any = m.os
    dotted = None if m.version is None else f"{m.version[0]}.{m.version[1]}"
    return Host(
        os=os,
        os_version=dotted if m.os == "macos" else None,
        arch=arch,
        rosetta=m.rosetta,
        libc=Libc(name="glibc", version=dotted) if m.os == "linux" else None,
        cpu=Cpu(features=("avx",) if m.avx else ("sse4_2",)),
        gpus=gpus,
        pythons=(python,),
        python_downloads=False,
        xcode_clt=m.clt,
    )


def check(m: Machine, spec: str | None, accelerator: Any, *, pre: bool = False) -> None:
    ask = Ask(tensorflow=spec, accelerator=accelerator, python=m.python, pre=pre)
    selection = decide(as_host(m), ask, shipped())
    wanted = oracle(m, spec, accelerator, pre)
    found = set(pins(selection))
    # What a companion needs beside it may be said where a nightly build is required in its place.
    assert set(wanted) <= found <= {*wanted, "setuptools<82"}, (m, ask, selection.reasons)
    assert selection.installable is bool(wanted)


@pytest.mark.parametrize("one_in", [4, pytest.param(1, marks=pytest.mark.heavy)])
@pytest.mark.parametrize("python", PYTHONS)
def test_every_machine_with_its_newest(python: str, one_in: int) -> None:
    mine = [m for m in MACHINES if m.python == python]
    assert len(mine) > 30
    for m, accelerator in itertools.product(
        mine[PYTHONS.index(python) % one_in :: one_in], ["auto", "cpu", "metal", "cuda", "rocm"]
    ):
        check(m, None, accelerator)


@pytest.mark.parametrize("one_in", [4, pytest.param(1, marks=pytest.mark.heavy)])
@pytest.mark.parametrize("minor", MINORS)
def test_every_release_on_every_machine(minor: str, one_in: int) -> None:
    for m in MACHINES[MINORS.index(minor) % one_in :: one_in]:
        wanted = {"apple": "metal", "nvidia": "cuda", "amd": "metal" if m.os == "macos" else "rocm"}.get(m.gpu or "")
        check(m, f"{minor}.*", "auto")
        check(m, f"{minor}.*", wanted or "cpu")


@examples(10)
@given(
    st.sampled_from(MACHINES),
    st.sampled_from([*index()["tensorflow"], *index()["tensorflow-rocm"], ">=2.10", "<2.16", ">=2.12,<2.19"]),
    st.sampled_from(["auto", "cpu", "metal", "cuda", "rocm"]),
    st.booleans(),
)
def test_exact_versions_and_ranges(m: Machine, spec: str, accelerator: str, pre: bool) -> None:
    check(m, spec, accelerator, pre=pre)
