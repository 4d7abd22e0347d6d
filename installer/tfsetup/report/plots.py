"""Lines of measurements as SVG: drawn here, without a library, a script or anything to fetch.

Colour stands for the type, dashes and markers for the device, so that they can be told apart without colour; text and
grid take the colours of the page, light or dark. What a picture says is in its description too, for those who hear it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tfsetup.report.text import as_html

COLOURS: Final = {"float32": "#3b82f6", "float16": "#f59e0b", "bfloat16": "#10b981", "float64": "#a855f7"}
"""Middle tones that stand out on white and on near-black."""

GREY: Final = "#8b95a3"
WIDE: Final = 20.0
"""From this ratio between the fastest and the slowest line on, only a logarithmic axis shows both."""

_DASHES: Final = ("none", "8 4", "2 4", "8 4 2 4")
_MARKERS: Final = (
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "m-6-6h12v12h-12z",
    "m0-9l9 9l-9 9l-9-9z",
    "m-5-5l10 10m0-10l-10 10",
)
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 360, 64, 16, 16, 44
_APART = 36.0  # the least distance of two labels below


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What was measured of one device in one type: (n, value) by size. `style`: which dashes and markers it has.

    A `limit` is drawn thin, without markers.
    """

    name: str
    points: tuple[tuple[int, float], ...]
    colour: str = GREY
    style: int = 0
    limit: bool = False


def throughput(lines: Sequence[Line]) -> str:
    """Return the plot of GFLOP/s against matrix size."""
    shown = _drawable(lines)
    tops = [max(y for _, y in line.points) for line in shown]
    return _plot("Throughput against matrix size", "GFLOP/s", shown, log=bool(tops) and max(tops) > WIDE * min(tops))


def errors(lines: Sequence[Line]) -> str:
    """Return the plot of each answer's error, and above it the lines of what rounding explains."""
    return _plot("Error of the answers", "largest error", _drawable(lines), log=True)


def _drawable(lines: Sequence[Line]) -> list[Line]:
    kept = [replace(line, points=tuple(p for p in line.points if 0 < p[1] < math.inf)) for line in lines]
    return [line for line in kept if line.points]


def _plot(title: str, unit: str, lines: Sequence[Line], *, log: bool) -> str:
    axes = _axes(lines, log=log)
    said = "; ".join(f"{line.name}: {', '.join(f'{y:.3g} at {n}' for n, y in line.points)}" for line in lines)
    drawn = "".join([*_grid(axes, unit), *(part for line in lines for part in _line(line, axes, unit))])
    legend = "".join(f"<li>{_swatch(line)}{as_html(line.name)}</li>" for line in lines)
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{title}</title>'
        f"<desc>{unit} by n. {as_html(said)}</desc>{drawn}</svg><ul>{legend}</ul></figure>"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Axes:
    """Where a value stands in the picture. `sizes` and `ticks` are what the axes name; `low` and `high` the ends."""

    sizes: tuple[int, ...]
    ticks: tuple[float, ...]
    log: bool

    def x(self, n: float) -> float:
        """Return how far to the right a size stands; sizes are on a logarithmic axis."""
        return _LEFT + 24 + _share(n, self.sizes[0], self.sizes[-1], log=True) * (_WIDTH - _LEFT - _RIGHT - 48)

    def y(self, value: float) -> float:
        """Return how far down a value stands."""
        share = _share(value, self.ticks[0], self.ticks[-1], log=self.log)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _share(value: float, low: float, high: float, *, log: bool) -> float:
    if low == high:
        return 0.5
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)


def _axes(lines: Sequence[Line], *, log: bool) -> _Axes:
    values = [y for line in lines for _, y in line.points] or [1.0]
    sizes = sorted({n for line in lines for n, _ in line.points}) or [1]
    ticks = _decades(min(values), max(values)) if log else _round_steps(max(values))
    return _Axes(sizes=tuple(sizes), ticks=ticks, log=log)


def _decades(low: float, high: float) -> tuple[float, ...]:
    """Return powers of ten around the values, ten of them at the most."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, math.ceil((last - first) / 9))
    count = max(1, math.ceil((last - first) / step))
    return tuple(10.0 ** (first + at * step) for at in range(count + 1))


def _round_steps(top: float) -> tuple[float, ...]:
    """Return 0 and up to six round numbers, the last of them not below `top`."""
    unit = 10.0 ** math.floor(math.log10(top / 5))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor * 6 >= top)
    return tuple(step * at for at in range(math.ceil(top / step) + 1))


def _grid(axes: _Axes, unit: str) -> Iterator[str]:
    for tick in axes.ticks:
        y = axes.y(tick)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_short(tick)}</text>'
    end = -math.inf
    for n in axes.sizes:
        if (x := axes.x(n)) - end >= _APART:
            end = x
            yield f'<text x="{x:.1f}" y="{_HEIGHT - 24}" text-anchor="middle">{n}</text>'
    yield f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">n, of n-by-n matrices</text>'
    middle = (_HEIGHT - _BOTTOM) / 2
    yield f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{unit}</text>'


def _short(tick: float) -> str:
    return f"{tick:g}" if tick == 0 or tick >= 0.01 else f"{tick:.0e}"  # noqa: PLR2004 - what fits beside the axis


def _line(line: Line, axes: _Axes, unit: str) -> Iterator[str]:
    at = [(axes.x(n), axes.y(y)) for n, y in line.points]
    yield f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in at)}" {_stroke(line)}/>'
    for (n, value), (x, y) in zip(line.points, at, strict=True):
        if not line.limit:
            yield _marker(line, x, y, f"<title>{as_html(line.name)}: {value:.3g} {unit} at n = {n}</title>")


def _stroke(line: Line) -> str:
    width, dashes = (1.5, "2 4") if line.limit else (2.5, _DASHES[line.style % len(_DASHES)])
    return f'class="line" stroke="{line.colour}" stroke-width="{width}" stroke-dasharray="{dashes}"'


def _marker(line: Line, x: float, y: float, told: str = "") -> str:
    style = line.style % len(_MARKERS)  # only the first device's are filled: the others' do not hide them
    shape, fill = f"M{x:.1f} {y:.1f}{_MARKERS[style]}", "none" if style else line.colour
    return f'<path d="{shape}" fill="{fill}" stroke="{line.colour}" stroke-width="1.5">{told}</path>'


def _swatch(line: Line) -> str:
    marker = "" if line.limit else _marker(line, 18, 7)
    return f'<svg width="36" height="14" aria-hidden="true"><path d="M0 7H36" {_stroke(line)}/>{marker}</svg>'
