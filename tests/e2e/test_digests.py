"""The cache of digests in the hands of the world: damage, other processes and kills change no report."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import tfsetup
from support.elf_build import Define, Import, Library, build_elf
from support.process import ROOT
from support.wheels import whole_wheel
from tfsetup.loader.digest.sparse import READER, SparseCopy
from tfsetup.loader.digest.store import NATIVE, WHEEL
from tfsetup.loader.digest.wheel import decode

pytestmark = pytest.mark.heavy

HOST = {
    "os": "linux",
    "os_version": "6.1",
    "arch": "x86_64",
    "libc": {"name": "glibc", "version": "2.36"},
    "cpu": {"brand": "x", "features": ["avx", "avx2", "fma"]},
}
FILLING = 400_000
CURRENT = f'"reader":{READER}'.encode()


def library(name: str, *needed: str, wants: str = "") -> bytes:
    return build_elf(
        Library(
            soname=name,
            needed=list(needed),
            runpath="$ORIGIN",
            defines=[Define(name=f"{name}_{number}") for number in range(200)],
            imports=[Import(name=wants)] if wants else [],
        ),
        padding=FILLING,
    )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two wheels: one that loads, one that asks for a name that its library does not have."""
    folder = tmp_path_factory.mktemp("wheels")
    for package, wanted in (("good", "libgood.so_7"), ("bad", "libbad.so_none")):
        files: dict[str, bytes | str] = {
            f"{package}/__init__.py": f"from {package} import _one, _two\n",
            f"{package}/_one.abi3.so": library("_one", f"lib{package}.so", wants=wanted),
            f"{package}/_two.abi3.so": library("_two", f"lib{package}.so"),
            f"{package}/lib{package}.so": library(f"lib{package}.so"),
        }
        name = f"{package}-1.0-cp312-abi3-manylinux_2_17_x86_64.whl"
        (folder / name).write_bytes(whole_wheel(name, files))
    (folder / "host.json").write_text(json.dumps(HOST))
    return folder


def start(wheels: Path, cache: Path) -> subprocess.Popen[str]:
    argv = ["preflight", *map(str, sorted(wheels.glob("*.whl"))), "--python", "3.12"]
    return subprocess.Popen(
        [sys.executable, "-m", "tfsetup", *argv, "--host", str(wheels / "host.json"), "--json"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "installer"), "TFSETUP_CACHE_DIR": str(cache)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(child: subprocess.Popen[str]) -> str:
    said, err = child.communicate(timeout=120)
    assert child.returncode == 7, err
    return said


def folder_of(cache: Path) -> Path:
    return cache / "digests" / f"v{READER}"


def sound(cache: Path) -> None:
    """Every file is whole and the one of its name, and nothing else lies there."""
    for path in folder_of(cache).iterdir():
        data = path.read_bytes()
        if path.suffix == NATIVE:
            copy = SparseCopy(data)
            assert copy.sha256 == path.stem
            assert copy.read(0, 64)[:4] == b"\x7fELF"
        elif path.suffix == WHEEL:
            assert decode(data).natives
        else:
            assert path.suffix in {".draft", ".making"}


@pytest.fixture(scope="module")
def filled(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A cache after a first preflight, and what that said."""
    cache = tmp_path_factory.mktemp("cache")
    said = ended(start(wheels, cache))
    assert {failure["kind"] for failure in json.loads(said)["data"]["failures"]} == {"symbol-not-found"}
    assert sorted(path.suffix for path in folder_of(cache).iterdir()) == [NATIVE] * 6 + [WHEEL] * 2
    return cache, said


def flipped(at: float, bit: int = 0) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[min(int(at * len(data)), len(data) - 1)] ^= 1 << bit
        path.write_bytes(data)

    return damage


def cut(share: float) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def swapped(path: Path) -> None:
    other = next(each for each in sorted(path.parent.iterdir()) if each != path and each.suffix == path.suffix)
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def replaced(old: bytes, new: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes().replace(old, new))


DAMAGES: dict[str, Callable[[Path], object]] = {
    **{f"a bit at {share}": flipped(share, bit) for bit, share in enumerate([0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 1])},
    **{f"cut at {share}": cut(share) for share in [0, 0.01, 0.2, 0.5, 0.8, 0.999]},
    "swapped": swapped,
    "another version": replaced(CURRENT, b'"reader":0'),
    "a later version": replaced(CURRENT, b'"reader":99'),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "twice": lambda path: path.write_bytes(path.read_bytes() * 2),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "text": lambda path: path.write_text("<html>sign in</html>"),
    "gone": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),  # type: ignore[func-returns-value]
    "a full folder": lambda path: (path.unlink(), path.mkdir(), (path / "x").touch()),  # type: ignore[func-returns-value]
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nothing")),  # type: ignore[func-returns-value]
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path.name)),  # type: ignore[func-returns-value]
    "no permission": lambda path: path.chmod(0),
    "a claim of the dead": lambda path: path.with_suffix(".making").touch(),
    "a draft of the dead": lambda path: path.with_name(f"{path.name}.1-1.draft").write_bytes(b"half"),
    "another's lines": replaced(b"\n", b"\r\n"),
}


def test_there_are_thirty_ways() -> None:
    assert len(DAMAGES) >= 30


@pytest.mark.parametrize("everywhere", [False, True], ids=["one", "all"])
@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_cache_gives_the_same_report(
    how: str,
    everywhere: bool,
    filled: tuple[Path, str],
    wheels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`one`: one file of each kind is damaged; `all`: every file is."""
    mine = tmp_path / "cache"
    shutil.copytree(filled[0], mine)
    kept = sorted(folder_of(mine).iterdir())
    first = [next(each for each in kept if each.suffix == kind) for kind in (NATIVE, WHEEL)]
    for path in kept if everywhere else first:
        if path.exists():
            DAMAGES[how](path)
    expected = report(wheels, filled[0], monkeypatch)
    assert report(wheels, mine, monkeypatch) == expected
    assert report(wheels, mine, monkeypatch) == expected


def report(wheels: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(cache))
    return tfsetup.preflight(sorted(wheels.glob("*.whl")), host=wheels / "host.json", python="3.12")


COUNTS = """
import sys, tfsetup
from tfsetup.loader.digest import making

made, make = [], making.copy_of_file
making.copy_of_file = lambda source, sha256: made.append(sha256) or make(source, sha256)
report = tfsetup.preflight(sys.argv[2:], host=sys.argv[1], python="3.12")
print(len(made), report)
"""


def test_two_processes_filling_one_cache_make_each_copy_once(
    filled: tuple[Path, str], wheels: Path, tmp_path: Path
) -> None:
    argv = [sys.executable, "-c", COUNTS, str(wheels / "host.json"), *map(str, sorted(wheels.glob("*.whl")))]
    environ = os.environ | {"PYTHONPATH": str(ROOT / "installer"), "TFSETUP_CACHE_DIR": str(tmp_path)}
    running = [subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [child.communicate(timeout=120)[0].partition(" ") for child in running]
    assert [child.returncode for child in running] == [0, 0]
    assert sum(int(made) for made, _, _ in said) == 6
    assert said[0][2] == said[1][2] != ""
    sound(tmp_path)
    assert {path.name for path in folder_of(tmp_path).iterdir()} == {
        path.name for path in folder_of(filled[0]).iterdir()
    }


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_kill_leaves_no_wrong_file(filled: tuple[Path, str], wheels: Path, tmp_path: Path) -> None:
    _, expected = filled
    chance = random.Random(1)  # noqa: S311 - moments
    for number in range(6):
        mine = tmp_path / str(number)
        child = start(wheels, mine)
        while child.poll() is None and not folder_of(mine).exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.08))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        if folder_of(mine).exists():
            sound(mine)
        if number % 4 == 0:
            assert ended(start(wheels, mine)) == expected
            sound(mine)


def test_a_cache_that_cannot_be_written_changes_nothing(filled: tuple[Path, str], wheels: Path, tmp_path: Path) -> None:
    _, expected = filled
    (tmp_path / "digests").write_bytes(b"a file in the way")
    assert ended(start(wheels, tmp_path)) == expected


def test_the_same_digests_come_of_the_same_wheels(filled: tuple[Path, str], wheels: Path, tmp_path: Path) -> None:
    cache, _ = filled
    ended(start(wheels, tmp_path))

    def hashes(of: Path) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder_of(of).iterdir()}

    assert hashes(tmp_path) == hashes(cache)
