"""uv's failures in our words. Cases: what uv printed (`.txt`) and what we say of it (`.json`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import Code
from tfsetup.ground.certificates import certificates, remedy
from tfsetup.ground.redaction import redact
from tfsetup.locks.explain import explain_uv, quote

FOLDER = Path(__file__).parents[2] / "cases" / "uv"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_each_failure_has_its_message_hint_and_exit_status(name: str) -> None:
    expected = json.loads((FOLDER / f"{name}.json").read_text())
    error = explain_uv((FOLDER / f"{name}.txt").read_text(), "Locking")
    assert error.code.exit_status == expected["exit"]
    assert error.message.splitlines()[0] == f"Locking: {expected['message']}"
    assert error.hint.endswith((".", ".)"))


@pytest.mark.parametrize("name", NAMES)
def test_uv_is_quoted(name: str) -> None:
    first = (FOLDER / f"{name}.txt").read_text()
    said = quote(first)
    assert said
    assert "hint:" not in said
    assert len(said.splitlines()) <= 8


def test_both_sides_of_a_conflict_are_named() -> None:
    message = explain_uv((FOLDER / "conflict.txt").read_text(), "Locking").message
    assert "alpha==2.15.1 depends on numpy>=1.23.5,<2.0.0" in message
    assert "you require numpy>=2" in message


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("python-")])
def test_a_python_that_cannot_be_fetched_is_told_without_uv_s_chain(name: str) -> None:
    error = explain_uv((FOLDER / f"{name}.txt").read_text(), "Creating the environment")
    assert error.code is Code.NETWORK
    assert "uv said" not in error.message
    assert "cause:" not in error.message
    assert "s3cret" not in error.message
    assert f"Install Python {'X.Y' if name == 'python-list' else '3.13'} by hand" in error.hint
    assert "UV_PYTHON_INSTALL_MIRROR" in error.hint
    assert ("inspects TLS" in error.hint) is (name == "python-certificate")


def test_a_full_disk_is_no_matter_of_where_a_python_comes_from() -> None:
    text = (FOLDER / "python-no-dns.txt").read_text() + "  cause: No space left on device (os error 28)\n"
    assert explain_uv(text, "Creating the environment").message.startswith(
        "Creating the environment: The disk is full."
    )


def test_an_untrusted_certificate_names_who_says_whom_to_believe() -> None:
    text = (FOLDER / "certificate.txt").read_text()
    assert explain_uv(text, "Locking").hint == remedy()
    believed = certificates({"CURL_CA_BUNDLE": "/r"})
    assert explain_uv(text, "Locking", believed=believed).hint.startswith("CURL_CA_BUNDLE says whom to believe")
    other = (FOLDER / "no-dns.txt").read_text()
    assert "believe" not in explain_uv(other, "Locking", believed=believed).hint


def test_no_credential_is_repeated() -> None:
    error = explain_uv((FOLDER / "credentials.txt").read_text(), "Locking")
    assert "s3cret" not in error.message + error.hint
    assert "https://***@index.example/simple/alpha/" in error.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pass@host/simple", "https://***@host/simple"),
        ("https://token@host/simple", "https://***@host/simple"),
        ("https://host/simple", "https://host/simple"),
        ("mail someone@example.org about http://host/a@b", "mail someone@example.org about http://host/a@b"),
        ("http://a:b@one/ and http://c:d@two/", "http://***@one/ and http://***@two/"),
    ],
)
def test_credentials_are_taken_out_of_addresses(text: str, expected: str) -> None:
    assert redact(text) == expected


@given(st.text())
def test_whatever_uv_prints_gives_one_error_with_a_hint(text: str) -> None:
    error = explain_uv(text, "Locking")
    assert error.message.startswith("Locking: ")
    assert error.hint


def test_a_warning_about_the_network_is_not_the_reason() -> None:
    """Uv looks for a Python to build with, does not reach it, and goes on."""
    text = (FOLDER / "source-only.txt").read_text()
    assert "dns error" in text
    assert explain_uv(text, "Locking").code is Code.ANSWER_IS_NO


def test_a_name_in_an_explanation_is_not_a_reason() -> None:
    text = (FOLDER / "conflict.txt").read_text().replace("numpy", "unsafe-certificate-timed out")
    assert explain_uv(text, "Locking").code is Code.ANSWER_IS_NO


@pytest.mark.parametrize(("solving", "code"), [(True, Code.ANSWER_IS_NO), (False, Code.BUILD)])
def test_unknown_words_mean_no_solution_only_where_one_was_looked_for(solving: bool, code: Code) -> None:
    error = explain_uv("error: These two quarrel", "Locking", solving=solving)
    assert error.code is code
    assert "These two quarrel" in error.message


def test_what_is_known_is_no_lack_of_a_solution() -> None:
    for name, code in (("disk-full", Code.BUILD), ("no-dns", Code.NETWORK), ("offline", Code.NETWORK)):
        assert explain_uv((FOLDER / f"{name}.txt").read_text(), "Locking", solving=True).code is code
