"""What of the settings files uv is handed."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.uv_files import SettingsFile
from tfsetup.ground.uv_settings import as_toml, handed


def file(text: str, path: str = "/p/uv.toml") -> SettingsFile:
    return SettingsFile(path=path, text=text, table=tomllib.loads(text))


KEPT = """
index-strategy = "unsafe-best-match"
keyring-provider = "subprocess"
native-tls = true
exclude-newer = "2026-01-01"
cache-dir = "/fast"
allow-insecure-host = ["h"]
python-downloads = "never"
link-mode = "copy"
[[index]]
name = "x"
url = "https://x.example/"
authenticate = "always"
"""
LEFT_OUT = """
constraint-dependencies = ["six==1.5"]
override-dependencies = ["six==1.5"]
exclude-dependencies = ["six"]
build-constraint-dependencies = ["six==1.5"]
prerelease = "allow"
resolution = "lowest"
fork-strategy = "fewest"
no-binary = true
no-build = true
no-build-isolation = true
link-mode = "symlink"
torch-backend = "cpu"
dependency-metadata = []
config-settings = {}
some-key-of-tomorrow = 1
[pip]
no-verify-hashes = true
require-hashes = true
"""


def test_what_says_where_packages_come_from_is_handed_on() -> None:
    found = handed([file(KEPT)])
    assert found.settings == tomllib.loads(KEPT)
    assert found.left_out == ()


def test_what_would_change_what_is_installed_is_left_out_and_named() -> None:
    found = handed([file(LEFT_OUT)])
    assert found.settings == {}
    table = tomllib.loads(LEFT_OUT)
    names = [name for name in table if name != "pip"] + [f"pip.{name}" for name in table["pip"]]
    assert [key for key, _ in found.left_out] == names
    assert {path for _, path in found.left_out} == {"/p/uv.toml"}


def test_lists_are_joined_and_of_values_the_strongest_file_s_counts() -> None:
    first = 'index-strategy = "first-index"\nallow-insecure-host = ["a"]\n[pip]\nno-index = true\n'
    second = 'index-strategy = "unsafe-best-match"\nallow-insecure-host = ["b"]\nno-cache = true\n'
    found = handed([file(first, "/p/uv.toml"), file(second, "/etc/uv/uv.toml")])
    assert found.settings == {
        "index-strategy": "first-index",
        "allow-insecure-host": ["a", "b"],
        "no-cache": True,
        "pip": {"no-index": True},
    }


def test_a_stronger_index_hides_one_of_its_name_and_another_default() -> None:
    one = '[[index]]\nname = "x"\nurl = "https://one.example/"\ndefault = true\n'
    two = (
        '[[index]]\nname = "x"\nurl = "https://two.example/"\n'
        '[[index]]\nurl = "https://three.example/"\ndefault = true\n[[index]]\nurl = "https://four.example/"\n'
    )
    found = handed([file(one), file(two, "/etc/uv/uv.toml")])
    assert [entry["url"] for entry in found.settings["index"]] == ["https://one.example/", "https://four.example/"]


def test_paths_are_those_of_the_file_s_folder() -> None:
    found = handed([file('find-links = ["w", "/abs", "https://l.example/"]\nindex-url = "simple"\n')])
    assert found.settings["find-links"] == ["/p/w", "/abs", "https://l.example/"]
    assert found.settings["index-url"] == "/p/simple"
    assert [said.where for said in found.find_links] == ["/p/uv.toml:1"] * 3


def test_proxies_become_variables() -> None:
    strong, weak = 'https-proxy = "http://a:1"\nno-proxy = ["x", "y"]\n', 'https-proxy = "http://b:1"\n'
    found = handed([file(strong), file(weak, "/etc/uv/uv.toml")])
    assert found.variables == {"HTTPS_PROXY": "http://a:1", "NO_PROXY": "x,y"}
    assert found.settings == {}


@pytest.mark.parametrize(
    "text", ["index = 1", "index = [1]", "index = [{}]", "find-links = 'x'", "pip = 1", "index-url=1"]
)
def test_what_is_no_setting_does_no_harm(text: str) -> None:
    handed([file(text)])


scalars = st.text() | st.integers(-(2**40), 2**40) | st.booleans()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=8
)


@given(st.dictionaries(st.text(min_size=1), values, max_size=4))
def test_what_is_written_reads_as_what_it_was(settings: dict[str, Any]) -> None:
    assert tomllib.loads(as_toml(settings)) == settings
