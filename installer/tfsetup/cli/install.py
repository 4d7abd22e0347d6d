"""`tfsetup install`: resolve, lock, preflight, build, verify, switch over."""

from __future__ import annotations

from pathlib import Path

import typer

from tfsetup.cli import options as o
from tfsetup.cli.lock_options import AllowBuildOf
from tfsetup.cli.session import begun
from tfsetup.cli.terminal import terminal
from tfsetup.matrix.model import Ask


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
    allow_build_of: AllowBuildOf = None,
    more: o.With = None,
    requirement: o.RequirementFiles = None,
    without_cures: o.WithoutCures = False,
    tune: o.Tune = False,
    index_url: o.IndexUrl = None,
    digests: o.Digests = None,
    as_json: o.Json = False,
    host: o.HostFile = None,
) -> None:
    """Put a TensorFlow that really runs onto this machine, and prove it."""
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.install import code_of, outcome
    from tfsetup.workflows import install as course

    order = course.InstallOrder(
        ask=Ask(tensorflow=tensorflow, accelerator=accelerator, python=python, backend=backend, pre=pre),
        prefix=prefix, lock_file=lock, no_lock=no_lock, update_lock=update_lock, index_url=index_url, offline=offline,
        preflight=not no_preflight, verify=not no_verify, cures=not without_cures, dry_run=dry_run, replace=replace,
        allow_build=allow_build, allow_build_of=tuple(allow_build_of or ()), requirements=tuple(more or ()),
        files=tuple(requirement or ()), digests=digests, tune=tune,
    )  # fmt: skip

    session = begun(ctx, "install", json=as_json, host=host)
    if not dry_run:
        session.refuse_replay("`tfsetup install`")
    course.refuse_place(order, told=session.say)
    at, say, ask = (session.host(), read_matrix(session.matrix)), session.say, session.asked
    found = course.install(order, *at, told=say, asked=ask, screen=session.screen)
    if as_json:
        from tfsetup.report.install_document import findings_of, install_document

        data = install_document(found)
        session.answer(data, lambda: None, findings=findings_of(data), code=code_of(found))
    parts = outcome(found, terminal())
    session.answer(found, lambda: session.show(*parts), code=code_of(found))
