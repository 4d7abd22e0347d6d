from __future__ import annotations

import pytest

from tfsetup.errors import InvalidFileError
from tfsetup.matrix.settings import Indexes, indexes, redacted

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
