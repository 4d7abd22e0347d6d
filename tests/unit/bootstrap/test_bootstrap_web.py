"""Addresses are judged, passwords stay with their host, proxies are the user's."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from bootstrap import indexes
from bootstrap.failure import Failure
from bootstrap.web import Web, _body, bare
from support.hostile_server import hostile
from tfsetup.ground.exchange import LIMITS

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def sent(web: Web, url: str) -> str | None:
    login = web._login(url)
    return ":".join(login) if login else None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://i.example/simple/uv/", "me:p@w"),
        ("https://I.example:443/files/x", "me:p@w"),
        ("https://i.example:8443/x", None),
        ("http://i.example/x", None),
        ("https://files.example/x", None),
        ("https://you:there@files.example/x", "you:there"),
        ("https://known.example/x", "netrc:said"),
    ],
)
def test_a_password_is_for_its_own_host(tmp_path: Path, url: str, expected: str | None) -> None:
    (tmp_path / ".netrc").write_text("machine known.example login netrc password said\n")
    (tmp_path / ".netrc").chmod(0o600)
    web = Web({"HOME": str(tmp_path)}, "https://me:p%40w@i.example/simple")
    assert sent(web, url) == expected


@pytest.mark.parametrize("url", ["https://i.example/x", "https://other.example/x"])
def test_uvs_variables_of_an_index_with_a_name_are_for_its_host(tmp_path: Path, url: str) -> None:
    environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1"}
    environ |= {"UV_INDEX": "my-corp=https://i.example/simple"}
    environ |= {"UV_INDEX_MY_CORP_USERNAME": "u", "UV_INDEX_MY_CORP_PASSWORD": "p"}
    index = indexes.asked(environ, tmp_path)[-1]
    assert sent(Web(environ, index.url, index.login(environ)), url) == ("u:p" if "i.example" in url else None)
    assert indexes.asked(environ | {"UV_INDEX": "https://i.example/simple"}, tmp_path)[-1].login(environ) is None


def test_an_address_is_asked_without_what_is_secret_in_it() -> None:
    assert bare("https://me:pw@i.example:1/x?y#z") == "https://i.example:1/x?y"


@pytest.mark.loopback
@pytest.mark.parametrize("target", ["http://elsewhere.example/x", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
def test_every_step_is_judged(target: str) -> None:
    with hostile(lambda talk: talk.answer("302 Found", Location=target)) as server:
        web = Web({"HOME": "/nowhere"}, server.url)
        with pytest.raises(Failure, match="neither https nor on this machine"):
            web.get(f"{server.url}/x", accept="*/*", most=10)
        assert len(server.asked) == 1


@pytest.mark.loopback
def test_the_password_is_sent_at_once_and_kept_from_the_text() -> None:
    with hostile(lambda talk: talk.answer("403 Forbidden")) as server:
        url = server.url.replace("://", "://me:s3cret@")
        with pytest.raises(Failure) as caught:
            Web({"HOME": "/nowhere"}, url).get(url, accept="*/*", most=10)
        assert "s3cret" not in caught.value.text + caught.value.hint
        wanted = "Basic " + base64.b64encode(b"me:s3cret").decode()
        assert [headers["authorization"] for _, headers in server.asked] == [wanted]


@pytest.mark.loopback
def test_more_than_was_agreed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with hostile(lambda talk: talk.answer("200 OK", b"x" * 11)) as server:
        web = Web({"HOME": "/nowhere"}, server.url)
        with pytest.raises(Failure, match="more than 10 bytes"):
            web.get(server.url, accept="*/*", most=10)
        assert web.get(server.url, accept="*/*", most=11).body == b"x" * 11


class Trickle:
    """A body of which a byte comes every second of a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, size: int, at_once: int) -> None:
        self.left, self.now, self.at_once = size, 0.0, at_once
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def read1(self, most: int) -> bytes:
        self.now += 1
        piece = b"x" * min(most, self.at_once, self.left)
        self.left -= len(piece)
        return piece


def test_a_body_has_to_keep_coming_as_for_the_packages_client(monkeypatch: pytest.MonkeyPatch) -> None:
    least = LIMITS.least / LIMITS.window_s
    with pytest.raises(TimeoutError, match="in 60 seconds"):
        _body(Trickle(monkeypatch, 10**6, int(least) - 20), 10**6)
    assert len(_body(Trickle(monkeypatch, 10**6, int(least) + 20), 10**6)) == 10**6
    assert len(_body(Trickle(monkeypatch, 10**6, 10**6), 10)) == 11


@pytest.mark.parametrize(
    ("variables", "https", "http"),
    [
        ({}, "", ""),
        ({"HTTPS_PROXY": "http://a:1", "PIP_PROXY": "http://p:1"}, "http://a:1", ""),
        ({"HTTPS_PROXY": "http://A:1", "https_proxy": "http://a:1"}, "http://a:1", ""),
        ({"https_proxy": "http://a:1", "HTTPS_PROXY": "http://A:1"}, "http://a:1", ""),
        ({"ALL_PROXY": "http://b:1"}, "http://b:1", "http://b:1"),
        ({"all_proxy": "http://b:1", "HTTPS_PROXY": "http://a:1"}, "http://a:1", "http://b:1"),
        ({"PIP_PROXY": "p:1"}, "p:1", "p:1"),
        ({"ALL_PROXY": "http://b:1", "NO_PROXY": "other.example, i.example"}, "", ""),
        ({"ALL_PROXY": "http://b:1", "no_proxy": ".example"}, "", ""),
        ({"ALL_PROXY": "http://b:1", "no_proxy": "i.example:8443"}, "http://b:1", "http://b:1"),
        ({"ALL_PROXY": "http://b:1", "NO_PROXY": "*"}, "", ""),
        ({"HTTPS_PROXY": "", "PIP_PROXY": "p:1"}, "p:1", "p:1"),
    ],
)
def test_the_proxies_are_the_users(variables: dict[str, str], https: str, http: str) -> None:
    web = Web(variables, "")
    assert (web.proxy_for("https://me:pw@i.example/x"), web.proxy_for("http://i.example/x")) == (https, http)


def test_uvs_settings_file_names_proxies_too(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text('https-proxy = "http://f:1"\nno-proxy = ["a.example", "b.example"]\n')
    environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    web = Web(indexes.with_files(environ, tmp_path), "")
    assert web.proxy_for("https://i.example/x") == "http://f:1"
    assert web.proxy_for("https://b.example/x") == ""
    strong = indexes.with_files({**environ, "https_proxy": "http://v:1"}, tmp_path)
    assert Web(strong, "").proxy_for("https://i.example/x") == "http://v:1"


def test_socks_is_refused_with_what_to_do() -> None:
    with pytest.raises(Failure, match="SOCKS is not spoken") as caught:
        Web({"ALL_PROXY": "socks5://me:s3cret@p:1"}, "").proxy_for("https://i.example")
    assert "s3cret" not in caught.value.text
