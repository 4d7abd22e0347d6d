"""`tfsetup doctor`: why it does not work, and what to type."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import HostFile, Json
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

# A shorter list is somebody's excerpt: what is not in it may be installed all the same.
_WHOLE = 10

if TYPE_CHECKING:
    from tfsetup.doctor.model import Diagnosis, Evidence


def doctor(
    ctx: typer.Context,
    prefix: Annotated[
        str | None, typer.Argument(metavar="[PREFIX]", help="An environment or interpreter; default: the active one.")
    ] = None,
    log: Annotated[str | None, typer.Option("--log", metavar="FILE", help="A log to explain; - reads stdin.")] = None,
    packages: Annotated[
        Path | None,
        typer.Option("--packages", metavar="FILE", help="`pip list --format json` or `pip freeze` from elsewhere."),
    ] = None,
    no_import: Annotated[
        bool, typer.Option("--no-import", help="Look at the environment's files only, do not import TensorFlow.")
    ] = False,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="FILE", help="Write a report for a bug tracker, without names and secrets."),
    ] = None,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Say what is wrong and what fixes it, from an environment, a pasted log, or both."""

    def work(session: Session) -> Result:
        from tfsetup.doctor.diagnose import diagnose
        from tfsetup.doctor.gather import knowledge
        from tfsetup.doctor.present import to_data
        from tfsetup.errors import Code

        evidence = _evidence(session, prefix, log, packages, importing=not no_import)
        diagnosis = diagnose(evidence, knowledge())
        if bundle is not None:
            _write_bundle(session, bundle, evidence, diagnosis)
        code = Code.ANSWER_IS_NO if diagnosis.verdict == "problem" else None
        return Result(command="doctor", data=to_data(diagnosis), code=code)

    execute(ctx, "doctor", json=as_json, host=host, work=work, render=_render)


def _evidence(
    session: Session, prefix: str | None, log: str | None, packages: Path | None, *, importing: bool
) -> Evidence:
    """Gather what was pointed at. A log or a package list alone says nothing about this machine, so it is not asked."""
    from tfsetup.doctor.gather import read_log, read_packages
    from tfsetup.doctor.model import Evidence

    text = read_log(log) if log is not None else None
    if prefix is None and (log is not None or packages is not None):
        listed = read_packages(packages) if packages is not None else None
        host = session.host() if session.replayed else None
        return Evidence(log=text, host=host, packages=listed, whole=len(listed or ()) >= _WHOLE)
    return _of_environment(session, prefix, text, importing=importing)


def _of_environment(session: Session, prefix: str | None, log: str | None, *, importing: bool) -> Evidence:
    from dataclasses import replace

    from tfsetup.doctor.gather import interpreter_of, look_at, try_import
    from tfsetup.doctor.inspection import inspect
    from tfsetup.doctor.model import Evidence
    from tfsetup.host.model import Python

    python = interpreter_of(prefix)
    session.say(f"Looking at {python}", level=0)
    here = Path.cwd()
    environment = look_at(python, here)
    host = session.host(pythons=False, downloads=False)
    running = Python(version=environment.interpreter.version, path=str(python))
    host = replace(host, pythons=(running,))
    if log is None and importing:
        session.say("Importing TensorFlow in a fresh process (--no-import leaves that out)")
        log = try_import(python, here)
    return Evidence(
        log=log,
        host=host,
        packages=environment.packages,
        whole=True,
        observations=inspect(environment, host),
        prefix=prefix or environment.prefix,
    )


def _write_bundle(session: Session, path: Path, evidence: Evidence, diagnosis: Diagnosis) -> None:
    from tfsetup import __version__
    from tfsetup.doctor.act import own_names, write_report
    from tfsetup.doctor.bundle import bundle

    write_report(path, bundle(evidence, diagnosis, version=__version__, names=own_names()))
    session.say(f"Wrote {path}. Read it before you send it.")


def _render(session: Session, result: Result) -> None:
    from tfsetup.report.doctor import doctor_lines

    for line, style in doctor_lines(result.data):
        session.out.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
