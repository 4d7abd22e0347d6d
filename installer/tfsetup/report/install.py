"""What an installation came to, for people: the choice in a line, the device table, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import convert

from tfsetup.doctor.present import ShownDiagnosis
from tfsetup.matrix.model import Selection
from tfsetup.report.result import Result
from tfsetup.report.text import seconds, size
from tfsetup.verify.model import Verification

if TYPE_CHECKING:
    from rich.console import RenderableType

Data = Mapping[str, Any]


def chosen(selection: Selection) -> str:
    """Return the choice in one line: what, on which Python, and why."""
    what = ", ".join((*selection.requirements, *selection.source_builds))
    python = f"Python {selection.python}"
    if selection.interpreter is not None and selection.interpreter.path:
        python += f" ({selection.interpreter.path})"
    title = selection.reasons[0].removeprefix(f"{selection.row}: ") if selection.reasons else ""
    return f"{what} on {python}: {title} [{selection.row}]"


def outcome(result: Result[Any], *, command: str, windows: bool = False) -> Iterator[RenderableType]:
    """Yield what to print for a finished installation; `command` is what the user types to call tfsetup."""
    data = result.data
    if "resolve" in data:
        from tfsetup.report.resolve import resolve_lines

        yield from resolve_lines(data["resolve"])
    elif "plan" in data:
        yield from _dry(data)
    elif "refused" in data:
        yield from _refused(data)
    elif data["changed"]:
        yield from _installed(data, command, windows=windows)
    else:
        yield from _unchanged(data, command, windows=windows)


def _dry(data: Data) -> Iterator[RenderableType]:
    yield f"{data['prefix']} would become {data['row']} on Python {data['python']}:"
    for number, line in enumerate(data["plan"], 1):
        yield f"  {number}. {line}"
    yield f"{len(data['packages'])} packages, {size(data['download_bytes'])}: {', '.join(data['packages'])}"
    yield "Nothing was changed (--dry-run)."


def _installed(data: Data, command: str, *, windows: bool) -> Iterator[RenderableType]:
    if data["verify"] is not None:
        from tfsetup.report.verify import verify_view

        yield verify_view(convert(data["verify"], Verification))
    spent = ", ".join(f"{phase} {seconds(duration)}" for phase, duration in data["seconds"].items() if duration)
    yield ""
    took = f" ({spent})" if spent else ""
    yield f"{data['prefix']} is ready: {data['row']}, generation {data['generation']}{took}"
    yield from next_steps(data, command, windows=windows)


def _unchanged(data: Data, command: str, *, windows: bool) -> Iterator[RenderableType]:
    what = ", ".join(data["requirements"])
    yield f"{data['prefix']} already is {data['row']} ({what}), generation {data['generation']}: nothing to do."
    yield from next_steps(data, command, windows=windows)


def _refused(data: Data) -> Iterator[RenderableType]:
    if data.get("verify"):
        from tfsetup.report.verify import verify_view

        yield verify_view(convert(data["verify"], Verification))
    for failure in (data.get("preflight") or {}).get("failures", ()):
        yield f"{failure['kind']}: {failure['image']}"
        yield from (f"    {line}" for line in failure["message"].splitlines())
    if data.get("doctor"):
        from tfsetup.report.doctor import doctor_text

        yield doctor_text(convert(data["doctor"], ShownDiagnosis))
    yield ""
    yield f"Not installed: {data['refused']}"
    yield f"{data['prefix']} is as it was before."


def next_steps(data: Data, command: str, *, windows: bool) -> Iterator[str]:
    """Yield what to type next: activate, run, check again, go back."""
    prefix = data["prefix"]
    where = "" if prefix.endswith(("/.venv", "\\.venv")) else f" {prefix}"
    activate = f"{prefix}\\Scripts\\activate" if windows else f"source {_relative(prefix)}/bin/activate"
    if data.get("backend") == "conda":
        activate = f"conda activate {prefix}" if windows else f"{activate}   (or: conda activate {_path(prefix)})"
    rollback = f"{command} rollback" + (f" --prefix{where}" if where else "")
    yield f"  activate   {activate}"
    yield f"  run        {command} run{where} -- python your_script.py"
    yield f"  check      {command} verify{where}"
    if data["generation"] and data["generation"] > 1:
        yield f"  go back    {rollback}"


def _path(prefix: str) -> str:
    """Return the prefix so that conda takes it for a path and not for a name."""
    return "./.venv" if prefix.endswith("/.venv") else prefix


def _relative(prefix: str) -> str:
    return ".venv" if prefix.endswith("/.venv") else prefix
