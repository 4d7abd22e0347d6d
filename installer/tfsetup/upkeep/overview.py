"""One line a row for tables: what it is for, the newest answer it gives, the releases and Pythons it covers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tfsetup.ground.platforms import OS_NAMES
from tfsetup.ground.versions import in_range, is_prerelease
from tfsetup.matrix.choose import pythons
from tfsetup.matrix.choose.answer import packages_of
from tfsetup.matrix.choose.releases import Candidate, judge, process_arch
from tfsetup.matrix.choose.select import choice
from tfsetup.matrix.defects import Defect, defects_of
from tfsetup.matrix.facts import Wheels
from tfsetup.matrix.file.rows import Matrix, Row
from tfsetup.matrix.hazards import Hazard, hazards_of
from tfsetup.matrix.machine import floor, right_system
from tfsetup.matrix.model import Selection
from tfsetup.upkeep.probes import machine_for

_ACCELERATORS = {"cpu": "CPU", "metal": "GPU (Metal)", "cuda": "GPU (CUDA)", "rocm": "GPU (ROCm)"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What a table says of one row."""

    row: str
    """Its identifier."""
    machine: str
    """System and architecture it is for, for people."""
    accelerator: str
    """What its computations run on, for people."""
    newest: str
    """The pins of its newest answer, joined by two blanks; `none` where it has no answer."""
    releases: str
    """The oldest and the newest release it gives."""
    pythons: str
    """The Python versions that some release of it runs on."""
    needs: str
    """What its newest answer asks of the machine, joined by `; `."""
    defects: str = ""
    """The ids of the known defects that any answer of it can have, joined by `; `."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixShown:
    """What `tfsetup matrix show` says."""

    proven: str | None
    """The newest release of TensorFlow that somebody has looked at; None where the matrix does not say."""
    index: str
    """The day on which the snapshot of the index was taken."""
    rows: tuple[Line, ...]
    """A line a row, in the order of the matrix."""
    hazards: tuple[Defect, ...]
    """The known defects, with the cure each would have."""


def show(matrix: Matrix) -> MatrixShown:
    """Return the matrix for people."""
    return MatrixShown(
        proven=matrix.proven,
        index=matrix.index.taken,
        rows=overview(matrix),
        hazards=defects_of(matrix.hazards, cured=True),
    )


def overview(matrix: Matrix) -> tuple[Line, ...]:
    """Return a line for each row of the matrix, in its order."""
    return tuple(_line(row, matrix) for row in matrix.rows)


def _line(row: Row, matrix: Matrix) -> Line:
    host, ask = machine_for(row)
    judged = [(v, judge(row, v, host, ask, matrix)) for v in _stable(row, matrix)]
    good = [found for _, found in judged if isinstance(found, Candidate)]
    minors = _pythons(row, good, matrix)
    best = next((found for found in good if found.clean), good[0] if good else None)
    answer = choice(best, host, ask, matrix) if best else None
    return Line(
        row=row.id,
        machine=f"{OS_NAMES[row.when.os]} {row.when.arch}",
        accelerator=_ACCELERATORS[row.accelerator],
        newest="  ".join(_pins(answer)) if answer else "none",
        releases=_span([found.version for found in good]),
        pythons=pythons.span(minors),
        needs="; ".join(_needs(row, best)),
        defects="; ".join(hazard.id for hazard in matrix.hazards if _can_have(hazard, row, good, minors)),
    )


def _can_have(hazard: Hazard, row: Row, good: list[Candidate], minors: set[str]) -> bool:
    """Tell whether any answer of a row, not only its newest, has a known defect."""
    found = ((packages_of(candidate), minor) for candidate in good for minor in minors)
    return any(hazards_of([hazard], packages, row=row.id, python=minor) for packages, minor in found)


def _pins(answer: Selection) -> list[str]:
    return [pin for pin in (*answer.requirements, *answer.source_builds) if "==" in pin]


def _span(versions: list[str]) -> str:
    """Return versions that come newest first as `oldest to newest`."""
    if not versions:
        return "none"
    return versions[0] if len(versions) == 1 else f"{versions[-1]} to {versions[0]}"


def _stable(row: Row, matrix: Matrix) -> list[str]:
    known = matrix.index.releases(row.distribution)
    return [v for v in known if in_range(row.versions, v) and not is_prerelease(v)]


def _pythons(row: Row, good: list[Candidate], matrix: Matrix) -> set[str]:
    """Return the Pythons of all releases of a row that fit some machine."""
    found: set[str] = set()
    for candidate in good:
        release = matrix.index.release(row.distribution, candidate.version)
        groups: tuple[Wheels, ...] = release.wheels if release else ()
        mine = [g for g in groups if right_system(g.platform, row.when.os, process_arch(row))]
        for minor in {m for g in mine for m in g.pythons}:
            host, ask = machine_for(row, python=minor)
            if minor not in found and isinstance(judge(row, candidate.version, host, ask, matrix), Candidate):
                found.add(minor)
    return found


def _needs(row: Row, best: Candidate | None) -> list[str]:
    """Return what the newest answer of a row needs of the machine."""
    if best is None:
        return []
    needs = []
    lowest = floor(best.wheels.platform, row.when.os, process_arch(row))
    if best.pair is not None and best.pair.macos is not None:
        needs.append(f"macOS {best.pair.macos.removeprefix('>=')}+")
    elif lowest is not None:
        needs.append(f"{'macOS' if row.when.os == 'macos' else 'glibc'} {lowest}+")
    needs += [rule.cpu.upper() for rule in best.rules if rule.cpu]
    needs += [f"driver {rule.driver}+" for rule in best.rules if rule.driver and not rule.on_capability]
    needs += ["Xcode command line tools"] if row.when.xcode_clt else []
    return [*needs, *(["a version asked for"] if row.when.by_version else [])]
