"""What the locks of tfsetup itself say, without an index: one closed range of Pythons, exceptions that are about it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from support.own_requirements import (
    LOCKS,
    Cell,
    Lock,
    cells,
    exempt,
    exemptions,
    lock_text,
    pins,
    pythons,
    stated_range,
    targets,
)
from support.process import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHELLS = [[path] for name in ("sh", "dash", "bash") if (path := shutil.which(name))]
SHELLS += [[path, "sh"] for path in [shutil.which("busybox")] if path]


def printed(lock: str, shell: list[str], root: Path = ROOT) -> str:
    """Return what scripts/python-range prints."""
    done = subprocess.run(
        [*shell, str(root / "scripts" / "python-range"), lock], cwd="/", capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_range_is_closed_and_of_some_length() -> None:
    assert re.fullmatch(r">=3\.\d+,<3\.\d+", stated_range())
    assert pythons() == tuple(f"3.{minor}" for minor in range(int(pythons()[0][2:]), int(pythons()[-1][2:]) + 1))
    assert len(pythons()) > 1


def test_the_range_stands_in_one_place() -> None:
    """Whoever else needs it reads it there. But for scripts/first-python, for which any Python will do."""
    lower, upper = re.findall(r"\d\.\d+", stated_range())
    for path in [ROOT / "Makefile", *(ROOT / "scripts").iterdir(), *ROOT.glob("make.*"), *ROOT.glob(".ci/*")]:
        if path.is_file() and path.name != "first-python":
            text = path.read_text(encoding="utf-8")
            assert not re.search(rf"[<>=]=? *(?:{re.escape(lower)}|{re.escape(upper)})\b", text), path
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{lower.replace('.', '')}"
    assert PROJECT["tool"]["mypy"]["python_version"] == lower


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="runs a shell")
@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: Path(shell[0]).name)
@pytest.mark.parametrize("lock", LOCKS)
def test_uv_is_asked_for_those_pythons_that_a_lock_is_for(lock: Lock, shell: list[str]) -> None:
    said = SpecifierSet(printed(lock, shell).strip())
    whole = {
        python
        for python in pythons()
        if not all(exempt(Cell(lock=lock, python=python, target=target)) for target in targets(lock))
    }
    assert {f"3.{minor}" for minor in range(30) if f"3.{minor}.1" in said} == whole
    assert whole


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="runs a shell")
def test_only_what_is_missing_everywhere_narrows_the_range(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "pyproject.toml").write_text('name = "a"\nrequires-python = ">=3.8,<3.12"\n', encoding="utf-8")
    exceptions = "# tool 3.8 * a b\ntool 3.9 * one r\ntool 3.9 * two r\ntool 3.10 macos-* one r\ndev 3.11 * one r\n"
    (tmp_path / "requirements" / "exceptions.txt").write_text(exceptions, encoding="utf-8")
    assert printed("tool", ["sh"], tmp_path) == ">=3.8,<3.12,!=3.9.*\n"
    assert printed("dev", ["sh"], tmp_path) == ">=3.8,<3.12,!=3.11.*\n"
    assert printed("conda", ["sh"], tmp_path) == ">=3.8,<3.12\n"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_read(lock: Lock) -> None:
    text = lock_text(lock)
    assert len(pins(text)) == len(re.findall(r"^[a-z]", text, re.MULTILINE))
    assert sum(len(pin.digests) for pin in pins(text)) == text.count("--hash=sha256:")


def test_every_platform_of_the_matrix_is_meant() -> None:
    names = [target.name for target in targets("tool")]
    assert len(names) == len(set(names))
    for name in ("macos-arm64", "macos-x86_64", "linux-x86_64-glibc-2.17", "linux-aarch64-musl", "windows-x86_64"):
        assert name in names
    assert {target.name for target in targets("conda")} < set(names)


def test_every_exception_is_about_something_that_is_locked() -> None:
    for one in exemptions():
        (lock,) = (lock for lock in LOCKS if lock == one.lock)
        assert one.package in {pin.name for pin in pins(lock_text(lock))}, one
        assert any(one.package in exempt(cell) for cell in cells(lock)), one
        assert one.package == canonicalize_name(one.package)
        assert len(one.reason.split()) > 3, one


def test_the_locks_keep_to_what_the_project_asks_for() -> None:
    """A lock that was not written anew after a bound was raised would install what is refused to everybody else."""
    from packaging.requirements import Requirement

    version = {pin.name: pin.version for pin in pins(lock_text("tool"))}
    for text in PROJECT["project"]["dependencies"]:
        asked = Requirement(text)
        assert version[canonicalize_name(asked.name)] in asked.specifier, text
