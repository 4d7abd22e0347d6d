"""Environments of well-known packages work, so the prediction must say so, for machines that cannot be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from support.real_files import (
    aarch64_root,
    linux_environment,
    macos_site,
    real_files,
    science_site,
    site_packages,
    uv,
    wheels,
    windows_site,
)
from tfsetup.ground.platforms import Arch, Os
from tfsetup.host.model import Cpu, Host, Libc
from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.files.view import Overlay
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import Entry, Filesystem
from tfsetup.loader.preflight import preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.question import Question
from tfsetup.loader.report import Report
from tfsetup.loader.shipped import load_knowledge, load_tables

pytestmark = [pytest.mark.e2e, pytest.mark.heavy]
SITE = "/S/site-packages"


def judge(
    folders: list[Path],
    system: Os,
    arch: Arch,
    python: str,
    glibc: str | None = None,
    *,
    macos: str | None = None,
    without: str = "",
) -> Report:
    libc = Libc(name="glibc", version=glibc) if glibc else None
    host = Host(os=system, os_version=macos, arch=arch, libc=libc, cpu=Cpu(features=("avx", "avx2", "fma")))
    files: Filesystem = Overlay(*(LocalTree(folder, at=SITE) for folder in folders))
    files = Without(files, without) if without else files
    machine = machine_of(host, python)
    around = Surroundings(files=files, prefix="/S", site=SITE, **load_tables(system))
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
    python = site.parent.name.removeprefix("python")
    text = real_files() / f"text-{python}"
    if not text.exists():
        uv("pip", "install", "--target", text, "--python-version", python, "--no-deps", "tensorflow-text==2.21.1")
    report = judge([site, text], "linux", "x86_64", python, "2.36")
    assert_loads(report, 100)
    assert any("tensorflow_text" in path for path in report.checked)


DESKTOP = {"libxcb.so.1", "libGL.so.1", "libglib-2.0.so.0", "libgthread-2.0.so.0"}
MEDIA = {"mf.dll", "mfplat.dll", "mfreadwrite.dll"}


def opencv(name: str, platform: str) -> Path:
    """The OpenCV that opens windows: unlike its headless twin it asks the system for a desktop's libraries."""
    return wheels(name, platform, "3.12", ("opencv-python==4.14.0.94", "numpy"))


@pytest.mark.parametrize(
    ("system", "platform", "libraries"),
    [("linux", "x86_64-manylinux_2_35", DESKTOP), ("windows", "x86_64-pc-windows-msvc", MEDIA)],
)
def test_opencv_for_desktops(system: Os, platform: str, libraries: set[str]) -> None:
    """Alone it loads where the libraries are, which is presumed and said; beside TensorFlow they are only named."""
    folder, glibc = opencv(f"opencv-{system}", platform), "2.36" if system == "linux" else None
    alone = judge([folder], system, "x86_64", "3.12", glibc)
    assert (alone.verdict, alone.failures) == ("loads", ())
    assert {note.library for note in alone.not_covered if note.presumed} == libraries


def test_opencv_for_desktops_beside_tensorflow() -> None:
    report = judge([opencv("opencv-windows", "x86_64-pc-windows-msvc"), windows_site()], "windows", "x86_64", "3.12")
    assert (report.verdict, report.failures) == ("loads", ())
    named = {note.library: note.reason for note in report.not_covered if note.library}
    assert set(named) == MEDIA
    assert named["mf.dll"].startswith("mf.dll of Windows is presumed: N editions without the Media Feature Pack")
    assert named["mf.dll"].endswith("; TensorFlow does not need it")
    assert not any(note.presumed for note in report.not_covered)


def test_linux_aarch64() -> None:
    assert_loads(judge([aarch64_root() / "site"], "linux", "aarch64", "3.11", "2.36"), 300)


def test_windows_x86_64() -> None:
    assert_loads(judge([windows_site()], "windows", "x86_64", "3.12"), 300)


@pytest.mark.parametrize("macos", ["14.5", "15.2", "26.1"])
def test_macos_arm64(macos: str) -> None:
    assert_loads(judge([macos_site("arm64")], "macos", "arm64", "3.12", macos=macos), 300)


@pytest.mark.exhaustive
@pytest.mark.parametrize("macos", ["14.5", "15.2"])
def test_macos_x86_64(macos: str) -> None:
    assert_loads(judge([macos_site("x86_64")], "macos", "x86_64", "3.12", macos=macos), 300)


class Without:
    """A file system in which some files are missing."""

    def __init__(self, files: Filesystem, part: str) -> None:
        self.files, self.part = files, part

    def lookup(self, path: str) -> Entry | None:
        return None if self.part in path else self.files.lookup(path)

    def listdir(self, path: str) -> Sequence[str]:
        return [name for name in self.files.listdir(path) if self.part not in f"{path}/{name}"]


def test_numba_does_without_its_tbb_layer() -> None:
    report = judge(
        [wheels("numba", "x86_64-manylinux_2_35", "3.12", ("numba==0.61.2",))], "linux", "x86_64", "3.12", "2.36"
    )
    assert (report.verdict, report.failures) == ("loads", ())
    assert any(note.library and note.library.startswith("libgomp") for note in report.not_covered)
    (tbb,) = (note for note in report.not_covered if note.library == "libtbb.so.12")
    assert (tbb.matters, "tbbpool" in (tbb.image or "")) == (False, True)


@pytest.mark.parametrize(
    ("missing", "first"),
    [
        ("libhdf5-", "h5py/"),
        ("libscipy_openblas64_", "numpy/_core/_multiarray_umath"),
        pytest.param("libgfortran", "scipy/", marks=pytest.mark.exhaustive),
    ],
)
def test_what_a_package_needs_is_still_a_failure(missing: str, first: str) -> None:
    """The libraries that wheels bring along in `NAME.libs` are gone: no package does without them."""
    report = judge([science_site()], "linux", "x86_64", "3.12", "2.36", without=missing)
    assert report.verdict == "fails"
    assert any(first in failure.image or first in failure.message for failure in report.failures)
    assert {failure.kind for failure in report.failures} == {"library-not-found"}
    assert all(missing in (failure.library or failure.message) for failure in report.failures)
