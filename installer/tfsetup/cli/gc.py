"""`tfsetup gc`: old generations go, and what killed runs have left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.workflows.maintain import Collected


def gc(
    ctx: typer.Context,
    keep: Annotated[
        int, typer.Option("--keep", metavar="K", min=1, help="How many generations stay, the current one among them.")
    ] = 2,
    prefix: Prefix = Path(".venv"),
    as_json: Json = False,
) -> None:
    """Remove old generations, and what killed runs have left. What was there before tfsetup came always stays."""

    def work(session: Session) -> Result[Collected]:
        from tfsetup.workflows.maintain import collect

        return Result(command="gc", data=collect(prefix, keep, told=session.say))

    execute(ctx, "gc", json=as_json, host=None, work=work, render=_render)


def _render(session: Session, result: Result[Collected]) -> None:
    from tfsetup.report.generations import collected

    session.show(collected(result.data))
