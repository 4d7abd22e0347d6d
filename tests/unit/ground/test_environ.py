"""What a child process may see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.ground.environ import KEPT, REMOVED, scrub
from tfsetup.host.environ import native_argv


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH",
        "PYTHONHOME",
        "DYLD_INSERT_LIBRARIES",
        "DYLD_LIBRARY_PATH",
        "LD_PRELOAD",
        "CONDA_PREFIX",
        "CONDA_EXE",
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "UV_PYTHON",
        "pythonpath",
    ],
)
def test_what_redirects_imports_or_libraries_goes_with_a_reason(name: str) -> None:
    kept, removed = scrub({name: "value", "PATH": "/bin"})
    assert kept == {"PATH": "/bin"}
    assert removed[name]


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "LANG", "SSL_CERT_FILE", "HTTPS_PROXY", "UV_INDEX_URL", "UV_CACHE_DIR"]
)
def test_what_a_download_needs_stays(name: str) -> None:
    assert scrub({name: "value"}) == ({name: "value"}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_LINK_MODE", "symlink"),
        ("UV_LINK_MODE", "something-new"),
        ("UV_INSECURE_NO_ZIP_VALIDATION", "1"),
        ("UV_NO_VERIFY_HASHES", "1"),
        ("UV_CONSTRAINT", "c.txt"),
        ("UV_BUILD_CONSTRAINT", "c.txt"),
        ("UV_OVERRIDE", "o.txt"),
        ("UV_EXCLUDE", "e.txt"),
        ("UV_NO_BINARY_PACKAGE", "six"),
        ("UV_NO_BUILD_PACKAGE", "six"),
        ("UV_NO_BUILD_ISOLATION", "1"),
        ("UV_TORCH_BACKEND", "auto"),
        ("UV_WORKING_DIR", "/elsewhere"),
        ("UV_WORKING_DIRECTORY", "/elsewhere"),
        ("UV_PROJECT", "/elsewhere"),
        ("UV_PYTHON_SEARCH_PATH", "/elsewhere"),
        ("UV_PUBLISH_TOKEN", "secret"),
        ("UV_INTERNAL__TEST_PYTHON_MANAGED", "1"),
        ("UV_A_NAME_OF_TOMORROW", "1"),
        ("PIP_TARGET", "/elsewhere"),
        ("PIP_PREFIX", "/elsewhere"),
        ("PIP_CONSTRAINT", "c.txt"),
        ("PIP_NO_BINARY", ":all:"),
        ("PIP_USER", "1"),
    ],
)
def test_what_would_change_what_is_installed_goes_with_a_reason(name: str, value: str) -> None:
    kept, removed = scrub({name: value})
    assert kept == {}
    assert len(removed[name].split()) > 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_LINK_MODE", "copy"),
        ("UV_LINK_MODE", "hardlink"),
        ("UV_LINK_MODE", "clone"),
        ("UV_HTTP_TIMEOUT", "60"),
        ("UV_HTTP_RETRIES", "0"),
        ("UV_CONCURRENT_DOWNLOADS", "1"),
        ("UV_INDEX_COMPANY_USERNAME", "me"),
        ("UV_INDEX_COMPANY_PASSWORD", "secret"),
        ("UV_KEYRING_PROVIDER", "subprocess"),
        ("UV_EXCLUDE_NEWER", "2026-01-01"),
        ("PIP_INDEX_URL", "https://x.example/"),
        ("PIP_CERT", "/c.pem"),
    ],
)
def test_what_says_where_and_how_to_fetch_stays(name: str, value: str) -> None:
    assert scrub({name: value}) == ({name: value}, {})


def test_no_variable_is_both_kept_and_removed() -> None:
    assert not KEPT & REMOVED.keys()


def test_a_cuda_of_the_machine_s_own_can_still_be_found() -> None:
    assert scrub({"LD_LIBRARY_PATH": "/usr/local/cuda/lib64"})[1] == {}


@given(st.dictionaries(st.text(), st.text()))
def test_every_variable_is_kept_as_it_is_or_removed(environ: dict[str, str]) -> None:
    kept, removed = scrub(environ)
    assert set(kept) | set(removed) == set(environ)
    assert not set(kept) & set(removed)
    assert all(environ[name] == value for name, value in kept.items())


def test_every_removal_says_why() -> None:
    assert all(len(reason.split()) > 3 for reason in REMOVED.values())


def test_a_translated_process_starts_native_children() -> None:
    assert native_argv(["/opt/python3", "-V"], rosetta=True) == ["/usr/bin/arch", "-arm64", "/opt/python3", "-V"]


@pytest.mark.parametrize("rosetta", [False, None])
def test_elsewhere_nothing_is_put_in_front(rosetta: bool | None) -> None:
    assert native_argv(["/opt/python3"], rosetta=rosetta) == ["/opt/python3"]
