"""Whose certificates are believed: what a user names, by every client; else the system's."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from support import certificates as made_here
from support.hostile_server import hostile
from tfsetup.errors import InvalidFileError, NetworkError
from tfsetup.ground.certificates import certificates
from tfsetup.ground.exchange import Limits
from tfsetup.ground.http import Http

NAMES = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"]


@pytest.mark.parametrize(
    ("environ", "named", "uv"),
    [
        ({}, (), {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}),
        ({"SSL_CERT_FILE": ""}, (), {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}),
        ({"UV_SYSTEM_CERTS": "0"}, (), {}),
        ({"UV_NATIVE_TLS": "false"}, (), {}),
        ({"SSL_CERT_FILE": "/s", "PIP_CERT": "/p"}, (("SSL_CERT_FILE", "/s"),), {}),
        ({"SSL_CERT_DIR": "/d", "REQUESTS_CA_BUNDLE": "/r"}, (("SSL_CERT_DIR", "/d"),), {}),
        ({"SSL_CERT_DIR": "/d", "SSL_CERT_FILE": "/s"}, (("SSL_CERT_FILE", "/s"), ("SSL_CERT_DIR", "/d")), {}),
        ({"REQUESTS_CA_BUNDLE": "/r", "PIP_CERT": "/p"}, (("REQUESTS_CA_BUNDLE", "/r"),), {"SSL_CERT_FILE": "/r"}),
        ({"CURL_CA_BUNDLE": "/c", "PIP_CERT": "/p"}, (("CURL_CA_BUNDLE", "/c"),), {"SSL_CERT_FILE": "/c"}),
        ({"PIP_CERT": "/p"}, (("PIP_CERT", "/p"),), {"SSL_CERT_FILE": "/p"}),
    ],
)
def test_what_is_named_wins_and_uv_is_handed_the_same(
    environ: dict[str, str], named: tuple[tuple[str, str], ...], uv: dict[str, str]
) -> None:
    found = certificates(environ, store=True)
    assert (found.named, dict(found.uv)) == (named, uv)


def test_a_system_without_a_store_leaves_uv_its_own() -> None:
    assert certificates({}, store=False).uv_variables() == {}


def test_a_folder_that_pip_is_given_is_a_folder_for_uv(tmp_path: Path) -> None:
    assert dict(certificates({"PIP_CERT": str(tmp_path)}).uv) == {"SSL_CERT_DIR": str(tmp_path)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["missing", "no PEM", "empty", "empty folder", "large"])
def test_a_bundle_that_is_none_is_an_error_with_its_name(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "bundle"
    match kind:
        case "no PEM":
            path.write_bytes(b"\x30\x82 no pem")
        case "empty":
            path.touch()
        case "empty folder":
            path.mkdir()
        case "large":
            with path.open("wb") as file:
                file.truncate(1 << 30)
    found = certificates({name: str(path)})
    for ask in (found.check, found.context, found.uv_variables):
        with pytest.raises(InvalidFileError, match=f"{name} names certificates that cannot be used: .+") as caught:
            ask()
        assert caught.value.code.exit_status == 3
        assert str(caught.value.where) == str(path)
        assert name in caught.value.hint


@pytest.mark.loopback  # urllib3 looks for IPv6 when it is imported
def test_requests_is_not_asked_for_its_own_reading_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with pytest.raises(InvalidFileError, match="REQUESTS_CA_BUNDLE"):
        Http()
    assert Http({}) is not None


@pytest.mark.loopback  # urllib3 looks for IPv6 when it is imported
def test_the_system_s_store_holds_else() -> None:
    import truststore

    assert isinstance(certificates({}).context(), truststore.SSLContext)
    named = ssl.get_default_verify_paths().cafile
    if named:
        assert certificates({"SSL_CERT_FILE": named}).context().verify_mode is ssl.CERT_REQUIRED


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> made_here.Made:
    return made_here.make(tmp_path_factory.mktemp("tls") / "made", "good")


def ask(environ: dict[str, str], url: str) -> bytes:
    client = Http({"NO_PROXY": "*"} | environ, limits=Limits(connect_s=5, quiet_s=5), retries=0)
    return client.read(url, most=100).body


@pytest.mark.process
@pytest.mark.loopback
@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_honoured(
    authority: made_here.Made, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    for other in NAMES:
        monkeypatch.delenv(other, raising=False)
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "mine.crt").write_bytes(authority.trusted.read_bytes())
    (folder / "README").write_text("not a certificate")
    with hostile(lambda talk: talk.answer("200 OK", b"here"), authority.context) as server:
        assert ask({name: str(folder if name == "SSL_CERT_DIR" else authority.trusted)}, server.url) == b"here"
        with pytest.raises(NetworkError, match="certificate") as caught:
            ask({}, server.url)
        assert "SSL_CERT_FILE" in caught.value.hint
        # requests would let its variable win over whatever the session says.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.trusted))
        with pytest.raises(NetworkError, match="certificate"):
            ask({}, server.url)


@pytest.mark.process
@pytest.mark.loopback
def test_a_weaker_variable_does_not_add_to_a_stronger_one(
    authority: made_here.Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    other = authority.trusted.with_name("unknown.pem")
    environ: dict[str, Any] = {"SSL_CERT_FILE": str(other), "REQUESTS_CA_BUNDLE": str(authority.trusted)}
    with hostile(lambda talk: talk.answer("200 OK", b"here"), authority.context) as server:
        with pytest.raises(NetworkError, match="certificate"):
            ask(environ, server.url)
        assert ask(dict(reversed(environ.items())) | {"SSL_CERT_FILE": str(authority.trusted)}, server.url) == b"here"
