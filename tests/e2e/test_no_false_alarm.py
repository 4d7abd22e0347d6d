"""Environments of well-known packages work, so the prediction must say so, for machines that cannot be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.real_files import (
    aarch64_root,
    linux_environment,
    real_files,
    science_site,
    site_packages,
    uv,
    windows_site,
)
from tfsetup.host.model import Arch, Cpu, Host, Libc, Os
from tfsetup.loader.machine import machine_of
from tfsetup.loader.preflight import Question, preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.report import Report
from tfsetup.loader.sources import LocalTree, load_glibc_symbols, load_knowledge, load_system
from tfsetup.loader.view import Overlay

pytestmark = [pytest.mark.e2e, pytest.mark.heavy]
SITE = "/S/site-packages"


def judge(folders: list[Path], system: Os, arch: Arch, python: str, glibc: str | None = None) -> Report:
    libc = Libc(name="glibc", version=glibc) if glibc else None
    host = Host(os=system, arch=arch, libc=libc, cpu=Cpu(features=("avx", "avx2", "fma")))
    files = Overlay(*(LocalTree(folder, at=SITE) for folder in folders))
    machine = machine_of(host, python)
    around = Surroundings(files=files, macos=load_system(), prefix="/S", symbols=load_glibc_symbols())
    process = new_process(machine, host, python, around)
    return preflight(Question(files=files, site=SITE, machine=machine, python=python), process, load_knowledge())


def assert_loads(report: Report, least: int) -> None:
    assert [(failure.image, failure.message) for failure in report.failures] == []
    assert [note for note in report.not_covered if note.matters] == []
    assert report.verdict == "loads"
    assert len(report.checked) >= least


@pytest.mark.parametrize("glibc", ["2.36", "2.39"])
def test_linux_x86_64(glibc: str) -> None:
    assert_loads(judge([science_site()], "linux", "x86_64", "3.12", glibc), 250)


def test_linux_x86_64_tensorflow_with_text() -> None:
    site = site_packages(linux_environment())
    text = real_files() / "text"
    if not text.exists():
        uv("pip", "install", "--target", text, "--python-version", "3.12", "--no-deps", "tensorflow-text==2.21.1")
    report = judge([site, text], "linux", "x86_64", site.parent.name.removeprefix("python"), "2.36")
    assert_loads(report, 100)
    assert any("tensorflow_text" in path for path in report.checked)


def test_linux_aarch64() -> None:
    assert_loads(judge([aarch64_root() / "site"], "linux", "aarch64", "3.11", "2.36"), 300)


def test_windows_x86_64() -> None:
    assert_loads(judge([windows_site()], "windows", "x86_64", "3.12"), 300)
