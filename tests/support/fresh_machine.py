"""Machines on which nothing has been done: a small system with python3, git and make, an ordinary user, and a clone.

It is a folder that programs are locked into (chroot), with mounts of its own that end with them. No name of the network
is known there, so that only what a test serves on 127.0.0.1 can be reached, and what is in the environment outside does
not come in. There is no sudo and no curl, and python3 has no ensurepip.

- `debian`: made by debootstrap (minutes), kept for the next run as real_files.py says, and copied for each test by hard
  links: nothing in it is written to in place.
- `borrowed`: this machine's own /usr, read-only and less what a fresh machine has not. Made in no time.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import pytest

from support.newcomer import clone_of_this
from support.own_requirements import pythons
from support.real_files import alone

User = Literal["new", "root"]
Suite = Literal["bookworm", "trixie"]
PACKAGES: Final = "python3,git,make,ca-certificates"
_UID: Final = 4321
_HOMES: Final[Mapping[User, str]] = {"new": "/home/new", "root": "/root"}
_PATHS: Final[Mapping[User, str]] = {"new": "/usr/bin:/bin", "root": "/usr/sbin:/usr/bin:/sbin:/bin"}
_SOURCE: Final = "/srv/tfsetup"
_HIDDEN: Final = ("usr/bin/sudo", "usr/bin/curl", "usr/bin/wget", "usr/bin/uv", "usr/bin/pip3", "usr/local")
_OF_ETC: Final = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "nsswitch.conf", "debian_version")
_STORE: Final = "/etc/ssl/certs/ca-certificates.crt"

# The folder, then pairs of what is mounted where, an empty word, and the command for chroot.
_ENTER: Final = """
set -eu
root=$1
shift
while [ -n "$1" ]; do mount --rbind -o ro "$1" "$root/$2"; shift 2; done
shift
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 none "$root/tmp"
exec chroot "$@"
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, everything it wrote, how long it took, and how much of the processors."""

    code: int
    text: str
    seconds: float
    worked: float


@dataclass(frozen=True)
class Machine:
    """A machine at `root`; `mounts` are what lies where in it."""

    root: Path
    mounts: tuple[tuple[Path, str], ...] = ()

    def run(self, *argv: str, user: User = "new", folder: str = "", **environ: str) -> Ended:
        """Run a command with nothing in its environment but HOME, PATH and `environ`."""
        number = _UID if user == "new" else 0
        variables = {"HOME": _HOMES[user], "PATH": _PATHS[user]} | environ
        inside = shlex.join(["exec", "env", "-i", *(f"{name}={value}" for name, value in variables.items()), *argv])
        mounts = [str(word) for pair in self.mounts for word in pair]
        entering = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "enter", str(self.root)]
        chroot = [f"--userspec={number}:{number}", str(self.root), "/bin/sh", "-c"]
        begun, before = time.monotonic(), _worked()
        done = subprocess.run(
            [*entering, *mounts, "", *chroot, f"cd {shlex.quote(folder or _HOMES[user])} && {inside}"],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout, time.monotonic() - begun, _worked() - before)

    def write(self, path: str, text: str, user: User = "root") -> None:
        """Write a file of the machine anew; never into what is there, which others may share."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(text, encoding="utf-8")
        if user == "new":
            home = self.root / _HOMES[user].lstrip("/")
            for one in (target, *target.parents):
                if one == home or home in one.parents:
                    os.chown(one, _UID, _UID)

    def trust(self, certificate: Path) -> None:
        """Put an authority into the system's store, as an administrator does."""
        text = certificate.read_text(encoding="utf-8")
        if self.mounts:  # ca-certificates is not configured there
            self.write(_STORE, text)
            return
        self.write("/usr/local/share/ca-certificates/company.crt", text)
        done = self.run("update-ca-certificates", user="root")
        assert done.code == 0, done.text

    def clone(self, user: User = "new", name: str = "tfsetup") -> Ended:
        """Clone this repository into the user's home."""
        return self.run("git", "clone", "--quiet", f"file://{_SOURCE}", name, user=user)

    def make(self, *argv: str, user: User = "new", name: str = "tfsetup", **environ: str) -> Ended:
        """Run `env -i HOME=… PATH=… make ARGV…` in the clone."""
        return self.run("make", *argv, user=user, folder=f"{_HOMES[user]}/{name}", **environ)


def _worked() -> float:
    """Return the seconds of processor time that all children so far have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# ---------------------------------------------------------------------------------------------------- how it is made


def debian(suite: Suite, folder: Path) -> Machine:
    """Return a machine with that Debian below `folder`; skip where it cannot be made."""
    _need("debootstrap", "chroot", "unshare")
    with alone(f"debian-{suite}") as system:
        if not system.exists():
            _bootstrap(suite, system)
        root = folder / suite
        root.parent.mkdir(parents=True, exist_ok=True)
        if subprocess.run(["cp", "-al", system, root], capture_output=True, check=False).returncode:
            shutil.rmtree(root, ignore_errors=True)
            subprocess.run(["cp", "-a", system, root], check=True)
    return _moved_in(Machine(root))


def borrowed(folder: Path) -> Machine:
    """Return a machine below `folder` that has this one's /usr; skip where that is not like a fresh machine's."""
    _need("chroot", "unshare")
    minor = _minor_of_the_systems_python()
    if minor not in pythons() or not all(Path("/", name).is_symlink() for name in ("bin", "lib")):
        pytest.skip(f"the system here is no Debian with a Python that tfsetup runs under ({minor})")
    root = folder / "borrowed"
    for name in ("usr", "etc", "proc", "dev", "tmp", "root", "srv", "home", "var/tmp", "run"):
        (root / name).mkdir(parents=True)
    for link in Path("/").glob("*"):
        if link.is_symlink() and not link.readlink().is_absolute() and link.readlink().parts[0] == "usr":
            (root / link.name).symlink_to(link.readlink())
    for name in _OF_ETC:
        subprocess.run(["cp", "-a", f"/etc/{name}", root / "etc"], capture_output=True, check=False)
    covers = list(_covers(folder))
    machine = Machine(root, ((Path("/usr"), "usr"), *covers))
    machine.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    machine.write("/etc/group", "root:x:0:\n")
    return _moved_in(machine)


def _covers(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield what lies over those parts of /usr that a fresh machine has not."""
    no_folder, no_file, no_module = folder / "no-folder", folder / "no-file", folder / "no-module"
    no_folder.mkdir()
    no_file.touch()
    no_module.mkdir()
    (no_module / "__init__.py").write_text("raise ModuleNotFoundError(f'No module named {__name__!r}')\n")
    for name in _HIDDEN:
        if (path := Path("/", name)).exists():
            yield (no_folder if path.is_dir() else no_file, name)
    for path in Path("/usr/lib").glob("python3*/ensurepip"):
        yield (no_module, str(path)[1:])


def _moved_in(machine: Machine) -> Machine:
    """Give a machine its user, a repository to clone, and no names of the network."""
    for name, line in (("passwd", f"new:x:{_UID}:{_UID}::{_HOMES['new']}:/bin/sh\n"), ("group", f"new:x:{_UID}:\n")):
        machine.write(f"/etc/{name}", (machine.root / "etc" / name).read_text(encoding="utf-8") + line)
    machine.write("/etc/resolv.conf", "")
    machine.write("/etc/hosts", "127.0.0.1 localhost\n")
    for user, home in _HOMES.items():
        machine.write(f"{home}/.gitconfig", "[safe]\n\tdirectory = *\n", user=user)
    clone_of_this(machine.root / _SOURCE.lstrip("/"))
    return machine


def _bootstrap(suite: Suite, system: Path) -> None:
    part = system.with_name(f"{system.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    words: Sequence[str | Path] = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, part]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"debootstrap could not make {suite}: {done.stdout[-300:]}")
    for path in part.glob("var/cache/apt/archives/*.deb"):
        path.unlink()
    part.rename(system)


def _need(*programs: str) -> None:
    missing = [name for name in programs if shutil.which(name) is None]
    if not missing and (os.geteuid() != 0 or not _mounts()):
        missing = ["root that may mount"]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


@cache
def _mounts() -> bool:
    words = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "none", "/mnt"]
    return not subprocess.run(words, capture_output=True, check=False).returncode


def _minor_of_the_systems_python() -> str:
    words = ["/usr/bin/python3", "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return "none"
    return done.stdout.strip() if re.fullmatch(r"3\.\d+\n", done.stdout) else "none"
