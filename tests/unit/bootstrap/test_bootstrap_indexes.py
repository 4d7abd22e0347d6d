"""Which indexes are asked for uv's wheel, in which order; what pip's settings become for uv."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap import indexes, settings

PIP, CONF, UV, TOML = (f"https://{name}.example/simple" for name in ("pip", "conf", "uv", "toml"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a pip.conf and a uv.toml."""
    for path, text in {
        ".config/pip/pip.conf": f"[global]\nindex-url = {CONF}\nextra-index-url =\n  https://more.example/1\n  https://more.example/2\n",
        ".config/uv/uv.toml": f'index-url = "{TOML}"\n[[index]]\nname = "own"\nurl = "https://own.example"\n'
        '[[index]]\nname = "others"\nurl = "https://others.example"\nexplicit = true\n',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def urls(environ: dict[str, str], folder: Path) -> list[str]:
    return [one.url for one in indexes.asked(environ, folder)]


def bare(tmp_path: Path, **more: str) -> dict[str, str]:
    # Nothing of this machine's: whatever stands in /etc is not what is tested here.
    return {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null", "UV_NO_SYSTEM_CONFIG": "1", **more}


def test_pypi_is_asked_where_nobody_named_anything(tmp_path: Path) -> None:
    assert urls(bare(tmp_path), tmp_path) == [indexes.PYPI]


def test_the_order_is_pips_variable_pips_file_uvs_variable_uvs_file(home: Path) -> None:
    environ = bare(home, PIP_CONFIG_FILE="", PIP_INDEX_URL=PIP, UV_DEFAULT_INDEX=UV, UV_INDEX="corp=https://e.example")
    found = urls(environ, home)
    assert found[:4] == [PIP, CONF, UV, TOML]
    assert found[4:] == ["https://more.example/1", "https://more.example/2", "https://e.example", "https://own.example"]
    assert "others.example" not in str(found)


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_a_variable_takes_the_place_of_pypi(tmp_path: Path, name: str) -> None:
    assert urls(bare(tmp_path, **{name: f"name={UV}" if name.startswith("UV") else UV}), tmp_path) == [UV]


@pytest.mark.parametrize("name", ["PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"])
def test_an_additional_index_comes_after_it(tmp_path: Path, name: str) -> None:
    assert urls(bare(tmp_path, **{name: f"{UV} {PIP}"}), tmp_path) == [indexes.PYPI, UV, PIP]


def test_one_address_is_asked_once(tmp_path: Path) -> None:
    environ = bare(tmp_path, PIP_INDEX_URL=UV, UV_DEFAULT_INDEX=UV, UV_INDEX=UV, PIP_EXTRA_INDEX_URL=PIP)
    assert urls(environ, tmp_path) == [UV, PIP]


def test_a_path_in_uvs_file_is_one_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text('[[index]]\nurl = "wheels"\ndefault = true\n', encoding="utf-8")
    (tmp_path / "clone").mkdir()
    assert urls(bare(tmp_path), tmp_path / "clone") == [(tmp_path / "wheels").as_uri()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[global]\nindex_url: https://a\n", {"PIP_INDEX_URL": "https://a"}),
        ("[install]\nindex-url = https://b\n[global]\nindex-url = https://a\n", {"PIP_INDEX_URL": "https://b"}),
        ("[global]\ntrusted-host = h\n  i\ncert=/c.pem\nproxy = p:1\n", {
            "PIP_TRUSTED_HOST": "h\ni", "PIP_CERT": "/c.pem", "PIP_PROXY": "p:1",
        }),
        ("[download]\nindex-url = https://b\n[global]\ntimeout = 3\nindex-url =\n", {}),
        ("no section", {}),
        ("[global]\nindex-url = https://a/%20x\n", {"PIP_INDEX_URL": "https://a/%20x"}),
    ],
)  # fmt: skip
def test_what_pips_files_say(text: str, expected: dict[str, str]) -> None:
    assert settings.pip_said(text) == expected


def test_pips_files_stand_behind_everything_else(home: Path) -> None:
    environ = bare(home, PIP_CONFIG_FILE="", UV_NO_CONFIG="1")
    assert indexes.with_files(environ, home)["PIP_INDEX_URL"] == CONF
    assert indexes.with_files({**environ, "PIP_INDEX_URL": PIP}, home)["PIP_INDEX_URL"] == PIP
    # Whoever told uv where packages are, by a variable or a file, did not mean pip's as well.
    assert "PIP_INDEX_URL" not in indexes.with_files({**environ, "UV_INDEX": UV}, home)
    assert "PIP_INDEX_URL" not in indexes.with_files({**environ, "UV_NO_CONFIG": ""}, home)


def test_of_pips_files_the_strongest_counts_and_dev_null_means_none(home: Path) -> None:
    named = home / "named.conf"
    named.write_text(f"[global]\nindex-url = {PIP}\n", encoding="utf-8")
    assert settings.pip_variables(bare(home, PIP_CONFIG_FILE=str(named)))["PIP_INDEX_URL"] == PIP
    assert settings.pip_variables(bare(home, PIP_CONFIG_FILE=""))["PIP_INDEX_URL"] == CONF
    assert settings.pip_variables(bare(home)) == {}


@pytest.mark.parametrize("where", [".netrc", "_netrc", "named"])
def test_netrc_is_asked(tmp_path: Path, where: str) -> None:
    (tmp_path / where).write_text("machine i.example login me password p:w\nmachine other login x password y\n")
    (tmp_path / where).chmod(0o600)
    environ = bare(tmp_path) | ({"NETRC": str(tmp_path / "named")} if where == "named" else {})
    assert settings.login(environ, "i.example") == ("me", "p:w")
    assert settings.login(environ, "elsewhere.example") is None


def test_a_netrc_that_cannot_be_parsed_is_no_login(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine\n}{ \x00")
    assert settings.login(bare(tmp_path), "i.example") is None
