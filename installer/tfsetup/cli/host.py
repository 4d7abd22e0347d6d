"""`tfsetup host`: what machine this is."""

from __future__ import annotations

import typer

from tfsetup.cli.options import HostFile, Json
from tfsetup.cli.session import begun


def host(ctx: typer.Context, as_json: Json = False, host_file: HostFile = None) -> None:
    """Say what machine this is, each fact with the source it came from."""
    from tfsetup.report.host import host_document, host_table

    session = begun(ctx, "host", json=as_json, host=host_file)
    found = host_document(session.host())
    session.answer(found, lambda: session.show(host_table(found)))
