"""`conda-lock.yml`: written, read back, and every way to spoil it named with its line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.conda import package, platform_lock, wheel
from tfsetup.errors import InvalidFileError
from tfsetup.locks.conda.lockfile import dependencies, document, make_lock, read_conda_lock_text, seal

CHANNELS = ("https://channel.example/forge",)


def lock_text() -> str:
    return make_lock([platform_lock(), platform_lock("osx-arm64", row="", digest="")], CHANNELS).text


def read(text: str) -> Any:
    return read_conda_lock_text(text, file="conda-lock.yml")


def test_what_is_written_is_read_back() -> None:
    cool = platform_lock("osx-arm64", exclude_newer="7 days", exclude_newer_since="2026-11-01T00:00:00Z")
    made = make_lock([platform_lock(), cool], CHANNELS)
    back = read(made.text)
    assert back.channels == made.channels
    assert back.platforms == made.platforms
    assert back.text == made.text


def test_the_order_of_platforms_and_packages_does_not_matter() -> None:
    one, two = platform_lock(), platform_lock("win-64")
    turned = replace(two, packages=tuple(reversed(two.packages)))
    assert make_lock([one, two], CHANNELS).text == make_lock([turned, one], CHANNELS).text


def test_the_document_is_conda_lock_s() -> None:
    content: dict[str, Any] = document([platform_lock()], CHANNELS)
    assert list(content) == ["version", "metadata", "package"]
    assert content["metadata"] == {
        "content_hash": {"linux-64": "c1"},
        "channels": [{"url": "https://channel.example/forge", "used_env_vars": []}],
        "platforms": ["linux-64"],
        "sources": ["environment.yml"],
        "custom_metadata": {
            "tfsetup-row-linux-64": "linux-x86_64-cpu",
            "tfsetup-selection-linux-64": "d1",
            "tfsetup-packages-linux-64": seal(platform_lock()),
        },
    }
    assert [(entry["manager"], entry["name"]) for entry in content["package"]] == [
        ("conda", "numpy"),
        ("conda", "python"),
        ("pip", "keras"),
    ]
    assert content["package"][0]["hash"] == {"md5": "0" * 32, "sha256": "a" * 64}
    assert content["package"][0]["dependencies"] == {"python": ">=3.12,<3.13.0a0"}
    assert content["package"][2]["hash"] == {"sha256": "b" * 64}


def test_a_dependency_that_is_given_twice_keeps_both_bounds() -> None:
    specs = ["__osx >=11.0", "__osx >=13.3", "libblas 3.11.0 5_h0_openblas", "tzdata", "libblas 3.11.0 5_h0_openblas"]
    assert dependencies(specs) == {"__osx": ">=11.0,>=13.3", "libblas": "3.11.0", "tzdata": ""}


def test_the_python_of_a_platform() -> None:
    assert platform_lock().python == "3.12.1"
    assert replace(platform_lock(), packages=()).python is None


SPOILED: list[tuple[str, str, str, str]] = [
    ("version: 1", "version: 2", "has version 2; version 1 is known", "conda-lock.yml:1"),
    ("version: 1", "kind: 1", "does not say its version", "conda-lock.yml"),
    ("package:\n", "packages:\n", "has `metadata` and a list `package`", "conda-lock.yml"),
    ("  platforms:\n  - linux-64\n", "  platforms: linux-64\n", "`platforms` in `metadata` must be a list", ""),
    ("  - linux-64\n", "  - linux-32\n", "is for `linux-64`, which `platforms` does not list", ""),
    ("manager: conda", "manager: brew", "has the manager `brew`; conda and pip are known", ""),
    (f"    md5: '{'0' * 32}'\n", "", "`numpy` has no md5; nothing is installed unchecked", ""),
    (f"    sha256: {'a' * 64}\n", f"    sha256: {'A' * 64}\n", "`numpy` has no sha256", ""),
    (f"    sha256: {'b' * 64}\n", "    sha512: abc\n", "`keras` has no sha256", ""),
    ("  version: 2.1.3", "  version: 2.1.4", "`numpy` 2.1.4 is not what its URL names", ""),
    ("linux-64/numpy-2.1.3", "win-64/numpy-2.1.3", "is for linux-64, and its archive for win-64", ""),
    ("-py3-none-any.whl", ".tar.gz", "`keras` is not locked to a wheel", ""),
    ("- name: keras\n", "- nam: keras\n", "An entry of `package` has no name", ""),
    ("    python: '>=3.12,<3.13.0a0'\n", "    - python\n", "`dependencies` of `numpy` must be a mapping", ""),
    ("url: https://channel.example/forge\n", "name: forge\n", "A channel in `metadata` has no URL", ""),
    ("version: 1", "version: 1\n\tx", "Not valid YAML", "conda-lock.yml:2:1"),
]


@pytest.mark.parametrize(("old", "new", "says", "place"), SPOILED, ids=[says[:40] for _, _, says, _ in SPOILED])
def test_a_lock_edited_by_hand_is_refused_in_words(old: str, new: str, says: str, place: str) -> None:
    text = make_lock([platform_lock()], CHANNELS).text
    assert old in text
    with pytest.raises(InvalidFileError) as caught:
        read(text.replace(old, new, 1))
    assert says in caught.value.message
    assert "tfsetup lock" in caught.value.hint
    assert str(caught.value.where).startswith(place or "conda-lock.yml:")


@pytest.mark.parametrize("digit", ["a", "b"])
def test_another_hash_put_in_by_hand_is_found(digit: str) -> None:
    text = make_lock([platform_lock()], CHANNELS).text
    with pytest.raises(InvalidFileError, match="not those that were locked: this file was edited") as caught:
        read(text.replace(digit * 64, "d" * 64))
    where = caught.value.where
    assert where is not None
    assert where.line is not None
    assert "tfsetup-packages-linux-64" in text.splitlines()[where.line - 1]


def test_a_mirror_s_address_is_no_edit() -> None:
    text = make_lock([platform_lock()], CHANNELS).text
    moved = text.replace("https://channel.example/forge", "https://mirror.example/other")
    assert read(moved).platforms["linux-64"].packages[0].url.startswith("https://mirror.example/other/linux-64/")


def test_an_error_names_the_line_of_the_entry() -> None:
    text = make_lock([platform_lock()], CHANNELS).text.replace("-py3-none-any.whl", ".tar.gz")
    with pytest.raises(InvalidFileError) as caught:
        read(text)
    where = caught.value.where
    assert where is not None
    assert where.line is not None
    assert "keras-3.1.tar.gz" in text.splitlines()[where.line - 1]


@pytest.mark.parametrize("text", ["", "null", "[]", "42", "version: 1\nmetadata: []\npackage: {}\n", "a: &a [*a]"])
def test_what_is_no_lock_at_all_is_refused(text: str) -> None:
    with pytest.raises(InvalidFileError):
        read(text)


def test_conda_lock_s_own_files_are_read() -> None:
    content = yaml.safe_load(lock_text())
    content["metadata"].pop("custom_metadata")
    content["metadata"]["channels"] = [{"url": "conda-forge", "used_env_vars": []}]
    content["metadata"]["time_metadata"] = {"created_at": "2026-01-01T00:00:00Z"}
    back = read(yaml.safe_dump(content))
    assert back.channels == ("conda-forge",)
    assert back.platforms["linux-64"].row == ""
    assert len(back.platforms["linux-64"].packages) == 2


@given(
    names=st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,6}(-[a-z]{1,3})?", fullmatch=True), unique=True, max_size=5),
    version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True),
    build=st.from_regex(r"[a-z0-9]{1,8}(_[0-9]{1,2})?", fullmatch=True),
)
def test_any_lock_comes_back_as_it_was(names: list[str], version: str, build: str) -> None:
    packages = tuple(sorted((package(name, version, build=build) for name in names), key=lambda one: one.name))
    lock = platform_lock(packages=packages, wheels=(wheel(),))
    assert read(make_lock([lock], CHANNELS).text).platforms == {"linux-64": lock}


@given(st.data())
def test_a_damaged_lock_never_ends_in_a_traceback(data: st.DataObject) -> None:
    text = make_lock([platform_lock()], CHANNELS).text
    at = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(1, 40))
    junk = data.draw(st.text(max_size=8))
    try:
        read(text[:at] + junk + text[at + length :])
    except InvalidFileError as error:
        assert error.message  # noqa: PT017 - read or refused, both are right
