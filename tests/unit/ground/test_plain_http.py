"""Keeping a child from plain http."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from tfsetup.ground.plain_http import PlainHttp, guarded

PROXY = "http://127.0.0.1:4711"
HERE = "localhost,127.0.0.1,::1"


def led(environ: dict[str, str], *trusted: str) -> dict[str, str]:
    return guarded(environ, PROXY, trusted)


def test_plain_http_is_led_to_the_proxy_in_both_spellings() -> None:
    found = led({"PATH": "/bin", "http_proxy": "http://other:1", "REQUEST_METHOD": "GET"})
    assert found == {"PATH": "/bin", "HTTP_PROXY": PROXY, "http_proxy": PROXY, "NO_PROXY": HERE, "no_proxy": HERE}


def test_no_host_of_no_proxy_is_reached_by_plain_http() -> None:
    assert led({"NO_PROXY": "*"})["NO_PROXY"] == HERE
    assert led({"no_proxy": "evil.test"})["no_proxy"] == HERE


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_for_https_keeps_its_exceptions(name: str) -> None:
    found = led({name: "http://corp:3128", "NO_PROXY": "a.test, b.test"})
    assert found[name] == "http://corp:3128"
    assert found["NO_PROXY"] == f"a.test,b.test,{HERE}"


def test_a_trusted_host_is_reached_directly() -> None:
    assert led({}, "http://plain.test:8080")["NO_PROXY"] == f"{HERE},plain.test"
    assert led({"NO_PROXY": "x"}, "*") == {"NO_PROXY": "x"}
    through = {"HTTP_PROXY": "http://corp:3128"}
    assert led(through, "plain.test") == through


@pytest.mark.loopback
def test_it_refuses_and_remembers() -> None:
    with PlainHttp() as guard:
        proxy = guard.variables({})["HTTP_PROXY"]
        assert urlsplit(proxy).hostname == "127.0.0.1"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
        with pytest.raises(urllib.error.HTTPError, match="403"):
            opener.open("http://evil.test/simple/six/", timeout=10)
        assert guard.asked == ["http://evil.test/simple/six/"]
    with pytest.raises(urllib.error.URLError):
        opener.open("http://evil.test/simple/six/", timeout=10)
