"""The index client against a small index on this machine: pages, metadata, ranges, caching, failures."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support import faulty_index
from tfsetup.errors import NetworkError
from tfsetup.ground.exchange import Answer
from tfsetup.ground.http import Http
from tfsetup.ground.ranges import Part, Span
from tfsetup.upkeep.index.client import IndexClient, client
from tfsetup.upkeep.index.settings import Indexes
from tfsetup.upkeep.index.snapshot import File

pytestmark = pytest.mark.loopback

METADATA = (
    "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nRequires-Dist: numpy<2\nRequires-Dist: six; extra == 'old'\n"
)
REQUIRES = ["numpy<2", "six; extra == 'old'"]
NAME = "thing-1.0-cp312-cp312-win_amd64.whl"


def wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("thing/code.bin", bytes(300_000))
        archive.writestr("thing-1.0.dist-info/METADATA", METADATA)
    return buffer.getvalue()


class Shop:
    """What the index has, how it answers, and what it was asked."""

    def __init__(self) -> None:
        self.wheel = wheel()
        self.etag = True
        self.ranges = True
        self.json = True
        self.metadata: bool | str = True  # a text: what is sent in its place
        self.status = 0  # an answer to everything, if not 0
        self.asked: list[str] = []
        self.agents: set[str] = set()

    def page(self, base: str) -> tuple[str, bytes]:
        digest = hashlib.sha256(self.wheel).hexdigest()
        url = f"{base}/files/{NAME}"
        if not self.json:
            return "text/html", f'<a href="{url}#sha256={digest}" data-requires-python="&gt;=3.9">{NAME}</a>'.encode()
        file: dict[str, Any] = {
            "filename": NAME,
            "url": url,
            "hashes": {"sha256": digest},
            "size": len(self.wheel),
            "requires-python": ">=3.9",
            "yanked": False,
            "upload-time": "2026-01-02T03:04:05.000000Z",
        }
        if self.metadata:
            file["core-metadata"] = {"sha256": hashlib.sha256(METADATA.encode()).hexdigest()}
        page = {"meta": {"api-version": "1.1"}, "name": "thing", "files": [file], "versions": ["1.0"]}
        return "application/vnd.pypi.simple.v1+json", json.dumps(page).encode()


@pytest.fixture(autouse=True)
def _temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is fetched of a wheel is kept in a temporary file."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))


@pytest.fixture
def shop() -> Shop:
    return Shop()


class Handler(BaseHTTPRequestHandler):
    """Answers for the shop of the running test."""

    shop: Shop

    def do_GET(self) -> None:
        self.shop.asked.append(self.path)
        self.shop.agents.add(self.headers["User-Agent"])
        if self.shop.status:
            self.answer(self.shop.status, b"")
        elif self.path == "/simple/thing/":
            self.page()
        elif self.path.endswith(".whl.metadata") and self.shop.metadata:
            self.answer(200, (self.shop.metadata if isinstance(self.shop.metadata, str) else METADATA).encode())
        elif self.path.endswith(".whl"):
            self.wheel()
        else:
            self.answer(404, b"")

    def page(self) -> None:
        kind, body = self.shop.page(f"http://{self.headers['Host']}")
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        if self.shop.etag and self.headers["If-None-Match"] == etag:
            self.answer(304, b"")
        else:
            self.answer(200, body, {"Content-Type": kind} | ({"ETag": etag} if self.shop.etag else {}))

    def wheel(self) -> None:
        wanted, body = self.headers["Range"], self.shop.wheel
        if not (wanted and self.shop.ranges):
            self.answer(200, body)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(body) - int(last))
        piece = body[start : int(last) + 1 if first and last else len(body)]
        self.answer(206, piece, {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(body)}"})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    handler = type("OfThisShop", (Handler,), {"shop": shop})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/simple"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def index(url: str, tmp_path: Path) -> Iterator[IndexClient]:
    made = IndexClient(Indexes(default=url), tmp_path / "cache")
    yield made
    made.close()


def only(index: IndexClient) -> File:
    (file,) = index.pages(["thing"])["thing"]
    return file


@pytest.mark.parametrize("as_json", [True, False])
def test_a_project_page(index: IndexClient, shop: Shop, as_json: bool) -> None:
    shop.json = as_json
    file = only(index)
    assert (file.filename, file.version, file.requires_python, file.yanked) == (NAME, "1.0", ">=3.9", False)
    assert file.sha256 == hashlib.sha256(shop.wheel).hexdigest()
    facts = (len(shop.wheel), "2026-01-02", True) if as_json else (None, "", False)
    assert (file.size, file.date, file.has_metadata) == facts
    assert {agent.split("/")[0] for agent in shop.agents} == {"tfsetup"}


def test_a_page_that_has_not_changed_is_not_sent_again(index: IndexClient) -> None:
    first, second = only(index), only(index)
    assert first == second
    assert (index.traffic.requests, index.traffic.unchanged) == (2, 1)
    before = index.traffic.received
    only(index)
    assert index.traffic.received == before


def test_a_damaged_cache_costs_a_request_and_nothing_else(index: IndexClient, tmp_path: Path) -> None:
    only(index)
    for path in (tmp_path / "cache" / "pages").glob("*.json"):
        path.write_text("{", encoding="utf-8")
    assert only(index).filename == NAME
    assert index.traffic.unchanged == 0


def test_an_index_without_validators_is_asked_in_full(index: IndexClient, shop: Shop) -> None:
    shop.etag = False
    assert only(index) == only(index)
    assert index.traffic.unchanged == 0


def test_metadata_from_its_own_file(index: IndexClient, shop: Shop) -> None:
    assert index.requires_of(only(index)) == REQUIRES
    assert shop.asked[-1] == f"/files/{NAME}.metadata"


@pytest.mark.parametrize("ranges", [True, False])
def test_metadata_out_of_the_wheel(index: IndexClient, shop: Shop, ranges: bool) -> None:
    shop.metadata, shop.ranges = False, ranges
    assert index.requires_of(only(index)) == REQUIRES
    assert (index.traffic.received < 200_000) is ranges


def test_files_without_a_hash_are_not_taken_for_each_other(tmp_path: Path) -> None:
    for name, requires in (("thing-1.0-py3-none-any.whl", "six"), ("thing-2.0-py3-none-any.whl", "numpy")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(f"{name[:9]}.dist-info/METADATA", f"Name: thing\nRequires-Dist: {requires}\n")
    mine = IndexClient(Indexes(default=tmp_path.as_uri()), tmp_path / "cache")
    files = [
        File(filename=path.name, version="1", url=path.as_uri(), sha256="") for path in sorted(tmp_path.glob("*.whl"))
    ]
    assert [mine.requires_of(file) for file in files] == [["six"], ["numpy"]]
    mine.close()


def test_a_page_in_a_folder_that_nobody_here_understands(tmp_path: Path) -> None:
    (tmp_path / "thing").mkdir()
    mine = IndexClient(Indexes(default=tmp_path.as_uri()), tmp_path / "cache")
    (tmp_path / "thing" / "index.html").write_text('<meta name="pypi:repository-version" content="2.0">')
    with pytest.raises(NetworkError, match="is not a project page of a package index"):
        mine.pages(["thing"])
    mine.close()


def test_metadata_is_asked_for_once_ever(index: IndexClient, shop: Shop) -> None:
    file = only(index)
    asked = len(shop.asked)
    assert index.requires_of(file) == index.requires_of(file) == REQUIRES
    assert len(shop.asked) == asked + 1


def test_metadata_with_another_hash_is_refused(index: IndexClient, shop: Shop) -> None:
    shop.metadata = METADATA + "Requires-Dist: malware\n"
    with pytest.raises(NetworkError, match="another hash than the index promised"):
        index.requires_of(only(index))


def wheel_of(entry: str = "thing-1.0.dist-info/METADATA", text: str = METADATA, *, code: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("thing/code.so", b"\0" * code)
        archive.writestr(entry, text)
        archive.writestr("thing/more.so", b"\0" * code)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("wheel", "words"),
    [
        (b"nothing of the kind", "not a zip archive"),
        (wheel_of()[:-30], "not a zip archive"),
        (wheel_of("thing/METADATA"), "it has no METADATA"),
        (wheel_of("more/thing-1.0.dist-info/METADATA"), "it has no METADATA"),
        (wheel_of(text="x" * 5_000_000), "its METADATA claims 5,000,000 bytes"),
        (wheel_of().replace(b"numpy<2", b"numpy<3"), "its METADATA does not match the checksum"),
    ],
)
def test_a_wheel_that_is_none(index: IndexClient, shop: Shop, tmp_path: Path, wheel: bytes, words: str) -> None:
    shop.metadata, shop.wheel = False, wheel
    with pytest.raises(NetworkError, match=f"No METADATA can be read out of thing.*: {words}"):
        index.requires_of(only(index))
    (tmp_path / "thing.whl").write_bytes(wheel)
    here = File(filename="thing.whl", version="1", url=(tmp_path / "thing.whl").as_uri(), sha256="")
    with pytest.raises(NetworkError, match=rf"No METADATA can be read out of thing\.whl: .*{words}"):
        index.requires_of(here)
    with pytest.raises(NetworkError, match=r"No METADATA can be read out of gone\.whl"):
        index.requires_of(replace(here, filename="gone.whl", url=(tmp_path / "gone.whl").as_uri()))


def test_the_large_part_of_a_large_wheel_is_not_read(index: IndexClient, shop: Shop) -> None:
    shop.metadata, shop.wheel = False, wheel_of(code=3_000_000)
    file, before = only(index), replace(index.traffic)
    assert index.requires_of(file) == REQUIRES
    assert 2 <= index.traffic.requests - before.requests <= 3
    assert index.traffic.received - before.received < 300_000


def test_a_wheel_that_becomes_another_one_is_not_read_on(
    index: IndexClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.metadata, shop.wheel = False, wheel_of(code=3_000_000)
    file, at_first = only(index), Http.part

    def part(http: Http, url: str, span: Span, known: int | None = None) -> tuple[Part, Answer]:
        found = at_first(http, url, span, known)
        shop.wheel = wheel_of(code=3_000_001)
        return found

    monkeypatch.setattr(Http, "part", part)
    with pytest.raises(NetworkError, match="and an earlier one said"):
        index.requires_of(file)


def test_a_project_nobody_has(index: IndexClient) -> None:
    with pytest.raises(NetworkError, match="No index has no-such-thing") as caught:
        index.pages(["no-such-thing"])
    assert caught.value.hint


def test_an_index_that_refuses(index: IndexClient, shop: Shop) -> None:
    shop.status = 403
    with pytest.raises(NetworkError, match="answered 403 Forbidden"):
        index.pages(["thing"])


def test_a_page_that_is_none(index: IndexClient, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "page", lambda _: ("application/vnd.pypi.simple.v1+json", b"{"))
    with pytest.raises(NetworkError, match="is not a project page of a package index"):
        index.pages(["thing"])


def test_an_index_that_does_not_answer(tmp_path: Path) -> None:
    broken = IndexClient(Indexes(default="http://user:secret@127.0.0.1:9/simple"), tmp_path, Http(retries=0))
    with pytest.raises(NetworkError, match="could not be read: Connection refused") as caught:
        broken.pages(["thing"])
    assert "secret" not in caught.value.message
    assert "--offline" in caught.value.hint
    broken.close()


@pytest.mark.parametrize("merged", [False, True])
def test_extra_indexes_come_first_and_files_are_taken_once(merged: bool, url: str, shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "more" / "thing"
    folder.mkdir(parents=True)
    (folder / "thing-2.0-cp312-cp312-win_amd64.whl").write_bytes(shop.wheel)
    links = "".join(f'<a href="{name}">{name}</a>' for name in ("thing-2.0-cp312-cp312-win_amd64.whl",))
    (folder / "index.html").write_text(links, encoding="utf-8")
    extra = (folder.parent.as_uri(), folder.parent.as_uri())
    both = IndexClient(Indexes(default=url, extra=extra, merged=merged), tmp_path / "cache")
    files = both.pages(["thing"])["thing"]
    assert [file.filename for file in files] == ["thing-2.0-cp312-cp312-win_amd64.whl", *([NAME] if merged else [])]
    assert files[0].url.startswith("file:")
    assert both.requires_of(files[0]) == REQUIRES
    assert bool(shop.asked) is merged
    both.close()


def test_a_file_of_this_machine_is_not_read_because_a_page_on_the_network_says_so(
    index: IndexClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = '<a href="file:///dev/zero">thing-1.0-py3-none-any.whl</a>'
    monkeypatch.setattr(shop, "page", lambda _: ("text/html", link.encode()))
    with pytest.raises(NetworkError, match="No index has thing"):
        index.pages(["thing"])


def test_no_secret_of_the_address_is_in_a_message(url: str, shop: Shop, tmp_path: Path) -> None:
    shop.status = 403
    secretive = IndexClient(Indexes(default=url.replace("//", "//me:secret@") + "?token=secret"), tmp_path)
    for status in (403, 404):
        shop.status = status
        with pytest.raises(NetworkError) as caught:
            secretive.pages(["thing"])
        assert "secret" not in f"{caught.value.message} {caught.value.hint}"
    assert shop.asked[0] == "/simple/thing/?token=secret"


def test_an_archive_that_breaks_the_reader_is_a_network_error(index: IndexClient, shop: Shop) -> None:
    shop.metadata = False
    whole = shop.wheel
    for place in range(len(whole) - 400, len(whole), 7):
        shop.wheel = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        try:
            index.requires_of(only(index))
        except NetworkError as error:
            assert error.code.exit_status == 5  # noqa: PT017 - some damage is not seen


def test_an_interrupt_does_not_wait_for_the_pages_that_are_missing(
    index: IndexClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def stuck(name: str) -> list[File]:
        if name == "bad":
            raise NetworkError("bad")
        release.wait(60)
        return []

    monkeypatch.setattr(index, "_project", stuck)
    with pytest.raises(NetworkError, match="bad"):
        index.pages(["slow", "slower", "bad"])
    release.set()


def test_the_users_settings_choose_the_index(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("UV_DEFAULT_INDEX", url)
    monkeypatch.setenv("TFSETUP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("UV_CONFIG_FILE", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    mine = client()
    assert mine.cache == tmp_path / "cache" / "index"
    assert mine.urls == (url,)
    assert mine.pages(["thing"])["thing"][0].filename == NAME
    mine.close()


def test_a_token_in_the_address_of_an_index_is_sent_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"")
    asked = []

    def note(handler: faulty_index.Handler, body: bytes) -> bytes:
        asked.append(handler.path)
        return body

    with faulty_index.serve(faulty_index.Index(tmp_path, misbehave=note)) as running:
        mine = IndexClient(Indexes(default=f"{running.url}?token=hunter2"), tmp_path / "cache")
        assert mine.pages(["thing"])["thing"][0].filename == NAME
        assert asked == ["/simple/thing/?token=hunter2"]
        with pytest.raises(NetworkError) as caught:
            mine.pages(["nothing-of-this-name"])
    mine.close()
    later = IndexClient(Indexes(default=f"{running.url}?token=hunter2"), tmp_path / "none")
    with pytest.raises(NetworkError) as gone:
        later.pages(["thing"])
    later.close()
    told = [caught.value.message, caught.value.hint, gone.value.message, gone.value.hint]
    assert "hunter2" not in " ".join(told)


def test_settings_that_say_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NetworkError, match="offline"):
        client()


@pytest.mark.process
def test_where_nobody_names_an_index_it_is_that_of_the_real_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    mine = client(tmp_path)
    (url,) = mine.urls
    assert url.startswith("https://")
    assert url.endswith("/simple")
    mine.close()
