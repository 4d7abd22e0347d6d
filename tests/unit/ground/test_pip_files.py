"""What pip's settings files say, by the variable that says the same."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import InvalidFileError
from tfsetup.ground.index import choose, index_variables, told
from tfsetup.ground.pip_files import pip_variables
from tfsetup.ground.uv_files import Here, find
from tfsetup.ground.uv_settings import Choice

MINE = """
[global]
index_url = https://user:word@wheels.example/simple
extra-index-url =
    https://one.example/simple
    https://two.example/simple
timeout = 60
proxy = proxy.example:3128
[install]
index-url = https://install.example/simple
[freeze]
timeout = 10
"""


def chosen(
    text: str, environ: dict[str, str] | None = None, *, uv: str | None = None, option: str | None = None
) -> Choice:
    files = find({}, Here(cwd="/p", home="/h"), {"/p/uv.toml": uv}.get)
    return choose(environ or {}, files, option, pip_variables({"/etc/pip.conf": text}))


def test_the_section_of_the_command_wins_and_keys_are_written_either_way() -> None:
    assert pip_variables({"a": MINE}) == {
        "PIP_INDEX_URL": ("https://install.example/simple", "a"),
        "PIP_EXTRA_INDEX_URL": ("https://one.example/simple\nhttps://two.example/simple", "a"),
        "PIP_PROXY": ("proxy.example:3128", "a"),
    }


def test_the_strongest_file_gives_each_value() -> None:
    weak = "[global]\nindex-url = https://weak.example/s\ncert = /weak.pem\n"
    found = pip_variables({"strong": "\ufeff[global]\nindex-url = https://strong.example/s\n", "weak": weak})
    assert found == {"PIP_INDEX_URL": ("https://strong.example/s", "strong"), "PIP_CERT": ("/weak.pem", "weak")}


@pytest.mark.parametrize("text", ["index-url = x\n", "[global\n", "[global]\n[global]\n"])
def test_a_file_that_cannot_be_parsed_is_named(text: str) -> None:
    with pytest.raises(InvalidFileError, match="pip's settings cannot be read") as caught:
        pip_variables({"/p/pip.conf": text})
    assert caught.value.where is not None
    assert caught.value.where.file == "/p/pip.conf"


@given(st.text(max_size=80))
def test_any_text_is_settings_or_an_error(text: str) -> None:
    found: dict[str, tuple[str, str]] = {"PIP_CERT": ("/c", "g")}
    with suppress(InvalidFileError):
        found = pip_variables({"f": text, "g": "[global]\ncert = /c\n"})
    assert "PIP_CERT" in found


# ------------------------------------------------------------------------------------------------ what counts


def test_where_nobody_else_names_an_index_pips_files_do() -> None:
    found = chosen(MINE)
    assert found.default is not None
    assert (found.default.url, found.default.where) == ("https://install.example/simple", "/etc/pip.conf")
    assert [said.url for said in found.extra] == ["https://one.example/simple", "https://two.example/simple"]
    assert told(found)[0] == "https://install.example/simple (from /etc/pip.conf)"
    handed_on = index_variables(found.variables)
    assert handed_on["UV_DEFAULT_INDEX"] == "https://install.example/simple"
    assert handed_on["UV_INDEX"] == "https://one.example/simple https://two.example/simple"


@pytest.mark.parametrize(
    ("environ", "uv", "option"),
    [
        ({"UV_DEFAULT_INDEX": "https://own.example/s"}, None, None),
        ({"UV_INDEX": "https://own.example/s"}, None, None),
        ({"UV_INDEX_URL": "https://own.example/s"}, None, None),
        ({"UV_EXTRA_INDEX_URL": "https://own.example/s"}, None, None),
        ({}, 'index-url = "https://own.example/s"', None),
        ({}, '[[index]]\nurl = "https://own.example/s"', None),
        ({}, None, "https://own.example/s"),
    ],
)
def test_whoever_told_uv_where_packages_are_did_not_mean_pips(
    environ: dict[str, str], uv: str | None, option: str | None
) -> None:
    found = chosen(MINE, environ, uv=uv, option=option)
    assert [said.url for said in found.addresses] == ["https://own.example/s"]
    assert not {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"} & found.variables.keys()


def test_an_additional_index_in_a_folder_of_this_machine_is_no_index_of_a_lock() -> None:
    extra = "file:///srv/simple https://one.example/simple /srv/other FILE:/srv/third"
    found = chosen(f"[global]\nextra-index-url = {extra}\n")
    assert [said.url for said in found.extra] == ["https://one.example/simple"]
    assert found.variables["PIP_EXTRA_INDEX_URL"] == "https://one.example/simple"
    alone = chosen("[global]\nextra-index-url = file:///srv/simple\ncert = /c\n")
    assert (alone.extra, dict(alone.variables)) == ((), {"PIP_CERT": "/c"})
    # Whoever names one as the only index, or by a variable, means it.
    assert chosen("[global]\nindex-url = file:///srv/simple\n").default is not None
    assert chosen("", {"PIP_EXTRA_INDEX_URL": "file:///srv/simple"}).extra != ()


@pytest.mark.parametrize(
    ("environ", "uv", "strategy"),
    [
        ({}, None, "unsafe-best-match"),
        ({"PIP_EXTRA_INDEX_URL": "https://own.example/s"}, None, "unsafe-best-match"),
        ({"UV_INDEX_STRATEGY": "first-index"}, None, None),
        ({}, 'index-strategy = "first-index"', None),
        ({}, '[pip]\nindex-strategy = "first-index"', None),
        ({"UV_INDEX": "https://own.example/s"}, None, None),
        ({"UV_INDEX": "https://own.example/s", "PIP_EXTRA_INDEX_URL": "https://e.example/s"}, None, None),
    ],
)
def test_additional_indexes_of_pips_are_asked_as_pip_asks_them(
    environ: dict[str, str], uv: str | None, strategy: str | None
) -> None:
    assert chosen(MINE, environ, uv=uv).variables.get("UV_INDEX_STRATEGY") == strategy


def test_a_variable_of_pips_wins_over_its_file() -> None:
    found = chosen(MINE, {"PIP_INDEX_URL": "https://own.example/s"})
    assert found.default is not None
    assert (found.default.url, found.default.where) == ("https://own.example/s", "PIP_INDEX_URL")
    assert len(found.extra) == 2


@pytest.mark.parametrize(
    ("environ", "uv", "expected"),
    [
        ({}, None, dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://proxy.example:3128")),
        ({"https_proxy": "http://own.example:1"}, None, {}),
        ({"ALL_PROXY": "http://own.example:1"}, None, {}),
        (
            {"PIP_PROXY": "https://p.example:2"},
            None,
            dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "https://p.example:2"),
        ),
        ({}, 'https-proxy = "http://uv.example:1"', {"HTTPS_PROXY": "http://uv.example:1"}),
    ],
)
def test_pips_proxy_is_the_weakest(environ: dict[str, str], uv: str | None, expected: dict[str, str]) -> None:
    found = chosen(MINE, environ, uv=uv)
    assert {name: value for name, value in found.variables.items() if name in ("HTTP_PROXY", "HTTPS_PROXY")} == expected


def test_a_trusted_host_of_pips_file_may_be_plain() -> None:
    found = chosen("[global]\ntrusted-host = plain.example\n    other.example\n")
    assert found.trusted == {"plain.example", "other.example"}
    assert index_variables(found.variables)["UV_INSECURE_HOST"] == "plain.example other.example"
