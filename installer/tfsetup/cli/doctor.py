"""`tfsetup doctor`: why it does not work, and what to type."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfsetup.cli.options import HostFile, Json
from tfsetup.cli.session import Session, execute
from tfsetup.errors import Code
from tfsetup.ground.encode import encode
from tfsetup.report.result import Result

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
    fix: Annotated[
        bool, typer.Option("--fix", help="Carry out the fix that is tfsetup's own, on a new generation, after asking.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: do not ask.")] = False,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="FILE", help="Write a report for a bug tracker, without names and secrets."),
    ] = None,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Say what is wrong and what fixes it, from an environment, a pasted log, or both."""

    def work(session: Session) -> Result[Any]:
        from tfsetup.doctor.diagnose import diagnose
        from tfsetup.doctor.gather import knowledge
        from tfsetup.doctor.missing import with_missing
        from tfsetup.doctor.present import to_data
        from tfsetup.workflows.examine import examine

        examined = examine(session, prefix, log, packages, importing=not no_import)
        evidence = examined.evidence
        diagnosis = with_missing(diagnose(evidence, knowledge(session.matrix)), examined.missing)
        diagnosis = _proven(session, evidence, diagnosis)
        if bundle is not None:
            _write_bundle(session, bundle, evidence, diagnosis)
        data = to_data(diagnosis)
        if fix and diagnosis.verdict == "problem":
            repaired = _fixed(session, diagnosis, yes=yes)
            return Result(command="doctor", data=data | {"fixed": encode(repaired.data)}, code=repaired.code)
        return Result(command="doctor", data=data, code=_code(diagnosis))

    execute(ctx, "doctor", json=as_json, host=host, work=work, render=_render)


def _fixed(session: Session, diagnosis: Diagnosis, *, yes: bool) -> Result[Any]:
    """Carry out the fix that is tfsetup's own, as the most likely finding has it."""
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.install import install_result
    from tfsetup.workflows.fix import fix, order_of, proposed
    from tfsetup.workflows.install import refuse_place

    session.refuse_replay("`tfsetup doctor --fix`")
    rebuild = proposed(diagnosis.findings)
    session.say(f"Cause     {diagnosis.findings[0].title}")
    refuse_place(order_of(rebuild, dry_run=True), told=session.say)
    host, matrix = session.host(), read_matrix(session.matrix)
    return install_result(
        fix(rebuild, host, matrix, yes=yes, told=session.say, asked=session.asked, screen=session.screen)
    )


def _code(diagnosis: Diagnosis) -> Code | None:
    """Return the exit status: only health is a yes, and a text with nothing to judge is no answer at all."""
    if diagnosis.verdict == "healthy":
        return None
    return Code.ANSWER_IS_NO if diagnosis.findings or diagnosis.unexplained else Code.UNDECIDED


def _proven(session: Session, evidence: Evidence, diagnosis: Diagnosis) -> Diagnosis:
    """Check the fixes that are tfsetup's own against the matrix, where the machine they are for is known."""
    host = evidence.host
    if diagnosis.verdict != "problem" or host is None or host.os is None or host.arch is None:
        return diagnosis
    from dataclasses import replace

    from tfsetup.doctor.proof import proven
    from tfsetup.host.parsers.system import read_mac_version
    from tfsetup.matrix.choose.select import select
    from tfsetup.matrix.file.disk import read_matrix

    # The matrix wants exact facts; what a person wrote for a version of macOS is none.
    exact = host if host.os != "macos" or read_mac_version(host.os_version or "") else replace(host, os_version=None)
    matrix = read_matrix(session.matrix)
    return proven(diagnosis, lambda ask: select(exact, ask, matrix))


def _write_bundle(session: Session, path: Path, evidence: Evidence, diagnosis: Diagnosis) -> None:
    from tfsetup import __version__
    from tfsetup.doctor.act import own_names, write_report
    from tfsetup.doctor.bundle import bundle

    write_report(path, bundle(evidence, diagnosis, version=__version__, names=own_names()))
    session.say(f"Wrote {path}. Read it before you send it.")


def _render(session: Session, result: Result[Any]) -> None:
    from tfsetup.report.doctor import doctor_lines

    for line, style in doctor_lines(result.data):
        session.out.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
