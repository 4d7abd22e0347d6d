"""Project pages: what JSON and HTML say of a file, what is refused, and that no page at all breaks the reader."""

from __future__ import annotations

import html
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfsetup.upkeep.index.page import read_page, version_in
from tfsetup.upkeep.index.snapshot import File

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html; charset=utf-8"
URL = "https://index.example/simple/some-thing/"
NAME = "some_thing-1.0-py3-none-any.whl"
SHA, OTHER = "ab" * 32, "cd" * 32


def page(*files: dict[str, Any], version: str = "1.1") -> bytes:
    return json.dumps({"meta": {"api-version": version}, "name": "some-thing", "files": files}).encode()


def entry(**more: Any) -> dict[str, Any]:
    return {"filename": NAME, "url": f"files/{NAME}", "hashes": {"sha256": SHA}, **more}


def of_json(**more: Any) -> File:
    (file,) = read_page(JSON, page(entry(**more)), URL, "some-thing")
    return file


def of_html(attributes: str = "", *, href: str = f"files/{NAME}", around: str = "{}", text: str = NAME) -> File:
    (file,) = read_page(HTML, around.format(f'<a href="{href}" {attributes}>{text}</a>').encode(), URL, "some-thing")
    return file


def test_both_forms_say_the_same_of_a_file() -> None:
    plain = File(filename=NAME, version="1.0", url=f"{URL}files/{NAME}", sha256=SHA)
    assert of_json() == of_html(href=f"files/{NAME}#sha256={SHA}") == plain


def test_what_only_json_says() -> None:
    file = of_json(size=12, **{"upload-time": "2026-01-02T03:04:05.678Z"})
    assert (file.size, file.date) == (12, "2026-01-02")
    assert of_json(**{"upload-time": "2026-01-02T03:04:05"}).date == "2026-01-02"


@pytest.mark.parametrize(
    ("said", "attribute", "yanked"),
    [
        (False, "", False),
        (None, "", False),
        (True, "data-yanked", True),
        ("why", 'data-yanked="why"', True),
        ("", 'data-yanked=""', True),
    ],
)
def test_yanked(said: object, attribute: str, yanked: bool) -> None:
    assert of_json(yanked=said).yanked is of_html(attribute).yanked is yanked


@pytest.mark.parametrize(
    ("said", "value", "has", "digest"),
    [
        ({"sha256": OTHER}, f"sha256={OTHER}", True, OTHER),
        ({"sha256": OTHER.upper()}, f"sha256={OTHER.upper()}", True, OTHER),
        ({"md5": "00"}, "md5=00", True, None),
        (True, "true", True, None),
        (True, "True", True, None),
        (False, "false", False, None),
        (False, "", False, None),
    ],
)
@pytest.mark.parametrize("name", ["core-metadata", "dist-info-metadata"])
def test_metadata_beside_the_file(name: str, said: object, value: str, has: bool, digest: str | None) -> None:
    for file in (of_json(**{name: said}), of_html(f'data-{name}="{value}"')):
        assert (file.has_metadata, file.metadata) == (has, digest)


def test_the_later_name_of_metadata_counts_before_the_first() -> None:
    """An index once wrote nonsense under the first name, which is why there is a later one (PEP 714)."""
    for file in (
        of_json(**{"core-metadata": False, "dist-info-metadata": {"sha256": OTHER}}),
        of_html(f'data-core-metadata="false" data-dist-info-metadata="sha256={OTHER}"'),
    ):
        assert not file.has_metadata


def test_the_python_that_a_file_is_for() -> None:
    assert of_json(**{"requires-python": ">=3.9"}).requires_python == ">=3.9"
    assert of_html('data-requires-python="&gt;=3.9"').requires_python == ">=3.9"
    assert of_json(**{"requires-python": None}).requires_python == of_html().requires_python == ""


@pytest.mark.parametrize(
    ("address", "absolute"),
    [
        ("../../files/x.whl", "https://index.example/files/x.whl"),
        ("/files/x.whl", "https://index.example/files/x.whl"),
        ("//cdn.example/x.whl", "https://cdn.example/x.whl"),
        ("https://cdn.example/x.whl?a=1", "https://cdn.example/x.whl?a=1"),
        (" x.whl\n", f"{URL}x.whl"),
    ],
)
def test_relative_addresses(address: str, absolute: str) -> None:
    assert of_json(url=address).url == of_html(href=address).url == absolute


@pytest.mark.parametrize(
    ("base", "absolute"),
    [
        ("https://cdn.example/a/", "https://cdn.example/a/x.whl"),
        ("../b/", "https://index.example/simple/b/x.whl"),
        ("", f"{URL}x.whl"),
    ],
)
def test_the_base_of_a_page(base: str, absolute: str) -> None:
    around = f'<html><head><base href="{base}"><base href="https://second.example/"></head><body>{{}}</body></html>'
    assert of_html(href="x.whl", around=around).url == absolute


@pytest.mark.parametrize(
    ("fragment", "digest"),
    [
        (f"sha256={SHA}", SHA),
        (f"egg=thing&sha256={SHA.upper()}", SHA),
        ("md5=0123", ""),
        ("sha256=short", ""),
        ("", ""),
    ],
)
def test_hashes_in_fragments(fragment: str, digest: str) -> None:
    file = of_html(href=f"x.whl#{fragment}")
    assert (file.sha256, file.url) == (digest, f"{URL}x.whl")


def test_a_hash_that_is_a_path_is_none() -> None:
    """It names a file of the cache."""
    evil = "../" * 21 + "x"
    file = of_json(hashes={"sha256": evil}, **{"core-metadata": {"sha256": evil}})
    assert (file.sha256, file.metadata, file.has_metadata) == ("", None, True)


@pytest.mark.parametrize(
    "around",
    [
        "<!DOCTYPE html><html><head><title>x</title></head><body><h1>Links</h1>\n{}<br/></body></html>",
        "<p>{}",
        "<a>no address</a>{}<a name=here>nor this</a>",
        '<a href="other-1.0.tar.gz">never closed {}',
        "<!-- <a href=x>some_thing-9.0.tar.gz</a> -->{}",
        "<script>'<a href=x>some_thing-9.0.tar.gz</a>'</script>{}",
        '{}<a href="x"></a>',
    ],
)
def test_html_as_people_write_it(around: str) -> None:
    assert of_html(around=around).filename == NAME


def test_the_text_of_a_link_is_the_file_name_whatever_is_inside() -> None:
    assert of_html(text="\n  <b>some_thing</b>-1.0<i></i>-py3-none-any.whl<!-- x -->  \n").filename == NAME
    assert of_html(text="some&#95;thing-1.0-py3-none-any.whl").filename == NAME


@pytest.mark.parametrize(
    ("charset", "kind"),
    [
        ("utf-8", HTML),
        ("utf-8-sig", HTML),
        ("utf-16", "text/html"),
        ("latin-1", "text/html; charset=iso-8859-1"),
        ("windows-1252", "text/html"),
        ("utf-8", "text/html; charset=no-such-thing"),
        ("utf-8", ""),
    ],
)
def test_the_encodings_of_a_page(charset: str, kind: str) -> None:
    body = f'<p>é</p><a href="x.whl" data-requires-python=">=3">{NAME}</a>'.encode(charset)
    assert [file.filename for file in read_page(kind, body, URL, "some-thing")] == [NAME]
    assert read_page(JSON, b"\xef\xbb\xbf" + page(entry()), URL, "some-thing")


@pytest.mark.parametrize("version", ["1.0", "1.4", "1.99", "1"])
def test_a_minor_version_may_be_newer(version: str) -> None:
    meta = f'<meta name="pypi:repository-version" content="{version}">'
    assert read_page(JSON, page(entry(), version=version), URL, "some-thing")
    assert of_html(around=meta + "{}").filename == NAME


@pytest.mark.parametrize("version", ["2.0", "17", "", "new", "9" * 5000])
def test_a_major_version_that_is_not_known_is_refused(version: str) -> None:
    meta = f'<meta name="pypi:repository-version" content="{version}">'.encode()
    for kind, body in ((JSON, page(version=version)), (HTML, meta)):
        with pytest.raises(ValueError, match=r"of the interface|digits"):
            read_page(kind, body, URL, "some-thing")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"meta": {"api-version": "1.0"}}',
        b"[" * 100_000,
        page({"filename": NAME, "url": "x"}),
        page(entry(hashes={"sha256": 1})),
        page(entry(size=-1)),
        page(entry(yanked=1)),
        page(entry(**{"upload-time": "yesterday"})),
        page(entry(url="https://[x")),
    ],
)
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_page(JSON, body, URL, "some-thing")


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("some_thing-1.0-py3-none-any.whl", "1.0"),
        ("some.thing-1.0-1-py3-none-any.whl", "1.0"),
        ("Some-Thing-1.0rc1.tar.gz", "1.0rc1"),
        ("some_thing-1.0+local.zip", "1.0+local"),
        ("some_thing-1.0-py2.7.egg", "1.0"),
        ("some_thing-1.0.egg", "1.0"),
        ("some-thing-1.0-2.tar.bz2", "1.0-2"),
        ("some_thing-1.0.win32-py2.7.exe", ""),
        ("some_thing.whl", ""),
        ("something-1.0.tar.gz", ""),
        ("some_thing_else-1.0.tar.gz", ""),
        ("../some_thing-1.0.tar.gz", ""),
    ],
)
def test_the_version_in_a_file_name(filename: str, version: str) -> None:
    assert version_in(filename, "some-thing") == version_in(filename, "Some.Thing") == version


words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=12)
digests = st.none() | st.text("0123456789abcdef", min_size=64, max_size=64)
said = st.fixed_dictionaries(
    {"number": st.integers(0, 99), "place": words, "sha256": digests, "requires": words, "yanked": st.none() | words},
    optional={"metadata": st.booleans() | digests.filter(bool)},
)


def as_json(one: dict[str, Any]) -> dict[str, Any]:
    known = one.get("metadata")
    more = {} if known is None else {"core-metadata": {"sha256": known} if isinstance(known, str) else known}
    return {
        "filename": f"some_thing-{one['number']}.tar.gz",
        "url": f"/{one['place'].replace('#', '')}",
        "hashes": {"sha256": one["sha256"]} if one["sha256"] else {},
        "requires-python": one["requires"],
        "yanked": False if one["yanked"] is None else one["yanked"],
        **more,
    }


def as_html(one: dict[str, Any]) -> str:
    known = one.get("metadata")
    address = f"/{one['place'].replace('#', '')}" + (f"#sha256={one['sha256']}" if one["sha256"] else "")
    more = f' data-yanked="{html.escape(one["yanked"])}"' if one["yanked"] is not None else ""
    if known is not None:
        more += f' data-core-metadata="{f"sha256={known}" if isinstance(known, str) else str(known).lower()}"'
    name, requires = f"some_thing-{one['number']}.tar.gz", html.escape(one["requires"])
    return f'<a href="{html.escape(address)}" data-requires-python="{requires}"{more}>{name}</a>'


@given(st.lists(said, max_size=4))
def test_a_page_says_the_same_in_both_forms(files: list[dict[str, Any]]) -> None:
    try:
        found = read_page(JSON, page(*map(as_json, files)), URL, "some-thing")
    except ValueError as error:  # an address that is none ("//[")
        assert "URL" in str(error) or "netloc" in str(error) or "IP" in str(error)  # noqa: PT017 - no other error
        return
    assert found == read_page(HTML, "<br>\n".join(map(as_html, files)).encode(), URL, "some-thing")
    assert [file.version for file in found] == [str(one["number"]) for one in files]


@given(st.binary(max_size=200) | st.text("<>a/!-[]&#;= \"'?href\n", max_size=60).map(str.encode))
@example(b"<![if")
@example(b"<![CDATA[")
@example(b"<!DOCTYPE [<!")
def test_whatever_is_sent_is_a_page_or_a_value_error(body: bytes) -> None:
    for kind in (JSON, HTML, "text/html; charset=utf-16", ""):
        with suppress(ValueError):
            read_page(kind, body, URL, "some-thing")


@given(st.text(max_size=30), st.text("abc-._", max_size=8))
def test_no_file_name_breaks_the_reader(filename: str, name: str) -> None:
    assert isinstance(version_in(filename, name), str)
