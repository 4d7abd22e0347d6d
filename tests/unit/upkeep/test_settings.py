"""Which indexes the matrix's own client reads."""

from __future__ import annotations

import pytest

from tfsetup.errors import UsageError
from tfsetup.ground.index import choose
from tfsetup.ground.pip_files import Told
from tfsetup.ground.redaction import shown as redacted
from tfsetup.ground.uv_files import Here, find
from tfsetup.ground.uv_settings import Choice, Said
from tfsetup.upkeep.index.settings import Indexes, index_of_uv, indexes

PIP = {
    "PIP_INDEX_URL": ("https://pip.example/simple", "/p/pip.conf"),
    "PIP_EXTRA_INDEX_URL": ("https://one.example/simple\nhttps://two.example/simple", "/p/pip.conf"),
}


def chosen(environ: dict[str, str] | None = None, pip: Told = PIP) -> Indexes:
    return indexes(choose(environ or {}, (), None, pip), environ or {})


def test_without_settings_uv_decides() -> None:
    found = chosen(pip={})
    assert (found.default, found.extra, found.source, found.offline) == (None, (), "the default", False)


def test_the_indexes_are_those_of_uv() -> None:
    found = chosen({"UV_INDEX_URL": "https://u.example/s", "PIP_EXTRA_INDEX_URL": "https://e.example/s"})
    assert (found.default, found.extra, found.source) == (
        "https://u.example/s",
        ("https://e.example/s",),
        "UV_INDEX_URL",
    )


def test_pips_files_count_where_nothing_else_does() -> None:
    found = chosen()
    assert found.default == "https://pip.example/simple"
    assert found.extra == ("https://one.example/simple", "https://two.example/simple")
    assert found.source == "/p/pip.conf"


@pytest.mark.parametrize("environ", [{"UV_OFFLINE": "1"}, {"UV_OFFLINE": "true"}, {"PIP_NO_INDEX": "1"}])
def test_offline(environ: dict[str, str]) -> None:
    assert chosen(environ).offline
    assert not chosen(dict.fromkeys(environ, "0")).offline


@pytest.mark.parametrize(
    ("environ", "text", "merged"),
    [
        ({}, "", False),
        ({"UV_INDEX_STRATEGY": "first-index"}, 'index-strategy = "unsafe-best-match"', False),
        ({"UV_INDEX_STRATEGY": "unsafe-first-match"}, "", True),
        ({}, 'index-strategy = "unsafe-best-match"', True),
        ({}, '[pip]\nindex-strategy = "unsafe-best-match"', True),
        ({"PIP_EXTRA_INDEX_URL": "https://e.example/s"}, "", True),
        ({"PIP_EXTRA_INDEX_URL": "https://e.example/s"}, 'index-strategy = "first-index"', False),
        ({"UV_INDEX": "https://e.example/s"}, "", False),
    ],
)
def test_whether_indexes_are_joined(environ: dict[str, str], text: str, merged: bool) -> None:
    files = find({}, Here(cwd="/p", home="/h"), {"/p/uv.toml": text}.get)
    assert indexes(choose(environ, files), environ).merged is merged


def test_a_file_of_pips_says_offline() -> None:
    assert chosen(pip={"PIP_NO_INDEX": ("true", "/p/pip.conf")}).offline


@pytest.mark.parametrize("name", list(PIP))
def test_an_insecure_index_of_pip_is_refused_with_its_file(name: str) -> None:
    pip = {name: ("http://index.test/simple", "/p/pip.conf")}
    with pytest.raises(UsageError, match=r"http://index\.test/simple is neither https.*\(/p/pip\.conf names it"):
        chosen(pip=pip)
    allowed = chosen(pip=pip | {"PIP_TRUSTED_HOST": ("index.test", "/p/pip.conf")})
    assert "http://index.test/simple" in {allowed.default, *allowed.extra}


def test_an_insecure_index_of_uv_is_refused() -> None:
    with pytest.raises(UsageError, match="line 3"):
        indexes(Choice(default=Said(url="http://index.test/", where="line 3")), {})


def test_of_an_index_no_secret_is_shown() -> None:
    assert redacted("https://user:secret@host.example/simple?token=x") == "https://***@host.example/simple?***"


def test_uv_says_in_its_help_which_index_is_its_own() -> None:
    help_text = (
        "  --default-index <URL>\n    The default package index (by default: <https://index.example/simple>) [env: X]"
    )
    assert index_of_uv(help_text) == "https://index.example/simple"
    for other in ("", "by default: <never>", "(by default: <http://index.example/simple>)"):
        with pytest.raises(UsageError, match="uv does not say") as caught:
            index_of_uv(other)
        assert "UV_DEFAULT_INDEX" in caught.value.hint
