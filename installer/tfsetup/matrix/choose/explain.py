"""The long story of an answer: the facts it rests on, each losing row, and where every bound comes from. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tfsetup.host.model import Host
from tfsetup.matrix.alternatives import Offer
from tfsetup.matrix.choose.releases import coded_wheels, rules_for
from tfsetup.matrix.file.rows import Matrix, Row, Rule
from tfsetup.matrix.hazards import Hazard
from tfsetup.matrix.model import Ask, Chapter, Selection


def explain(selection: Selection, host: Host, ask: Ask, matrix: Matrix) -> tuple[Chapter, ...]:
    """Return the whole story of a selection for people: `tfsetup resolve --explain`."""
    chapters = [Chapter(title="Asked for", lines=tuple(_asked(ask))), Chapter(title="The machine", lines=_facts(host))]
    row = next((row for row in matrix.rows if row.id == selection.row), None)
    if row is not None:
        version = selection.requirements[0].partition("==")[2]
        chapters.append(Chapter(title=f"The row {row.id}", lines=tuple(_row(row))))
        chapters.append(Chapter(title=f"Rules for {version}", lines=tuple(_rules(row, version, selection, matrix))))
        chapters.append(
            Chapter(title="Bounds of its own metadata", lines=_bounds(row, version, selection, host, matrix))
        )
    chapters += [Chapter(title=f"Known defect {h.id}", lines=tuple(_defect(h))) for h in selection.hazards]
    chapters += [Chapter(title=f"Instead: {one.name}", lines=tuple(_offer(one))) for one in selection.alternatives]
    chapters.append(Chapter(title="Rows that lost", lines=tuple((r.row, r.reason) for r in selection.rejected)))
    return tuple(chapter for chapter in chapters if chapter.lines)


def _asked(ask: Ask) -> Iterator[tuple[str, str]]:
    yield "tensorflow", ask.tensorflow or "the newest that fits"
    yield "accelerator", ask.accelerator
    yield "python", ask.python or "any"
    yield "pre-releases", "welcome" if ask.pre else "no"


def _facts(host: Host) -> tuple[tuple[str, str], ...]:
    def line(name: str, value: object) -> tuple[str, str]:
        source = host.sources.get(name)
        shown = "could not tell" if value is None else str(value)
        return name, f"{shown} ({source})" if source and value is not None else shown

    libc = host.libc and f"{host.libc.name} {host.libc.version or '(version unknown)'}"
    features = None if host.cpu is None or host.cpu.features is None else " ".join(host.cpu.features) or "none known"
    gpus = (
        None if host.gpus is None else "; ".join(_gpu(gpu.vendor, gpu.name, gpu.driver) for gpu in host.gpus) or "none"
    )
    pythons = None if host.pythons is None else ", ".join(f"{p.version} {p.arch or ''}".strip() for p in host.pythons)
    facts = [line("os", host.os), line("os_version", host.os_version), line("arch", host.arch)]
    if host.os == "macos":
        facts += [line("rosetta", host.rosetta), line("xcode_clt", host.xcode_clt)]
    if host.os == "linux":
        facts += [line("libc", libc), line("wsl", host.wsl)]
    facts += [line("cpu", features), line("gpus", gpus), line("pythons", pythons if pythons != "" else "none")]
    return (*facts, line("python_downloads", host.python_downloads))


def _gpu(vendor: str, name: str | None, driver: str | None) -> str:
    return f"{name or vendor}" + (f", driver {driver}" if driver else "")


def _row(row: Row) -> Iterator[tuple[str, str]]:
    yield "is for", row.title
    yield "distribution", f"{row.distribution} {row.versions}"
    if row.gives_way_to is not None:
        yield "gives way to", f"{row.gives_way_to}, where anything else requires that: both own the same folder"
    if row.keeps_out:
        yield "keeps out", f"{', '.join(row.keeps_out)}, for it is the same thing"
    yield "accelerator", f"{row.accelerator} (auto takes it: {row.auto})"
    yield "source", row.source


def _rules(row: Row, version: str, selection: Selection, matrix: Matrix) -> Iterator[tuple[str, str]]:
    for rule in rules_for(row, version, matrix):
        added = [bound for bound in rule.add if bound in selection.requirements]
        if rule.add and not added:
            continue  # this release's own metadata says as much, and the rule's words are not about it
        needs = [("CPU", rule.cpu), ("driver", rule.driver), ("compute capability", _span(rule))]
        needs += [
            ("GPU", " ".join(rule.gfx)),
            ("on compute capability", rule.on_capability),
            ("Python", rule.python),
            ("macOS", rule.macos),
        ]
        what = [f"{name} {value}" for name, value in needs if value]
        what += [*added, *(f"[{extra}]" for extra in rule.extras), *(f"builds {name}" for name in rule.sdists)]
        yield ", ".join(what) or rule.verdict or "note", f"{rule.because} ({rule.source})"


def _span(rule: Rule) -> str:
    """Return the compute capabilities that a rule asks for, as a range; "" for none."""
    return ",".join(
        f"{sign}{bound}" for sign, bound in ((">=", rule.capability), ("<=", rule.capability_most)) if bound
    )


def _defect(hazard: Hazard) -> Iterator[tuple[str, str]]:
    cure = hazard.cure
    yield "affects", f"{hazard.affects}: {hazard.title}"
    yield "means", hazard.consequence
    for name, value in cure.environment.items():
        yield "cure", f"{name}={value} in every process: {cure.because}"
    if cure.costs:
        yield "costs", cure.costs
    if cure.requirements:
        yield "or", f"{', '.join(cure.requirements)} (not done by itself)"
    if cure.program:
        yield "or", f"in the program: {cure.program}"
    yield "asked by", f"`tfsetup verify`: {', '.join(hazard.asked_by)}"
    for known in (*hazard.evidence, hazard.source):
        yield "known", known


def _offer(offer: Offer) -> Iterator[tuple[str, str]]:
    yield "is", f"{offer.title}; {offer.maturity}, of {offer.released}"
    yield "asks for", f"Python {offer.pythons}, macOS {offer.macos}"
    yield "install", offer.command
    for name, text in offer.environment.items():
        yield "use", f"{name}={text} in every process"
    yield "opens", offer.because or "yes, read from its wheel for this macOS"
    for known in offer.known:
        yield "known", f"{known.says} ({known.place}; {known.source}; read {known.read})"
    yield "judged", offer.judged


def _bounds(row: Row, version: str, selection: Selection, host: Host, matrix: Matrix) -> tuple[tuple[str, str], ...]:
    """Return what the metadata of the chosen wheel, or of the one that carries its code, requires without an extra."""
    name, wheels = coded_wheels(row, version, selection.python or "", host, matrix)
    if wheels is None:
        return ()
    wanted = [text for text in matrix.index.requires[wheels.requires] if "extra ==" not in text]
    return tuple((text, f"METADATA of {name}") for text in wanted)
