"""The prediction for Linux on aarch64 against the real loader in an emulated machine (support.real_files)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.elf_build import PAGE, Library, build_elf
from support.elf_damage import Variant, lay_out
from support.elf_trees import damaged
from support.loader_truth import Opening, Truth, ask, differs, is_elf
from support.real_files import ARM_PYTHON, QEMU, aarch64_root
from tfsetup.host.model import Host, Libc
from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.glibc.system import system_of
from tfsetup.loader.model import Mode

X86_64, AARCH64 = 62, 183

pytestmark = [pytest.mark.e2e, pytest.mark.heavy]


ONE_IN = pytest.mark.parametrize("one_in", [30, pytest.param(1, marks=pytest.mark.exhaustive)])
"""Emulation is slow: `make test` takes every thirtieth file, `make exhaustive` all of them."""


@pytest.fixture(scope="module")
def root() -> Path:
    return aarch64_root()


def ask_emulated(root: Path, openings: Sequence[Opening], library_path: str = "", *, page: int = PAGE) -> list[Truth]:
    return ask(["chroot", str(root), f"/{QEMU}", "-p", str(page), ARM_PYTHON], openings, library_path)


def judge(root: Path, opening: Opening, truth: Truth, library_path: str = "", *, page: int | None = None) -> str | None:
    host = Host(os="linux", arch="aarch64", libc=Libc(name="glibc", version="2.36"), page_size=page)
    system = system_of(
        host, "aarch64", LocalTree(root, at=""), executable=ARM_PYTHON, real=True, library_path=library_path
    )
    process = GlibcProcess(system)
    for module in sorted(root.glob("usr/lib/python3.11/lib-dynload/_ctypes.*.so")):
        assert process.dlopen(f"/{module.relative_to(root)}", Mode()) is None
    failure = process.dlopen(opening.path, Mode(now=not opening.lazy, scope="local"))
    return differs(truth, failure, undecided=any(note.matters for note in process.not_covered))


@ONE_IN
def test_every_library(root: Path, one_in: int) -> None:
    paths = [path for path in sorted((root / "site").rglob("*.so*")) if is_elf(path)]
    assert len(paths) > 300
    openings = [Opening(path=f"/{path.relative_to(root)}") for path in paths[::one_in]]
    truths = ask_emulated(root, openings)
    wrong = {
        opening.path: text
        for opening, truth in zip(openings, truths, strict=True)
        if (text := judge(root, opening, truth))
    }
    assert wrong == {}


@pytest.mark.parametrize("page", [4096, 16384, 65536])
def test_pages_of_every_size(root: Path, page: int) -> None:
    work = root / "pages"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    kinds = [(0, PAGE), (0x1000, PAGE), (0x4000, PAGE), (0x1000, 0x10000), (0x10000, 0x10000), (0x10000, 8)]
    for number, (shift, align) in enumerate(kinds):
        library = Library(machine=AARCH64, shift=shift, align=align)
        (work / f"{number}.so").write_bytes(build_elf(library))
    openings = [Opening(path=f"/pages/{number}.so") for number in range(len(kinds))]
    truths = ask_emulated(root, openings, page=page)
    wrong = {
        kind: text
        for kind, opening, truth in zip(kinds, openings, truths, strict=True)
        if (text := judge(root, opening, truth, page=page))
    }
    assert wrong == {}
    shutil.rmtree(work, ignore_errors=True)


@ONE_IN
def test_damaged_libraries(root: Path, one_in: int) -> None:
    work = root / "damaged"
    shutil.rmtree(work, ignore_errors=True)
    pristine = work / "pristine"
    cases = damaged(root / "site", pristine, X86_64)
    assert len(cases) >= 200
    cases = cases[::one_in]
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
    assert wrong == {}
    shutil.rmtree(work, ignore_errors=True)


def question(root: Path, case: Variant, folder: Path) -> tuple[Opening, str]:
    inside = f"/{folder.relative_to(root)}"
    library_path = ":".join(f"{inside}/{name}" for name in case.library_path)
    return Opening(path=f"{inside}/{case.target}", lazy=case.lazy), library_path
