"""`tfsetup resolve`: which row fits, why, and why every other row does not."""

from __future__ import annotations

from typing import Annotated

import typer

from tfsetup.cli.options import Accel, BackendName, HostFile, Json, Pre, PythonVersion, Tensorflow, With
from tfsetup.cli.session import begun
from tfsetup.errors import Code
from tfsetup.matrix.model import Ask


def resolve(
    ctx: typer.Context,
    tensorflow: Tensorflow = None,
    accelerator: Accel = "auto",
    python: PythonVersion = None,
    backend: BackendName = "auto",
    pre: Pre = False,
    more: With = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="The whole story: facts, rules, bounds, every row.")
    ] = False,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Say which TensorFlow goes on this machine, and why."""
    from tfsetup.report.resolve import resolve_document, resolve_lines
    from tfsetup.workflows import resolve as course

    session = begun(ctx, "resolve", json=as_json, host=host)
    ask = Ask(tensorflow=tensorflow, accelerator=accelerator, python=python, backend=backend, pre=pre)
    wanted, say = tuple(more or ()), session.say
    answer = course.resolve(session.host(), ask, matrix=session.matrix, explained=explain, wanted=wanted, told=say)
    found = resolve_document(answer.selection, answer.story, answer.companions)
    code = None if found.installable else Code.NO_ROW
    session.answer(found, lambda: session.show(*resolve_lines(found, answer.story, width=session.width)), code=code)
