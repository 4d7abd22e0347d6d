"""`tfsetup rollback`: back to an earlier generation of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import begun
from tfsetup.errors import Code

Generation = Annotated[
    int | None, typer.Argument(metavar="N", help="A generation's number; default: the one before the current.")
]


def rollback(
    ctx: typer.Context, generation: Generation = None, prefix: Prefix = Path(".venv"), as_json: Json = False
) -> None:
    """Point the environment at an earlier generation, without network or delay."""
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.generations import rolled_back
    from tfsetup.workflows.maintain import roll_back

    session = begun(ctx, "rollback", json=as_json)
    done = roll_back(prefix, generation, read_matrix(session.matrix).hazards, told=session.say)
    session.answer(done, lambda: session.show(rolled_back(done)), code=None if done.whole else Code.ANSWER_IS_NO)
