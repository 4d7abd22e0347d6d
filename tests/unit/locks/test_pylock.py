"""Reading PEP 751 files: what is accepted, and the exact words for what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import Code, InvalidFileError
from tfsetup.locks.pylock import read_pylock

SHA = "a" * 64
GOOD = f"""\
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.12"

[[packages]]
name = "beta"
version = "2.0"
wheels = [{{ url = "https://index.example/beta-2.0-py3-none-any.whl", size = 20, hashes = {{ sha256 = "{SHA}" }} }}]

[[packages]]
name = "alpha"
version = "1.0"
wheels = [
    {{ url = "https://a.io/alpha-1.0-cp312-cp312-macosx_12_0_arm64.whl", size = 99, hashes = {{ sha256 = "{SHA}" }} }},
    {{ url = "https://index.example/alpha-1.0-py3-none-any.whl", size = 7, hashes = {{ sha256 = "{SHA}" }} }},
]
"""


def test_a_lock_lists_its_packages_by_name() -> None:
    lock = read_pylock(GOOD, file="pylock.row.toml")
    assert [(package.name, package.version) for package in lock.packages] == [("alpha", "1.0"), ("beta", "2.0")]
    assert lock.text == GOOD


def test_every_wheel_keeps_its_name_size_and_hash() -> None:
    alpha = read_pylock(GOOD, file="f").packages[0]
    assert [(wheel.filename, wheel.size, wheel.sha256) for wheel in alpha.wheels] == [
        ("alpha-1.0-cp312-cp312-macosx_12_0_arm64.whl", 99, SHA),
        ("alpha-1.0-py3-none-any.whl", 7, SHA),
    ]


def test_the_download_is_the_largest_wheel_of_each_package() -> None:
    assert read_pylock(GOOD, file="f").download_size == 119


def test_versions_are_found_by_name() -> None:
    lock = read_pylock(GOOD, file="f")
    assert lock.version_of("beta") == "2.0"
    assert lock.version_of("gamma") is None


def test_the_fingerprint_is_of_the_text() -> None:
    assert read_pylock(GOOD, file="f").sha256 != read_pylock(GOOD + "\n", file="f").sha256


BAD = {
    "not TOML": ("lock-version = \n", "This is not valid TOML", "f:1:16"),
    "cut off": (GOOD[:300], "This is not valid TOML", None),
    "empty": ("", "This is not a valid lock file", "f"),
    "another format version": (GOOD.replace('"1.0"', '"2.0"', 1), "This is not a valid lock file", "f"),
    "duplicate key": (GOOD.replace("created-by", "lock-version", 1), "This is not valid TOML", None),
    "no hash": (GOOD.replace(f'sha256 = "{SHA}"', 'md5 = "0"', 1), "`beta-2.0-py3-none-any.whl` has no sha256.", "f:8"),
    "a short hash": (GOOD.replace(SHA, "abc", 1), "`beta-2.0-py3-none-any.whl` has no sha256.", "f:8"),
    "another package's wheel": (
        GOOD.replace("/beta-2.0-py3", "/gamma-2.0-py3", 1),
        "This is not a valid lock file: Name in 'gamma-2.0-py3-none-any.whl' is not consistent",
        "f:5",
    ),
    "not a wheel's name": (
        GOOD.replace("-py3-none-any.whl", ".whl", 1),
        "This is not a valid lock file: Invalid wheel filename 'beta-2.0.whl'",
        "f:5",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_their_place(name: str) -> None:
    text, message, where = BAD[name]
    with pytest.raises(InvalidFileError) as caught:
        read_pylock(text, file="f")
    assert caught.value.message.startswith(message)
    assert caught.value.code is Code.INVALID_FILE
    assert caught.value.hint == "Lock files are written by `tfsetup lock`; write it anew rather than editing it."
    if where is not None:
        assert str(caught.value.where) == where


def test_nothing_is_built_from_source_out_of_a_lock() -> None:
    source = 'sdist = { url = "https://index.example/beta-2.0.tar.gz", hashes = { sha256 = "' + SHA + '" } }\n'
    start = GOOD.index("wheels")
    text = GOOD[:start] + source + GOOD[GOOD.index("\n", start) :]
    with pytest.raises(InvalidFileError, match="`beta` is not locked to wheels"):
        read_pylock(text, file="f")
    beta = read_pylock(text, file="f", sdists=("beta",)).packages[1]
    assert beta.wheels == ()
    assert beta.sdist is not None
    assert beta.sdist.filename == "beta-2.0.tar.gz"


@given(st.text(max_size=400))
def test_any_text_is_a_lock_or_one_clear_error(text: str) -> None:
    try:
        read_pylock(text, file="f")
    except InvalidFileError as refusal:
        error = refusal
    else:
        return
    assert str(error.where).startswith("f")


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.text(max_size=12))
def test_any_edit_gives_a_lock_or_one_clear_error(start: int, end: int, insert: str) -> None:
    try:
        lock = read_pylock(GOOD[:start] + insert + GOOD[end:], file="f")
    except InvalidFileError:
        return
    assert all(len(wheel.sha256) == 64 for package in lock.packages for wheel in package.wheels)
