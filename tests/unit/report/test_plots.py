"""The plots: where a value stands, which axes are chosen, and that nothing of a name is markup."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.report.plots import COLOURS, Line, errors, throughput

TAG = re.compile(r"<figure>(<svg.*</svg>)(<ul>.*</ul>)</figure>")


def drawn(plot: str) -> ET.Element:
    """Return the plot as a tree, which is to say that it is well-formed."""
    found = TAG.fullmatch(plot)
    assert found
    ET.fromstring(found[2])  # noqa: S314 - our own
    return ET.fromstring(found[1])  # noqa: S314 - our own


def labels(plot: str) -> list[str]:
    return [element.text or "" for element in drawn(plot).iter("text")]


def line_points(plot: str) -> list[list[tuple[float, float]]]:
    paths = [path.attrib["d"] for path in drawn(plot).iter("path") if path.get("class") == "line"]
    return [[(float(x), float(y)) for x, y in (part.split() for part in path[1:].split("L"))] for path in paths]


def line(*points: tuple[int, float], name: str = "CPU:0 float32", style: int = 0, limit: bool = False) -> Line:
    return Line(name=name, points=points, colour=COLOURS["float32"], style=style, limit=limit)


def test_more_is_higher_and_larger_is_further_right() -> None:
    ((left, middle, right),) = line_points(throughput([line((256, 10.0), (1024, 40.0), (4096, 30.0))]))
    assert left[0] < middle[0] < right[0]
    assert middle[1] < right[1] < left[1]  # SVG counts from above
    assert middle[0] - left[0] == pytest.approx(right[0] - middle[0], abs=0.2)  # sizes by their ratio


def test_a_linear_axis_begins_at_nothing_and_ends_above_the_fastest() -> None:
    plot = throughput([line((256, 10.0), (1024, 43.0))])
    assert labels(plot)[:6] == ["0", "10", "20", "30", "40", "50"]
    assert labels(plot)[-4:] == ["256", "1024", "n, of n-by-n matrices", "GFLOP/s"]


def test_lines_that_are_far_apart_have_a_logarithmic_axis() -> None:
    plot = throughput([line((256, 12.0)), line((256, 9000.0), name="GPU:0 float32")])
    assert labels(plot)[:4] == ["10", "100", "1000", "10000"]
    (((_, low),), ((_, high),)) = line_points(plot)
    assert high < low


def test_errors_are_always_logarithmic_and_the_limit_has_no_markers() -> None:
    plot = errors([line((256, 3e-7)), line((256, 1e-5), name="float32 limit", limit=True)])
    assert labels(plot)[:3] == ["1e-07", "1e-06", "1e-05"]
    assert [path.get("fill") for path in drawn(plot).iter("path") if path.get("fill")] == [COLOURS["float32"]]
    assert [path.get("stroke-dasharray") for path in drawn(plot).iter("path") if path.get("class") == "line"] == [
        "none",
        "2 4",
    ]


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_what_no_axis_has_a_place_for_is_left_out(value: float) -> None:
    assert len(line_points(errors([line((256, value)), line((256, 1e-6), (512, value))]))) == 1
    assert line_points(throughput([line((256, value))])) == []


def test_devices_differ_without_colour() -> None:
    plot = throughput([line((256, 1.0 + at), name=f"GPU:{at}", style=at) for at in range(5)])
    dashes = [path.get("stroke-dasharray") for path in drawn(plot).iter("path") if path.get("class") == "line"]
    assert len(set(dashes[:4])) == 4
    assert dashes[4] == dashes[0]
    markers = [path.attrib["d"].partition("m")[2] for path in drawn(plot).iter("path") if path.get("fill")]
    assert len(set(markers[:4])) == 4


def test_labels_below_do_not_lie_on_each_other() -> None:
    plot = throughput([line(*((n, 1.0) for n in range(100, 200)))])
    shown = [int(label) for label in labels(plot) if label.isdigit() and int(label) >= 100]
    assert shown[0] == 100
    assert 10 < len(shown) < 30


def test_names_are_text() -> None:
    plot = throughput([line((256, 1.0), name='<script>"&')])
    assert "<script" not in plot
    assert next(drawn(plot).iter("desc")).text == 'GFLOP/s by n. <script>"&: 1 at 256'


def test_what_is_seen_is_said_too() -> None:
    plot = throughput([line((256, 10.0), (1024, 40.0))])
    root = drawn(plot)
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == ["title", "desc"]
    assert "CPU:0 float32: 10 at 256, 40 at 1024" in (next(root.iter("desc")).text or "")
    assert "CPU:0 float32: 40 GFLOP/s at n = 1024" in [title.text for title in root.iter("title")]
    assert "figure" not in plot.replace("<figure>", "").replace("</figure>", "")


values = st.floats(1e-12, 1e12)


@given(st.lists(st.lists(st.tuples(st.integers(1, 65536), values), max_size=5), max_size=4))
def test_whatever_was_measured_is_drawn_inside(series: list[list[tuple[int, float]]]) -> None:
    lines = [line(*sorted(points), name=f"d{at}", style=at) for at, points in enumerate(series)]
    for plot in (throughput(lines), errors(lines)):
        found = line_points(plot)
        assert len(found) == sum(bool(points) for points in series)
        for x, y in (point for points in found for point in points):
            assert 64 <= x <= 960
            assert 15.9 <= y <= 316.1
        ticks = [float(label) for label in labels(plot) if re.fullmatch(r"[0-9.e+-]+", label)]
        assert len(ticks) <= 50
        grid = [path.attrib["d"] for path in drawn(plot).iter("path") if path.get("class") == "grid"]
        assert 2 <= len(grid) <= 11
        assert all(one != other for one, other in pairwise(grid))
