"""`tfsetup remove`: one generation of an environment goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.workflows.maintain import Removed


def remove(
    ctx: typer.Context,
    generation: Annotated[int, typer.Argument(metavar="N", help="The number of the generation to remove.")],
    prefix: Prefix = Path(".venv"),
    as_json: Json = False,
) -> None:
    """Remove one generation that is not the current one."""

    def work(session: Session) -> Result[Removed]:
        from tfsetup.workflows import maintain

        return Result(command="remove", data=maintain.remove(prefix, generation, told=session.say))

    execute(ctx, "remove", json=as_json, host=None, work=work, render=_render)


def _render(session: Session, result: Result[Removed]) -> None:
    from tfsetup.report.generations import removed

    session.show(removed(result.data))
