"""`tfsetup doctor --fix`: the plan, the question, and a new generation that takes the place of the broken one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfsetup.cli.session import Session
from tfsetup.doctor.actions import rebuild_of
from tfsetup.doctor.model import Diagnosis
from tfsetup.errors import UsageError
from tfsetup.ground.looking import look
from tfsetup.ground.prefix import Absent
from tfsetup.report.result import Result
from tfsetup.workflows.install import Installation

if TYPE_CHECKING:
    from tfsetup.doctor.model import Rebuild


def carry_out(session: Session, diagnosis: Diagnosis, *, yes: bool) -> Result[Any]:
    """Rebuild the environment as the most likely finding proposes. The old one stays, for `tfsetup rollback`.

    Raises:
        UsageError: its fixes are for people, the host is a replayed one, or nobody agreed.
    """
    session.refuse_replay("`tfsetup doctor --fix`")
    rebuild = rebuild_of(diagnosis.findings)
    if rebuild is None:
        steps = "; ".join(diagnosis.findings[0].fix)
        raise UsageError("Nothing tfsetup can do itself fixes this.", hint=f"Do it yourself: {steps}")
    session.say(f"Cause     {diagnosis.findings[0].title}")
    plan = _installation(session, rebuild, dry_run=True).run()
    if plan.code is not None:
        return plan
    _agree(session, rebuild, plan.data, yes=yes)
    return _installation(session, rebuild, dry_run=False).run()


def _installation(session: Session, rebuild: Rebuild, *, dry_run: bool) -> Installation:
    return Installation(
        session=session,
        ask=rebuild.ask(),
        prefix=Path(rebuild.prefix),
        lock_file=None,
        verify=True,
        preflight=True,
        offline=False,
        dry_run=dry_run,
        replace=True,
        allow_build=False,
        anew=True,
    )


def _agree(session: Session, rebuild: Rebuild, data: Any, *, yes: bool) -> None:
    for step in data.get("plan", ()):
        session.say(f"Plan      {step}")
    if yes:
        return
    if session.json or not sys.stdin.isatty():
        what = "build" if isinstance(look(Path(rebuild.prefix)), Absent) else "rebuild"
        raise UsageError(f"This would {what} {rebuild.prefix}.", hint="Add --yes to agree.")
    import typer

    typer.confirm(f"Rebuild {rebuild.prefix}? An old environment is kept.", abort=True, err=True)
