"""The verification as one self-contained HTML page: nothing in it is fetched from anywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tfsetup import __version__
from tfsetup.ground.units import seconds
from tfsetup.report.page_style import STYLE
from tfsetup.report.plots import COLOURS, Line, errors, throughput
from tfsetup.report.text import as_html as text
from tfsetup.report.verify import duration
from tfsetup.verify import peaks
from tfsetup.verify.answers import asks
from tfsetup.verify.history import History
from tfsetup.verify.model import Device, Examination, Expected, Finding, Matmul, NativeImage


def verify_page(found: Examination, findings: Sequence[Finding], history: History | None = None) -> str:
    """Return the page for a verification, its findings, and how it compares with earlier ones."""
    title = _title(found)
    body = "\n".join(
        [
            _header(found, title),
            _numbers(found),
            *_findings(findings),
            *_plots(found),
            *_measurements(found),
            *_checks(found),
            *_break_even(found),
            *_history(history or History()),
            *_import(found),
            _facts(found),
            *_native(found),
        ]
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>{body}"
        f"<footer>written by tfsetup {text(__version__)}</footer></main></body></html>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table; `rows` are cells of HTML, `numbers` the columns that are aligned to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        marked = (f"<{tag}{' class=number' if at in numbers else ''}>{cell}</{tag}>" for at, cell in enumerate(cells))
        return f"<tr>{''.join(marked)}</tr>"

    return f"<table>{line(head, 'th') if head else ''}{''.join(line(row, 'td') for row in rows)}</table>"


def _title(found: Examination) -> str:
    name = f"TensorFlow {found.tensorflow.version or ''}".strip()
    if found.tensorflow.version is None:
        return f"{name} did not load"
    return f"{name} runs" if found.ok else f"{name} does not run as it should"


def _header(found: Examination, title: str) -> str:
    kept = " no" if not found.ok else ""
    lines = [
        f"Python {found.python or '?'}, {found.arch or '?'} · {found.prefix or found.interpreter}",
        f"built from {found.tensorflow.git_version}" if found.tensorflow.git_version else "",
    ]
    shown = "".join(f"<p>{text(line)}</p>" for line in lines if line)
    return f'<header class="card{kept}"><h1>{text(title)}</h1>{shown}</header>'


def _numbers(found: Examination) -> str:
    cards = [(f"{best:.0f} GFLOP/s", name) for name, best in _best(found)]
    if found.blas.gflops:
        cards.append((f"{found.blas.gflops:.0f} GFLOP/s", f"NumPy, {found.blas.library or 'unknown BLAS'}"))
    if found.import_s is not None:
        cards.append((seconds(found.import_s), "import tensorflow"))
    cards.append((seconds(found.seconds), "this verification"))
    shown = "".join(f'<div class="card"><b>{text(number)}</b>{text(what)}</div>' for number, what in cards)
    return f'<div class="numbers">{shown}</div>'


def _best(found: Examination) -> Iterator[tuple[str, float]]:
    for device in found.devices:
        rates = [item.gflops for item in device.matmul if item.gflops and item.dtype == "float32"]
        if rates:
            yield f"{device.name} {device.description or ''}".strip() + ", float32", max(rates)


def _mark(status: str) -> str:
    return f'<span class="mark {text(status)}">{text(status)}</span>'


def _bar(share: float) -> str:
    return f'<span class="track"><span class="fill" style="width:{100 * share:.1f}%"></span></span>'


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield "<h2>Findings</h2>"
    for one in findings:
        fixes = "".join(f"<p>Fix: <code>{text(step)}</code></p>" for step in one.fix)
        detail = f"<p class=soft>{text(one.detail)}</p>" if one.detail else ""
        yield f'<div class="card finding">{_mark(one.severity)} · {text(one.title)}{detail}{fixes}</div>'


def _plots(found: Examination) -> Iterator[str]:
    if not any(item.gflops for device in found.devices for item in device.matmul):
        return
    numpy = Line(name="NumPy float32", points=_points((item.n, item.gflops) for item in found.blas.matmul))
    rates = [_of(series, [(item.n, item.gflops) for item in series[3]]) for series in _series(found)]
    wrong = [_of(series, [(item.n, item.max_rel_error) for item in series[3]]) for series in _series(found)]
    yield "<h2>Throughput against matrix size</h2>"
    yield f'<div class="plot">{throughput([*rates, numpy])}</div>'
    yield "<h2>Error of the answers, and what rounding explains</h2>"
    yield f'<div class="plot">{errors([*wrong, *_limits(found)])}</div>'


Series = tuple[int, str, str, list[Matmul]]
"""A device's number and name, a type, and what was measured of both."""


def _series(found: Examination) -> Iterator[Series]:
    for index, device in enumerate(found.devices):
        for dtype in COLOURS:
            items = [item for item in device.matmul if item.dtype == dtype and item.gflops]
            if items:
                yield index, device.name, dtype, items


def _of(series: Series, measured: Iterable[tuple[int, float | None]]) -> Line:
    index, name, dtype, _ = series
    return Line(name=f"{name} {dtype}", points=_points(measured), colour=COLOURS[dtype], style=index)


def _points(measured: Iterable[tuple[int, float | None]]) -> tuple[tuple[int, float], ...]:
    return tuple(sorted((n, value) for n, value in measured if value))


def _limits(found: Examination) -> Iterator[Line]:
    """One line a type: where devices differ in it (TensorFloat-32), the widest."""
    widest: dict[str, dict[int, float]] = {}
    for _index, _name, dtype, items in _series(found):
        line = widest.setdefault(dtype, {})
        for item in items:
            line[item.n] = max(line.get(item.n, 0.0), item.tolerance or 0.0)
    for dtype, line in widest.items():
        yield Line(name=f"{dtype} limit", points=_points(line.items()), colour=COLOURS[dtype], limit=True)


def _measurements(found: Examination) -> Iterator[str]:
    if not found.devices:
        return
    top = max((item.gflops or 0 for device in found.devices for item in device.matmul), default=0) or 1
    head = ("device", "status", "n", "dtype", "median", "spread", "GFLOP/s", "", "error")
    yield "<h2>Matrix products</h2>"
    rows = (row for device in found.devices for row in _measured_rows(device, top))
    yield table(head, rows, numbers=(2, 4, 5, 6, 8))


def _measured_rows(device: Device, top: float) -> Iterator[list[str]]:
    name = f"{text(device.name)} <span class=soft>{text(device.description)}</span>"
    verdict = _mark(device.status)
    if device.status != "ok" or not device.matmul:
        verdict += f"<br>{text(device.reason)}"
    if not device.matmul:
        yield [name, verdict, "", "", "", "", "", "", ""]
    for index, item in enumerate(device.matmul):
        yield [name if index == 0 else "", verdict if index == 0 else "", *_measured(item, top)]


def _measured(item: Matmul, top: float) -> list[str]:
    size, dtype = f"{item.n}", text(item.dtype)
    if item.error is not None or item.gflops is None or item.median_s is None:
        return [size, dtype, "", "", "", "", f"<span class=soft>{text(item.error)}</span>"]
    error = "not finite" if item.max_rel_error is None else f"{item.max_rel_error:.1e}"
    spread = f"{100 * item.spread:.0f} %" if item.spread is not None else ""
    return [size, dtype, duration(item.median_s), spread, f"{item.gflops:.1f}", _bar(item.gflops / top), error]


def _checks(found: Examination) -> Iterator[str]:
    rows = []
    for device in found.devices:
        for check in device.checks:
            error = "" if check.max_rel_error is None else f"{check.max_rel_error:.1e}"
            limit = "" if check.tolerance is None else f"{check.tolerance:.1e}"
            took = "" if check.seconds is None else f"{check.seconds:.2f}"
            words = f"{text(check.message)} <span class=soft>{text(asks(check.name))}</span>"
            rows.append([text(device.name), text(check.name), _mark(check.status), error, limit, took, words])
    if rows:
        yield "<h2>Checks</h2>"
        yield table(("device", "check", "status", "error", "limit", "seconds", ""), rows, numbers=(3, 4, 5))


def _break_even(found: Examination) -> Iterator[str]:
    rows = [
        [text(one.device), text(one.model), f"{step.units}", duration(step.cpu_s), duration(step.device_s)]
        for one in found.break_even
        for step in one.steps
    ]
    if rows:
        yield "<h2>Small models</h2>"
        yield "".join(f"<p>{text(one.says)}</p>" for one in found.break_even)
        yield table(("device", "model", "units", "CPU", "device"), rows, numbers=(2, 3, 4))


def _history(history: History) -> Iterator[str]:
    then = history.compared_with
    if then is None:
        return
    rows = [
        [
            f"{text(change.device)} {text(change.dtype)} {change.n}",
            f"{change.then_gflops:.1f}",
            f"{change.now_gflops:.1f}",
            f"{change.ratio:.2f}x",
        ]
        for change in history.changes
    ]
    yield f"<h2>Against {text(then.when[:10])}, tensorflow {text(then.tensorflow)}</h2>"
    yield table(("series", "GFLOP/s then", "now", "ratio"), rows, numbers=(1, 2, 3))


def _import(found: Examination) -> Iterator[str]:
    phases = sorted(found.import_phases.items(), key=lambda item: -item[1])
    if phases:
        top = phases[0][1] or 1.0
        yield "<h2>Where the import spent its time</h2>"
        yield table((), [[text(name), f"{spent:.2f} s", _bar(spent / top)] for name, spent in phases], numbers=(1,))


def _facts(found: Examination) -> str:
    blas = found.blas
    words = [blas.library, blas.version, blas.core, blas.path]
    facts = {
        "interpreter": found.interpreter,
        "NumPy's BLAS": " · ".join(str(word) for word in words if word),
        "oneDNN kernels": found.onednn,
        "XNNPACK in TensorFlow Lite": found.xnnpack,
        "the cores' peak, float32": f"about {found.ceiling_gflops:.0f} GFLOP/s" if found.ceiling_gflops else None,
        **{f"{device.name} at best": peaks.told(device) for device in found.devices if device.type == "GPU"},
        "CPU features": " ".join(found.cpu_features),
        "built without": " ".join(found.cpu_features_unused),
        "build": " · ".join(f"{name} {value}" for name, value in found.tensorflow.build.items()),
        "set by the user": " · ".join(f"{name}={value}" for name, value in found.environment.items()),
        "expected": " · ".join(_expected(found.expected)),
    }
    rows = [[text(name), f"<code>{text(value)}</code>"] for name, value in facts.items() if value not in {None, ""}]
    return f"<h2>The environment</h2>{table((), rows)}"


def _expected(expected: Expected) -> Iterator[str]:
    words = {
        "devices": ", ".join(expected.devices or ()), "blas": expected.blas, "arch": expected.arch,
        "environment": " ".join(f"{name}={value}" for name, value in (expected.environment or {}).items()),
    }  # fmt: skip
    return (f"{name} {said}" for name, said in words.items() if said)


def _native(found: Examination) -> Iterator[str]:
    by_wheel: dict[str, list[NativeImage]] = defaultdict(list)
    for image in found.native_runtime:
        by_wheel[image.wheel or "the system"].append(image)
    if by_wheel:
        yield f"<h2>Native libraries in the process: {len(found.native_runtime)}</h2>"
    for wheel, images in sorted(by_wheel.items(), key=lambda item: -len(item[1])):
        rows = [[f"<code>{text(image.path)}</code>", text(image.arch)] for image in images]
        yield f"<details><summary>{text(wheel)}: {len(images)}</summary>{table((), rows)}</details>"
