from __future__ import annotations

import pytest

from tfsetup.errors import InvalidFileError, UsageError
from tfsetup.matrix.settings import Indexes, indexes, redacted, refuse_insecure

UV = """
extra-index-url = ["https://legacy.example/simple"]
[[index]]
name = "company"
url = "https://company.example/simple"
default = true
[[index]]
name = "second"
url = "https://second.example/simple"
[[index]]
name = "torch"
url = "https://torch.example/simple"
explicit = true
"""
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


def test_without_settings_the_library_decides() -> None:
    assert indexes({}, {}) == Indexes()


@pytest.mark.parametrize(
    ("environ", "default", "extra"),
    [
        ({"UV_DEFAULT_INDEX": "https://a.example/simple"}, "https://a.example/simple", ()),
        ({"UV_INDEX_URL": "https://old.example/simple"}, "https://old.example/simple", ()),
        (
            {"UV_DEFAULT_INDEX": "https://a.example/s", "UV_INDEX": "team=https://b.example/s https://c.example/s"},
            "https://a.example/s",
            ("https://b.example/s", "https://c.example/s"),
        ),
        ({"PIP_INDEX_URL": "https://p.example/s"}, "https://p.example/s", ()),
        ({"PIP_EXTRA_INDEX_URL": "https://e.example/s?key=1"}, None, ("https://e.example/s?key=1",)),
        ({"UV_INDEX_URL": "https://u.example/s", "PIP_INDEX_URL": "https://p.example/s"}, "https://u.example/s", ()),
    ],
)
def test_the_environment(environ: dict[str, str], default: str | None, extra: tuple[str, ...]) -> None:
    found = indexes(environ, {})
    assert (found.default, found.extra) == (default, extra)


def test_uvs_own_file() -> None:
    found = indexes({}, {"/etc/uv/uv.toml": UV})
    assert found.default == "https://company.example/simple"
    assert found.extra == ("https://second.example/simple", "https://legacy.example/simple")
    assert found.source == "/etc/uv/uv.toml"


def test_a_projects_file_speaks_for_uv_under_tool_uv() -> None:
    text = '[tool.uv.pip]\nindex-url = "https://project.example/simple"\n'
    assert indexes({}, {"pyproject.toml": text}).default == "https://project.example/simple"
    assert indexes({}, {"pyproject.toml": '[project]\nname = "x"\n'}) == Indexes()


def test_pips_file_and_its_section_for_install() -> None:
    found = indexes({}, {"/etc/pip.conf": PIP})
    assert found.default == "https://install.example/simple"
    assert found.extra == ("https://one.example/simple", "https://two.example/simple")


def test_the_strongest_file_names_the_default_and_uv_comes_before_pip() -> None:
    files = {"uv.toml": 'index-url = "https://here.example/s"\n', "/etc/uv/uv.toml": UV, "/etc/pip.conf": PIP}
    assert indexes({}, files).default == "https://here.example/s"


@pytest.mark.parametrize("environ", [{"UV_OFFLINE": "1"}, {"UV_OFFLINE": "true"}, {"PIP_NO_INDEX": "1"}])
def test_offline(environ: dict[str, str]) -> None:
    assert indexes(environ, {}).offline


@pytest.mark.parametrize(
    ("path", "text"), [("uv.toml", "index = ["), ("pip.conf", "index-url = x\n"), ("pip.conf", "[global\n")]
)
def test_a_settings_file_that_cannot_be_parsed_is_named(path: str, text: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        indexes({}, {path: text})
    assert caught.value.where is not None
    assert caught.value.where.file == path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@host.example/simple", "https://***@host.example/simple"),
        ("https://token@host.example:8443/s", "https://***@host.example:8443/s"),
        ("https://host.example/s", "https://host.example/s"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert redacted(url) == shown


@pytest.mark.parametrize(
    ("environ", "refused"),
    [
        ({"UV_DEFAULT_INDEX": "https://index.test/simple"}, None),
        ({"UV_DEFAULT_INDEX": "http://user:secret@index.test/simple?token=x"}, "http://***@index.test/simple"),
        ({"UV_INDEX": "mine=http://index.test/a other=https://fine.test"}, "http://index.test/a"),
        ({"PIP_EXTRA_INDEX_URL": "https://fine.test HTTP://INDEX.test/b"}, "HTTP://INDEX.test/b"),
        ({"UV_INDEX_URL": "http://127.0.0.1:8080/simple"}, None),
        ({"UV_INDEX_URL": "http://[::1]:8080/simple"}, None),
        ({"UV_INDEX_URL": "http://localhost:8080/simple"}, None),
        ({"UV_INDEX_URL": "http://127.0.0.1.index.test/simple"}, "http://127.0.0.1.index.test/simple"),
        ({"UV_INDEX_URL": "file:///srv/simple"}, None),
        ({"UV_INDEX_URL": "http://index.test/", "UV_INSECURE_HOST": "index.test:80"}, None),
        ({"PIP_INDEX_URL": "http://index.test/", "PIP_TRUSTED_HOST": "other.test,index.test"}, None),
        ({"PIP_INDEX_URL": "http://index.test/", "PIP_TRUSTED_HOST": "test"}, "http://index.test/"),
    ],
    ids=str,
)
def test_an_index_is_https_or_on_this_machine_or_allowed(environ: dict[str, str], refused: str | None) -> None:
    if refused is None:
        refuse_insecure(environ)
        return
    with pytest.raises(UsageError) as caught:
        refuse_insecure(environ)
    assert f"The index {refused} is neither https" in caught.value.message
    assert "secret" not in caught.value.message
    assert caught.value.hint.endswith("UV_INSECURE_HOST=index.test") or "127.0.0.1.index.test" in caught.value.hint


def test_addresses_of_settings_files_are_looked_at_too() -> None:
    with pytest.raises(UsageError, match=r"index\.test"):
        refuse_insecure({}, ["http://index.test/simple"])
