"""`tfsetup host`: what machine this is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tfsetup.cli.options import HostFile, Json
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.report.host import HostDocument


def host(ctx: typer.Context, as_json: Json = False, host_file: HostFile = None) -> None:
    """Say what machine this is, each fact with the source it came from."""
    execute(ctx, "host", json=as_json, host=host_file, work=_work, render=_render)


def _work(session: Session) -> Result[HostDocument]:
    from tfsetup.report.host import host_document

    return Result(command="host", data=host_document(session.host()))


def _render(session: Session, result: Result[HostDocument]) -> None:
    from tfsetup.report.host import host_table

    session.show(host_table(result.data))
