"""`tfsetup gc`: old generations go, and what killed runs have left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import begun


def gc(
    ctx: typer.Context,
    keep: Annotated[
        int, typer.Option("--keep", metavar="K", min=1, help="How many generations stay, the current one among them.")
    ] = 2,
    prefix: Prefix = Path(".venv"),
    as_json: Json = False,
) -> None:
    """Remove old generations, and what killed runs have left. What was there before tfsetup came always stays."""
    from tfsetup.report.generations import collected
    from tfsetup.workflows.maintain import collect

    session = begun(ctx, "gc", json=as_json)
    done = collect(prefix, keep, told=session.say)
    session.answer(done, lambda: session.show(collected(done)))
