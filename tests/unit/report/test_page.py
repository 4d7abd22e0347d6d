"""The HTML report: self-contained, escaped, complete for every case, and drawn by a real browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.verify import judged
from tfsetup.report.page import text, verify_page

CASES = sorted((Path(__file__).parents[2] / "cases" / "verify").glob("*.json"))


class Reader(HTMLParser):
    """Collects what a page would fetch, the text outside scripts, and checks that tags are closed in order."""

    VOID = ("meta", "br", "link", "img", "input", "path")

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.words.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


# One of each kind of verdict; the others differ in a word.
KINDS = ("full-gpu", "gpu-nan", "gpu-failed", "gpu-not-listed", "training-fails", "gpu-segv", "no-avx", "not-started")


@pytest.mark.parametrize("path", [path for path in CASES if path.stem in KINDS], ids=lambda path: path.stem)
def test_every_kind_of_case_makes_a_whole_page_that_fetches_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plotly.io._html.get_plotlyjs", lambda: "'5 MB that take long to parse'")
    data, findings = judged(path.stem)
    reader = read(verify_page(data, findings))
    assert reader.fetched == []
    words = " ".join(reader.words)
    for finding in findings:
        assert finding["title"] in words
    for device in data["devices"]:
        assert device["name"] in words
    assert ("runs" in words) is data["ok"] or data["tensorflow"]["version"] is not None


def test_the_style_fetches_nothing_either() -> None:
    page = verify_page(*judged("no-avx"))
    assert not re.search(r"url\(|@import", page)
    assert "Plotly.newPlot" not in page  # nothing measured, nothing to draw


def test_the_library_is_there_once_and_the_lines_are_named() -> None:
    page = verify_page(*judged("full-gpu"))
    assert page.count("plotly.js v") == 1
    assert re.search(r'src="https?://', page) is None
    for line in ("CPU:0 float32", "GPU:0 float32", "GPU:0 bfloat16", "NumPy float32", "float32 limit"):
        assert f'"name":"{line}"' in page


def test_what_comes_from_outside_is_text_and_never_markup() -> None:
    data, findings = judged("full-gpu")
    evil = "<script>alert(1)</script>\x1b[2J"
    data["devices"][1]["description"] = evil
    data["prefix"] = evil
    data["environment"] = {evil: evil}
    findings.append({"severity": "error", "title": evil, "detail": evil, "fix": [evil], "cause": None})
    page = verify_page(data, findings)
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J") >= 6
    assert text(None) == ""
