"""The verification as one self-contained HTML page: nothing in it is fetched from anywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tfsetup import __version__
from tfsetup.report.page_style import STYLE
from tfsetup.report.plots import COLOURS, Line, errors, throughput
from tfsetup.report.text import as_html as text
from tfsetup.report.text import seconds
from tfsetup.report.verify import duration

Data = Mapping[str, Any]


def verify_page(data: Data, findings: Sequence[Data]) -> str:
    """Return the page for a verification (`data` and `findings` as in the JSON envelope)."""
    title = _title(data)
    body = "\n".join(
        [
            _header(data, title),
            _numbers(data),
            *_findings(findings),
            *_plots(data),
            *_measurements(data),
            *_checks(data),
            *_history(data),
            *_import(data),
            _facts(data),
            *_native(data),
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


def _title(data: Data) -> str:
    name = f"TensorFlow {data['tensorflow']['version'] or ''}".strip()
    if data["tensorflow"]["version"] is None:
        return f"{name} did not load"
    return f"{name} runs" if data["ok"] else f"{name} does not run as it should"


def _header(data: Data, title: str) -> str:
    kept = " no" if not data["ok"] else ""
    lines = [
        f"Python {data['python'] or '?'}, {data['arch'] or '?'} · {data['prefix'] or data['interpreter']}",
        f"built from {data['tensorflow']['git_version']}" if data["tensorflow"]["git_version"] else "",
    ]
    shown = "".join(f"<p>{text(line)}</p>" for line in lines if line)
    return f'<header class="card{kept}"><h1>{text(title)}</h1>{shown}</header>'


def _numbers(data: Data) -> str:
    cards = [(f"{best:.0f} GFLOP/s", name) for name, best in _best(data)]
    if data["blas"].get("gflops"):
        cards.append((f"{data['blas']['gflops']:.0f} GFLOP/s", f"NumPy, {data['blas']['library'] or 'unknown BLAS'}"))
    if data["import_s"] is not None:
        cards.append((seconds(data["import_s"]), "import tensorflow"))
    cards.append((seconds(data["seconds"]), "this verification"))
    shown = "".join(f'<div class="card"><b>{text(number)}</b>{text(what)}</div>' for number, what in cards)
    return f'<div class="numbers">{shown}</div>'


def _best(data: Data) -> Iterator[tuple[str, float]]:
    for device in data["devices"]:
        rates = [item["gflops"] for item in device["matmul"] if item["gflops"] and item["dtype"] == "float32"]
        if rates:
            yield f"{device['name']} {device['description'] or ''}".strip() + ", float32", max(rates)


def _findings(findings: Sequence[Data]) -> Iterator[str]:
    if findings:
        yield "<h2>Findings</h2>"
    for finding in findings:
        fixes = "".join(f"<p>Fix: <code>{text(step)}</code></p>" for step in finding["fix"])
        detail = f"<p class=soft>{text(finding['detail'])}</p>" if finding["detail"] else ""
        mark = f'<span class="mark {text(finding["severity"])}">{text(finding["severity"])}</span>'
        yield f'<div class="card finding">{mark} · {text(finding["title"])}{detail}{fixes}</div>'


def _plots(data: Data) -> Iterator[str]:
    if not any(item["gflops"] for device in data["devices"] for item in device["matmul"]):
        return
    numpy = [item for item in data["blas"].get("matmul") or () if item["gflops"]]
    rates = [*_lines(data, "gflops"), *([Line(name="NumPy float32", points=_points(numpy, "gflops"))] if numpy else [])]
    yield "<h2>Throughput against matrix size</h2>"
    yield f'<div class="plot">{throughput(rates)}</div>'
    yield "<h2>Error of the answers, and what rounding explains</h2>"
    yield f'<div class="plot">{errors([*_lines(data, "max_rel_error"), *_limits(data)])}</div>'


def _series(data: Data) -> Iterator[tuple[int, str, str, list[Data]]]:
    """Yield (device's index, device, type, measurements) for whatever was measured."""
    for index, device in enumerate(data["devices"]):
        for dtype in COLOURS:
            items = [item for item in device["matmul"] if item["dtype"] == dtype and item["gflops"]]
            if items:
                yield index, device["name"], dtype, items


def _points(items: Iterable[Data], key: str) -> tuple[tuple[int, float], ...]:
    return tuple(sorted((item["n"], item[key]) for item in items if item[key]))


def _lines(data: Data, key: str) -> Iterator[Line]:
    for index, name, dtype, items in _series(data):
        yield Line(name=f"{name} {dtype}", points=_points(items, key), colour=COLOURS[dtype], style=index)


def _limits(data: Data) -> Iterator[Line]:
    """One line a type: where devices differ in it (TensorFloat-32), the widest."""
    widest: dict[str, dict[int, float]] = {}
    for _index, _name, dtype, items in _series(data):
        line = widest.setdefault(dtype, {})
        for item in items:
            line[item["n"]] = max(line.get(item["n"], 0.0), item["tolerance"])
    for dtype, line in widest.items():
        yield Line(name=f"{dtype} limit", points=tuple(sorted(line.items())), colour=COLOURS[dtype], limit=True)


def _measurements(data: Data) -> Iterator[str]:
    if not data["devices"]:
        return
    top = max((item["gflops"] or 0 for device in data["devices"] for item in device["matmul"]), default=0) or 1
    head = ("device", "status", "n", "dtype", "median", "spread", "GFLOP/s", "", "error")
    yield "<h2>Matrix products</h2>"
    yield table(head, _measured_rows(data, top), numbers=(2, 4, 5, 6, 8))


def _measured_rows(data: Data, top: float) -> Iterator[list[str]]:
    for device in data["devices"]:
        name = f"{text(device['name'])} <span class=soft>{text(device['description'])}</span>"
        mark = f'<span class="mark {text(device["status"])}">{text(device["status"])}</span>'
        if not device["matmul"]:
            yield [name, f"{mark}<br>{text(device['reason'])}", "", "", "", "", "", "", ""]
        for index, item in enumerate(device["matmul"]):
            verdict = mark if device["status"] == "ok" else f"{mark}<br>{text(device['reason'])}"
            yield [name if index == 0 else "", verdict if index == 0 else "", *_measured(item, top)]


def _measured(item: Data, top: float) -> list[str]:
    size, dtype = f"{item['n']}", text(item["dtype"])
    if item["error"] is not None:
        return [size, dtype, "", "", "", "", f"<span class=soft>{text(item['error'])}</span>"]
    share = 100 * item["gflops"] / top
    fill = f'<span class="track"><span class="fill" style="width:{share:.1f}%"></span></span>'
    error = "not finite" if item["max_rel_error"] is None else f"{item['max_rel_error']:.1e}"
    spread = f"{100 * item['spread']:.0f} %"
    return [size, dtype, duration(item["median_s"]), spread, f"{item['gflops']:.1f}", fill, error]


def _checks(data: Data) -> Iterator[str]:
    rows = []
    for device in data["devices"]:
        for check in device["checks"]:
            mark = f'<span class="mark {text(check["status"])}">{text(check["status"])}</span>'
            error = "" if check["max_rel_error"] is None else f"{check['max_rel_error']:.1e}"
            limit = "" if check["tolerance"] is None else f"{check['tolerance']:.1e}"
            rows.append([text(device["name"]), text(check["name"]), mark, error, limit, text(check["message"])])
    if rows:
        yield "<h2>Convolution and training, against the CPU</h2>"
        yield table(("device", "check", "status", "error", "limit", ""), rows, numbers=(3, 4))


def _history(data: Data) -> Iterator[str]:
    history = data.get("history") or {}
    then = history.get("compared_with")
    if not then:
        return
    rows = [
        [
            f"{text(change['device'])} {text(change['dtype'])} {change['n']}",
            f"{change['then_gflops']:.1f}",
            f"{change['now_gflops']:.1f}",
            f"{change['ratio']:.2f}x",
        ]
        for change in history["changes"]
    ]
    yield f"<h2>Against {text(then['when'][:10])}, tensorflow {text(then['tensorflow'])}</h2>"
    yield table(("series", "GFLOP/s then", "now", "ratio"), rows, numbers=(1, 2, 3))


def _import(data: Data) -> Iterator[str]:
    phases = sorted(data["import_phases"].items(), key=lambda item: -item[1])
    if not phases:
        return
    top = phases[0][1] or 1.0
    rows = [
        [
            text(name),
            f"{spent:.2f} s",
            f'<span class="track"><span class="fill" style="width:{100 * spent / top:.1f}%"></span></span>',
        ]
        for name, spent in phases
    ]
    yield "<h2>Where the import spent its time</h2>"
    yield table((), rows, numbers=(1,))


def _facts(data: Data) -> str:
    blas = data["blas"]
    words = [blas.get("library"), blas.get("version"), blas.get("core"), blas.get("path")]
    facts = {
        "interpreter": data["interpreter"],
        "NumPy's BLAS": " · ".join(str(word) for word in words if word),
        "oneDNN kernels": data["onednn"],
        "XNNPACK in TensorFlow Lite": data["xnnpack"],
        "the cores' peak, float32": f"about {data['ceiling_gflops']:.0f} GFLOP/s" if data["ceiling_gflops"] else None,
        "CPU features": " ".join(data["cpu_features"]),
        "built without": " ".join(data["cpu_features_unused"]),
        "build": " · ".join(f"{name} {value}" for name, value in data["tensorflow"]["build"].items()),
        "set by the user": " · ".join(f"{name}={value}" for name, value in data["environment"].items()),
        "expected": " · ".join(f"{name} {value}" for name, value in data["expected"].items() if value),
    }
    rows = [[text(name), f"<code>{text(value)}</code>"] for name, value in facts.items() if value not in {None, ""}]
    return f"<h2>The environment</h2>{table((), rows)}"


def _native(data: Data) -> Iterator[str]:
    by_wheel: dict[str, list[Data]] = defaultdict(list)
    for image in data["native_runtime"]:
        by_wheel[image["wheel"] or "the system"].append(image)
    if by_wheel:
        yield f"<h2>Native libraries in the process: {len(data['native_runtime'])}</h2>"
    for wheel, images in sorted(by_wheel.items(), key=lambda item: -len(item[1])):
        rows = [[f"<code>{text(image['path'])}</code>", text(image["arch"])] for image in images]
        yield f"<details><summary>{text(wheel)}: {len(images)}</summary>{table((), rows)}</details>"
