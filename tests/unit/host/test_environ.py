"""What a child process may see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.host.environ import REMOVED, native_argv, scrub


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
