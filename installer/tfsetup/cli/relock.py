"""What `install --update-lock` does: the lock of a row, written anew."""

from __future__ import annotations

from collections.abc import Sequence

from tfsetup.cli.session import Session
from tfsetup.locks.model import Form
from tfsetup.matrix.model import Ask
from tfsetup.workflows.install import InstallOrder
from tfsetup.workflows.which_lock import Relock


def relock(session: Session, order: InstallOrder) -> Relock:
    """Return what writes the lock of a row anew."""

    def write(row: str, pythons: Sequence[str], form: Form | None) -> None:
        from tfsetup.workflows.lock import Locking

        Locking(
            session=session,
            ask=Ask(),
            pythons=tuple(pythons),
            platforms=(row,),
            folder=None,
            form=form,
            prove=order.preflight,
            force=False,
            upgrade=frozenset(),
            index_url=order.index_url,
            offline=order.offline,
        ).run(check=False)

    return write
