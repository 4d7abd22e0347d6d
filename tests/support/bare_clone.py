"""A clone on a bare machine, as far as the bootstrap needs one, with a uv of a few bytes; and servers that have it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bootstrap.pages import Offered
from bootstrap.wheels import best, this_machine
from support.hostile_server import Conversation
from support.process import ROOT

VERSION = "0.99.0"
_TAGS = ("manylinux_2_17_{}", "musllinux_1_1_{}", "macosx_10_12_{}", "macosx_11_0_arm64", "win_amd64")
_TOOLS = ("sh", "dirname", "uname", "tail", "readlink", "cat", "sed", "sleep", "awk")


@cache
def wheel() -> tuple[str, bytes]:
    """Return the name and the bytes of a uv for this machine: a program that says its version and its arguments."""
    machine = this_machine()
    names = [f"uv-{VERSION}-py3-none-{tag.format(machine.arch)}.whl" for tag in _TAGS]
    name = best(machine, [Offered(one, "", None) for one in names], VERSION)[0].name
    return name, wheel_of(f'#!/bin/sh\n[ "$1" = --version ] && echo "uv {VERSION}"\n')


def wheel_of(program: str, version: str = VERSION) -> bytes:
    """Return a wheel whose uv is a program."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for member in ("uv", "uvx"):
            archive.writestr(zipfile.ZipInfo(f"uv-{version}.data/scripts/{member}"), program)
        archive.writestr(zipfile.ZipInfo(f"uv-{version}.dist-info/RECORD"), "")
    return body.getvalue()


@dataclass
class Clone:
    """The clone, a home with nothing in it, and a PATH with little more than a Python."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder of the clone."""
        return self.folder / "clone"

    @property
    def home(self) -> Path:
        """The user's home."""
        return self.folder / "home"

    @property
    def programs(self) -> Path:
        """The one folder on PATH."""
        return self.folder / "bin"

    @property
    def uv(self) -> Path:
        """Where the private uv belongs."""
        return self.root / ".tool" / "uv" / "bin" / "uv"

    def python(self, path: str | Path) -> None:
        """Let `python3` be another one."""
        self.program("python3", f'exec "{path}" "$@"\n')

    def program(self, name: str, script: str) -> Path:
        """Put a program on PATH."""
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
        path.chmod(0o755)
        return path

    def pin(self, body: bytes, version: str = VERSION) -> None:
        """Let requirements/uv.txt name a wheel by its hash."""
        text = (
            f"uv=={version} \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{hashlib.sha256(body).hexdigest()}\n"
        )
        (self.root / "requirements" / "uv.txt").write_text(text, encoding="utf-8")

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `scripts/uv`, or another program of the clone."""
        return subprocess.run(
            [str(self.root / (words or ("scripts/uv",))[0]), *words[1:]],
            cwd=self.home,
            env={**self.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def begin(self, **variables: str) -> subprocess.Popen[str]:
        """Begin `scripts/uv` in a session of its own, as a terminal does."""
        return subprocess.Popen(
            [str(self.root / "scripts" / "uv")],
            env={**self.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )

    def left(self) -> list[str]:
        """Return what lies in .tool."""
        return sorted(path.name for path in (self.root / ".tool").iterdir())


def base_python() -> str:
    """Return this interpreter's own, which is no environment's."""
    return str(getattr(sys, "_base_executable", sys.executable))


def bare_clone(folder: Path) -> Clone:
    """Make the clone; nothing of this machine's settings reaches it. BOOTSTRAP_PYTHON: another Python than this one."""
    clone = Clone(folder)
    shutil.copytree(ROOT / "scripts", clone.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", clone.root / "requirements")
    for name in ("pyproject.toml", "installer/tfsetup/ground/environ.py"):
        (clone.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone.root / name)
    clone.pin(wheel()[1])
    clone.home.mkdir()
    clone.programs.mkdir()
    for tool in _TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (clone.programs / tool).symlink_to(found)
    clone.python(os.environ.get("BOOTSTRAP_PYTHON") or base_python())
    clone.environ = {
        "HOME": str(clone.home),
        "PATH": str(clone.programs),
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_SYSTEM_CONFIG": "1",
    }
    return clone


# ------------------------------------------------------------------------------------------------ servers


@dataclass
class Uvs:
    """An index that has one uv. What it says of it, and how it answers, is a test's to change."""

    secret: str = ""  # user:password
    form: str = "html"
    name: str = field(default_factory=lambda: wheel()[0])
    body: bytes = field(default_factory=lambda: wheel()[1])
    told: str | None = None  # the hash that the page tells; None: the right one, empty: none
    files: str = "/files/"
    status: Mapping[str, str] = field(default_factory=dict)  # what of a path leads to which status

    def __call__(self, talk: Conversation) -> None:
        """Answer one request."""
        wanted = "Basic " + base64.b64encode(self.secret.encode()).decode()
        for part, status in self.status.items():
            if part in talk.path:
                talk.answer(status)
                return
        if self.secret and talk.headers.get("authorization") != wanted:
            talk.answer("401 Unauthorized", WWW_Authenticate="Basic")
        elif talk.path.split("?")[0] == "/simple/uv/":
            talk.answer("200 OK", self.page(), Content_Type=self.kind())
        elif talk.path.endswith(".whl"):
            self.file(talk)
        else:
            talk.answer("404 Not Found")

    def file(self, talk: Conversation) -> None:
        """Answer with the wheel."""
        talk.answer("200 OK", self.body)

    def kind(self) -> str:
        """Return the content type of a page."""
        return "application/vnd.pypi.simple.v1+json" if self.form == "json" else "text/html"

    def page(self) -> bytes:
        """Return the page of uv."""
        told = hashlib.sha256(self.body).hexdigest() if self.told is None else self.told
        address = self.files + self.name
        if self.form == "json":
            files = [{"filename": self.name, "url": address, "hashes": {"sha256": told} if told else {}}]
            return json.dumps({"meta": {"api-version": "1.0"}, "name": "uv", "files": files}).encode()
        return f'<a href="{address}{f"#sha256={told}" if told else ""}">{self.name}</a>'.encode()
