"""Preflight as the commands run it: a subject and a host in, a report out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfsetup.cli.session import Session
from tfsetup.errors import InvalidFileError, Where
from tfsetup.host.model import Host
from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.files.sources import library_path
from tfsetup.loader.machine import machine_of
from tfsetup.loader.preflight import Question, preflight
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.report import Report, to_data
from tfsetup.loader.shipped import load_glibc_symbols, load_knowledge, load_system
from tfsetup.workflows.subjects import Subject, of_environment


def predict(session: Session, subject: Subject, host: Host, python: str | None) -> Report:
    """Judge a subject for a host and a Python `X.Y` (None: the subject's own).

    Raises:
        InvalidFileError: the environment's own interpreter is damaged.
    """
    python = python or subject.python
    machine = machine_of(host, python)
    around = Surroundings(
        files=subject.files,
        macos=load_system(),
        prefix=subject.prefix,
        executable=subject.executable,
        real=subject.real and machine.system == "linux",
        symbols=load_glibc_symbols() if machine.system == "linux" else {},
        library_path=library_path() if subject.real else "",
    )
    question = Question(
        files=subject.files,
        site=subject.site,
        machine=machine,
        python=python,
        wheels=subject.wheels,
        conflicts=subject.conflicts,
    )
    try:
        process = new_process(machine, host, python, around)
    except MalformedImage as error:
        where = Where(file=subject.executable or subject.prefix)
        raise InvalidFileError(f"The interpreter cannot be read: {error}.", where=where) from error
    return preflight(question, process, load_knowledge(), lambda text: session.say(f"  {text}", level=1))


def predict_environment(session: Session, prefix: Path, host: Host) -> dict[str, Any]:
    """Judge an environment on this disk and return the report as JSON values.

    Raises:
        UsageError: there is no environment at `prefix`.
        InvalidFileError: its interpreter is damaged.
    """
    return to_data(predict(session, of_environment(prefix, session), host, None))


_SUGGESTIONS = 4


def would_load(session: Session, report: Report, host: Host) -> list[str]:
    """Return what the matrix knows to load where a plugin does not: with this TensorFlow first, then other releases."""
    from tfsetup.ground.versions import in_range
    from tfsetup.matrix.file.disk import read_matrix

    if not any(failure.stage == "plugin" for failure in report.failures):
        return []
    same: list[str] = []
    other: list[str] = []
    for row in read_matrix(session.matrix).rows:
        if row.plugin is None or (row.when.os, row.when.arch) != (host.os, host.arch):
            continue
        for pair in row.plugin.pairs:
            fits = bool(report.tensorflow) and in_range(pair.tensorflow, report.tensorflow or "")
            text = f"{row.plugin.distribution} {pair.plugin} with TensorFlow {pair.tensorflow}: {pair.because}"
            (same if fits else other).append(text)
    return [*same, *other][:_SUGGESTIONS]
