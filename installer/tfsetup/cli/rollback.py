"""`tfsetup rollback`: back to an earlier generation of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import Session, execute
from tfsetup.errors import Code
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.workflows.maintain import NotWhole, RolledBack

Generation = Annotated[
    int | None, typer.Argument(metavar="N", help="A generation's number; default: the one before the current.")
]


def rollback(
    ctx: typer.Context, generation: Generation = None, prefix: Prefix = Path(".venv"), as_json: Json = False
) -> None:
    """Point the environment at an earlier generation, without network or delay."""

    def work(session: Session) -> Result[RolledBack | NotWhole]:
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.workflows.maintain import roll_back

        data = roll_back(prefix, generation, read_matrix(session.matrix).hazards, told=session.say)
        return Result(command="rollback", data=data, code=None if data.whole else Code.ANSWER_IS_NO)

    execute(ctx, "rollback", json=as_json, host=None, work=work, render=_render)


def _render(session: Session, result: Result[RolledBack | NotWhole]) -> None:
    from tfsetup.report.generations import rolled_back

    session.show(rolled_back(result.data))
