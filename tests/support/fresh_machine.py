"""Fresh Debian machines: a small system of its own with python3, git and make, an ordinary user, and a clone to begin with.

It is a folder that programs are locked into (chroot), with mounts of its own that end with them. No name of the network
is known there, so that only what a test serves on 127.0.0.1 can be reached. The system is unpacked once by debootstrap,
kept for the next run (see real_files.py), and copied for each test by hard links: nothing in it is written to in place.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from support.newcomer import clone_of_this
from support.real_files import _alone

SUITES: Final = {"bookworm": "12", "trixie": "13"}
PACKAGES: Final = "python3,git,make,ca-certificates"
_UID: Final = 4321
_HOME: Final = "/home/new"
_SOURCE: Final = "/srv/tfsetup"  # what is cloned
_ENTER: Final = """
set -eu
mount --rbind /proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs -o mode=1777 none "$1/tmp"
root=$1
shift
exec chroot "$@"
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, everything it wrote, and how long it took."""

    code: int
    text: str
    seconds: float


@dataclass(frozen=True)
class Machine:
    """A fresh machine at `root`."""

    root: Path

    def run(self, *argv: str, user: str = "new", folder: str = "", environ: dict[str, str] | None = None) -> Ended:
        """Run a command as `new` or `root` with nothing in its environment but HOME, PATH and `environ`."""
        home = _HOME if user == "new" else "/root"
        path = "/usr/bin:/bin" if user == "new" else "/usr/sbin:/usr/bin:/sbin:/bin"
        who = f"{_UID}:{_UID}" if user == "new" else "0:0"
        variables = [f"HOME={home}", f"PATH={path}", *(f"{name}={value}" for name, value in (environ or {}).items())]
        inside = f"cd {shlex.quote(folder or home)} && exec env -i {shlex.join([*variables, *argv])}"
        entering = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "enter", str(self.root)]
        begun = time.monotonic()
        done = subprocess.run(
            [*entering, f"--userspec={who}", str(self.root), "/bin/sh", "-c", inside],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout, time.monotonic() - begun)

    def write(self, path: str, text: str, *, user: str = "root") -> None:
        """Write a file of the machine anew."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(text, encoding="utf-8")
        if user == "new":
            for one in (target, *target.parents):
                if self.root / _HOME.lstrip("/") in one.parents:
                    os.chown(one, _UID, _UID)

    def trust(self, certificate: Path) -> None:
        """Put an authority into the system's store, as an administrator does."""
        self.write("/usr/local/share/ca-certificates/company.crt", certificate.read_text(encoding="utf-8"))
        done = self.run("update-ca-certificates", user="root")
        assert done.code == 0, done.text

    def clone(self, user: str = "new", name: str = "tfsetup") -> Ended:
        """Clone this repository into the user's home."""
        return self.run("git", "clone", "--quiet", f"file://{_SOURCE}", name, user=user)


def missing() -> list[str]:
    """Return what this needs and the machine has not."""
    found = [name for name in ("debootstrap", "unshare", "chroot", "openssl") if shutil.which(name) is None]
    if not found and (os.geteuid() != 0 or not _mounts()):
        found.append("root that may mount")
    return found


@cache
def _mounts() -> bool:
    words = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/mnt"]
    return not subprocess.run(words, capture_output=True, check=False).returncode


def fresh(suite: str, folder: Path) -> Machine:
    """Return a machine with that Debian below `folder`; skip where it cannot be made."""
    if lacking := missing():
        pytest.skip(f"needs {', '.join(lacking)}")
    with _alone(f"debian-{suite}") as system:
        if not system.exists():
            _build(suite, system)
        root = folder / suite
        _copy(system, root)
    machine = Machine(root)
    machine.write("/etc/passwd", f"{_text(root, 'passwd')}new:x:{_UID}:{_UID}::{_HOME}:/bin/sh\n")
    machine.write("/etc/group", f"{_text(root, 'group')}new:x:{_UID}:\n")
    machine.write("/etc/resolv.conf", "")
    machine.write("/etc/hosts", "127.0.0.1 localhost\n")
    machine.write(f"{_HOME}/.gitconfig", "[safe]\n\tdirectory = *\n", user="new")
    os.chown(root / _HOME.lstrip("/"), _UID, _UID)
    machine.write("/root/.gitconfig", "[safe]\n\tdirectory = *\n")
    clone_of_this(root / _SOURCE.lstrip("/"))
    return machine


def _text(root: Path, name: str) -> str:
    return (root / "etc" / name).read_text(encoding="utf-8")


def _copy(system: Path, root: Path) -> None:
    """Copy by hard links; where they cannot be made, the files."""
    root.parent.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["cp", "-al", system, root], capture_output=True, check=False).returncode:
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "-a", system, root], check=True)


def _build(suite: str, system: Path) -> None:
    part = system.with_name(f"{system.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    words: Sequence[str | Path] = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, part]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"debootstrap could not make a Debian {SUITES[suite]}: {done.stdout[-300:]}")
    shutil.rmtree(part / "var/cache/apt/archives", ignore_errors=True)
    part.rename(system)
