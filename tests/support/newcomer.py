"""What a newcomer and other installers do, for tests that install for real: `make`, uv, pip, and no network at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from support.process import ROOT
from tfsetup.host.model import Python
from tfsetup.host.probe import probe
from tfsetup.locks.files import read_lock

# Nothing listens there: whoever asks the network fails.
DEAD = {"UV_HTTP_RETRIES": "0"} | dict.fromkeys(
    ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9"
)
_LISTED = (
    "import importlib.metadata as m, json, re; "
    "print(json.dumps({re.sub('[-_.]+', '-', d.name).lower(): d.version for d in m.distributions()}))"
)
_TRUSTED = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}


@cache
def pythons_here() -> list[Python]:
    """Return one Python a minor version that TensorFlow has wheels for, the newest first (as in test_install.py)."""
    found = {p.minor: p for p in reversed(probe(downloads=False).pythons or ()) if p.path and not p.free_threaded}
    return [found[minor] for minor in ("3.13", "3.12", "3.11", "3.10") if minor in found]


def without_network() -> list[str]:
    """Return what to put before a command so that it has no network; nothing where the system does not allow it."""
    for words in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if (
            shutil.which("unshare")
            and not subprocess.run([*words, "true"], capture_output=True, check=False).returncode
        ):
            return words
    return []


def run(*argv: str | Path, cwd: Path | None = None, environ: dict[str, str] | None = None) -> str:
    """Run a program that must succeed, without this machine's settings of pip and Python; return its output."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        env=plain | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def make(
    folder: Path, *argv: str, before: Sequence[str] = (), environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `make ARGV…` in `folder` as somebody who has uv, with `before` in front of it."""
    return subprocess.run(
        [*before, "make", *argv],
        cwd=folder,
        env=_of_a_newcomer() | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def killed_make(folder: Path, *argv: str, when: Callable[[], bool]) -> bool:
    """Run `make ARGV…` and kill it with all it started as soon as `when` holds; tell whether it was still at work."""
    with subprocess.Popen(
        ["make", *argv],
        cwd=folder,
        env=_of_a_newcomer(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        while running.poll() is None and not when():
            time.sleep(0.01)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    return running.returncode == -signal.SIGKILL


def _of_a_newcomer() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
    path = f"{Path(uv()).parent}{os.pathsep}{os.environ['PATH']}"
    return inherited | {"PATH": path, "LC_ALL": "C.UTF-8"}


def clone_of_this(folder: Path) -> Path:
    """Clone this repository as it was committed into `folder`; where it is none, make one of its files."""
    if (ROOT / ".git").exists():
        run("git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", folder, environ=_TRUSTED)
    else:
        left_out = shutil.ignore_patterns(".venv*", ".tool", "__pycache__", ".*_cache", "dist")
        shutil.copytree(ROOT, folder, ignore=left_out)
        commit(folder, "As it was found")
    return folder


def commit(folder: Path, message: str) -> None:
    """Commit everything in `folder`, which becomes a repository if it is none."""
    run("git", "init", "--quiet", folder)
    run("git", "add", "--all", cwd=folder)
    who = {
        f"GIT_{role}_{what}": "somebody@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    run("git", "commit", "--quiet", "--message", message, cwd=folder, environ=who)


def guide() -> dict[str, str]:
    """Return the files that docs/team.md shows for copying, by their paths."""
    text = (ROOT / "docs" / "team.md").read_text(encoding="utf-8")
    found = re.findall(r"<!-- file:(\S+) -->\n```\w+\n(.*?)```\n<!-- /file -->", text, re.DOTALL)
    return dict(found)


def uv() -> str:
    """Return the path of uv."""
    from uv import find_uv_bin

    return str(find_uv_bin())


def venv(folder: Path, python: Python, *options: str) -> Path:
    """Make an environment with uv and return its interpreter."""
    run(uv(), "venv", "--quiet", "--no-project", *options, "--python", str(python.path), folder)
    return folder / "bin" / "python"


def installed(python: Path) -> dict[str, str]:
    """Return what is installed beside pip: versions by normalised name."""
    found: dict[str, str] = json.loads(run(python, "-c", _LISTED))
    return {name: version for name, version in found.items() if name != "pip"}


def locked(path: Path) -> dict[str, str]:
    """Return what a lock says: versions by normalised name."""
    return {package.name: package.version for package in read_lock(path).packages}
