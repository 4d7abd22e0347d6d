"""`tfsetup install`: resolve, lock, preflight, build, verify, switch over."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tfsetup.cli import options as o
from tfsetup.cli.called import called
from tfsetup.cli.session import Session, execute
from tfsetup.matrix.model import Ask
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.report.install import InstallDocument, NotInstallable
    from tfsetup.workflows.install import InstallOrder


def install(
    ctx: typer.Context,
    tensorflow: o.Tensorflow = None,
    accelerator: o.Accel = "auto",
    python: o.PythonVersion = None,
    backend: o.BackendName = "auto",
    pre: o.Pre = False,
    prefix: o.Prefix = Path(".venv"),
    lock: o.LockFile = None,
    no_lock: o.NoLock = False,
    update_lock: o.UpdateLock = False,
    no_verify: o.NoVerify = False,
    no_preflight: o.NoPreflight = False,
    offline: o.FromCache = False,
    dry_run: o.DryRun = False,
    replace: o.Replace = False,
    allow_build: o.AllowBuild = False,
    without_cures: o.WithoutCures = False,
    index_url: o.IndexUrl = None,
    as_json: o.Json = False,
    host: o.HostFile = None,
) -> None:
    """Put a TensorFlow that really runs onto this machine, and prove it."""
    from tfsetup.workflows.install import InstallOrder

    order = InstallOrder(
        ask=Ask(tensorflow=tensorflow, accelerator=accelerator, python=python, backend=backend, pre=pre),
        prefix=prefix, lock_file=lock, no_lock=no_lock, update_lock=update_lock, index_url=index_url, offline=offline,
        preflight=not no_preflight, verify=not no_verify, cures=not without_cures, dry_run=dry_run, replace=replace,
        allow_build=allow_build,
    )  # fmt: skip
    execute(ctx, "install", json=as_json, host=host, work=partial(_work, order), render=_render)


def _work(order: InstallOrder, session: Session) -> Result[InstallDocument | NotInstallable]:
    from tfsetup.cli.relock import relock
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.install import install_result
    from tfsetup.workflows.install import install, refuse_place

    if not order.dry_run:
        session.refuse_replay("`tfsetup install`")
    refuse_place(order, told=session.say)
    found = install(
        order,
        session.host(),
        read_matrix(session.matrix),
        told=session.say,
        asked=session.asked,
        screen=session.screen,
        relock=relock(session, order),
    )
    return install_result(found)


def _render(session: Session, result: Result[InstallDocument | NotInstallable]) -> None:
    from tfsetup.report.install import outcome

    for part in outcome(result.data, command=called(), windows=sys.platform == "win32"):
        session.show(part)
