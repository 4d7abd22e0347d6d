"""`tfsetup schema`: what the JSON of a command, or a file, may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import Session, execute
from tfsetup.errors import UsageError
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.report.schemas import SchemaDocument


def schema(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A command or a file; default: list the names.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the JSON schema of a command's answer, or of a file."""

    def work(_session: Session) -> Result[SchemaDocument]:
        from tfsetup.report.schemas import SchemaDocument, names, schema_of

        known = names()
        if name is not None and name not in known:
            raise UsageError(f"There is no schema of the name {name}.", hint=f"Known: {', '.join(known)}.")
        wanted = known if name is None else [name]
        return Result(command="schema", data=SchemaDocument(schemas={each: schema_of(each) for each in wanted}))

    def render(session: Session, result: Result[SchemaDocument]) -> None:
        import json

        for each, text in result.data.schemas.items():
            session.show(each if name is None else json.dumps(text, indent=2))

    execute(ctx, "schema", json=as_json, host=None, work=work, render=render)
