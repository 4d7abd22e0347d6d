"""The prediction as a document and as an explanation: what failed, the loader's own words, what would load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfsetup.ground.platforms import OS_NAMES
from tfsetup.host.model import Host
from tfsetup.loader.model import Clash, LoadFailure
from tfsetup.loader.report import Note, PredictionDocument, Report, UnseenDocument, prediction_document, summary
from tfsetup.report.document import document
from tfsetup.report.text import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

Line = tuple[str, str]

_STYLES = {"loads": "bold green", "fails": "bold red", "undecided": "bold yellow"}
_STAGES = {
    "import": "importing TensorFlow ends here",
    "plugin": "TensorFlow loads every plugin it finds while it is imported, so the whole import ends here",
    "extension": "importing this module fails",
}
_SHOWN = 12
_NAMES_SHOWN = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class PreflightDocument(PredictionDocument):
    """Whether files will load on a machine, predicted from the files alone."""

    host: Host
    """The machine it was judged for, as a host file."""
    would_load: tuple[str, ...]
    """What the matrix knows to load where a plugin does not, best first."""


def preflight_document(report: Report, host: Host, would_load: Sequence[str] = ()) -> PreflightDocument:
    """Return a prediction as a document; its notes are the findings of the envelope."""
    return document(PreflightDocument, prediction_document(report), host=host, would_load=tuple(would_load))


def preflight_view(found: PreflightDocument, notes: Sequence[Note] = ()) -> RenderableType:
    """Return what a person should read of a prediction."""
    from rich.console import Group
    from rich.text import Text

    return Group(*(Text(printable(text), style=style) for text, style in lines(found, notes)))


def lines(found: PreflightDocument, notes: Sequence[Note] = ()) -> Iterator[Line]:
    """Return the prediction as `(line, style)`."""
    yield summary(found.verdict), _STYLES[found.verdict]
    yield from _condition(found)
    yield f"  judged: {_subject(found)}", "dim"
    for failure in found.failures[:_SHOWN]:
        yield "", ""
        yield from _failure_lines(failure, beside_tensorflow=found.tensorflow is not None)
    if len(found.failures) > _SHOWN:
        yield f"… and {len(found.failures) - _SHOWN} more; --json lists them all", "dim"
    for clash in found.clashes:
        yield from _clash_lines(clash) if clash.fatal else ()
    for suggestion in found.would_load:
        yield f"would load: {suggestion}", "green"
    yield from _unseen_lines(found.not_covered)
    for note in notes:
        yield "", ""
        yield f"note: {note.title}", "yellow"
        yield f"  {note.detail}", ""


def _condition(found: PreflightDocument) -> Iterator[Line]:
    """Name the system's libraries without which a yes does not hold; why each is presumed stands further below."""
    names = dict.fromkeys(each.library for each in found.not_covered if each.presumed and each.library)
    if names and found.verdict == "loads":
        yield f"  where the system has {', '.join(names)}: presumed, for nobody has looked", "yellow"


def _subject(found: PreflightDocument) -> str:
    tensorflow = f"TensorFlow {found.tensorflow}" if found.tensorflow else "no TensorFlow among the files"
    python = f"Python {found.python}" if found.python else "Python unknown"
    return f"{tensorflow}, {python}, {_host(found.host)}; {found.images} native files followed"


def _host(host: Host) -> str:
    version = host.os_version or ""
    if host.libc is not None and host.libc.version:
        version = f"{host.libc.name} {host.libc.version}"
    translated = " under Rosetta" if host.rosetta else ""
    return " ".join(part for part in (OS_NAMES[host.os] if host.os else "?", version, host.arch) if part) + translated


def _failure_lines(failure: LoadFailure, *, beside_tensorflow: bool) -> Iterator[Line]:
    yield failure.image, "bold"
    for line in failure.message.splitlines():
        yield f"  | {line}", "red"
    yield f"  {explanation(failure)}", ""
    spared = "TensorFlow itself is not concerned; " if beside_tensorflow and failure.stage == "extension" else ""
    yield f"  Consequence: {spared}{_STAGES[failure.stage]}.", ""


def _clash_lines(clash: Clash) -> Iterator[Line]:
    """Return a clash that ends the process; the others are notes."""
    yield "", ""
    yield " and ".join(clash.between), "bold"
    shown = clash.names[:_NAMES_SHOWN]
    yield from ((f"  | {name}", "red") for name in shown)
    if len(clash.names) > len(shown):
        yield f"  | … and {len(clash.names) - len(shown)} more", "red"
    yield f"  Each of them loads: {clash.consequence}", ""


def explanation(failure: LoadFailure) -> str:
    """Return what a failure means, in a sentence or two."""
    symbol, library = failure.symbol, failure.library
    match failure.kind:
        case "symbol-not-found":
            return _missing_symbol(symbol, library)
        case "version-not-found":
            missing = f" ({symbol} is missing)" if symbol else ""
            return (
                f"Why: it was built against a newer {library or 'library'} than this system has{missing}; a newer "
                "system or an older release is needed."
            )
        case "cpu-feature" if library and library.startswith("x86-64-"):
            return (
                f"Why: the library was built for processors of the level {library}, and this one is below it, so the "
                "loader refuses it; a build for the baseline (x86-64) is needed."
            )
        case "malformed-image" if failure.message.endswith("aligned"):
            return (
                "Why: the file was linked for smaller pages of memory than this kernel has; a build for larger ones "
                "is needed, or a kernel with pages of 4 kB."
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
    "executable-stack": (
        "Why: the library asks for an executable stack, which the C library refuses to libraries since glibc 2.41. "
        "Most do so by mistake. A newer release of the package, or `patchelf --clear-execstack FILE`, cures it; "
        "GLIBC_TUNABLES=glibc.rtld.execstack=2 allows it where the C library knows that value."
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


def _unseen_lines(not_covered: Sequence[UnseenDocument]) -> Iterator[Line]:
    if not not_covered:
        return
    yield "", ""
    yield "Not decided by reading files:", ""
    groups: dict[tuple[bool, str], list[str | None]] = {}
    for each in sorted(not_covered, key=lambda item: (not item.matters, not item.presumed)):
        groups.setdefault((each.matters, each.reason), []).append(each.image)
    for (matters, reason), images in [*groups.items()][:_SHOWN]:
        yield f"  {'? ' if matters else '- '}{_of_all(reason, images)}", "yellow" if matters else "dim"
    if len(groups) > _SHOWN:
        hidden = sum(len(images) for images in [*groups.values()][_SHOWN:])
        yield f"  … and {hidden} more; --json lists them all", "dim"


def _of_all(reason: str, images: Sequence[str | None]) -> str:
    """Return a reason with the file it is about; of several their number and the first few."""
    named = [image for image in images if image]
    if len(named) < 2:  # noqa: PLR2004 - one or none
        return f"{reason} ({named[0]})" if named else reason
    more = f", and {len(named) - _NAMES_SHOWN} more" if len(named) > _NAMES_SHOWN else ""
    return f"{len(named)} files: {reason} ({', '.join(named[:_NAMES_SHOWN])}{more})"
