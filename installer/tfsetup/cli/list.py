"""`tfsetup list`: the generations of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import begun
from tfsetup.matrix.hazards import Hazard


def list(ctx: typer.Context, prefix: Prefix = Path(".venv"), as_json: Json = False) -> None:  # noqa: A001 - as it is typed
    """List the generations of an environment."""
    from tfsetup.report.generations import listed
    from tfsetup.workflows.maintain import list_generations

    session = begun(ctx, "list", json=as_json)

    def hazards() -> Sequence[Hazard]:
        from tfsetup.matrix.file.disk import read_matrix

        return read_matrix(session.matrix).hazards

    found = list_generations(prefix, hazards)
    session.answer(found, lambda: session.show(*listed(found)))
