"""`tfsetup matrix show`: the matrix as a table, as Markdown, as a JSON schema, or as its compiled copy."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import begun


def show(
    ctx: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the support table of the README.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON schema of matrix files, for editors.")] = False,
    compiled: Annotated[bool, typer.Option("--compiled", help="The quick copy of the shipped YAML.")] = False,
    as_json: Json = False,
) -> None:
    """Print the matrix as a table: what each row is for and the newest answer it gives."""
    from tfsetup.matrix.file.disk import compiled_text, read_matrix
    from tfsetup.matrix.file.schema import schema_text
    from tfsetup.report import matrix as report
    from tfsetup.upkeep.overview import show as shown

    session = begun(ctx, "matrix show", json=as_json)
    found = shown(read_matrix(session.matrix))

    def show() -> None:
        if schema:
            sys.stdout.write(schema_text())
        elif compiled:
            sys.stdout.write(compiled_text())
        elif markdown:
            sys.stdout.write(report.markdown(found.rows))
        else:
            session.show(report.show_view(found))

    session.answer(found, show)
