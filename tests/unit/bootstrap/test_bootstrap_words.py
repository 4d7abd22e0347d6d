"""Every failure says its cause and the next step, in 80 columns, and no secret."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import hints
from bootstrap.explain import explained
from bootstrap.failure import Failure, shown
from bootstrap.trouble import in_words, may_pass, refused

RANGE, FILE = ">=3.11,<3.16", "requirements/tool.txt"


@given(st.text(st.sampled_from("ab :/@\n"), max_size=200), st.text(st.sampled_from("ab \n"), max_size=200))
def test_a_failure_has_eighty_columns(text: str, hint: str) -> None:
    lines = shown(Failure(text, hint)).splitlines()
    assert all(len(line) <= 80 or " " not in line.strip() for line in lines)


def test_a_failure_keeps_passwords_to_itself() -> None:
    text = shown(Failure("https://me:s3cret@i.example/simple says no", "use HTTPS_PROXY=http://user:password@host"))
    assert "s3cret" not in text
    assert text == "error: https://***@i.example/simple says no\n hint: use HTTPS_PROXY=http://user:password@host\n"


@pytest.mark.parametrize(
    ("error", "proxy", "says", "hint"),
    [
        (ssl.SSLCertVerificationError("self-signed"), "", "certificate that i.example shows", hints.CERTIFICATE),
        (ssl.SSLCertVerificationError("certificate has expired"), "", "has expired", hints.CLOCK),
        (ssl.SSLCertVerificationError("Hostname mismatch, x"), "", "Hostname mismatch", hints.ADDRESS),
        (socket.gaierror(-2, "Name or service not known"), "", "name i.example is not known here", hints.REACH),
        (socket.gaierror(-2, "Name or service not known"), "p", "name p is not known here", hints.REACH),
        (ConnectionRefusedError(111, "Connection refused"), "", "cannot be reached: Connection refused", hints.REACH),
        (ConnectionRefusedError(111, "refused"), "p", "cannot be reached through the proxy p: refused", hints.REACH),
        (
            OSError("Tunnel connection failed: 407 Proxy Authentication Required"),
            "p",
            "proxy p wants",
            hints.PROXY_LOGIN,
        ),
        (TimeoutError("timed out"), "", "does not answer, or too slowly: timed out", hints.REACH),
        (http.client.IncompleteRead(b""), "", "ended in the middle", hints.AGAIN),
        (http.client.BadStatusLine("x"), "", "cannot be reached: x", hints.REACH),
        (http.client.RemoteDisconnected("Remote end closed"), "", "reached: Remote end closed", hints.REACH),
    ],
)
def test_what_a_failed_request_means(error: Exception, proxy: str, says: str, hint: str) -> None:
    for wrapped in (error, urllib.error.URLError(error)):
        failure = in_words("i.example", wrapped, proxy)
        assert says in failure.text
        assert failure.hint == hint


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ssl.SSLCertVerificationError("x"), False),
        (socket.gaierror(-2, "x"), False),
        (ConnectionRefusedError(), False),
        (OSError("Tunnel connection failed: 407"), False),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (http.client.IncompleteRead(b""), True),
        (ssl.SSLEOFError(), True),
    ],
)
def test_what_may_pass_is_asked_again(error: Exception, again: bool) -> None:
    assert may_pass(error) == again == may_pass(urllib.error.URLError(error))


@pytest.mark.parametrize(
    ("status", "says", "names"),
    [
        (401, "wants a user and a password", ".netrc"),
        (403, "wants a user and a password", "PIP_INDEX_URL"),
        (404, "uv is not there", "/simple"),
        (407, "The proxy wants", "HTTPS_PROXY"),
        (503, "answered 503", "Run make again"),
    ],
)
def test_what_a_refusal_means(status: int, says: str, names: str) -> None:
    failure = refused(status, "https://me:pw@i.example/simple/uv/")
    assert says in failure.text
    assert names in failure.hint
    assert "pw" not in shown(failure)


# What uv 0.13 says, each with a proxy, an index or a mirror of its own.
_PYTHON = (
    "Failed to download `https://github.com/astral-sh/python-build-standalone/releases/download/2/cpython-3.14.tar.gz`"
)
SAID = {
    "no room": (
        "error: Failed to write\n  cause: No space left on device (os error 28)",
        FILE,
        "no room left",
        "UV_CACHE_DIR",
    ),
    "a certificate": (
        "error: Failed to fetch: https://i.example/simple/rich/\n  cause: invalid peer certificate: UnknownIssuer",
        FILE,
        "I.example showed a certificate that is not believed",
        "SSL_CERT_FILE",
    ),
    "a certificate of the Python": (
        f"error: {_PYTHON}\n  cause: invalid peer certificate: UnknownIssuer",
        None,
        "Github.com showed a certificate",
        "SSL_CERT_FILE",
    ),
    "no GitHub": (
        f"error: Request failed after 3 retries\n  cause: {_PYTHON}\n  cause: tcp connect error",
        None,
        "no Python >=3.11,<3.16 on this machine, and none could be fetched: github.com could not be reached",
        "UV_PYTHON_INSTALL_MIRROR",
    ),
    "a mirror without it": (
        "error: Failed to download `https://m.example/cpython`\n  cause: HTTP status client error (404 Not Found)",
        None,
        "none could be fetched: m.example answered 404 Not",
        "UV_PYTHON_INSTALL_MIRROR",
    ),
    "downloads forbidden": (
        "error: No interpreter found for Python >=3.11, <3.16\n\nhint: ... but Python downloads are set to 'never'",
        None,
        "UV_PYTHON_DOWNLOADS forbids it",
        "python.org/downloads",
    ),
    "offline": (
        "error: No interpreter found\n\nhint: ... but uv is set to offline mode",
        None,
        "UV_OFFLINE",
        "brew install",
    ),
    "no such platform": (
        "error: No interpreter found for Python 3",
        None,
        "none is offered for this machine",
        "apt-get",
    ),
    "another file": (
        "error: x\n  cause: Hash mismatch for `rich==1`",
        FILE,
        f"the one that {FILE} pins",
        "changes files",
    ),
    "a package missing": (
        "error: No solution found\n  cause: Because rich was not found in the package registry",
        FILE,
        "does not have every package",
        "full mirror",
    ),
    "a password": (
        "error: Failed to fetch: https://i.example/rich/\n  cause: HTTP status client error (401 Unauthorized) for url",
        FILE,
        "I.example wants a user and a password",
        ".netrc",
    ),
    "a proxy's password": (
        "error: x\n  cause: tunnel error: proxy authorization required\n 407 Proxy Authentication Required",
        FILE,
        "The proxy wants a user",
        "HTTPS_PROXY",
    ),
    "nobody there": (
        "error: Failed to fetch: https://127.0.0.1:9/simple/uv/\n  cause: Connection refused (os error 111)",
        FILE,
        "127.0.0.1 could not be reached",
        "HTTPS_PROXY",
    ),
    "a folder of another": (
        "error: Failed to initialize cache at `/srv/c`\n  cause: Permission denied (os error 13)",
        FILE,
        "/srv/c cannot be written",
        "must be yours",
    ),
    "something new": ("error: the moon is full", FILE, "uv could not prepare tfsetup: error: the moon", "again"),
    "nothing": ("", FILE, "it said nothing", "again"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_uv_says_is_told_in_our_words(case: str) -> None:
    said, file, says, hint = SAID[case]
    failure = explained(said, pythons=RANGE, file=file)
    assert says in failure.text
    assert hint in failure.hint
    assert ".tool/uv.log" in failure.text
    assert "cause:" not in failure.text
