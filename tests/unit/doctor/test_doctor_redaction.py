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
from tfsetup.doctor.redaction import hosts_in, owners, redact

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
        ("https://bob:pw@index.example/simple", "https://<secret>@<host>/simple"),
        ("https://abcdef0123456789@index.example/simple", "https://<secret>@<host>/simple"),
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
        ("https://user@example.com:pw@index.example/simple", "https://<secret>@<host>/simple"),
        ("USER=alice HOSTNAME=box1 USERNAME=alice", "USER=<user> HOSTNAME=<host> USERNAME=<user>"),
        ("on DESKTOP-7UHKVHO it works", "on <host> it works"),
        ("(base) Alices-MacBook-Pro:~ alice$ pip list", "(base) <host>:~ <user>$ pip list"),
        ("alice@Alices-MacBook-Pro ~ % pip list", "<user>@<host> ~ % pip list"),
        (
            "conda config --add channels https://c.example/t/ab-0123456789/x",
            "conda config --add channels https://<host>/t/<secret>/x",
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--index-url https://index.corp.example/simple tensorflow", "--index-url https://<host>/simple tensorflow"),
        (
            "Looking in indexes: https://a.example/simple, http://mirror/pypi",
            "Looking in indexes: https://<host>/simple, http://<host>/pypi",
        ),
        ("PIP_INDEX_URL=https://u:hunter2@a.example:8443/simple", "PIP_INDEX_URL=https://<secret>@<host>:8443/simple"),
        ("Downloading https://files.a.example/x/numpy-2.0.whl", "Downloading https://<host>/x/numpy-2.0.whl"),
        ("git+https://git.a.example/team/x.git", "git+https://<host>/team/x.git"),
        ("HTTPSConnectionPool(host='a.example', port=443): Max", "HTTPSConnectionPool(host='<host>', port=443): Max"),
        ("--trusted-host a.example", "--trusted-host <host>"),
        ("trusted-host = a.example", "trusted-host = <host>"),
        ("PIP_TRUSTED_HOST=mirror", "PIP_TRUSTED_HOST=<host>"),
        ("--extra-index-url a.example/simple x", "--extra-index-url <host>/simple x"),
        ("--index-url=a.example/simple x", "--index-url=<host>/simple x"),
        ("curl: (6) Could not resolve host: a.example", "curl: (6) Could not resolve host: <host>"),
        ("Failed to resolve 'a.example' ([Errno -2] x", "Failed to resolve '<host>' ([Errno -2] x"),
        ("Connection to a.example timed out.", "Connection to <host> timed out."),
        ("hostname 'a.example' doesn't match", "hostname '<host>' doesn't match"),
        ("certificate is not valid for 'a.example'", "certificate is not valid for '<host>'"),
        ("//npm.a.example/:_authToken=abcdefgh", "//<host>/:_authToken=<secret>"),
        ("machine a.example login bob password abcdefg1", "machine <host> <secret>"),
        (
            "from https://a.example/s: it is pip.a.example, not xa.example.org",
            "from https://<host>/s: it is <host>, not xa.example.org",
        ),
        ("https://a.example/x, a.example. A.EXAMPLE:443", "https://<host>/x, <host>. <host>:443"),
        ("http://mirror/x by mirror", "http://<host>/x by mirror"),
        ("mail bob@a.example by https://a.example/x", "mail <email> by https://<host>/x"),
        ("s3://bucket-of-corp/wheels", "s3://<host>/wheels"),
        ("https://github.com.evil.example/x", "https://<host>/x"),
        ("https://docs.python.org/3/ http://localhost:8080/ https://www.tensorflow.org/", None),
        ("https://docs.nvidia.com/cuda git clone https://github.com/tensorflow/text", None),
    ],
)
def test_the_host_of_an_index_is_taken_out_wherever_it_stands(text: str, expected: str | None) -> None:
    assert redact(text) == (text if expected is None else expected)


def test_hosts_of_one_text_go_out_of_another() -> None:
    found = hosts_in("https://a.example/simple https://www.tensorflow.org/x http://127.0.0.1:80/ http://mirror/x")
    assert found == {"a.example"}
    assert redact("files.a.example and b.example", hosts=found) == "<host> and b.example"


@pytest.mark.parametrize(
    "text",
    [
        "https://" + "a." * 50_000,
        "https://a.b/ " * 20_000,
        "a." * 100_000,
        "password is " * 20_000,
        "x_token " * 20_000,
    ],
)
def test_a_text_of_hosts_and_names_costs_linear_time(text: str) -> None:
    """No limit is timed here: a quadratic pattern would take minutes over these."""
    assert len(redact(text)) <= len(text) + 2 * len(text)


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
    *redaction._HOSTS, redaction._DOTTED, *redaction._SECRETS, *redaction._HOMES,
    *(pattern for pattern, _ in redaction._PLACES)
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
