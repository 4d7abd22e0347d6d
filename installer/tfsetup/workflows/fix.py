"""`tfsetup doctor --fix`: the plan, the question, and a new generation that takes the place of the broken one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tfsetup.doctor.actions import rebuild_of
from tfsetup.doctor.model import Finding, Rebuild
from tfsetup.errors import UsageError
from tfsetup.ground.looking import look
from tfsetup.ground.prefix import Absent
from tfsetup.host.model import Host
from tfsetup.locks.run import Screen
from tfsetup.matrix.file.rows import Matrix
from tfsetup.workflows.install import Installed, InstallOrder, install
from tfsetup.workflows.told import Asked, Told, silent


def proposed(findings: Sequence[Finding]) -> Rebuild:
    """Return the rebuild that the most likely finding proposes.

    Raises:
        UsageError: its fixes are for people.
    """
    rebuild = rebuild_of(findings)
    if rebuild is None:
        steps = "; ".join(findings[0].fix)
        raise UsageError("Nothing tfsetup can do itself fixes this.", hint=f"Do it yourself: {steps}")
    return rebuild


def fix(
    rebuild: Rebuild,
    host: Host,
    matrix: Matrix,
    *,
    yes: bool = False,
    told: Told = silent,
    asked: Asked | None = None,
    screen: Screen | None = None,
    run: Callable[..., Installed] = install,
) -> Installed:
    """Rebuild an environment of this machine once somebody agreed (`yes`: already); the old one stays, to go back to.

    Raises:
        UsageError: nobody agreed, or the prefix may not be one.
        TfsetupError: as `install`.
    """
    plan = run(order_of(rebuild, dry_run=True), host, matrix, told=told)
    if plan.rehearsal is None:
        return plan
    for step in plan.rehearsal.plan:
        told(f"Plan      {step}")
    if not yes:
        _agree(rebuild, asked)
    return run(order_of(rebuild, dry_run=False), host, matrix, told=told, asked=asked, screen=screen)


def order_of(rebuild: Rebuild, *, dry_run: bool) -> InstallOrder:
    """Return the order of a rebuild: built in any case, checked, in the place of whatever is there."""
    return InstallOrder(ask=rebuild.ask(), prefix=Path(rebuild.prefix), dry_run=dry_run, replace=True, anew=True)


def _agree(rebuild: Rebuild, asked: Asked | None) -> None:
    if asked is None or not asked(f"Rebuild {rebuild.prefix}? An old environment is kept."):
        what = "build" if isinstance(look(Path(rebuild.prefix)), Absent) else "rebuild"
        raise UsageError(f"This would {what} {rebuild.prefix}.", hint="Add --yes to agree.")
