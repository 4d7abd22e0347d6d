"""`tfsetup remove`: one generation of an environment goes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import begun


def remove(
    ctx: typer.Context,
    generation: Annotated[int, typer.Argument(metavar="N", help="The number of the generation to remove.")],
    prefix: Prefix = Path(".venv"),
    as_json: Json = False,
) -> None:
    """Remove one generation that is not the current one."""
    from tfsetup.report.generations import removed
    from tfsetup.workflows import maintain

    session = begun(ctx, "remove", json=as_json)
    done = maintain.remove(prefix, generation, told=session.say)
    session.answer(done, lambda: session.show(removed(done)))
