"""What is taken out of a text before strangers see it, what stays, and that no text makes it slow."""

from __future__ import annotations

import re
import re._parser as parser  # type: ignore[import-not-found]
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.doctor import redaction
from tfsetup.doctor.redaction import owners, redact

CASES = Path(__file__).parents[2] / "cases" / "doctor"
# A case a block: lines with the words of a secret, `{secret}` where it stands.
SECRETS = (CASES / "secrets.txt").read_text(encoding="utf-8").split("\n---\n")
KEPT = (CASES / "no-secrets.txt").read_text(encoding="utf-8").splitlines()
VALUES = ("S3cr3tVal99", "hunter2-hunter2", "abcd/EFGH+1234==", "p%40ssw0rd")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/alice/x/lib.so", "~/x/lib.so"),
        ("/Users/alice.b/venv", "~/venv"),
        (r"C:\Users\Alice\venv", r"~\venv"),
        (r"C:\\Users\\Alice\\venv", r"~\\venv"),
        ("/home/alice/x run by alice", "~/x run by <user>"),
        ("malice of /home/alice", "malice of ~"),
        ("token=abc123def", "token=<secret>"),
        ("API_KEY: 'abc123def'", "API_KEY: '<secret>'"),
        ('{"password": "hunter2!"}', '{"password": "<secret>"}'),
        ("Authorization: Bearer abc.def-123456", "Authorization: <secret>"),
        ("ghp_0123456789abcdef", "<secret>"),
        ("AKIAIOSFODNN7EXAMPLE", "<secret>"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc", "<secret>"),
        ("https://bob:pw@index.example/simple", "https://<secret>@index.example/simple"),
        ("https://abcdef0123456789@index.example/simple", "https://<secret>@index.example/simple"),
        ("mail alice@example.com now", "mail <email> now"),
        ("alice@box:~/x$ pip", "<user>@<host>:~/x$ pip"),
        (
            "not appear to be running on this host (DESKTOP-1): /proc",
            "not appear to be running on this host (<host>): /proc",
        ),
        ("diagnostic information for host: box1", "diagnostic information for host: <host>"),
        ("http://10.1.2.3:8080/simple", "http://<address>:8080/simple"),
        ("tensorflow==2.19.1 max_tokens=5", "tensorflow==2.19.1 max_tokens=5"),
        ("cublas 12.5.3.2 sha256:abcdef0123456789abcdef", "cublas 12.5.3.2 sha256:abcdef0123456789abcdef"),
        ("glpat-aB3_-aB3_-aB3_-aB3_-", "<secret>"),
        ("https://user@example.com:pw@index.example/simple", "https://<secret>@index.example/simple"),
        ("USER=alice HOSTNAME=box1 USERNAME=alice", "USER=<user> HOSTNAME=<host> USERNAME=<user>"),
        ("on DESKTOP-7UHKVHO it works", "on <host> it works"),
        ("(base) Alices-MacBook-Pro:~ alice$ pip list", "(base) <host>:~ <user>$ pip list"),
        ("alice@Alices-MacBook-Pro ~ % pip list", "<user>@<host> ~ % pip list"),
        (
            "conda config --add channels https://c.example/t/ab-0123456789/x",
            "conda config --add channels https://c.example/t/<secret>/x",
        ),
    ],
)
def test_what_is_taken_out(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
def test_no_shape_of_a_secret_stays(text: str, value: str) -> None:
    cleaned = redact(text.replace("{secret}", value))
    assert value not in cleaned
    assert "<secret>" in cleaned


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "prefix", ["ghp_", "github_pat_", "glpat-", "gldt-", "hf_", "npm_", "AIza", "ya29.", "sk_live_"]
)
def test_tokens_are_known_by_how_they_begin(prefix: str) -> None:
    assert redact(f"it was {prefix}0123456789abcDEF, they say") == "it was <secret>, they say"


def test_given_names_go_wherever_they_stand() -> None:
    assert redact("alice on mybox", names=("alice", "mybox")) == "<user> on <user>"


def test_a_name_of_two_letters_is_left_in_words() -> None:
    assert redact("al said also", names=("al",)) == "al said also"


def test_homes_that_belong_to_nobody_are_no_names() -> None:
    assert owners("/Users/Shared/x /home/runner/y /home/bob/z") == {"bob"}


def _endless(tree: Any) -> bool:
    """Whether a parsed expression holds a repeat without an end that gives characters back."""
    for operation, argument in tree:
        if str(operation) in {"MAX_REPEAT", "MIN_REPEAT"} and argument[1] is parser.MAXREPEAT:
            return True
        inner = [part for part in _parts(argument) if isinstance(part, parser.SubPattern)]
        if str(operation) != "ATOMIC_GROUP" and any(_endless(part) for part in inner):
            return True
    return False


def _parts(argument: Any) -> list[Any]:
    if isinstance(argument, parser.SubPattern):
        return [argument]
    return [part for item in argument for part in _parts(item)] if isinstance(argument, tuple | list) else []


PATTERNS = [
    *redaction._SECRETS, *redaction._HOMES, *(pattern for pattern, _ in redaction._PLACES)
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS, ids=range(len(PATTERNS)))
def test_no_pattern_gives_back_without_an_end(pattern: re.Pattern[str]) -> None:
    assert not _endless(parser.parse(pattern.pattern))


def test_the_check_sees_an_endless_one() -> None:
    assert _endless(parser.parse("(a+)+b"))
    assert _endless(parser.parse("x(?=a*?b)y"))
    assert not _endless(parser.parse("(a++)b{1,20}"))


@examples(1.7)
@given(st.text(max_size=300), st.sampled_from(VALUES))
def test_any_text_around_a_secret_is_cleaned(text: str, value: str) -> None:
    assert value not in redact(f"{text} API_TOKEN={value}") or value in text


@examples(1.7)
@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = redact(f"{text}\nhttps://a:b@host/ token=abcdefgh")
    assert redact(once) == once
