"""`tfsetup matrix show`: the matrix as a table, as Markdown, as a JSON schema, or as its compiled copy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.upkeep.overview import MatrixShown


def show(
    ctx: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the support table of the README.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON schema of matrix files, for editors.")] = False,
    compiled: Annotated[bool, typer.Option("--compiled", help="The quick copy of the shipped YAML.")] = False,
    as_json: Json = False,
) -> None:
    """Print the matrix as a table: what each row is for and the newest answer it gives."""

    def render(session: Session, result: Result[MatrixShown]) -> None:
        if schema:
            from tfsetup.matrix.file.schema import schema_text

            sys.stdout.write(schema_text())
        elif compiled:
            from tfsetup.matrix.file.disk import compiled_text

            sys.stdout.write(compiled_text())
        elif markdown:
            from tfsetup.report.matrix import markdown as table

            sys.stdout.write(table(result.data.rows))
        else:
            from tfsetup.report.matrix import show_view

            session.out.print(show_view(result.data))

    execute(ctx, "matrix show", json=as_json, host=None, work=_show, render=render)


def _show(session: Session) -> Result[MatrixShown]:
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.upkeep.overview import show as shown

    return Result(command="matrix show", data=shown(read_matrix(session.matrix)))
