"""`tfsetup doctor`: why it does not work, and what to type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.options import HostFile, Json
from tfsetup.cli.session import begun


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
    from tfsetup.doctor.present import shown
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.doctor import doctor_lines, outcome
    from tfsetup.workflows.diagnose import Files, brought, concluded, examine

    session = begun(ctx, "doctor", json=as_json, host=host)
    matrix = read_matrix(session.matrix)
    files = Files(log=log, packages=packages, host=session.host_file)
    given = brought(
        prefix, files, importing=not no_import, told=session.say,
        described=lambda: session.host(pythons=False, downloads=False),
    )  # fmt: skip
    examined = examine(given, matrix, told=session.say)
    diagnosis = concluded(examined, matrix)
    if bundle is not None:
        from tfsetup.doctor.act import write_bundle

        write_bundle(bundle, examined.evidence, diagnosis)
        session.say(f"Wrote {bundle}. Read it before you send it.")
    found, code = shown(diagnosis), outcome(diagnosis)
    if fix and diagnosis.verdict == "problem":
        from tfsetup.cli.fix import fixed

        found, code = fixed(session, diagnosis, matrix, yes=yes)

    def show() -> None:
        for line, style in doctor_lines(found):
            session.out.print(session.typed.text(line), style=style, markup=False, highlight=False, soft_wrap=True)

    session.answer(found, show, code=code)
