"""The verification as text: what was loaded, a row for each measurement, the BLAS under NumPy, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tfsetup.report.text import printable, seconds

Data = Mapping[str, Any]

STYLES = {"ok": "green", "slow": "yellow", "skipped": "dim", "error": "bold red", "warning": "yellow", "note": "cyan"}
BAR_CELLS = 10
LOG_LINES = 12  # faulthandler prints the innermost frames first
EIGHTHS = " ▏▎▍▌▋▊▉█"


def verify_view(data: Data, findings: Sequence[Data], *, ascii_only: bool = False) -> RenderableType:
    """Return `verify_parts` as one renderable, for those who print it inside something else."""
    parts = verify_parts(data, findings, ascii_only=ascii_only)
    return Group(*(Text(part) if isinstance(part, str) else part for part in parts))


def verify_parts(data: Data, findings: Sequence[Data], *, ascii_only: bool = False) -> Iterator[RenderableType]:
    """Return everything a person should see of a verification (`data` and `findings` as in the JSON envelope)."""
    yield from headlines(data)
    if data["devices"]:
        yield device_table(data, ascii_only=ascii_only)
    yield from reason_lines(data)
    yield from check_lines(data)
    yield from library_lines(data)
    yield from runtime_lines(data)
    if data.get("compare"):
        yield from history_lines(data["history"])
    for finding in findings:
        yield from (Text(line, style=style) for line, style in finding_lines(finding))
    yield from failure_lines(data["failure"])
    yield verdict(data)


def headlines(data: Data) -> Iterator[str]:
    """Which TensorFlow on which Python, and where its import spent the time."""
    version = data["tensorflow"]["version"]
    python = f"Python {data['python']} ({data['arch']})" if data["python"] else printable(str(data["interpreter"]))
    if version is None:
        yield f"TensorFlow did not load · {python}"
        return
    yield printable(f"TensorFlow {version} ({data['tensorflow']['git_version']}) · {python} · {data['prefix']}")
    phases = sorted(data["import_phases"].items(), key=lambda item: -item[1])
    largest = ", ".join(f"{name} {seconds(spent)}" for name, spent in phases[:4] if name != "(others)")
    yield printable(f"imported in {seconds(data['import_s'])} ({largest}); verified in {seconds(data['seconds'])}")


def device_table(data: Data, *, ascii_only: bool = False) -> RenderableType:
    """Return a row for each size and type on each device; bars compare GFLOP/s within the table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, safe_box=ascii_only)
    for title in ("device", "matmul", "dtype"):
        table.add_column(title)
    for title in ("median", "GFLOP/s"):
        table.add_column(title, justify="right")
    table.add_column("", min_width=BAR_CELLS)
    table.add_column("error", justify="right")
    table.add_column("status")
    top = max((item["gflops"] or 0.0 for device in data["devices"] for item in device["matmul"]), default=0.0)
    for device in data["devices"]:
        for row, style in device_rows(device, top, ascii_only=ascii_only):
            table.add_row(*map(printable, row), style=style)
    return table


def reason_lines(data: Data) -> Iterator[Text]:
    """What each device is called by its driver, and why one was left out; why one is bad is told by its finding."""
    for device in data["devices"]:
        if device["description"]:
            yield Text(printable(f"{device['name']} is {device['description']}"))
        if device["status"] == "skipped":
            yield Text(printable(f"{device['name']} skipped: {device['reason']}"), style=STYLES["skipped"])


def device_rows(device: Data, top: float, *, ascii_only: bool) -> Iterator[tuple[list[str], str | None]]:
    """Return the cells of one device's rows and their style; the verdict stands in the first row, its reason below."""
    name = device["name"]
    style = STYLES.get(device["status"], "bold red")
    status = device["status"]
    if not device["matmul"]:
        yield [name, "", "", "", "", "", "", status], style
    for index, item in enumerate(device["matmul"]):
        first = index == 0
        cells = [name if first else "", f"{item['n']}", item["dtype"], *_numbers(item, top, ascii_only)]
        yield [*cells, status if first else ""], style if device["status"] != "ok" else None


def _numbers(item: Data, top: float, ascii_only: bool) -> list[str]:
    if item["error"] is not None:
        return ["-", "-", "", "no kernel"]
    error = "NaN, inf" if item["max_rel_error"] is None else f"{item['max_rel_error']:.0e}"
    return [
        duration(item["median_s"]),
        f"{item['gflops']:.1f}",
        bar(item["gflops"] / top if top else 0.0, ascii_only=ascii_only),
        error,
    ]


def duration(value: float) -> str:
    """Return a short duration with three digits: `2.65 ms`, `184 ms`, `1.42 s`."""
    return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"


def bar(share: float, *, ascii_only: bool = False) -> str:
    """Return a bar that fills `share` (0 to 1) of BAR_CELLS."""
    eighths = round(max(0.0, min(1.0, share)) * BAR_CELLS * 8)
    if ascii_only:
        return "#" * round(eighths / 8)
    return (EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8]).strip()


def library_lines(data: Data) -> Iterator[str]:
    """Which BLAS NumPy and SciPy call, and which distributions the mapped native libraries came from."""
    blas = data["blas"]
    for user, item in (("NumPy", blas), ("SciPy", blas.get("scipy"))):
        if item and item.get("library"):
            yield printable(_blas_line(user, item))
    images = data["native_runtime"]
    if images:
        owners = Counter(image["wheel"] or "the system" for image in images)
        arches = ", ".join(sorted({image["arch"] for image in images}))
        names = ", ".join(f"{count} of {owner}" for owner, count in owners.most_common(4))
        yield printable(f"native runtime: {len(images)} libraries mapped, all {arches}: {names}")


def runtime_lines(data: Data) -> Iterator[str]:
    """What of the CPU is used, which kernels are in use, and how much of the log was noise."""
    states = [f"{name} {'on' if data[key] else 'off'}" for name, key in _KERNELS if data[key] is not None]
    if data["ceiling_gflops"] is not None:
        peak = f"{data['ceiling_gflops']:.0f} GFLOP/s in float32"
        yield f"the cores' peak: about {peak} (cores x nominal clock x vector width)"
    if data["cpu_features_unused"]:
        states.append(f"built without {' '.join(data['cpu_features_unused'])} (used where kernels choose at run time)")
    if states:
        yield f"kernels: {', '.join(states)}"
    kinds = Counter(message["kind"] for message in data["messages"])
    if kinds:
        yield f"log: {', '.join(f'{count} {_KINDS[kind]}' for kind, count in kinds.items())}"
    for message in data["messages"]:
        if message["kind"] == "unknown":
            yield printable(f"  {message['line']}")
    if data["environment"]:
        yield printable(
            "settings in force: " + ", ".join(f"{name}={value}" for name, value in data["environment"].items())
        )


_KERNELS = (("oneDNN", "onednn"), ("XNNPACK (TensorFlow Lite)", "xnnpack"))
_KINDS = {"harmless": "harmless", "matters": "that matter", "unknown": "not known to be harmless"}


def check_lines(data: Data) -> Iterator[str]:
    """The correctness checks beyond the matmul, one line a device."""
    for device in data["devices"]:
        words = [
            f"{check['name']} {check['status']}"
            + (f" (error {check['max_rel_error']:.0e})" if check["max_rel_error"] is not None else "")
            for check in device["checks"]
        ]
        if words:
            yield printable(f"{device['name']}: {', '.join(words)}")


def history_lines(history: Data) -> Iterator[str]:
    """How each device moved since the run compared with."""
    then = history["compared_with"]
    if then is None:
        yield "nothing earlier to compare with: this was the first verification of this environment"
        return
    yield printable(f"against {then['when'][:16].replace('T', ' ')} UTC, tensorflow {then['tensorflow']}:")
    for change in history["changes"]:
        numbers = f"{change['then_gflops']:.1f} → {change['now_gflops']:.1f} GFLOP/s ({change['ratio']:.2f}x)"
        lasting = "  slower than ever before" if change["lasting"] else ""
        yield printable(f"  {change['device']} {change['dtype']} {change['n']}: {numbers}{lasting}")


def failure_lines(failure: Data | None) -> Iterator[str]:
    """The end of the log, where it is the only witness: after a crash, a hang, an unexplained end."""
    if failure is None or failure["kind"] not in {"crash", "hang", "died", "killed"} or not failure["stderr_tail"]:
        return
    yield "the last it wrote:"
    for line in failure["stderr_tail"].splitlines()[:LOG_LINES]:
        yield printable(f"  | {line}")


def verdict(data: Data) -> Text:
    """The answer in one line."""
    if data["ok"]:
        return Text("It runs.", style="bold green")
    return Text("It does not run as it should.", style="bold red")


def _blas_line(user: str, item: Data) -> str:
    details = [item.get("version"), item.get("core"), f"{item['threads']} threads" if item.get("threads") else None]
    line = f"{user} calls {item['library']} ({', '.join(part for part in details if part)})".replace(" ()", "")
    return f"{line}: {item['gflops']:.1f} GFLOP/s at {item['n']}" if item.get("gflops") else line


def finding_lines(finding: Data) -> Iterator[tuple[str, str]]:
    """Return a finding as `(line, style)`: what, the number behind it, what to do."""
    yield printable(f"{finding['severity']}: {finding['title']}"), STYLES[finding["severity"]]
    for line in str(finding["detail"]).splitlines()[:6]:
        yield printable(f"  {line}"), ""
    for step in finding["fix"]:
        yield printable(f"  fix: {step}"), ""
