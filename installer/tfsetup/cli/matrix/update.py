"""`tfsetup matrix update`: propose what a newer index asks for, and write it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import begun


def update(
    ctx: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Write the change, unless `check` refuses it.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="The folder of matrix.yaml and index.json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose what a newer index asks for, as a diff of the YAML that keeps its comments."""
    from datetime import UTC, datetime

    from tfsetup.report.matrix import findings_of, update_view
    from tfsetup.upkeep.files import Files
    from tfsetup.upkeep.index.client import asking
    from tfsetup.upkeep.update import update as updated

    session = begun(ctx, "matrix update", json=as_json)
    today = datetime.now(UTC).date().isoformat()
    with asking(session.say) as index:
        found = updated(Files.of(folder), index, apply=apply, today=today)
    findings = findings_of(found.problems)
    session.answer(
        found.data, lambda: session.show(update_view(found.data, findings)), findings=findings, code=found.code
    )
