"""`tfsetup verify`: load TensorFlow in a fresh interpreter, time a matmul on each device, and check the answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from tfsetup.cli.options import Dtype, HostFile, Json, TryTuning, TuneSeconds
from tfsetup.cli.session import begun
from tfsetup.errors import Code, UsageError
from tfsetup.verify.tune.model import BUDGET_S


def verify(
    ctx: typer.Context,
    prefix: Annotated[
        Path, typer.Argument(metavar="[PREFIX]", help="An environment's folder, or its interpreter.")
    ] = Path(".venv"),
    size: Annotated[
        list[int] | None,
        typer.Option("--size", metavar="N", min=1, max=32768, help="Time N-by-N matrices only; may be repeated."),
    ] = None,
    dtype: Annotated[list[Dtype] | None, typer.Option("--dtype", help="This type only; may be repeated.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One short float32 sweep and a dozen checks, as after an installation.")
    ] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help="Also the largest sizes of each check.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show how each device changed since earlier runs.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Also write one self-contained page.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="S", min=1, help="Call it a hang after S seconds.")
    ] = None,
    tune: TryTuning = False,
    tune_seconds: TuneSeconds = BUDGET_S,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Load TensorFlow in a fresh interpreter, time a matmul on each device, and check the answers."""
    from tfsetup.cli.page import page_at
    from tfsetup.cli.progress import progress
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.verify_document import verify_document
    from tfsetup.workflows import verify as course

    session = begun(ctx, "verify", json=as_json, host=host)
    mode = _mode(quick=quick, thorough=thorough)
    write_page = page_at(report, session.say)
    machine, matrix = session.host(pythons=False, downloads=False), read_matrix(session.matrix)
    types = [one.value for one in dtype or ()]
    extent = course.Extent(mode=mode, sizes=size or (), dtypes=types, timeout_s=timeout,
                           tune_s=tune_seconds if tune else None)  # fmt: skip
    with progress(session, "starting the interpreter") as told:
        made = course.verify(prefix, machine, matrix=matrix, extent=extent, replayed=session.replayed, told=told)
    data, findings = verify_document(made, compare=compare), made.verification.findings
    write_page(data, findings)

    def show() -> None:
        from tfsetup.report.verify import document_parts

        ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
        session.show(*document_parts(data, findings, ascii_only=ascii_only))

    session.answer(data, show, findings=findings, code=None if data.ok else Code.ANSWER_IS_NO)


def _mode(*, quick: bool, thorough: bool) -> Literal["quick", "full", "thorough"]:
    if quick and thorough:
        raise UsageError("--quick and --thorough contradict each other.", hint="Leave one of them out.")
    return "quick" if quick else "thorough" if thorough else "full"
