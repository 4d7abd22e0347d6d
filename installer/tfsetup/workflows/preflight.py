"""The course of a prediction: a subject and a host in, a report out. Nothing of what is judged is ever run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tfsetup.errors import InvalidFileError, LockError, UsageError, Where
from tfsetup.ground.versions import minor
from tfsetup.host.model import Host
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files.sources import dyld_variables, library_path, preloaded
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import NotCovered
from tfsetup.loader.preflight import preflight as walk
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.question import Question
from tfsetup.loader.report import Note, Report
from tfsetup.loader.shipped import load_knowledge, load_tables
from tfsetup.loader.tensorflow.knowledge import Knowledge, promises
from tfsetup.workflows.opened import Opened
from tfsetup.workflows.subjects import Subject, subject_of
from tfsetup.workflows.told import Detail, Told, silent


def preflight(subject: Subject, host: Host, *, python: str | None = None, told: Told = silent) -> Report:
    """Judge a subject for a host and a Python `X.Y` (None: the subject's own).

    Raises:
        InvalidFileError: the environment's own interpreter is damaged.
    """
    python = python or subject.python
    machine = machine_of(host, python)
    around = Surroundings(
        files=subject.files, prefix=subject.prefix, executable=subject.executable,
        real=subject.real and machine.system == "linux",
        library_path=library_path() if subject.real else "", preload=preloaded() if subject.real else "",
        variables=dyld_variables() if subject.real else (), site=subject.site, wheels=subject.wheels,
        **load_tables(machine.system),
    )  # fmt: skip
    question = Question(
        files=subject.files, site=subject.site, machine=machine, python=python, wheels=subject.wheels,
        conflicts=subject.conflicts,
    )  # fmt: skip
    try:
        process = new_process(machine, host, python, around)
    except MalformedImage as error:
        where = Where(file=subject.executable or subject.prefix)
        raise InvalidFileError(f"The interpreter cannot be read: {error}.", where=where) from error
    knowledge = load_knowledge()
    report = walk(question, process, knowledge, lambda text: told(Detail(f"  {text}")))
    if subject.opened is not None:
        subject.opened.remember()
        report = replace(report, notes=(*report.notes, *_unbelieved(subject.opened)))
    return replace(
        report,
        failures=(*subject.refused, *report.failures),
        not_covered=(*subject.unseen, *_not_there(subject, report, knowledge), *report.not_covered),
    )


def _unbelieved(opened: Opened) -> Iterator[Note]:
    """Yield what to know of digests that were handed on and not believed."""
    names = tuple(opened.unbelieved())
    if names:
        detail = (
            f"{len(names)} of the digests that were handed on stand in no list that is trusted, {names[0]} among them"
        )
        yield Note(title="Digests that nobody vouches for", detail=f"{detail}; the wheels themselves were read.")


def _not_there(subject: Subject, report: Report, knowledge: Knowledge) -> Iterator[NotCovered]:
    """Yield the TensorFlow that was asked for by name and is not among the files, where nothing has said so yet."""
    said = report.tensorflow or report.failures or any(each.absent for each in subject.unseen)
    for name in subject.asked:
        if promises(knowledge, name) and not said:
            reason = f"{name} was asked for, and there is no TensorFlow among the files"
            yield NotCovered(reason=reason, matters=True, absent=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A prediction for what somebody pointed at, and what the matrix knows to load instead, best first."""

    report: Report
    would_load: tuple[str, ...]


def judge(
    targets: Sequence[str | Path],
    host: Host,
    *,
    python: str | None = None,
    replayed: bool = False,
    matrix: Path | None = None,
    digests: Path | None = None,
    told: Told = silent,
) -> Judgement:
    """Judge wheels, folders, an environment, locks or requirements (see `subject_of`), or one conda lock.

    `python` is `X.Y`; None: the files' own, or the first of the host's. `replayed`: `host` is another machine than this
    one. `matrix`: a file that extends the one that comes with tfsetup. `digests`: a folder with digests of wheels that
    somebody handed on, of which those are believed that a lock's record beside a target, or tfsetup, knows.

    Raises:
        UsageError: a target is nothing of the kind, or does not go with the others.
        InvalidFileError: a file cannot be read.
        LockError: a conda lock has nothing for this machine, or is for another Python.
        NetworkError: the index or a channel did not answer.
    """
    from tfsetup.workflows.conda_choice import is_conda_lock

    if any(is_conda_lock(Path(target)) for target in targets):
        report = _judge_conda(targets, host, python, digests, told)
    else:
        subject = subject_of(targets, host, python, replayed=replayed, opened=_opening(digests, targets), told=told)
        report = preflight(subject, host, python=python, told=told)
    return Judgement(report=report, would_load=would_load(report, host, matrix))


def _opening(digests: Path | None, targets: Sequence[str | Path]) -> Opened:
    from tfsetup.workflows.handed import opened_with

    return opened_with(digests, [Path(target).parent for target in targets if Path(target).is_file()])


def _judge_conda(
    targets: Sequence[str | Path], host: Host, python: str | None, digests: Path | None, told: Told
) -> Report:
    """Judge the part of a conda lock that is for `host`."""
    from tfsetup.workflows.conda_choice import part_of, read_part
    from tfsetup.workflows.prefixes import prefix_of

    if len(targets) > 1:
        raise UsageError("A conda lock is judged by itself, without other targets.")
    part = part_of(read_part(Path(targets[0]), host))
    locked = minor(part.python)
    if python is not None and python != locked:
        message = f"This lock is for Python {locked or 'none'}, and {python} is asked for."
        raise LockError(message, where=Where(file=str(targets[0])), hint="Leave --python out.")
    told(f"Reading the {part.subdir} packages and wheels where they lie; nothing is linked")
    with prefix_of(part, host, opened=_opening(digests, targets)) as subject:
        return preflight(subject, host, python=locked, told=told)


_SUGGESTIONS = 4


def would_load(report: Report, host: Host, matrix: Path | None = None) -> tuple[str, ...]:
    """Return what a matrix knows to load where a plugin does not: with this TensorFlow first, then other releases.

    `matrix`: a file that extends the one that comes with tfsetup. The rows are read only where a plugin failed.

    Raises:
        InvalidFileError: the matrix cannot be read.
    """
    from tfsetup.ground.versions import in_range
    from tfsetup.matrix.file.disk import read_matrix

    if not any(failure.stage == "plugin" for failure in report.failures):
        return ()
    same: list[str] = []
    other: list[str] = []
    for row in read_matrix(matrix).rows:
        if row.plugin is None or (row.when.os, row.when.arch) != (host.os, host.arch):
            continue
        for pair in row.plugin.pairs:
            fits = bool(report.tensorflow) and in_range(pair.tensorflow, report.tensorflow or "")
            text = f"{row.plugin.distribution} {pair.plugin} with TensorFlow {pair.tensorflow}: {pair.because}"
            (same if fits else other).append(text)
    return (*same, *other)[:_SUGGESTIONS]
