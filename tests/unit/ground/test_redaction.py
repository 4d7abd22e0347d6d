"""No secret in any text that leaves the program, and every address still one that people can act on."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.redaction import bare, public, redact, shown, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://user:secret@host/x", "see https://***@host/x"),
        ("https://token@host", "https://***@host"),
        ("https://:token@host", "https://***@host"),
        ("https://user:p@ss@host/x", "https://***@host/x"),
        ("https://user:pa/ss@host/x", "https://***@host/x"),
        ("`https://a:b@h/x`, `https://c:d@h/y`", "`https://***@h/x`, `https://***@h/y`"),
        ("https://h/x.whl?X-Amz-Signature=abc&v=1", "https://h/x.whl?X-Amz-Signature=***&v=1"),
        ("https://h/x.whl?access_token=abc", "https://h/x.whl?access_token=***"),
        ("https://h/simple?t=Xyz123AbcDef4567890", "https://h/simple?t=***"),
        (
            "exceeded with url: /simple/six/?token=abc (Caused by",
            "exceeded with url: /simple/six/?token=*** (Caused by",
        ),
        ("https://h/t/ab-1234567890/conda-forge/noarch", "https://h/t/***/conda-forge/noarch"),
        ("https://h/ghp_abcdefgh12345678/simple", "https://h/***/simple"),
        ("https://dl.h/basic/a8FhK2mQ9xLw4ZtP/python/simple", "https://dl.h/basic/***/python/simple"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: ***"),
        ("authorization=Bearer abcdefghij", "authorization=***"),
        ("sent Bearer abcdefghijkl", "sent Bearer ***"),
        ("Set-Cookie: session=abc; path=/", "Set-Cookie: ***"),
        ("machine h login user password hunter2", "machine h ***"),
        ("machine h\nlogin user\npassword hunter2", "machine h\n***"),
    ],
)
def test_no_secret_is_left_in_a_text(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://host/a@b",
        "https://host:8443/a@b",
        "mail somebody@example.org",
        "https://h/packages/ab/cd/0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab/x-1.0-py3-none-any.whl",
        "https://h/a.whl#sha256=0123456789abcdef",
        "https://h/simple/nvidia-cublas-cu12/",
        "this machine has 3 tokens",
        "https://h/get?file=a.whl&v=1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://host.example/s", "https://host.example/s"),
        ("https://user:secret@host.example/simple", "https://***@host.example/simple"),
        ("https://token@host.example:8443/s", "https://***@host.example:8443/s"),
        ("https://host.example/simple?anything=x", "https://host.example/simple?***"),
        ("https://host.example/simple?x#frag", "https://host.example/simple?***"),
        ("https://h/t/ab-1234567890/simple", "https://h/t/***/simple"),
        ("https://[broken/simple?token=x", "***"),
    ],
)
def test_of_an_index_its_host_and_path_are_shown(address: str, expected: str) -> None:
    assert shown(address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://u:p@h/a.whl#sha256=1", "https://h/a.whl"),
        ("https://h/a.whl?sig=1", "https://h/a.whl"),
        ("https://h/get?file=a.whl&token=1", "https://h/get?file=a.whl"),
        ("https://h/get?Xyz123AbcDef4567890", "https://h/get"),
        ("https://h/a.whl", "https://h/a.whl"),
    ],
)
def test_an_address_for_a_file_has_no_secret(address: str, expected: str) -> None:
    assert bare(address) == expected


@given(st.from_regex(r"[A-Za-z0-9._~:!$*+,;=@-]{1,20}", fullmatch=True))
def test_whatever_stands_before_the_host_is_gone(secret: str) -> None:
    assert bare(f"https://{secret}@index.example/a.whl") == "https://index.example/a.whl"
    assert redact(f"at https://{secret}@index.example/a") == "at https://***@index.example/a"
    assert shown(f"https://{secret}@index.example/a") == "https://***@index.example/a"


@given(st.from_regex(r"[A-Za-z0-9._~-]{1,40}", fullmatch=True))
def test_no_query_of_an_index_is_ever_shown(secret: str) -> None:
    assert shown(f"https://index.example/simple?k={secret}") == "https://index.example/simple?***"


def test_the_words_of_a_library_hold_no_secret_of_the_address() -> None:
    inner = ValueError("no answer from https://user:secret@index.example/simple/six/?k=secret.")
    assert words(RuntimeError("outer", inner)) == "no answer from https://***@index.example/simple/six/?***"


@given(st.text())
def test_any_text_can_be_redacted_twice(text: str) -> None:
    once = redact(text)
    assert redact(once).count("***") >= 0
    assert isinstance(shown(text), str)
    assert isinstance(bare(text), str)


@pytest.mark.parametrize("piece", ["https://", "a:b@", "?token=", "/t/x/", "machine a login ", "A1g" * 6 + "/"])
def test_a_hostile_text_costs_no_hours(piece: str) -> None:
    began = time.process_time()
    redact("https://" + piece * 4000)
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "token",
    [
        "ghp_0123456789abcdef", "github_pat_0123456789abc", "glpat-0123456789abcdef", "hf_0123456789abcdef",
        "pypi-0123456789abcdef", "dapi0123456789abcdef", "nvapi-0123456789abcdef", "dckr_pat_0123456789",
        "hvs.0123456789abcdef", "npm_0123456789abcdef",
    ],
)  # fmt: skip
def test_a_token_in_a_path_is_known_by_the_service_it_is_for(token: str) -> None:
    assert redact(f"see https://host/{token}/simple") == "see https://host/***/simple"


def test_a_login_for_every_machine_is_hidden_too() -> None:
    assert redact("default login me password hunter22") == "default ***"
    assert redact("default index, and a machine of mine") == "default index, and a machine of mine"


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("https://conda.example/t/abc-1234/channel", "https://conda.example/channel"),
        ("https://me:a/b@conda.example/channel", "https://conda.example/channel"),
        ("https://token@conda.example/t/abc/c/noarch", "https://conda.example/c/noarch"),
        ("https://conda.example/channel", "https://conda.example/channel"),
        ("file:///srv/t/channel", "file:///srv/t/channel"),
    ],
)
def test_a_channel_in_a_lock_has_no_token(address: str, plain: str) -> None:
    assert public(address) == plain
