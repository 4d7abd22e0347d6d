"""`tfsetup schema`: what the JSON of a command, or a file, may hold."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import begun
from tfsetup.errors import UsageError


def schema(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A command or a file; default: list the names.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the JSON schema of a command's answer, or of a file."""
    from tfsetup.report.schemas import SchemaDocument, names, schema_of

    session = begun(ctx, "schema", json=as_json)
    known = names()
    if name is not None and name not in known:
        raise UsageError(f"There is no schema of the name {name}.", hint=f"Known: {', '.join(known)}.")
    found = {each: schema_of(each) for each in (known if name is None else [name])}
    texts = known if name is None else [json.dumps(found[name], indent=2)]
    session.answer(SchemaDocument(schemas=found), lambda: session.show(*texts))
