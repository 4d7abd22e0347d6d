"""Whose name and password an address is asked with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.access import access, in_address, origin
from tfsetup.ground.index import choose
from tfsetup.ground.uv_files import Here, find

TOML = """
[[index]]
name = "team-wheels"
url = "https://wheels.example/simple"
[[index]]
url = "https://who:is%2Fit@other.example:8443/simple"
default = true
"""


def known(environ: dict[str, str], text: str | None = None) -> dict[str, tuple[str, str]]:
    files = find({}, Here(cwd="/p", home="/h"), {"/p/uv.toml": text}.get)
    return access(choose(environ, files).addresses, environ)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"UV_DEFAULT_INDEX": "https://a:b@x.example/s"}, {"https://x.example:443": ("a", "b")}),
        ({"UV_DEFAULT_INDEX": "https://a%40c:b%20d@X.example:443/s"}, {"https://x.example:443": ("a@c", "b d")}),
        ({"PIP_INDEX_URL": "https://token@x.example/s"}, {"https://x.example:443": ("token", "")}),
        ({"PIP_EXTRA_INDEX_URL": "http://:b@127.0.0.1:80/s"}, {"http://127.0.0.1:80": ("", "b")}),
        ({"UV_INDEX": "https://x.example/s https://x.example/t"}, {}),
        ({"UV_INDEX": "https://a:b@x.example/s https://c:d@x.example/t"}, {"https://x.example:443": ("a", "b")}),
        (
            {"UV_INDEX": "my-own.one=https://x.example/s", "UV_INDEX_MY_OWN_ONE_PASSWORD": "b"},
            {"https://x.example:443": ("", "b")},
        ),
        (
            {"UV_DEFAULT_INDEX": "x=https://x.example/s", "UV_INDEX_X_USERNAME": "a", "UV_INDEX_X_PASSWORD": "b"},
            {"https://x.example:443": ("a", "b")},
        ),
        ({"UV_DEFAULT_INDEX": "https://x.example/s", "UV_INDEX__USERNAME": "a"}, {}),
        ({"UV_DEFAULT_INDEX": "https://a:b@[broken/s"}, {}),
    ],
)
def test_variables(environ: dict[str, str], expected: dict[str, tuple[str, str]]) -> None:
    assert {name: pair for name, pair in known(environ).items() if name} == expected


def test_a_settings_file_and_the_names_of_its_indexes() -> None:
    environ = {"UV_INDEX_TEAM_WHEELS_USERNAME": "me", "UV_INDEX_TEAM_WHEELS_PASSWORD": "word"}
    assert known(environ, TOML) == {
        "https://wheels.example:443": ("me", "word"),
        "https://other.example:8443": ("who", "is/it"),
    }


@given(st.text(max_size=60))
def test_any_address_has_an_origin_or_none(text: str) -> None:
    assert origin(text) == "" or origin(text).count("://") == 1
    assert len(list(in_address(text))) <= 1
