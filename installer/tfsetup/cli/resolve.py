"""`tfsetup resolve`: which row fits, why, and why every other row does not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tfsetup.cli.options import Accel, BackendName, HostFile, Json, Pre, PythonVersion, Tensorflow
from tfsetup.cli.session import Session, execute
from tfsetup.errors import Code
from tfsetup.matrix.model import Ask
from tfsetup.report.result import Result


def resolve(
    ctx: typer.Context,
    tensorflow: Tensorflow = None,
    accelerator: Accel = "auto",
    python: PythonVersion = None,
    backend: BackendName = "auto",
    pre: Pre = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="The whole story: facts, rules, bounds, every row.")
    ] = False,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Say which TensorFlow goes on this machine, and why."""
    ask = Ask(tensorflow=tensorflow, accelerator=accelerator, python=python, backend=backend, pre=pre)

    def work(session: Session) -> Result[Any]:
        return _work(session, ask, explain=explain)

    execute(ctx, "resolve", json=as_json, host=host, work=work, render=_render)


def _work(session: Session, ask: Ask, *, explain: bool) -> Result[Any]:
    from tfsetup.matrix.choose.select import select
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.resolve import selection_data

    machine, matrix = session.host(), read_matrix(session.matrix)
    selection = select(machine, ask, matrix)
    data = selection_data(selection)
    if explain:
        from dataclasses import asdict

        from tfsetup.matrix.choose.explain import explain as story

        data["explained"] = [asdict(chapter) for chapter in story(selection, machine, ask, matrix)]
    return Result(command="resolve", data=data, code=None if selection.installable else Code.NO_ROW)


def _render(session: Session, result: Result[Any]) -> None:
    from tfsetup.matrix.choose.explain import Chapter
    from tfsetup.report.resolve import resolve_lines

    chapters = [Chapter(**chapter) for chapter in result.data.get("explained", ())]
    for line in resolve_lines(result.data, chapters, width=session.width):
        session.show(line)
