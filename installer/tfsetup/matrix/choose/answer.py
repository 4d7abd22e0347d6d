"""A candidate → the `Selection` that install, lock and verify consume, with the story of how it came about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tfsetup.ground.platforms import Platform
from tfsetup.ground.versions import in_range, version
from tfsetup.host.model import Host
from tfsetup.matrix.beside import Beside, bounds_of, on, required
from tfsetup.matrix.choose.gpus import doubts, faults_of, virtual_gpu
from tfsetup.matrix.choose.own_bounds import with_needed_bounds
from tfsetup.matrix.choose.releases import Candidate, Miss, process_arch
from tfsetup.matrix.file.rows import Matrix, Row, Rule
from tfsetup.matrix.hazards import environment_of, hazards_of
from tfsetup.matrix.machine import floor, floor_version, macos_in, macos_version
from tfsetup.matrix.model import Ask, Blas, Expectation, Rejected, Selection, Target

_PASSED_OVER = 4


def selection(
    best: Candidate, passed: Sequence[Miss], host: Host, ask: Ask, matrix: Matrix, rejected: tuple[Rejected, ...]
) -> Selection:
    """Return the answer for the winning candidate; `passed` are the newer releases it was preferred to."""
    row, best = best.row, with_needed_bounds(best, host, matrix)
    blas = blas_for(row, best.version, host)
    source, prebuilt = _plugin(best)
    here = {"row": row.id, "macos": macos_version(host), "python": best.python}
    hazards = hazards_of(matrix.hazards, packages_of(best), **here)
    arch, environment = process_arch(row), {**row.environment, **environment_of(hazards)}
    oldest = floor(best.wheels.platform, row.when.os, arch)
    beside = besides(best, matrix)
    return Selection(
        installable=True,
        row=row.id,
        accelerator=row.accelerator,
        python=best.python,
        interpreter=best.interpreter,
        requirements=tuple(dict.fromkeys((_pin(best), *prebuilt, *bounds(best), *bounds_of(beside)))),
        source_builds=source,
        sdists=tuple(dict.fromkeys(name for rule in best.rules for name in rule.sdists)),
        blas=blas,
        target=Target.on(Platform(row.when.os, arch), best.python, floor_version(host) or oldest, oldest),
        expect=Expectation(devices=_devices(row), blas=blas, arch=arch, environment=environment),
        backend="conda" if ask.backend == "conda" else "venv",
        reasons=(*_story(best, passed, ask, blas), *_beside_story(beside)),
        rejected=rejected,
        warnings=tuple(dict.fromkeys(_warnings(best, host, matrix))),
        settings=row.environment,
        hazards=hazards,
        beside=on(matrix.beside, row.when.os),
    )


def packages_of(best: Candidate) -> dict[str, str]:
    """Return the versions that the choice is sure of: the distribution, what carries its code, the plugin."""
    found = {best.row.distribution: best.version, **dict([best.wheels.carrier] if best.wheels.carrier else [])}
    if best.row.plugin is not None and best.pair is not None:
        found[best.row.plugin.distribution] = best.pair.plugin
    return found


def _pin(best: Candidate) -> str:
    names = ",".join(dict.fromkeys(extra for rule in best.rules for extra in rule.extras))
    return f"{best.row.distribution}{f'[{names}]' if names else ''}=={best.version}"


def _plugin(best: Candidate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the plugin's pin as (compiled, prebuilt)."""
    plugin, pair = best.row.plugin, best.pair
    if plugin is None or pair is None:
        return (), ()
    pins = (f"{plugin.distribution}=={pair.plugin}",)
    return (pins, ()) if plugin.build == "source" else ((), pins)


def bounds(best: Candidate) -> tuple[str, ...]:
    """Return the bounds that the rules add to what the release's own metadata asks for."""
    return tuple(dict.fromkeys(bound for rule in best.rules for bound in rule.add))


def besides(best: Candidate, matrix: Matrix) -> tuple[Beside, ...]:
    """Return what must stand beside the packages that the release itself requires."""
    groups = [best.wheels]
    if best.wheels.carrier is not None:
        release = matrix.index.release(*best.wheels.carrier)
        groups += release.wheels if release is not None else ()
    texts = dict.fromkeys(text for group in groups for text in matrix.index.requires[group.requires])
    return required(on(matrix.beside, best.row.when.os), texts)


def _beside_story(rules: Sequence[Beside]) -> Iterator[str]:
    for rule in rules:
        yield f"{', '.join(rule.add)} beside {rule.affects}: {rule.because} ({rule.source})"


def _devices(row: Row) -> tuple[Literal["CPU", "GPU"], ...]:
    return ("CPU",) if row.accelerator == "cpu" else ("CPU", "GPU")


def blas_for(row: Row, version: str, host: Host) -> Blas | None:
    """Return the BLAS that NumPy brings in this row; None when the matrix does not say."""
    have = macos_version(host)
    for rule in row.blas:
        fits_release = rule.tensorflow is None or in_range(rule.tensorflow, version)
        fits_macos = rule.macos is None or (have is not None and macos_in(rule.macos, have))
        if fits_release and fits_macos:
            return rule.use
    return None


def _story(best: Candidate, passed: Sequence[Miss], ask: Ask, blas: Blas | None) -> Iterator[str]:
    row = best.row
    yield row.title
    among = f" that is {ask.tensorflow}" if ask.tensorflow else ""
    yield f"{row.distribution} {best.version} is the newest release{among} that fits in this row"
    for miss in passed[:_PASSED_OVER]:
        yield f"passed over {miss.version}: {miss.reason}"
    if best.wheels.carrier is not None:
        name, pin = best.wheels.carrier
        yield f"its wheel for this machine is empty and brings {name} {pin}, which has the code"
    if row.plugin is not None and best.pair is not None:
        yield f"{row.plugin.distribution} {best.pair.plugin}: {best.pair.because} ({best.pair.source})"
    yield _python_story(best, ask)
    for rule in best.rules:
        if rule.add:
            yield f"{', '.join(rule.add)}: {rule.because} ({rule.source})"
    if blas is not None:
        yield f"NumPy computes with {blas} here"


def _python_story(best: Candidate, ask: Ask) -> str:
    why = (
        "as asked" if ask.python else ("recommended for this row" if best.python == best.row.python else "the best fit")
    )
    if best.interpreter is None:
        return f"Python {best.python} ({why}), which {'the conda channel' if ask.backend == 'conda' else 'uv'} brings"
    return f"Python {best.interpreter.version} at {best.interpreter.path or 'an unknown path'} ({why})"


def _warnings_of(rule: Rule, best: Candidate, host: Host) -> Iterator[str]:
    if rule.warn or rule.verdict in {"avoid", "asked"}:
        yield rule.because
    if doubt := doubts(rule, host):
        yield doubt
    if rule.sdists:
        yield f"{', '.join(rule.sdists)} must be compiled: {rule.because}"
    if rule.cpu and (host.cpu is None or host.cpu.features is None):
        yield f"could not tell whether this CPU has {rule.cpu.upper()}, which TensorFlow {best.version} needs"


def _warnings(best: Candidate, host: Host, matrix: Matrix) -> Iterator[str]:
    row, proven = best.row, matrix.proven
    if proven is not None and version(best.version) > version(proven):
        yield f"{best.version} is newer than {proven}, the newest release this matrix has been proven with"
    for rule in best.rules:
        yield from _warnings_of(rule, best, host)
    if row.plugin is not None and row.plugin.build == "source":
        yield f"{row.plugin.distribution} is compiled on this machine after TensorFlow is in place"
        if host.xcode_clt is None:
            yield "could not tell whether Xcode's command line tools are installed; compiling needs them"
    if row.when.os in {"macos", "linux"} and floor_version(host) is None:
        yield f"could not tell which {'macOS' if row.when.os == 'macos' else 'glibc'} this is"
    if not best.sure and host.python_downloads is not True:
        yield f"Python {best.python} must be downloaded, and nobody could tell whether that works here"
    yield from _virtual(row, host, matrix)


def _virtual(row: Row, host: Host, matrix: Matrix) -> Iterator[str]:
    """A plugin loads beside a GPU that a virtual machine plays; whether it computes there is another question."""
    gpu = virtual_gpu(host, matrix.gpus, (row.when.gpu,)) if row.when.gpu is not None else None
    if gpu is None:
        return
    known = "; ".join(fault.what for fault in faults_of(gpu, host, matrix.gpus))
    yield (
        f"the GPU here is a virtual machine's ({gpu.name or gpu.vendor}): what computes on it may fail or be wrong, "
        f"and `--accelerator cpu` keeps clear of it" + (f"; seen on it: {known}" if known else "")
    )
