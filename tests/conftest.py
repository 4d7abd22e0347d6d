"""What a test may touch: nothing of the world without its marker, and never a file outside its own folder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No database: two workers would write it at once. No deadline: no timed assertion in a test. `make check` has a minute;
# `make exhaustive` asks for --hypothesis-profile=thorough.
settings.register_profile(
    "house", database=None, deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=1000)
settings.load_profile("house")

# `make test` calls pytest: a make that a test calls is a user's, and takes neither the outer one's flags nor its
# variables.
for _name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "ARGS"):
    os.environ.pop(_name, None)

# Whoever starts pytest in a shell's background hands it an ignored SIGINT, which every child would inherit: the tests
# of interrupts need the usual one.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_FREE = {"e2e", "heavy", "network"}


@dataclass
class _Policy:
    """What the running test may do; `None` outside a test."""

    process: bool = False
    socket: bool = False
    folders: tuple[str, ...] = field(default=())


_current: _Policy | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    policy = _current
    if policy is None:
        return
    if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"} and not policy.process:
        pytest.fail(f"a test without the marker `process` started {arguments[0]!r}")
    if event in {"socket.connect", "socket.bind", "socket.getaddrinfo"} and not policy.socket:
        pytest.fail(f"a test without the marker `loopback` or `network` used a socket: {event} {arguments[1:]!r}")
    if event == "open" and _writes(arguments) and not _inside(arguments[0], policy.folders):
        pytest.fail(f"a test wrote outside its folder: {arguments[0]!r}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _inside(path: Any, folders: tuple[str, ...]) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return True  # a file descriptor that was opened, and judged, before
    text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - links are not followed by what is judged here
    return text.startswith(("/dev/", *folders)) or "__pycache__" in text or "/.hypothesis/" in text


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def _confined(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    global _current  # noqa: PLW0603 - an audit hook has no other way to learn which test is running
    marks = {mark.name for mark in request.node.iter_markers()}
    if marks & _FREE:
        yield
        return
    folders = (str(tmp_path_factory.getbasetemp()),)
    _current = _Policy(process="process" in marks, socket="loopback" in marks, folders=folders)
    try:
        yield
    finally:
        _current = None


_OUTPUT = ("NO_COLOR", "FORCE_COLOR", "CONDA_", "VIRTUAL_ENV", "TFSETUP_")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


@pytest.fixture(autouse=True)
def _plain_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Take away what would change an output: colours, and the settings of tools that tfsetup honours.

    Whom this machine believes matters to tests that leave it; each client of the others would read hundreds of files.
    What tfsetup remembers between runs goes to a folder of the test session.
    """
    leaves = any(request.node.get_closest_marker(name) for name in _FREE)
    others = _OUTPUT if leaves else (*_OUTPUT, *_CERTIFICATES)
    for name in [name for name in os.environ if name.startswith(others)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # what this machine's pip would ask is no test's business
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "tfsetup-cache"))


@pytest.fixture
def cases() -> Path:
    """The folder of case files."""
    return Path(__file__).parent / "cases"
