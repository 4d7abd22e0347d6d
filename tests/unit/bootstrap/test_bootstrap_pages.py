"""The two forms of an index's page say the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.pages import files_of

BASE = "https://mirror.example/repository/simple/uv/"
HASH = "ab" * 32
NAMES = st.from_regex(r"uv-[0-9.]{1,6}-py3-none-[a-z0-9_]{1,20}\.whl", fullmatch=True)


@given(NAMES, st.booleans(), st.sampled_from(["", "../../packages/", "/files/", "https://files.example/x/"]))
def test_both_forms_say_the_same(name: str, told: bool, where: str) -> None:
    hashes = {"sha256": HASH} if told else {}
    document = {"files": [{"filename": name, "url": where + name, "hashes": hashes}]}
    link = f'<a href="{where}{name}{f"#sha256={HASH}" if told else ""}">{name}</a>'
    found = [
        [(one.name, one.url, one.sha256) for one in files_of(text.encode(), kind, BASE)]
        for text, kind in (
            (json.dumps(document), "application/vnd.pypi.simple.v1+json"),
            (f"<!DOCTYPE html><html><body>{link}</body></html>", "text/html; charset=utf-8"),
        )
    ]
    assert found[0] == found[1]
    assert found[0][0][2] == (HASH if told else None)
    assert found[0][0][1].startswith("https://")


def test_a_page_with_a_base_of_its_own_other_hashes_and_quoted_names() -> None:
    text = (
        f'<base href="/deep/er/"><a name="no-link">x</a><a href=" a%2Bb-1.whl#md5=00&sha256={HASH} ">b</a>'
        '<a href="c-1.whl?signed=1#sha512=00">c</a><a href="http://[broken">d</a>'
    )
    found = [(one.name, one.url, one.sha256) for one in files_of(text.encode(), "text/html", BASE)]
    assert found == [
        ("a+b-1.whl", "https://mirror.example/deep/er/a%2Bb-1.whl", HASH),
        ("c-1.whl", "https://mirror.example/deep/er/c-1.whl?signed=1", None),
    ]


@pytest.mark.parametrize(
    "text", ["", "<html>", "[]", "{}", '{"files": 3}', '{"files": [{}]}', '{"files": [3]}', "[" * 100_000]
)
def test_what_is_no_page_in_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="no page of an index"):
        files_of(text.encode(), "application/vnd.pypi.simple.v1+json", BASE)


def test_a_sign_in_page_has_no_wheel_in_it() -> None:
    assert files_of(b"<html><form action='/login'></form></html>", "text/html", BASE) == []
