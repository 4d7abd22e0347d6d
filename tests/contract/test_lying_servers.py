"""Servers that lie, trickle or never end, and the user who has had enough: each is an exit status, soon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.hostile_server import Act, Conversation, Server, hostile
from support.process import ROOT, tfsetup

# Servers that stall: half a minute that `make check` has not got.
pytestmark = [pytest.mark.loopback, pytest.mark.process, pytest.mark.heavy]

WHEEL = "alpha-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
LOCK = """\
lock-version = "1.0"
created-by = "tests"

[[packages]]
name = "alpha"
version = "1.0"
wheels = [{{ name = "{name}", url = "{url}/{name}", hashes = {{ sha256 = "{zeros}" }} }}]
"""
PREFLIGHT = ["preflight", "pylock.toml", "--host", "linux-x86_64-cpu", "--python", "3.12"]
MATRIX = ["matrix", "check"]
TOTAL = 10_000_000


def variables(folder: Path, server: Server) -> dict[str, str]:
    """Write a lock whose wheel is on the server, and return what keeps a run inside of the folder."""
    (folder / "pylock.toml").write_text(LOCK.format(name=WHEEL, url=server.url, zeros="0" * 64))
    (folder / "tmp").mkdir()
    return {
        "UV_DEFAULT_INDEX": f"{server.url}/simple",
        "NO_PROXY": "*",
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "TFSETUP_CACHE_DIR": str(folder / "cache"),
    }


def in_the_body(talk: Conversation) -> None:
    """Send a byte now and then of a body."""
    end = f"bytes {TOTAL - 131072}-{TOTAL - 1}/{TOTAL}"
    talk.answer("206 Partial Content" if "range" in talk.headers else "200 OK", length=131072, Content_Range=end)
    talk.trickle(b"x", every=0.2)


def in_the_head(talk: Conversation) -> None:
    """Send a byte now and then of what stands before a body."""
    talk.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    talk.trickle(b"x", every=0.2)


def not_at_all(talk: Conversation) -> None:
    """Say nothing."""
    talk.stopping.wait(120)


def later(talk: Conversation) -> None:
    """Ask for patience again and again."""
    talk.answer("503 Later", Retry_After="600")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("act", "argv", "number"),
    [
        (in_the_body, PREFLIGHT, signal.SIGINT),
        (in_the_body, PREFLIGHT, signal.SIGTERM),
        (in_the_body, MATRIX, signal.SIGINT),
        (in_the_head, PREFLIGHT, signal.SIGTERM),
        (in_the_head, MATRIX, signal.SIGINT),
        (not_at_all, PREFLIGHT, signal.SIGINT),
        (not_at_all, MATRIX, signal.SIGTERM),
        (later, MATRIX, signal.SIGINT),
    ],
)
def test_one_interrupt_ends_a_download_at_once(
    tmp_path: Path, act: Act, argv: list[str], number: signal.Signals
) -> None:
    with hostile(act) as server:
        environ = os.environ | {"PYTHONPATH": str(ROOT / "installer")} | variables(tmp_path, server)
        with subprocess.Popen(
            [sys.executable, "-m", "tfsetup", *argv], cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True
        ) as running:
            waited = time.monotonic() + 60
            while not server.asked and time.monotonic() < waited and running.poll() is None:
                time.sleep(0.02)
            time.sleep(0.3)
            assert running.poll() is None
            began = time.monotonic()
            running.send_signal(number)
            _, said = running.communicate(timeout=20)
            took = time.monotonic() - began
    assert (running.returncode, "Traceback" in said, "Fatal" in said) == (130, False, False), said
    assert "nothing half-done is left behind" in said
    assert took < 10
    assert list((tmp_path / "tmp").iterdir()) == []


def endless(talk: Conversation) -> None:
    talk.answer("206 Partial Content", length=-1, Content_Range=f"bytes {TOTAL - 131072}-{TOTAL - 1}/{TOTAL}")
    talk.flood(bytes(1 << 16))


def absurd(talk: Conversation) -> None:
    talk.answer("206 Partial Content", bytes(131072), Content_Range=f"bytes {2**62 - 131072}-{2**62 - 1}/{2**62}")


def another(talk: Conversation) -> None:
    talk.answer("206 Partial Content", bytes(131072), Content_Range=f"bytes 0-131071/{TOTAL}")


def packed(talk: Conversation) -> None:
    end = f"bytes {TOTAL - 131072}-{TOTAL - 1}/{TOTAL}"
    talk.answer("206 Partial Content", bytes(131072), Content_Range=end, Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (endless, "sent more than the 131,072 bytes that it may send."),
        (absurd, "the answer claims a file of 4,611,686,018,427,387,904 bytes."),
        (another, "the answer is another part than the one asked for"),
        (packed, "the answer is packed, though the bytes themselves were asked for."),
    ],
)
def test_a_range_that_lies_is_a_network_error(tmp_path: Path, act: Act, words: str) -> None:
    with hostile(act) as server:
        done = tfsetup(*PREFLIGHT, cwd=tmp_path, **variables(tmp_path, server))
    assert (done.returncode, words in done.stderr) == (5, True), done.stderr
    assert "bug" not in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("argv", [PREFLIGHT, MATRIX], ids=["preflight", "matrix"])
def test_a_redirect_to_plain_http_is_refused(tmp_path: Path, argv: list[str]) -> None:
    leads = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/x?token=secret\r\nContent-Length: 0\r\n\r\n"
    with hostile(lambda talk: talk.send(leads)) as server:
        done = tfsetup(*argv, cwd=tmp_path, **variables(tmp_path, server))
    assert done.returncode == 2, done.stderr
    assert "http://elsewhere.example/x?*** is neither https nor on this machine" in done.stderr
    assert "secret" not in done.stderr


def test_an_endless_page_is_a_network_error(tmp_path: Path) -> None:
    def act(talk: Conversation) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999999\r\n\r\n")
        talk.flood(bytes(1 << 16))

    with hostile(act) as server:
        done = tfsetup(*MATRIX, cwd=tmp_path, **variables(tmp_path, server))
    assert (done.returncode, "99,999,999,999 bytes, more than the 67,108,864" in done.stderr) == (5, True), done.stderr


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"])
def test_certificates_that_are_named_and_not_there_are_said(tmp_path: Path, name: str) -> None:
    clean = dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"), "")
    with hostile(in_the_body) as server:
        environ = variables(tmp_path, server) | clean | {name: str(tmp_path / "none.pem")}
        done = tfsetup(*PREFLIGHT, cwd=tmp_path, **environ)
    assert done.returncode == 3, done.stderr
    assert f"{name} names certificates that cannot be used" in done.stderr
    assert "none.pem" in done.stderr
