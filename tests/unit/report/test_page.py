"""The HTML report: self-contained, escaped, complete for every case, and drawn by a real browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.verify import judged
from tfsetup.report.page import verify_page

CASES = sorted((Path(__file__).parents[2] / "cases" / "verify").glob("*.json"))


class Reader(HTMLParser):
    """Collects what a page would fetch, the text outside scripts, and checks that tags are closed in order."""

    VOID = ("meta", "br", "link", "img", "input")

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
def test_every_kind_of_case_makes_a_whole_page_that_fetches_nothing(path: Path) -> None:
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
    assert "<svg" not in page  # nothing measured, nothing to draw


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_page_is_small_and_has_no_script(path: Path) -> None:
    page = verify_page(*judged(path.stem))
    assert len(page.encode()) < 200_000
    assert "<script" not in page
    assert not re.search(r"https?://", page)


def test_two_plots_name_their_lines_and_say_their_numbers_to_those_who_hear_them() -> None:
    data, findings = judged("full-gpu")
    page = verify_page(data, findings)
    assert page.count('role="img"') == 2
    for line in ("CPU:0 float32", "GPU:0 float32", "GPU:0 bfloat16", "NumPy float32", "float32 limit"):
        assert f"</svg>{line}</li>" in page
    measured = next(item for item in data["devices"][1]["matmul"] if item["dtype"] == "float32")
    assert f"GPU:0 float32: {measured['gflops']:.3g} GFLOP/s at n = {measured['n']}" in page
    assert re.search(rf"<desc>[^<]*GPU:0 float32: {measured['gflops']:.3g} at {measured['n']}", page)


def test_where_devices_differ_in_what_rounding_explains_the_widest_is_drawn() -> None:
    data, findings = judged("full-gpu")
    for device, tolerance in zip(data["devices"], (1e-5, 2e-3), strict=True):
        for item in device["matmul"]:
            item["tolerance"] = tolerance
    assert re.search(r"float32 limit: 0\.002 at \d+, 0\.002 at", verify_page(data, findings))


def test_what_comes_from_outside_is_text_and_never_markup() -> None:
    data, findings = judged("full-gpu")
    evil = "<script>alert(1)</script>\x1b[2J"
    data["devices"][1]["description"] = data["devices"][1]["name"] = evil
    data["prefix"] = evil
    data["environment"] = {evil: evil}
    findings.append({"severity": "error", "title": evil, "detail": evil, "fix": [evil], "cause": None})
    page = verify_page(data, findings)
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J") >= 6
