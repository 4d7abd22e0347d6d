"""Faults, really produced on this machine: small disks, dishonest servers, missing names, low limits, odd paths.

Each producer is a context manager named in a case file (tests/cases/faults); it changes the `Lab` that the command runs
in, and puts everything right afterwards. What this machine cannot produce skips the case and says why.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support import certificates
from support.faulty_index import Handler, Index, serve, trickle

Options = Mapping[str, Any]


@dataclass
class Lab:
    """Where a command runs: a home with a project in it, an index, variables, and words before the command."""

    home: Path
    index: Index
    project_name: str = "project"
    prefix: str = ".venv"
    variables: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)

    @property
    def project(self) -> Path:
        return self.home / self.project_name

    @property
    def generations(self) -> Path:
        return self.project / f"{self.prefix}.generations"

    def place(self, name: str) -> Path:
        """Return the folder of a place that case files name."""
        places = {
            "environment": self.generations,
            "cache": self.home / "uv-cache",
            "locks": self.project / "environments",
            "project": self.project,
            "temporary": self.home / "tmp",
        }
        places[name].mkdir(parents=True, exist_ok=True)
        return places[name]


def _command(*words: str | Path) -> None:
    """Run a command of this machine; where it is missing or not permitted the case is skipped."""
    if shutil.which(str(words[0])) is None:
        pytest.skip(f"{words[0]} is not installed here")
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"not permitted here: {' '.join(map(str, words[:2]))}: {done.stderr.strip()[:100]}")


@contextmanager
def _mounted(folder: Path, *mount: str | Path) -> Iterator[None]:
    _command(*mount, folder)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def small_disk(lab: Lab, options: Options) -> Iterator[None]:
    """A file system in memory with few bytes or few inodes at a place."""
    with _mounted(lab.place(options["at"]), "mount", "-t", "tmpfs", "-o", options["limit"], "tmpfs"):
        yield


@contextmanager
def read_only(lab: Lab, options: Options) -> Iterator[None]:
    """A file system that cannot be written at a place."""
    with _mounted(lab.place(options["at"]), "mount", "-t", "tmpfs", "-o", "ro", "tmpfs"):
        yield


@contextmanager
def _image(lab: Lab, size: int, *make: str) -> Iterator[Path]:
    image = lab.home / "disk.img"
    with image.open("wb") as file:
        file.truncate(size)
    _command(*make, image)
    yield image
    image.unlink()


@contextmanager
def quota(lab: Lab, options: Options) -> Iterator[None]:
    """A btrfs subvolume with a quota group at a place."""
    with _image(lab, 200 << 20, "mkfs.btrfs", "-q") as image:
        top = lab.home / "btrfs"
        top.mkdir()
        with _mounted(top, "mount", "-o", "loop", image):
            _command("btrfs", "quota", "enable", top)
            _command("btrfs", "subvolume", "create", top / "limited")
            _command("btrfs", "qgroup", "limit", options["limit"], top / "limited")
            with _mounted(lab.place(options["at"]), "mount", "--bind", top / "limited"):
                yield


@contextmanager
def case_insensitive(lab: Lab, options: Options) -> Iterator[None]:
    """An NTFS file system on which upper and lower case are the same."""
    with _image(lab, 128 << 20, "mkntfs", "-q", "-F") as image:
        place = lab.place(options["at"])
        with _mounted(place, "lowntfs-3g", "-o", "ignore_case", image):
            (place / "Probe").touch()
            if not (place / "pROBE").exists():
                pytest.skip("this file system tells upper from lower case")
            (place / "Probe").unlink()
            yield


@contextmanager
def not_permitted(lab: Lab, options: Options) -> Iterator[None]:
    """A folder without write permission, and no privilege to write there all the same."""
    lab.place(options["at"]).chmod(0o555)
    if os.geteuid() == 0:
        _command("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", "true")
        lab.before += ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    yield
    lab.place(options["at"]).chmod(0o755)


# ------------------------------------------------------------------------------------------------------ the server


def _misbehave(lab: Lab, options: Options, act: Callable[[Handler, bytes], bytes | None]) -> None:
    """Let the index act on requests whose address holds `to`, at most `times` times."""
    left = [options.get("times", 1_000_000)]

    def answer(handler: Handler, body: bytes) -> bytes | None:
        if options["to"] not in handler.path or left[0] == 0:
            return body
        left[0] -= 1
        return act(handler, body)

    lab.index.misbehave = answer


def _with_another_member(body: bytes) -> bytes:
    with io.BytesIO(body) as file:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("another.py", "")
        return file.getvalue()


OTHER_BODIES: Mapping[str, Callable[[bytes], bytes]] = {
    "send other bytes": lambda body: body[:-200] + bytes(100) + body[-100:],
    "send another wheel": _with_another_member,
    "send nonsense": lambda body: b"\x1b[2J<html" + body[:10] + b"\xff\xfe" * 40,
}


@contextmanager
def server(lab: Lab, options: Options) -> Iterator[None]:
    """An index that answers with a status, late, slowly, in part, or with something else."""

    def act(handler: Handler, body: bytes) -> bytes | None:
        if options["does"] in OTHER_BODIES:
            return OTHER_BODIES[options["does"]](body)
        match options["does"]:
            case "refuse":
                handler.answer(options["status"], b"", **options.get("headers", {}))
            case "stall":
                handler.answer(200, body[:100], length=len(body))
                handler.hang(60)
            case "never answer":
                handler.hang(60)
            case "trickle":
                trickle(handler, body, pieces=8, pause=0.1)
            case "cut":
                handler.answer(200, body[: len(body) // 2], length=len(body))
                handler.cut()
            case "send less":
                handler.answer(200, body[: len(body) // 2])
            case other:
                raise ValueError(other)
        return None

    _misbehave(lab, options, act)
    yield
    lab.index.misbehave = None


@contextmanager
def tls(lab: Lab, options: Options) -> Iterator[None]:
    """The index over TLS, with a certificate that is wrong in some way."""
    made = certificates.make(lab.home / "tls", options["certificate"])
    with serve(Index(lab.index.folder), made.context) as secure:
        lab.variables |= {"UV_DEFAULT_INDEX": secure.url, "SSL_CERT_FILE": str(made.trusted), "SSL_CERT_DIR": ""}
        yield


@contextmanager
def elsewhere(lab: Lab, options: Options) -> Iterator[None]:
    """The index at an address that leads nowhere, or through a proxy that does."""
    lab.variables |= {name: str(value) for name, value in options.items()}
    yield


# ----------------------------------------------------------------------------------------------- limits and paths


@contextmanager
def limits(lab: Lab, options: Options) -> Iterator[None]:
    """Limits of the process, as prlimit(1) names them."""
    lab.before += ["prlimit", *(f"--{name}={value}" for name, value in options.items())]
    _command(*lab.before, "true")
    yield


@contextmanager
def path(lab: Lab, options: Options) -> Iterator[None]:
    """A project folder, or an environment, with an odd or a long name."""
    lab.project_name = options.get("project", lab.project_name) * options.get("repeated", 1)
    lab.prefix = options.get("prefix", lab.prefix) * options.get("prefix_repeated", 1)
    for _ in range(options.get("deep", 0)):
        lab.home /= "d" * 100
    lab.home.mkdir(parents=True, exist_ok=True)
    yield


@contextmanager
def linked_home(lab: Lab, options: Options) -> Iterator[None]:
    """A home folder that is a link."""
    real = lab.home.with_name(options["to"])
    lab.home.rename(real)
    lab.home.symlink_to(real)
    yield


PRODUCERS: Mapping[str, Callable[[Lab, Options], Any]] = {
    "small disk": small_disk,
    "read only": read_only,
    "quota": quota,
    "case insensitive": case_insensitive,
    "not permitted": not_permitted,
    "server": server,
    "tls": tls,
    "variables": elsewhere,
    "limits": limits,
    "path": path,
    "linked home": linked_home,
}
