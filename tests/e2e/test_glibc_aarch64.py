"""The prediction for Linux on aarch64 against the real loader in an emulated machine.

TFSETUP_TEST_AARCH64_ROOT names a folder; where it is empty, a small Debian and the wheels are put into it. That needs
root, debootstrap, qemu-aarch64-static and the network; the opening of libraries runs in a chroot.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.elf_damage import Variant, lay_out
from support.elf_trees import damaged
from support.loader_truth import Opening, Truth, ask, differs, is_elf
from tfsetup.host.model import Host, Libc
from tfsetup.loader.glibc import GlibcProcess
from tfsetup.loader.glibc_system import system_of
from tfsetup.loader.model import Mode
from tfsetup.loader.sources import LocalTree

ROOT = "TFSETUP_TEST_AARCH64_ROOT"
PYTHON = "/usr/bin/python3.11"
QEMU = "qemu-aarch64-static"
X86_64 = 62
PACKAGES = "python3-minimal,python3.11,libpython3.11-minimal,libstdc++6,libgomp1"
REQUIREMENTS = ("tensorflow==2.21.0", "scikit-learn", "scipy", "pandas", "pyarrow", "opencv-python-headless", "jaxlib")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.heavy,
    pytest.mark.skipif(
        not shutil.which(QEMU) or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs qemu, root"
    ),
]


@pytest.fixture(scope="module")
def root() -> Path:
    named = os.environ.get(ROOT)
    if not named:
        pytest.skip(f"{ROOT} names no folder")
    folder = Path(named)
    if not (folder / PYTHON[1:]).exists():
        build_debian(folder)
    if not (folder / "site").exists():
        install_wheels(folder / "site")
    return folder


def build_debian(folder: Path) -> None:
    """Unpack a Debian for arm64; nothing of it is configured, nothing but Python is ever run."""
    options = ["--foreign", "--arch=arm64", "--variant=minbase", f"--include={PACKAGES}"]
    subprocess.run(["debootstrap", *options, "bookworm", folder], check=True)
    for package in sorted(folder.glob("var/cache/apt/archives/*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    emulator = shutil.which(QEMU)
    assert emulator is not None
    shutil.copy(emulator, folder / QEMU)
    subprocess.run(["chroot", folder, f"/{QEMU}", "/sbin/ldconfig"], check=True)


def install_wheels(folder: Path) -> None:
    """Unpack aarch64 wheels for the Python of that Debian."""
    from uv import find_uv_bin

    options = ["--python-version", "3.11", "--python-platform", "aarch64-manylinux_2_35", "--only-binary", ":all:"]
    subprocess.run([find_uv_bin(), "pip", "install", "--target", folder, *options, *REQUIREMENTS], check=True)


def ask_emulated(root: Path, openings: Sequence[Opening], library_path: str = "") -> list[Truth]:
    return ask(["chroot", str(root), f"/{QEMU}", PYTHON], openings, library_path)


def judge(root: Path, opening: Opening, truth: Truth, library_path: str = "") -> str | None:
    host = Host(os="linux", arch="aarch64", libc=Libc(name="glibc", version="2.36"))
    system = system_of(host, "aarch64", LocalTree(root, at=""), executable=PYTHON, real=True, library_path=library_path)
    process = GlibcProcess(system)
    for module in sorted(root.glob("usr/lib/python3.11/lib-dynload/_ctypes.*.so")):
        assert process.dlopen(f"/{module.relative_to(root)}", Mode()) is None
    failure = process.dlopen(opening.path, Mode(now=not opening.lazy, scope="local"))
    return differs(truth, failure, undecided=any(note.matters for note in process.not_covered))


def test_every_library(root: Path) -> None:
    paths = [path for path in sorted((root / "site").rglob("*.so*")) if is_elf(path)]
    assert len(paths) > 300
    openings = [Opening(path=f"/{path.relative_to(root)}") for path in paths]
    truths = ask_emulated(root, openings)
    wrong = {
        opening.path: text
        for opening, truth in zip(openings, truths, strict=True)
        if (text := judge(root, opening, truth))
    }
    assert wrong == {}


def test_damaged_libraries(root: Path) -> None:
    work = root / "damaged"
    shutil.rmtree(work, ignore_errors=True)
    pristine = work / "pristine"
    cases = damaged(root / "site", pristine, X86_64)
    assert len(cases) >= 200
    folders = [work / str(number) for number in range(len(cases))]
    for case, folder in zip(cases, folders, strict=True):
        folder.mkdir()
        lay_out(case, pristine, folder)
    questions = [question(root, case, folder) for case, folder in zip(cases, folders, strict=True)]
    plain = [opening for opening, library_path in questions if not library_path]
    truths = iter(ask_emulated(root, plain))
    wrong = {}
    for case, (opening, library_path) in zip(cases, questions, strict=True):
        truth = ask_emulated(root, [opening], library_path)[0] if library_path else next(truths)
        text = judge(root, opening, truth, library_path)
        if text:
            wrong[case.name] = text
    shutil.rmtree(work)
    assert wrong == {}


def question(root: Path, case: Variant, folder: Path) -> tuple[Opening, str]:
    inside = f"/{folder.relative_to(root)}"
    library_path = ":".join(f"{inside}/{name}" for name in case.library_path)
    return Opening(path=f"{inside}/{case.target}", lazy=case.lazy), library_path
