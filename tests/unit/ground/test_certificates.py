"""Whose certificates are believed: what a user names, by every client; else the system's."""

from __future__ import annotations

import shutil
import ssl
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support import certificates as made_here
from support.hostile_server import hostile
from tfsetup.errors import InvalidFileError, NetworkError
from tfsetup.ground.certificates import certificates, fault, has_store, remedy
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


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_apple_and_microsoft_judge_by_themselves(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import truststore  # before the system is another one

    monkeypatch.setattr(sys, "platform", system)
    assert isinstance(certificates({}, store=True).context(), truststore.SSLContext)


@pytest.mark.process
@pytest.mark.loopback
@pytest.mark.parametrize("how", ["file", "folder", "a distribution's own place", "that beside a folder", "none"])
def test_a_store_of_files_is_believed(
    how: str, authority: made_here.Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections at the same time do not wait for each other: truststore holds a lock while it shakes hands."""
    file, folder = tmp_path / "cert.pem", tmp_path / "certs"
    folder.mkdir()
    if how == "file":
        shutil.copy(authority.trusted, file)
    elif how == "folder":
        shutil.copy(authority.trusted, folder / f"{made_here.subject_hash(authority.trusted)}.0")
    elif how in {"a distribution's own place", "that beside a folder"}:
        if how == "that beside a folder":
            (folder / "12345678.0").write_text("some other certificate")
        monkeypatch.setattr("tfsetup.ground.certificates.STORES", ("/nowhere", str(authority.trusted)))
    else:
        monkeypatch.setattr("tfsetup.ground.certificates.STORES", ())
    usual = SimpleNamespace(openssl_cafile=str(file), openssl_capath=str(folder))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: usual)
    assert has_store() is (how != "none")
    context = certificates({}).context()
    assert type(context) is ssl.SSLContext
    assert context.check_hostname
    monkeypatch.setenv("SSL_CERT_FILE", "")  # OpenSSL would take it for a path
    with hostile(lambda talk: talk.answer("200 OK", b"here"), authority.context) as server:
        if how != "none":
            assert ask({"SSL_CERT_FILE": ""}, server.url) == b"here"
        else:  # what requests brings has public authorities only
            assert len(context.get_ca_certs()) > 50
            with pytest.raises(NetworkError, match="certificate"):
                ask({}, server.url)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("invalid peer certificate: UnknownIssuer", "is not trusted here: nobody whom this machine believes"),
        ("self-signed certificate in certificate chain", "is not trusted here"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate", "is not trusted here"),
        ("certificate has expired", "is not valid today"),
        ("invalid peer certificate: certificate expired: verification time 5 (UNIX)", "is not valid today"),
        ("certificate is not yet valid", "is not valid today"),
        ("IP address mismatch, certificate is not valid for '127.0.0.1'.", "is not for this address"),
        ('invalid peer certificate: certificate not valid for name "x.test"', "is not for this address"),
        ("Hostname mismatch, certificate is not valid for 'x.test'.", "is not for this address"),
    ],
)
def test_what_is_wrong_with_a_certificate(said: str, words: str) -> None:
    wrong = fault(said)
    assert wrong is not None
    assert wrong[0].startswith(words)
    assert ("inspects TLS" in wrong[1]) is ("trusted" in words)


def test_a_failure_that_is_about_no_certificate() -> None:
    assert fault("Connection refused") is None
    assert fault("the lease has expired") is None


def test_what_to_do_names_the_cause_and_who_said_whom_to_believe() -> None:
    plain = remedy()
    assert "inspects TLS" in plain
    assert "SSL_CERT_FILE" in plain
    assert remedy(certificates({})) == plain
    named = remedy(certificates({"REQUESTS_CA_BUNDLE": "/r", "PIP_CERT": "/p"}))
    assert named.startswith("REQUESTS_CA_BUNDLE says whom to believe")
    assert "inspects TLS" in named
    both = remedy(certificates({"SSL_CERT_FILE": "/f", "SSL_CERT_DIR": "/d"}))
    assert both.startswith("SSL_CERT_FILE and SSL_CERT_DIR says")


def test_a_bundle_of_pips_file_is_named_by_the_file(tmp_path: Path) -> None:
    found = certificates({"PIP_CERT": "~/mine.pem", "HOME": str(tmp_path)}, {"PIP_CERT": "/etc/pip.conf"})
    assert remedy(found).startswith("`cert` in /etc/pip.conf says whom to believe")
    with pytest.raises(
        InvalidFileError, match=r"^`cert` in /etc/pip\.conf names certificates that cannot be used"
    ) as caught:
        found.check()
    assert str(caught.value.where) == str(tmp_path / "mine.pem")


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
        assert "its certificate is not trusted here" in caught.value.message
        assert "SSL_CERT_FILE" in caught.value.hint
        assert "inspects TLS" in caught.value.hint
        # requests would let its variable win over whatever the session says.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.trusted))
        with pytest.raises(NetworkError, match="certificate"):
            ask({}, server.url)


@pytest.mark.process
@pytest.mark.loopback
def test_a_host_that_was_allowed_to_do_without_is_not_judged_by_its_certificate(
    authority: made_here.Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with hostile(lambda talk: talk.answer("200 OK", b"here"), authority.context) as server:
        port = server.url.rpartition(":")[2]
        for entry in ("127.0.0.1", f"127.0.0.1:{port}", server.url, "*"):
            assert ask({"UV_INSECURE_HOST": f"x.test,{entry}"}, server.url) == b"here"
        for entry in ("localhost", "127.0.0.1:1", "http://127.0.0.1", "x.test"):
            with pytest.raises(NetworkError, match="certificate"):
                ask({"UV_INSECURE_HOST": entry}, server.url)
        with pytest.raises(NetworkError, match="certificate"):
            ask({"PIP_TRUSTED_HOST": "x.test"}, server.url.replace("://", "://x.test:1@"))
        assert {path for path, _ in server.asked} == {"/"}


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
