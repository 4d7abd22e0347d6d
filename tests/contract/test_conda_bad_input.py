"""Conda locks that are none, or not for this machine or ask: clear words, the right status, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Tfsetup
from support.conda import package, platform_lock, wheel
from tfsetup.locks.conda.lockfile import make_lock

PACKAGES = (package("python", "3.12.1", build="h0_0_cpython"), package())
GOOD = make_lock([platform_lock(packages=PACKAGES, wheels=(wheel("tensorflow-cpu", "2.20.0"),))], ()).text
OTHER = {
    "empty": (b"", 3, "not a conda lock file"),
    "bytes": (b"\xe7\x00\xff", 3, "is not UTF-8 text"),
    "a list": (b"[1]", 3, "not a conda lock file"),
    "another version": (GOOD.replace("version: 1\n", "version: 9\n", 1).encode(), 3, "version 9"),
    "a hash that is none": (GOOD.replace("md5: '0000", "md5: 'zzzz", 1).encode(), 3, "has no md5"),
    "another address": (GOOD.replace("numpy-2.1.3", "numpy-1.1.3", 1).encode(), 3, "is not what its URL names"),
    "another hash": (GOOD.replace("sha256: aaaa", "sha256: bbbb", 1).encode(), 3, "this file was edited"),
    "another platform": (GOOD.replace("linux-64", "linux-ppc64le").encode(), 8, "no packages for linux-64"),
}


@pytest.mark.parametrize("name", OTHER)
@pytest.mark.parametrize("command", [["preflight"], ["install", "--dry-run", "--lock"]], ids=" ".join)
def test_a_lock_that_will_not_do(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path, command: list[str], name: str
) -> None:
    text, status, says = OTHER[name]
    (tmp_path / "conda-lock.yml").write_bytes(text)
    ran = tfsetup(*command, "conda-lock.yml", "--host", host_file("linux-x86_64-glibc-2.28"), "--json")
    error = ran.document["error"]
    assert (ran.status, says in error["message"]) == (status, True), error
    assert error["where"].startswith("conda-lock.yml")
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("argv", "status", "says"),
    [
        (["preflight", "nosuch.yml"], 8, "There is no such lock file"),
        (["preflight", "conda-lock.yml", "more.whl"], 2, "judged by itself"),
        (["preflight", "conda-lock.yml", "--python", "3.13"], 8, "for Python 3.12, and 3.13 is asked for"),
        (["install", "--dry-run", "--lock", "conda-lock.yml", "--tensorflow", "2.19.0"], 8, "2.19.0 was asked for"),
        (["install", "--dry-run", "--lock", "conda-lock.yml", "--accelerator", "cuda"], 8, "cpu, and cuda was asked"),
        (["install", "--dry-run", "--lock", "conda-lock.yml", "--backend", "venv"], 8, "conda, and venv was asked"),
        (["install", "--dry-run", "--lock", "conda-lock.yml", "--python", "3.11"], 8, "3.12, and 3.11 was asked"),
        (["lock", "--backend", "conda", "--platform", "linux-ppc64le", "-o", "x"], 2, "neither a row"),
        (["lock", "--backend", "conda", "--check", "-o", "proofs", "--platform", "linux-x86_64-cpu"], 3, "damaged"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_ask_that_does_not_fit(
    tfsetup: Tfsetup, host_file: Callable[[str], str], tmp_path: Path, argv: list[str], status: int, says: str
) -> None:
    (tmp_path / "conda-lock.yml").write_text(GOOD)
    (tmp_path / "proofs").mkdir()
    (tmp_path / "proofs" / "conda-lock.yml").write_text(GOOD)
    (tmp_path / "proofs" / "conda-proofs.json").write_text("{")
    where = [] if argv[0] == "lock" else ["--host", host_file("linux-x86_64-glibc-2.28")]
    ran = tfsetup(*argv, *where, "--json")
    error = ran.document["error"]
    assert (ran.status, says in error["message"]) == (status, True), error
    assert "Traceback" not in ran.err
