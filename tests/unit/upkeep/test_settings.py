"""Which indexes the matrix's own client reads."""

from __future__ import annotations

import pytest

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.ground.index import choose
from tfsetup.ground.redaction import shown as redacted
from tfsetup.ground.uv_settings import Choice, Said
from tfsetup.upkeep.index.settings import Indexes, index_of_uv, indexes

PIP = """
[global]
index-url = https://global.example/simple
extra-index-url =
    https://one.example/simple
    https://two.example/simple
timeout = 60
[install]
index-url = https://install.example/simple
"""


def chosen(environ: dict[str, str] | None = None, **files: str) -> Indexes:
    return indexes(
        choose(environ or {}, ()), {path.replace("_", "."): text for path, text in files.items()}, environ or {}
    )


def test_without_settings_uv_decides() -> None:
    assert chosen() == Indexes()


def test_uv_s_choice_counts_and_pip_s_files_do_not_then() -> None:
    found = chosen({"UV_INDEX_URL": "https://u.example/s", "PIP_EXTRA_INDEX_URL": "https://e.example/s"}, pip_conf=PIP)
    assert found == Indexes(default="https://u.example/s", extra=("https://e.example/s",), source="UV_INDEX_URL")


def test_pips_file_and_its_section_for_install() -> None:
    found = chosen(pip_conf=PIP)
    assert found.default == "https://install.example/simple"
    assert found.extra == ("https://one.example/simple", "https://two.example/simple")
    assert found.source == "pip.conf"


def test_the_strongest_file_of_pip_names_the_default() -> None:
    weak = "[global]\nindex-url = https://weak.example/s\nextra-index-url = https://three.example/s\n"
    found = chosen(pip_conf=PIP, weak_conf=weak)
    assert found.default == "https://install.example/simple"
    assert found.extra[-1] == "https://three.example/s"


@pytest.mark.parametrize("environ", [{"UV_OFFLINE": "1"}, {"UV_OFFLINE": "true"}, {"PIP_NO_INDEX": "1"}])
def test_offline(environ: dict[str, str]) -> None:
    assert chosen(environ).offline


@pytest.mark.parametrize("text", ["index-url = x\n", "[global\n"])
def test_a_settings_file_that_cannot_be_parsed_is_named(text: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        chosen(pip_conf=text)
    assert caught.value.where is not None
    assert caught.value.where.file == "pip.conf"


@pytest.mark.parametrize("key", ["index-url", "extra-index-url"])
def test_an_insecure_index_of_pip_is_refused_with_its_file(key: str) -> None:
    text = f"[global]\n{key} = http://index.test/simple\n"
    with pytest.raises(UsageError, match=r"http://index\.test/simple is neither https.*\(pip\.conf names it"):
        chosen(pip_conf=text)
    assert indexes(Choice(trusted=frozenset({"index.test"})), {"pip.conf": text}, {}).trusted == {"index.test"}


def test_an_insecure_index_of_uv_is_refused() -> None:
    with pytest.raises(UsageError, match="line 3"):
        indexes(Choice(default=Said(url="http://index.test/", where="line 3")), {}, {})


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
