"""The report's plots as pieces of HTML. Needs plotly, the optional extra `report`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

Data = Mapping[str, Any]

# Middle tones that stand out on white and on near-black.
COLOURS = {"float32": "#3b82f6", "float16": "#f59e0b", "bfloat16": "#10b981", "float64": "#a855f7"}
NUMPY = "#8b95a3"
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "cross")
WIDE = 20.0  # from this ratio between the fastest and the slowest line on, only a logarithmic axis shows both


def throughput(data: Data, *, with_library: bool) -> str:
    """Return the plot of GFLOP/s against matrix size: a line for each device and type, and NumPy's for comparison."""
    figure = go.Figure([*_lines(data, "gflops"), *_numpy_line(data)])
    tops = [max(line.y) for line in figure.data if len(line.y)]
    kind = "log" if tops and max(tops) > WIDE * min(tops) else "linear"
    figure.update_yaxes(title="GFLOP/s", type=kind, rangemode="tozero", dtick=1 if kind == "log" else None)
    return _html(figure, data, with_library=with_library)


def errors(data: Data) -> str:
    """Return the plot of each answer's error, and above it the line of what rounding explains."""
    figure = go.Figure([*_lines(data, "max_rel_error"), *_tolerances(data)])
    figure.update_yaxes(title="largest error", type="log", exponentformat="power")
    return _html(figure, data, with_library=False)


def _series(data: Data) -> Iterator[tuple[int, str, str, Sequence[Data]]]:
    """Return (device's index, device, type, measurements by size) for whatever was measured."""
    for index, device in enumerate(data["devices"]):
        for dtype in COLOURS:
            items = [item for item in device["matmul"] if item["dtype"] == dtype and item["gflops"]]
            if items:
                yield index, device["name"], dtype, sorted(items, key=lambda item: int(item["n"]))


def _lines(data: Data, key: str) -> Iterator[go.Scatter]:
    for index, name, dtype, items in _series(data):
        shown = [item for item in items if item[key]]
        yield go.Scatter(
            x=[item["n"] for item in shown],
            y=[item[key] for item in shown],
            name=f"{name} {dtype}",
            mode="lines+markers",
            line={"color": COLOURS[dtype], "dash": DASHES[index % len(DASHES)], "width": 2.5},
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 8},
            hovertemplate="%{y:.3g} at n = %{x}<extra>" + f"{name} {dtype}" + "</extra>",
        )


def _numpy_line(data: Data) -> Iterator[go.Scatter]:
    items = [item for item in data["blas"].get("matmul") or () if item["gflops"]]
    if items:
        yield go.Scatter(
            x=[item["n"] for item in items],
            y=[item["gflops"] for item in items],
            name="NumPy float32",
            mode="lines+markers",
            line={"color": NUMPY, "dash": "dot", "width": 2},
            marker={"size": 6},
            hovertemplate="%{y:.3g} at n = %{x}<extra>NumPy float32</extra>",
        )


def _tolerances(data: Data) -> Iterator[go.Scatter]:
    """One line a type: where devices differ in it (TensorFloat-32), the widest."""
    widest: dict[str, dict[int, float]] = {}
    for _index, _name, dtype, items in _series(data):
        for item in items:
            line = widest.setdefault(dtype, {})
            line[item["n"]] = max(line.get(item["n"], 0.0), item["tolerance"])
    for dtype, line in widest.items():
        yield go.Scatter(
            x=list(line),
            y=list(line.values()),
            name=f"{dtype} limit",
            mode="lines",
            line={"color": COLOURS[dtype], "dash": "dot", "width": 1.5},
            opacity=0.7,
            hovertemplate="up to %{y:.1e} is rounding<extra>" + dtype + "</extra>",
        )


def _html(figure: go.Figure, data: Data, *, with_library: bool) -> str:
    sizes = sorted({item["n"] for _index, _name, _dtype, items in _series(data) for item in items})
    figure.update_xaxes(title="n, of n-by-n matrices", type="log", tickvals=sizes, ticktext=[str(n) for n in sizes])
    figure.update_layout(
        height=400,
        margin={"l": 60, "r": 16, "t": 16, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.2, "bgcolor": "rgba(0,0,0,0)"},
        template="none",
    )
    return str(
        figure.to_html(
            full_html=False, include_plotlyjs=with_library, config={"displayModeBar": False, "responsive": True}
        )
    )
