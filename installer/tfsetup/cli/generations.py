"""`tfsetup list`, `rollback` and `remove`: the generations of an environment."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

Generation = Annotated[
    int | None, typer.Argument(metavar="N", help="A generation's number; default: the one before the current.")
]


def list_(ctx: typer.Context, prefix: Prefix = Path(".venv"), as_json: Json = False) -> None:
    """List the generations of an environment."""
    execute(ctx, "list", json=as_json, host=None, work=lambda _session: _list(prefix), render=_render_list)


def rollback(
    ctx: typer.Context, generation: Generation = None, prefix: Prefix = Path(".venv"), as_json: Json = False
) -> None:
    """Point the environment at an earlier generation, without network or delay."""

    def work(session: Session) -> Result:
        return _rollback(session, prefix, generation)

    execute(ctx, "rollback", json=as_json, host=None, work=work, render=_render_change)


def remove(
    ctx: typer.Context,
    generation: Annotated[int, typer.Argument(metavar="N", help="The number of the generation to remove.")],
    prefix: Prefix = Path(".venv"),
    as_json: Json = False,
) -> None:
    """Remove one generation that is not the current one."""

    def work(session: Session) -> Result:
        return _remove(session, prefix, generation)

    execute(ctx, "remove", json=as_json, host=None, work=work, render=_render_change)


def _list(prefix: Path) -> Result:
    from tfsetup.envs.store import Store, layout_for

    store = Store(layout_for(prefix))
    current = store.current()
    rows = [_row(asdict(store.receipt(number)), current=number == current) for number in store.numbers()]
    return Result(command="list", data={"prefix": str(store.layout.prefix), "current": current, "generations": rows})


def _row(receipt: dict[str, Any], *, current: bool) -> dict[str, Any]:
    keys = ("generation", "row", "python", "requirements", "created", "tfsetup")
    verified = receipt["verify"] is not None
    return {key: receipt[key] for key in keys} | {"current": current, "verified": verified}


def _rollback(session: Session, prefix: Path, generation: int | None) -> Result:
    from tfsetup.envs.generations import roll_back
    from tfsetup.envs.store import Store, layout_for

    store = Store(layout_for(prefix))
    before, now = roll_back(store, generation, waiting=lambda: session.say("Waiting for another tfsetup."))
    data = {"prefix": str(store.layout.prefix), "generation": now, "before": before, "changed": before != now}
    return Result(command="rollback", data=data | {"row": store.receipt(now).row})


def _remove(session: Session, prefix: Path, generation: int) -> Result:
    from tfsetup.envs.generations import remove as remove_generation
    from tfsetup.envs.store import Store, layout_for

    store = Store(layout_for(prefix))
    remove_generation(store, generation, waiting=lambda: session.say("Waiting for another tfsetup."))
    data = {"prefix": str(store.layout.prefix), "generation": generation, "changed": True}
    return Result(command="remove", data=data)


def _render_list(session: Session, result: Result) -> None:
    from tfsetup.report.generations import generations_view

    session.show(generations_view(result.data))


def _render_change(session: Session, result: Result) -> None:
    from tfsetup.report.generations import change_line

    session.show(change_line(result))
