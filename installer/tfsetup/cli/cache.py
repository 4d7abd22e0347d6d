"""`tfsetup cache`: where the caches are, how large, and emptying them."""

from __future__ import annotations

from typing import Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import begun
from tfsetup.errors import UsageError


def cache(
    ctx: typer.Context,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what goes beyond the limits, what was used longest ago first.")
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all of it.")] = False,
    as_json: Json = False,
) -> None:
    """Say where the caches are and how large, and empty them. Whatever lies there is made anew where it is needed."""
    from tfsetup.report.caches import removed, shown
    from tfsetup.workflows import caches

    session = begun(ctx, "cache", json=as_json)
    if prune and clear:
        raise UsageError("--clear removes all, --prune only what goes beyond the limits: say one of them.")
    if prune or clear:
        done = caches.clear() if clear else caches.prune()
        session.answer(done, lambda: session.show(removed(done)))
    else:
        found = caches.caches()
        session.answer(found, lambda: session.show(shown(found)))
