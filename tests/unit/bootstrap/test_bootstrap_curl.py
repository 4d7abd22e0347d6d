"""What Apple's curl is asked, and what its answers mean: tried with the curl of this machine."""

from __future__ import annotations

import http.client
import shutil
import ssl
import sys
from pathlib import Path

import pytest

from bootstrap import curl
from bootstrap.failure import Failure
from bootstrap.web import Web
from support import certificates, forward_proxy
from support.hostile_server import Conversation, hostile

pytestmark = [pytest.mark.process, pytest.mark.loopback]
SECRET = 'u:a"b\\c'  # noqa: S105 - for these tests alone
HEADERS = {"Accept": "text/html", "X-Test": 'quoted "here" and \\ there'}


@pytest.fixture(autouse=True)
def _curl_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shutil.which("curl")
    if found is None:
        pytest.skip("curl is not installed here")
    monkeypatch.setattr(curl, "CURL", found)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> certificates.Made:
    """A certificate for this machine."""
    return certificates.make(tmp_path_factory.mktemp("tls") / "good", "good")


@pytest.fixture
def keychain(monkeypatch: pytest.MonkeyPatch, tls: certificates.Made) -> None:
    """What the keychain is to a Mac, a variable of curl's own is here."""
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tls.trusted))


def ask(url: str, *, most: int = 1000, through: str = "") -> curl.Reply:
    return curl.ask(url, HEADERS, through, most, 5)


@pytest.mark.usefixtures("keychain")
def test_it_answers_with_status_type_and_body(tls: certificates.Made) -> None:
    with hostile(lambda talk: talk.answer("200 OK", b"a\nb\n", Content_Type="text/x; y=z"), tls.context) as server:
        assert ask(f"{server.url}/p?q=1") == (200, "text/x; y=z", "", b"a\nb\n")
    path, headers = server.asked[0]
    assert path == "/p?q=1"
    assert headers["x-test"] == HEADERS["X-Test"]


@pytest.mark.usefixtures("keychain")
def test_a_redirect_is_told_and_not_followed(tls: certificates.Made) -> None:
    with hostile(lambda talk: talk.answer("302 Found", Location="/else"), tls.context) as server:
        status, _, location, _ = ask(f"{server.url}/p")
    assert (status, location, len(server.asked)) == (302, f"{server.url}/else", 1)


@pytest.mark.usefixtures("keychain")
def test_a_refusal_is_a_status(tls: certificates.Made) -> None:
    with hostile(lambda talk: talk.answer("404 Not Found", b"x"), tls.context) as server:
        assert ask(server.url)[0] == 404


def test_a_certificate_that_nobody_vouches_for(tls: certificates.Made) -> None:
    serving = hostile(lambda talk: talk.answer("200 OK"), tls.context)
    with serving as server, pytest.raises(ssl.SSLCertVerificationError, match="keychain"):
        ask(server.url)
    assert server.asked == []


def _short(talk: Conversation) -> None:
    talk.answer("200 OK", b"abc", length=9)
    talk.socket.close()


@pytest.mark.usefixtures("keychain")
def test_what_breaks_off_is_no_answer(tls: certificates.Made) -> None:
    with hostile(_short, tls.context) as server, pytest.raises(http.client.IncompleteRead):
        ask(server.url)


def test_nobody_there() -> None:
    with pytest.raises(ConnectionRefusedError, match="nobody answers there"):
        ask("https://127.0.0.1:1/")


@pytest.mark.usefixtures("keychain")
def test_a_proxy_with_a_password(tls: certificates.Made) -> None:
    with hostile(lambda talk: talk.answer("200 OK", b"x"), tls.context) as server:
        hosts = {"127.0.0.1": int(server.url.rpartition(":")[2])}
        with forward_proxy.serve(hosts, SECRET) as way:
            assert ask(server.url, through=way.url("u:a%22b%5Cc"))[0] == 200
            with pytest.raises(OSError, match="407"):
                ask(server.url, through=way.url(""))


@pytest.mark.usefixtures("keychain")
def test_on_a_mac_the_keychain_is_asked_and_what_a_variable_names_is_not(
    monkeypatch: pytest.MonkeyPatch, tls: certificates.Made
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    answers = {"/here": "https://127.0.0.1:{}/there".format}
    asked: list[str] = []

    def act(talk: Conversation) -> None:
        asked.append(talk.headers["user-agent"])
        if talk.path == "/here":
            talk.answer("301 Moved", Location=answers["/here"](server.url.rpartition(":")[2]))
        else:
            talk.answer("200 OK", b"page", Content_Type="text/html")

    with hostile(act, tls.context) as server:
        got = Web({}, server.url).get(f"{server.url}/here", accept="text/html", most=100)
        assert (got.url, got.kind, got.body) == (f"{server.url}/there", "text/html", b"page")
        with pytest.raises(Failure, match="is not believed on this machine"):
            Web({"SSL_CERT_DIR": str(Path(ssl.get_default_verify_paths().capath or "/etc/ssl/certs"))}, "").get(
                f"{server.url}/there", accept="*/*", most=100
            )
        assert len(asked) == 2
