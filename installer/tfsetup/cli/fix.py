"""`tfsetup doctor --fix`: the fix that is tfsetup's own, once somebody agreed."""

from __future__ import annotations

from tfsetup.cli.session import Session
from tfsetup.doctor.model import Diagnosis
from tfsetup.doctor.present import shown
from tfsetup.errors import Code
from tfsetup.matrix.file.rows import Matrix
from tfsetup.report.doctor_document import DoctorDocument, UnfixedDocument
from tfsetup.report.document import document
from tfsetup.report.install import code_of
from tfsetup.report.install_document import NotInstallable, install_document
from tfsetup.workflows.fix import fix, order_of, proposed
from tfsetup.workflows.install import refuse_place


def fixed(
    session: Session, diagnosis: Diagnosis, matrix: Matrix, *, yes: bool
) -> tuple[DoctorDocument | UnfixedDocument, Code | None]:
    """Carry out what the most likely finding proposes; return the diagnosis with what came of it.

    Raises:
        UsageError: its fixes are for people, the host is a replayed one, or nobody agreed.
    """
    session.refuse_replay("`tfsetup doctor --fix`")
    rebuild = proposed(diagnosis.findings)
    session.say(f"Cause     {diagnosis.findings[0].title}")
    refuse_place(order_of(rebuild, dry_run=True), told=session.say)
    host, ask = session.host(), session.asked
    found = fix(rebuild, host, matrix, yes=yes, told=session.say, asked=ask, screen=session.screen)
    seen, code, done = shown(diagnosis), code_of(found), install_document(found)
    if isinstance(done, NotInstallable):
        return document(UnfixedDocument, seen, fixed=done), code
    return document(DoctorDocument, seen, fixed=done), code
