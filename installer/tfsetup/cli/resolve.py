"""`tfsetup resolve`: which row fits, why, and why every other row does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Accel, BackendName, HostFile, Json, Pre, PythonVersion, Tensorflow
from tfsetup.cli.session import Session, execute
from tfsetup.errors import Code
from tfsetup.matrix.model import Ask
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.report.resolve import ResolveDocument


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

    def work(session: Session) -> Result[ResolveDocument]:
        from tfsetup.report.resolve import resolve_document
        from tfsetup.workflows.resolve import resolve

        answer = resolve(session.host(), ask, matrix=session.matrix, explained=explain)
        code = None if answer.selection.installable else Code.NO_ROW
        return Result(command="resolve", data=resolve_document(answer.selection, answer.story), code=code)

    execute(ctx, "resolve", json=as_json, host=host, work=work, render=_render)


def _render(session: Session, result: Result[ResolveDocument]) -> None:
    from tfsetup.report.resolve import resolve_lines

    for line in resolve_lines(result.data, width=session.width):
        session.show(line)
