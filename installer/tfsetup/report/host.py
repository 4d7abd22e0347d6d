"""A machine as text: each fact with the source it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tfsetup.report.text import printable

Data = Mapping[str, Any]

UNKNOWN = "could not tell"
_TITLES = {
    "os": "system", "os_version": "version", "arch": "architecture", "rosetta": "Rosetta", "wsl": "WSL",
    "libc": "C library", "cpu": "CPU", "gpus": "GPUs", "pythons": "Pythons", "python_downloads": "Python downloads",
    "xcode_clt": "Xcode tools",
}  # fmt: skip


def host_table(data: Data) -> RenderableType:
    """Return the summary line, a row for each fact and one for each interpreter (`data` as `tfsetup host --json`)."""
    facts = _table("fact", "value", "source")
    for title, value, source in host_rows(data):
        facts.add_row(Text(title), Text(value, style="yellow" if value == UNKNOWN else ""), Text(source, style="dim"))
    parts: list[RenderableType] = [Text(printable(data.get("summary", "")), style="bold"), facts]
    if data.get("pythons"):
        parts.append(_pythons(data["pythons"]))
    return Group(*parts)


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    table.columns[0].no_wrap = True
    return table


def _pythons(pythons: Sequence[Data]) -> Table:
    table = _table("Python", "architecture", "path")
    for python in pythons:
        version = python["version"] + (" free-threaded" if python.get("free_threaded") else "")
        cells = (version, python.get("arch", "unknown"), python.get("path", "unknown"))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def host_rows(data: Data) -> Iterator[tuple[str, str, str]]:
    """Return title, value and source of each fact; text from outside is made printable."""
    sources = data.get("sources", {})
    for name, title in _TITLES.items():
        value = _value(name, data)
        yield title, "\n".join(printable(line) for line in value), printable(sources.get(name, ""))


def _value(name: str, data: Data) -> list[str]:
    value = data.get(name)
    if value is None:
        return ["does not apply" if name == "libc" and data.get("os") in {"macos", "windows"} else UNKNOWN]
    match name:
        case "libc":
            return [f"{value['name']} {value.get('version', '(version unknown)')}"]
        case "cpu":
            return list(_cpu(value))
        case "gpus":
            return [_gpu(gpu) for gpu in value] or ["none"]
        case "pythons":
            return [f"{len(value)}, listed below" if value else "none"]
        case _:
            return [{True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)]


def _cpu(cpu: Data) -> Iterator[str]:
    yield cpu.get("brand", "(brand unknown)")
    features = cpu.get("features")
    yield "features unknown" if features is None else " ".join(features) or "no vector features"


def _gpu(gpu: Data) -> str:
    words = [gpu.get("name") or f"{gpu['vendor']} (name unknown)"]
    if gpu["vendor"] == "nvidia":
        words.append(f"driver {gpu['driver']}" if gpu.get("driver") else "no driver")
    if gpu.get("compute_capability"):
        words.append(f"compute capability {gpu['compute_capability']}")
    return ", ".join(words)
