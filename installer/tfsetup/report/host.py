"""A machine as the document of `tfsetup host` and as text: each fact with the source it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfsetup.ground.encode import Partial
from tfsetup.host.describe import describe
from tfsetup.host.model import Cpu, Gpu, Host, Python
from tfsetup.report.document import document
from tfsetup.report.text import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

UNKNOWN = "could not tell"
_TITLES = {
    "os": "system", "os_version": "version", "arch": "architecture", "rosetta": "Rosetta", "wsl": "WSL",
    "libc": "C library", "page_size": "page size", "cpu": "CPU", "gpus": "GPUs", "pythons": "Pythons",
    "python_downloads": "Python downloads", "xcode_clt": "Xcode tools",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Summed(Partial):
    summary: str
    """The machine in one line."""


@dataclass(frozen=True, kw_only=True)
class HostDocument(Host, _Summed):
    """A machine, which is a host file too. A key left out means "could not tell", which is not the same as absent."""


def host_document(host: Host) -> HostDocument:
    """Return a machine as a document."""
    return document(HostDocument, host, summary=describe(host))


def host_table(host: HostDocument) -> RenderableType:
    """Return the summary line, a row for each fact and one for each interpreter."""
    from rich.console import Group
    from rich.text import Text

    facts = _table("fact", "value", "source")
    for title, value, source in host_rows(host):
        facts.add_row(Text(title), Text(value, style="yellow" if value == UNKNOWN else ""), Text(source, style="dim"))
    parts: list[RenderableType] = [Text(printable(host.summary), style="bold"), facts]
    if host.pythons:
        parts.append(_pythons(host.pythons))
    return Group(*parts)


def _table(*titles: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    table.columns[0].no_wrap = True
    return table


def _pythons(pythons: Sequence[Python]) -> Table:
    from rich.text import Text

    table = _table("Python", "architecture", "path")
    for python in pythons:
        version = python.version + (" free-threaded" if python.free_threaded else "")
        cells = (version, python.arch or "unknown", python.path or "unknown")
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def host_rows(host: Host) -> Iterator[tuple[str, str, str]]:
    """Return title, value and source of each fact; text from outside is made printable."""
    for name, title in _TITLES.items():
        value = _value(name, host)
        yield title, "\n".join(printable(line) for line in value), printable(host.sources.get(name, ""))


def _value(name: str, host: Host) -> list[str]:
    if name == "libc" and host.libc is not None:
        return [f"{host.libc.name} {host.libc.version or '(version unknown)'}"]
    if name == "cpu" and host.cpu is not None:
        return list(_cpu(host.cpu))
    if name == "gpus" and host.gpus is not None:
        return [_gpu(gpu) for gpu in host.gpus] or ["none"]
    if name == "pythons" and host.pythons is not None:
        return [f"{len(host.pythons)}, listed below" if host.pythons else "none"]
    value = getattr(host, name)
    if value is None:
        return ["does not apply" if name in {"libc", "page_size"} and host.os in {"macos", "windows"} else UNKNOWN]
    return [{True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)]


def _cpu(cpu: Cpu) -> Iterator[str]:
    yield cpu.brand or "(brand unknown)"
    yield "features unknown" if cpu.features is None else " ".join(cpu.features) or "no vector features"


def _gpu(gpu: Gpu) -> str:
    words = [gpu.name or f"{gpu.vendor} (name unknown)"]
    if gpu.vendor == "nvidia":
        words.append(f"driver {gpu.driver}" if gpu.driver else "no driver")
    if gpu.cores:
        words.append(f"{gpu.cores} cores")
    if gpu.compute_capability:
        words.append(f"compute capability {gpu.compute_capability}")
    return ", ".join(words)
