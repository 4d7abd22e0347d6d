"""Which index, and no credential anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tfsetup.locks.settings import bare, default_index, index_variables, without_credentials

MIRROR = "https://mirror.example/simple"


@pytest.mark.parametrize(
    ("environ", "option", "expected"),
    [
        ({}, None, {}),
        ({"PIP_INDEX_URL": MIRROR}, None, {"UV_DEFAULT_INDEX": MIRROR}),
        ({"PIP_INDEX_URL": MIRROR, "UV_DEFAULT_INDEX": "x"}, None, {}),
        ({"PIP_INDEX_URL": MIRROR, "UV_INDEX_URL": "x"}, None, {}),
        ({"PIP_INDEX_URL": ""}, None, {}),
        ({"PIP_EXTRA_INDEX_URL": MIRROR}, None, {"UV_INDEX": MIRROR}),
        ({"PIP_EXTRA_INDEX_URL": MIRROR, "UV_EXTRA_INDEX_URL": "x"}, None, {}),
        ({"PIP_TRUSTED_HOST": "h"}, None, {"UV_INSECURE_HOST": "h"}),
        ({"PIP_CERT": "/c.pem"}, None, {"SSL_CERT_FILE": "/c.pem"}),
        ({"PIP_CERT": "/c.pem", "SSL_CERT_FILE": "/d.pem"}, None, {}),
        ({"PIP_INDEX_URL": "p", "UV_DEFAULT_INDEX": "u"}, MIRROR, {"UV_DEFAULT_INDEX": MIRROR}),
    ],
)
def test_pip_s_settings_become_uv_s(environ: dict[str, str], option: str | None, expected: dict[str, str]) -> None:
    assert index_variables(environ, option) == expected


@pytest.mark.parametrize(
    ("environ", "option", "expected"),
    [
        ({}, None, None),
        ({"PIP_INDEX_URL": f"{MIRROR}/"}, None, MIRROR),
        ({"UV_INDEX_URL": MIRROR, "PIP_INDEX_URL": "https://other"}, None, MIRROR),
        ({"UV_DEFAULT_INDEX": f"company={MIRROR}"}, None, MIRROR),
        ({"UV_DEFAULT_INDEX": "https://other"}, MIRROR, MIRROR),
        ({}, "https://user:secret@mirror.example/simple", MIRROR),
    ],
)
def test_the_index_that_was_asked_for(environ: dict[str, str], option: str | None, expected: str | None) -> None:
    assert default_index(environ, option) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://user:secret@host/x", "see https://***@host/x"),
        ("https://token@host", "https://***@host"),
        ("https://:token@host", "https://***@host"),
        ("https://user:p@ss@host/x", "https://***@host/x"),
        ("`https://a:b@h/x`, `https://c:d@h/y`", "`https://***@h/x`, `https://***@h/y`"),
        ("https://h/x.whl?X-Amz-Signature=abc&v=1", "https://h/x.whl?X-Amz-Signature=***&v=1"),
        ("https://h/x.whl?access_token=abc", "https://h/x.whl?access_token=***"),
        ("https://host/a@b", "https://host/a@b"),
        ("mail somebody@example.org", "mail somebody@example.org"),
    ],
)
def test_no_credential_is_left_in_a_message(text: str, expected: str) -> None:
    assert without_credentials(text) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://u:p@h/a.whl#sha256=1", "https://h/a.whl"),
        ("https://h/a.whl?sig=1", "https://h/a.whl"),
        ("https://h/get?file=a.whl&token=1", "https://h/get?file=a.whl"),
        ("https://h/a.whl", "https://h/a.whl"),
    ],
)
def test_an_address_for_a_file_has_no_secret(address: str, expected: str) -> None:
    assert bare(address) == expected


@given(st.from_regex(r"[A-Za-z0-9._~:!$*+,;=@-]{1,20}", fullmatch=True))
def test_whatever_stands_before_the_host_is_gone(secret: str) -> None:
    assert bare(f"https://{secret}@index.example/a.whl") == "https://index.example/a.whl"
    assert without_credentials(f"at https://{secret}@index.example/a") == "at https://***@index.example/a"
