"""`tfsetup matrix update`: propose what a newer index asks for, and write it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.upkeep.update import MatrixUpdated


def update(
    ctx: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Write the change, unless `check` refuses it.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="The folder of matrix.yaml and index.json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose what a newer index asks for, as a diff of the YAML that keeps its comments."""

    def work(session: Session) -> Result[MatrixUpdated]:
        from datetime import UTC, datetime

        from tfsetup.matrix.file.disk import Files
        from tfsetup.report.matrix import findings_of
        from tfsetup.upkeep.index.client import asking
        from tfsetup.upkeep.update import update as updated

        today = datetime.now(UTC).date().isoformat()
        with asking(session.say) as index:
            found = updated(Files.of(folder), index, apply=apply, today=today)
        return Result(command="matrix update", data=found.data, findings=findings_of(found.problems), code=found.code)

    execute(ctx, "matrix update", json=as_json, host=None, work=work, render=_render)


def _render(session: Session, result: Result[MatrixUpdated]) -> None:
    from tfsetup.report.matrix import update_view

    session.out.print(update_view(result.data, result.findings))
