"""The prediction as an explanation: what failed, the loader's own words, what they mean, what would load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from tfsetup.ground.platforms import OS_NAMES
from tfsetup.report.text import printable

Data = Mapping[str, Any]
Line = tuple[str, str]

_STYLES = {"loads": "bold green", "fails": "bold red", "undecided": "bold yellow"}
_HEADLINES = {
    "loads": "It loads.",
    "fails": "It does not load.",
    "undecided": "Reading the files cannot decide whether it loads.",
}
_STAGES = {
    "import": "importing TensorFlow ends here",
    "plugin": "TensorFlow loads every plugin it finds while it is imported, so the whole import ends here",
    "extension": "TensorFlow itself is not concerned; importing this module fails",
}
_SHOWN = 12


def preflight_view(data: Data, notes: Sequence[Data] = ()) -> RenderableType:
    """Return what a person should read of a prediction (`data` as in the JSON envelope)."""
    return Group(*(Text(printable(text), style=style) for text, style in lines(data, notes)))


def lines(data: Data, notes: Sequence[Data] = ()) -> Iterator[Line]:
    """Return the prediction as `(line, style)`."""
    yield _HEADLINES[data["verdict"]], _STYLES[data["verdict"]]
    yield f"  judged: {_subject(data)}", "dim"
    for failure in data["failures"][:_SHOWN]:
        yield "", ""
        yield from _failure_lines(failure)
    if len(data["failures"]) > _SHOWN:
        yield f"… and {len(data['failures']) - _SHOWN} more; --json lists them all", "dim"
    for suggestion in data.get("would_load", ()):
        yield f"would load: {suggestion}", "green"
    yield from _unseen_lines(data["not_covered"])
    for note in notes:
        yield "", ""
        yield f"note: {note['title']}", "yellow"
        yield f"  {note['detail']}", ""


def _subject(data: Data) -> str:
    tensorflow = f"TensorFlow {data['tensorflow']}" if data["tensorflow"] else "no TensorFlow among the files"
    python = f"Python {data['python']}" if data["python"] else "Python unknown"
    return f"{tensorflow}, {python}, {_host(data['host'])}; {data['images']} native files followed"


def _host(host: Data) -> str:
    libc = host.get("libc") or {}
    version = host.get("os_version") or ""
    if libc.get("version"):
        version = f"{libc['name']} {libc['version']}"
    translated = " under Rosetta" if host.get("rosetta") else ""
    return (
        " ".join(part for part in (OS_NAMES.get(host.get("os", ""), "?"), version, host.get("arch", "")) if part)
        + translated
    )


def _failure_lines(failure: Data) -> Iterator[Line]:
    yield f"{failure['image']}", "bold"
    for line in failure["message"].splitlines():
        yield f"  | {line}", "red"
    yield f"  {explanation(failure)}", ""
    yield f"  Consequence: {_STAGES[failure['stage']]}.", ""


def explanation(failure: Data) -> str:
    """Return what a failure means, in a sentence or two."""
    symbol, library = failure.get("symbol"), failure.get("library")
    match failure["kind"]:
        case "symbol-not-found":
            return _missing_symbol(symbol, library)
        case "version-not-found":
            missing = f" ({symbol} is missing)" if symbol else ""
            return (
                f"Why: it was built against a newer {library or 'library'} than this system has{missing}; a newer "
                "system or an older release is needed."
            )
        case kind:
            return _EXPLANATIONS[kind].format(library=library or "a library", feature=str(library or "newer").upper())


_EXPLANATIONS = {
    "library-not-found": "Why: {library} was looked for in every place the loader knows, and none had it.",
    "wrong-architecture": "Why: the file holds code for another processor or system; one process cannot mix them.",
    "os-too-old": "Why: the file asks for a newer operating system than this one, so installers refuse it.",
    "cpu-feature": (
        "Why: the library uses {feature} instructions, which this processor lacks; the first one ends the process, "
        "without a Python error."
    ),
    "malformed-image": "Why: the file is damaged, cut short, changed after it was signed, or not a library at all.",
    "python-abi": "Why: it was built for another version of Python.",
    "plugin-interface": "Why: it does not offer what TensorFlow asks of a plugin.",
}


def _missing_symbol(symbol: str | None, library: str | None) -> str:
    where = f"{library} does not have it" if library else "nothing in the process has it"
    return (
        f"Why: it needs {symbol or 'a function'}, and {where}. Both files are found and intact: they were built for "
        "different versions of each other."
    )


def _unseen_lines(not_covered: Sequence[Data]) -> Iterator[Line]:
    deciding = [each for each in not_covered if each["matters"]]
    if not not_covered:
        return
    yield "", ""
    yield "Not decided by reading files:", ""
    for each in sorted(not_covered, key=lambda item: not item["matters"])[:_SHOWN]:
        place = f" ({each['image']})" if each["image"] else ""
        yield f"  {'? ' if each in deciding else '- '}{each['reason']}{place}", "yellow" if each in deciding else "dim"
    if len(not_covered) > _SHOWN:
        yield f"  … and {len(not_covered) - _SHOWN} more; --json lists them all", "dim"
