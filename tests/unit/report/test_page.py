"""The HTML report: self-contained, escaped, complete for every case, and drawn by a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.verify import case_of, verdict
from tfsetup.report.page import verify_page
from tfsetup.verify.history import Change, Earlier, History
from tfsetup.verify.model import BreakEven, Check, Expected, Finding, Matmul, SmallStep

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


def page_of(name: str) -> str:
    found = verdict(name)
    return verify_page(found, found.findings)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_case_makes_a_whole_page_that_fetches_nothing(name: str) -> None:
    found = verdict(name)
    reader = read(verify_page(found, found.findings))
    assert reader.fetched == []
    words = " ".join(reader.words)
    for finding in found.findings:
        assert finding.title in words
    for device in found.devices:
        assert device.name in words
    assert ("runs" in words) is found.ok or found.tensorflow.version is not None


def test_the_style_fetches_nothing_either() -> None:
    page = page_of("no-avx")
    assert not re.search(r"url\(|@import", page)
    assert "<svg" not in page  # nothing measured, nothing to draw


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_page_is_small_and_has_no_script(path: Path) -> None:
    page = page_of(path.stem)
    assert len(page.encode()) < 200_000
    assert "<script" not in page
    assert not re.search(r"https?://", page)


def test_two_plots_name_their_lines_and_say_their_numbers_to_those_who_hear_them() -> None:
    page = page_of("full-gpu")
    assert page.count('role="img"') == 2
    for line in ("CPU:0 float32", "GPU:0 float32", "GPU:0 bfloat16", "NumPy float32", "float32 limit"):
        assert f"</svg>{line}</li>" in page
    measured = next(item for item in verdict("full-gpu").devices[1].matmul if item.dtype == "float32")
    assert f"GPU:0 float32: {measured.gflops:.3g} GFLOP/s at n = {measured.n}" in page
    assert re.search(rf"<desc>[^<]*GPU:0 float32: {measured.gflops:.3g} at {measured.n}", page)


def test_every_check_is_on_the_page_with_what_it_asks_and_small_models_too() -> None:
    found = verdict("full-gpu")
    checks = (
        Check(name="top-k", status="wrong", max_rel_error=0.5, tolerance=0.0, seconds=0.25, message="sorted <wrongly>"),
        Check(name="einsum", status="skipped", message="no kernel for Einsum: it runs on the CPU"),
    )
    steps = (SmallStep(units=16, cpu_s=0.001, device_s=0.02),)
    one = BreakEven(device="GPU:0", model="dense", from_units=None, says="up to 16 units it is slower", steps=steps)
    page = verify_page(replace(found, devices=(replace(found.devices[1], checks=checks),), break_even=(one,)), ())
    assert "sorted &lt;wrongly&gt;" in page
    for words in (
        "<h2>Checks</h2>",
        "all n of n different numbers",
        "0.25",
        "no kernel for Einsum",
        "<h2>Small models",
    ):
        assert words in page
    assert "up to 16 units it is slower" in page
    assert "20 ms" in page


def test_where_devices_differ_in_what_rounding_explains_the_widest_is_drawn() -> None:
    found = verdict("full-gpu")
    devices = tuple(
        replace(device, matmul=tuple(replace(item, tolerance=tolerance) for item in device.matmul))
        for device, tolerance in zip(found.devices, (1e-5, 2e-3), strict=True)
    )
    page = verify_page(replace(found, devices=devices), ())
    assert re.search(r"float32 limit: 0\.002 at \d+, 0\.002 at", page)


def test_what_was_expected_and_set_is_said_in_words() -> None:
    expected = Expected(devices=("CPU", "GPU"), blas="openblas", arch="arm64", environment={"A": "1"})
    page = verify_page(replace(verdict("full-gpu"), expected=expected, environment={"B": "2"}), ())
    assert "<code>devices CPU, GPU · blas openblas · arch arm64 · environment A=1</code>" in page
    assert "<code>B=2</code>" in page
    assert "expected" not in verify_page(replace(verdict("full-gpu"), expected=Expected()), ())


def test_how_devices_moved_since_an_earlier_run() -> None:
    change = Change(
        device="GPU:0", dtype="float32", n=2048, now_gflops=1000.0, then_gflops=2000.0, ratio=0.5, lasting=True
    )
    then = Earlier(when="2026-11-01T10:00:00+00:00", tensorflow="2.19.0", python="3.12.4")
    found = verdict("full-gpu")
    page = verify_page(found, (), History(runs=3, compared_with=then, changes=(change,)))
    assert "<h2>Against 2026-11-01, tensorflow 2.19.0</h2>" in page
    assert "GPU:0 float32 2048" in page
    assert "0.50x" in page
    assert "Against" not in verify_page(found, (), History())


def test_a_product_that_a_device_has_no_kernel_for_says_so_in_its_row() -> None:
    found = verdict("full-gpu")
    first = found.devices[0]
    broken = replace(first, matmul=(Matmul(n=512, dtype="float16", error="no kernel <here>"),))
    page = verify_page(replace(found, devices=(broken,)), ())
    assert "<span class=soft>no kernel &lt;here&gt;</span>" in page
    skipped = replace(first, matmul=(), status="skipped", reason="not asked for")
    assert "<br>not asked for" in verify_page(replace(found, devices=(skipped,)), ())


def test_what_comes_from_outside_is_text_and_never_markup() -> None:
    evil = "<script>alert(1)</script>\x1b[2J"
    found = verdict("full-gpu")
    cpu, gpu = found.devices
    gpu = replace(gpu, description=evil, name=evil)
    found = replace(found, devices=(cpu, gpu), prefix=evil, environment={evil: evil})
    page = verify_page(found, [*found.findings, Finding(severity="error", title=evil, detail=evil, fix=(evil,))])
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[2J") >= 6


def test_the_page_says_how_a_gpu_stands_to_its_chip() -> None:
    (path,) = (one for one in CASES if one.stem == "metal-low-power")
    found = case_of(path).judged()
    words = read(verify_page(found, found.findings, History())).words
    at = words.index("GPU:0 at best")
    assert words[at + 1] == "0.3 of 3.6 TFLOP/s, 8 %: slow; low-power mode?"
    assert "GPU:0 at best" not in read(page_of("full-gpu")).words
