"""`tfsetup list`, `rollback`, `remove` and `gc`: the generations of an environment."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfsetup.cli.options import Json, Prefix
from tfsetup.cli.session import Session, execute
from tfsetup.errors import Code, InvalidFileError
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfsetup.envs.store import Store
    from tfsetup.matrix.hazards import Hazard

Generation = Annotated[
    int | None, typer.Argument(metavar="N", help="A generation's number; default: the one before the current.")
]


def list_(ctx: typer.Context, prefix: Prefix = Path(".venv"), as_json: Json = False) -> None:
    """List the generations of an environment."""

    def work(session: Session) -> Result[Any]:
        return _list(session, prefix)

    execute(ctx, "list", json=as_json, host=None, work=work, render=_render_list)


def rollback(
    ctx: typer.Context, generation: Generation = None, prefix: Prefix = Path(".venv"), as_json: Json = False
) -> None:
    """Point the environment at an earlier generation, without network or delay."""

    def work(session: Session) -> Result[Any]:
        return _rollback(session, prefix, generation)

    execute(ctx, "rollback", json=as_json, host=None, work=work, render=_render_change)


def remove(
    ctx: typer.Context,
    generation: Annotated[int, typer.Argument(metavar="N", help="The number of the generation to remove.")],
    prefix: Prefix = Path(".venv"),
    as_json: Json = False,
) -> None:
    """Remove one generation that is not the current one."""

    def work(session: Session) -> Result[Any]:
        return _remove(session, prefix, generation)

    execute(ctx, "remove", json=as_json, host=None, work=work, render=_render_change)


def gc(
    ctx: typer.Context,
    keep: Annotated[
        int, typer.Option("--keep", metavar="K", min=1, help="How many generations stay, the current one among them.")
    ] = 2,
    prefix: Prefix = Path(".venv"),
    as_json: Json = False,
) -> None:
    """Remove old generations, and what killed runs have left. What was there before tfsetup came always stays."""

    def work(session: Session) -> Result[Any]:
        return _gc(session, prefix, keep)

    execute(ctx, "gc", json=as_json, host=None, work=work, render=_render_change)


def _list(session: Session, prefix: Path) -> Result[Any]:
    from tfsetup.envs.store import Store, layout_for
    from tfsetup.ground.looking import generation, look
    from tfsetup.ground.prefix import Absent, Prefix, repair, sentence

    store = Store(layout_for(prefix))
    found = look(prefix)
    current = store.current() if isinstance(found, Prefix) or generation(prefix) is not None else None
    numbers = sorted({*store.numbers(), *([] if current is None else [current])})
    hazards = _hazards(session) if numbers else ()
    rows = [_row(store, number, hazards) | {"current": number == current} for number in numbers]
    told = isinstance(found, Prefix) or (not rows and isinstance(found, Absent) and found.instead == "nothing")
    missing = None if isinstance(found, Prefix) or told else f"{sentence(found)} {repair(found)}"
    data = {"prefix": str(store.layout.prefix), "current": current, "missing": missing, "generations": rows}
    return Result(command="list", data=data)


def _hazards(session: Session) -> Sequence[Hazard]:
    from tfsetup.matrix.file.disk import read_matrix

    return read_matrix(session.matrix).hazards


def _row(store: Store, number: int, hazards: Sequence[Hazard]) -> dict[str, Any]:
    """Return what a receipt says; one that cannot be read must not hide the others."""
    from tfsetup.envs.cures import uncured

    try:
        receipt = store.receipt(number)
    except InvalidFileError as error:
        known = dict.fromkeys(("row", "python", "created", "tfsetup"), "")
        lost = {"whole": False, "missing": [store.unknown(number)], "rebuilt": False, "cures": {}, "uncured": {}}
        return {"generation": number, **known, "requirements": [], "verified": False, "damaged": error.message} | lost
    keys = ("generation", "row", "python", "requirements", "created", "tfsetup", "rebuilt", "cures")
    missing = [str(one) for one in store.lacks(receipt)]
    told = {key: value for key, value in asdict(receipt).items() if key in keys}
    judged = {"verified": receipt.verify is not None, "damaged": None, "whole": not missing, "missing": missing}
    return told | judged | {"uncured": uncured(receipt, hazards)}


def _rollback(session: Session, prefix: Path, generation: int | None) -> Result[Any]:
    from tfsetup.envs.cures import uncured
    from tfsetup.envs.generations import roll_back
    from tfsetup.envs.store import NotWholeError, Store, layout_for

    store, hazards = Store(layout_for(prefix)), _hazards(session)
    try:
        before, receipt = roll_back(store, generation, say=session.say)
    except NotWholeError as refused:
        lost = {"whole": False, "missing": [str(one) for one in refused.lost], "refused": refused.message}
        data = {"prefix": str(store.layout.prefix), "generation": refused.generation, "changed": False} | lost
        return Result(command="rollback", data=data | {"hint": refused.hint}, code=Code.ANSWER_IS_NO)
    now = receipt.generation
    data = {"prefix": str(store.layout.prefix), "generation": now, "before": before, "changed": before != now}
    told = {"cures": dict(receipt.cures), "uncured": uncured(receipt, hazards)}
    return Result(command="rollback", data=data | {"row": receipt.row, "whole": True, "missing": []} | told)


def _remove(session: Session, prefix: Path, generation: int) -> Result[Any]:
    from tfsetup.envs.generations import remove as remove_generation
    from tfsetup.envs.store import Store, layout_for

    store = Store(layout_for(prefix))
    remove_generation(store, generation, say=session.say)
    data = {"prefix": str(store.layout.prefix), "generation": generation, "changed": True}
    return Result(command="remove", data=data)


def _gc(session: Session, prefix: Path, keep: int) -> Result[Any]:
    from tfsetup.envs.generations import collect
    from tfsetup.envs.store import Store, layout_for
    from tfsetup.host.temporary import sweep_temporary

    store = Store(layout_for(prefix))
    swept = collect(store, keep, say=session.say)
    sweep_temporary()
    data = {"prefix": str(store.layout.prefix), **{key: list(value) for key, value in asdict(swept).items()}}
    return Result(command="gc", data=data | {"changed": bool(swept.removed or swept.unfinished)})


def _render_list(session: Session, result: Result[Any]) -> None:
    from tfsetup.report.generations import generations_view

    if result.data["generations"] or not result.data["missing"]:
        session.show(generations_view(result.data))
    if result.data["missing"]:
        session.show(result.data["missing"])


def _render_change(session: Session, result: Result[Any]) -> None:
    from tfsetup.report.generations import change_line

    session.show(change_line(result))
