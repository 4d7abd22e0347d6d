"""`tfsetup doctor --fix`: the fix that is tfsetup's own, once somebody agreed."""

from __future__ import annotations

from tfsetup.cli.session import Session
from tfsetup.doctor.model import Diagnosis
from tfsetup.matrix.file.rows import Matrix
from tfsetup.report.install import InstallDocument, NotInstallable, install_result
from tfsetup.report.result import Result
from tfsetup.workflows.fix import fix, order_of, proposed
from tfsetup.workflows.install import refuse_place


def fixed(
    session: Session, diagnosis: Diagnosis, matrix: Matrix, *, yes: bool
) -> Result[InstallDocument | NotInstallable]:
    """Carry out what the most likely finding proposes.

    Raises:
        UsageError: its fixes are for people, the host is a replayed one, or nobody agreed.
    """
    session.refuse_replay("`tfsetup doctor --fix`")
    rebuild = proposed(diagnosis.findings)
    session.say(f"Cause     {diagnosis.findings[0].title}")
    refuse_place(order_of(rebuild, dry_run=True), told=session.say)
    done = fix(rebuild, session.host(), matrix, yes=yes, told=session.say, asked=session.asked, screen=session.screen)
    return install_result(done)
