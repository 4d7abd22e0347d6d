"""The course: what the plan names and nothing is kept of, read out of the wheels by range. (Touches the world.)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET, UnsetType

from tfsetup.errors import NetworkError
from tfsetup.ground.text import read
from tfsetup.ground.versions import is_prerelease, version
from tfsetup.loader.gpu.scan import scan
from tfsetup.locks.files import write_all
from tfsetup.matrix.file.disk import environments
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.machine import parse_tags
from tfsetup.upkeep.gpucode.evidence import (
    Evidence,
    Plan,
    Subject,
    Wheel,
    evidence_of,
    library,
    parse_plan,
    read_evidence,
    render_evidence,
)
from tfsetup.upkeep.gpucode.judge import judge
from tfsetup.workflows.told import Told, silent

if TYPE_CHECKING:
    from tfsetup.loader.files.archive import Archive
    from tfsetup.upkeep.index.snapshot import File

PLAN: Final = "gpucode.yaml"
KEPT: Final = "evidence/gpu-code.json"
_LIMIT: Final = 4 << 20  # bytes

Pages = Mapping[str, Sequence["File"]]
Open = Callable[[str, str], "Archive"]
"""A wheel's name and address → its table of contents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuCodeRead:
    """Which GPUs the wheels have code for, beside the rules of the matrix."""

    verdict: Literal["not asked", "as told", "differs"]
    """`differs`: the rules admit other GPUs than the wheels have code for."""
    wheels: tuple[str, ...]
    """The releases that are kept, read now or before."""
    read: tuple[str, ...] | UnsetType = UNSET
    """Those that were read now; only where it was asked."""
    differences: tuple[str, ...] | UnsetType = UNSET
    """What the rules say otherwise; only where it was asked."""


def shipped_plan() -> Plan:
    """Return the plan that comes with tfsetup.

    Raises:
        InvalidFileError: it is missing or damaged.
    """
    path = environments() / PLAN
    return parse_plan(read(path, "plan"), str(path))


def shipped_evidence() -> Evidence | None:
    """Return what is kept with tfsetup; None when nothing is.

    Raises:
        InvalidFileError: the file is damaged.
    """
    path = environments() / KEPT
    return read_evidence(read(path, "evidence", most=_LIMIT), str(path)) if path.is_file() else None


def read_code(
    matrix: Matrix,
    folder: Path,
    pages: Callable[[list[str]], Pages] | None,
    told: Told = silent,
    *,
    plan: Plan,
    kept: Evidence | None,
) -> GpuCodeRead:
    """Read what is not `kept` yet, keep it in `folder`, and hold the rules against all of it.

    `pages` asks the index for the files of projects; None: nothing may be read.

    Raises:
        NetworkError: the index does not answer, lacks a release, or its wheels lack the libraries.
        MalformedImage: a wheel is damaged.
        TfsetupError: what was read cannot be written.
    """
    known = {wheel.wheel: wheel for wheel in (kept.wheels if kept else ())}
    if pages is None:
        return GpuCodeRead(verdict="not asked", wheels=tuple(_name(wheel) for wheel in known.values()))
    found: list[Wheel] = []
    new: list[str] = []
    for subject, file in _wanted(plan, pages([subject.distribution for subject in plan.wheels])):
        wheel = known.get(file.filename)
        if wheel is None or wheel.sha256 != file.sha256:
            wheel = read_wheel(subject, file)
            new.append(_name(wheel))
            told(f"Read      {_name(wheel)}: code for GPUs in {len(wheel.libraries)} libraries")
        found.append(wheel)
    evidence = evidence_of([*known.values(), *found])
    write_all(folder, {Path(KEPT).name: render_evidence(evidence)})
    differences = tuple(words for _, words in judge(evidence, plan, matrix))
    return GpuCodeRead(
        verdict="differs" if differences else "as told",
        wheels=tuple(_name(wheel) for wheel in evidence.wheels),
        read=tuple(new),
        differences=differences,
    )


def _name(wheel: Wheel) -> str:
    return f"{wheel.distribution} {wheel.version}"


def _wanted(plan: Plan, pages: Pages) -> Iterator[tuple[Subject, File]]:
    """Yield one wheel of each release the plan names: those of all Pythons hold the same libraries."""
    for subject in plan.wheels:
        files = [file for file in pages[subject.distribution] if _fits(file, plan.architecture)]
        stable = [file.version for file in files if not is_prerelease(file.version) and not file.yanked]
        newest = {max(stable, key=version)} if subject.newest and stable else set()
        for wanted in sorted({*subject.versions, *newest}, key=version):
            mine = [file for file in files if file.version == wanted]
            if not mine:
                raise NetworkError(f"The index has no Linux wheel of {subject.distribution} {wanted}.")
            yield subject, max(mine, key=lambda file: (len(file.filename), file.filename))


def _fits(file: File, architecture: str) -> bool:
    tags = parse_tags(file.filename.removesuffix(".whl").rpartition("-")[2])
    return file.filename.endswith(".whl") and any(tag.os == "linux" and tag.arch == architecture for tag in tags)


def read_wheel(subject: Subject, file: File) -> Wheel:
    """Return the code for GPUs in the libraries of a wheel that count.

    Raises:
        NetworkError: the server does not answer, or the wheel holds none of the libraries.
        MalformedImage: the wheel is damaged.
    """
    from tfsetup.loader.files.remote import open_all

    ((_, archive),) = open_all({file.filename: file.url})
    names = sorted(name for name in archive.members if name.rpartition("/")[2] in subject.libraries)
    if not names:
        raise NetworkError(f"{file.filename} holds none of {', '.join(subject.libraries)}.")
    found = [library(name, scan(archive.open(name))) for name in names]
    return Wheel(
        distribution=subject.distribution,
        version=file.version,
        wheel=file.filename,
        sha256=file.sha256,
        libraries=tuple(one for one in found if one.fatbins or one.bundles or one.damaged),
    )
