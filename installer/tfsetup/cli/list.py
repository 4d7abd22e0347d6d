"""`tfsetup list`: the generations of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.workflows.maintain import Listed


def list_(ctx: typer.Context, prefix: Prefix = Path(".venv"), as_json: Json = False) -> None:
    """List the generations of an environment."""

    def work(session: Session) -> Result[Listed]:
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.workflows.maintain import list_generations

        return Result(command="list", data=list_generations(prefix, read_matrix(session.matrix).hazards))

    execute(ctx, "list", json=as_json, host=None, work=work, render=_render)


def _render(session: Session, result: Result[Listed]) -> None:
    from tfsetup.report.generations import listed

    for part in listed(result.data):
        session.show(part)
