"""`tfsetup lock`: lock files for the whole team, from one machine."""

from __future__ import annotations

import typer

from tfsetup.cli import lock_options as only
from tfsetup.cli.options import (
    Accel,
    BackendName,
    HostFile,
    IndexUrl,
    Json,
    Pre,
    Tensorflow,
    WithoutCures,
)
from tfsetup.cli.session import begun
from tfsetup.matrix.model import Ask


def lock(
    ctx: typer.Context,
    tensorflow: Tensorflow = None,
    accelerator: Accel = "auto",
    python: only.Pythons = None,
    backend: BackendName = "auto",
    pre: Pre = False,
    platform: only.Platforms = None,
    output: only.Output = None,
    form: only.Format = None,
    check: only.Check = False,
    prove: only.Prove = None,
    prove_run: only.ProveRun = False,
    force: only.Force = False,
    upgrade: only.Upgrade = False,
    upgrade_package: only.UpgradePackage = None,
    index_url: IndexUrl = None,
    source: only.Source = None,
    sbom: only.Sbom = None,
    digests: only.Digests = None,
    exclude_newer: only.ExcludeNewer = None,
    exclude_newer_package: only.ExcludeNewerPackage = None,
    without_cures: WithoutCures = False,
    allow_build_of: only.AllowBuildOf = None,
    offline: only.Offline = False,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Write lock files for every machine of the team, or say which ones are stale."""
    from tfsetup.locks.cooldown import asked
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.lock import findings_of, lock_lines
    from tfsetup.workflows import lock as course

    order = course.LockOrder(
        ask=Ask(tensorflow=tensorflow, accelerator=accelerator, backend="conda" if source else backend, pre=pre),
        pythons=tuple(python or ()), platforms=tuple(platform or ()), folder=output or course.LOCKS, form=form,
        prove=not check if prove is None else prove, force=force, offline=offline, source=source, index_url=index_url,
        upgrade=None if upgrade else frozenset(upgrade_package or ()), without_cures=without_cures,
        allow_build_of=tuple(allow_build_of or ()),
        cooldown=asked(exclude_newer, exclude_newer_package or ()), sbom=sbom, digests=digests,
    )  # fmt: skip

    session = begun(ctx, "lock", json=as_json, host=host)
    machine = session.host() if session.replayed and not platform else None
    run = course.check if check else course.lock
    matrix = read_matrix(session.matrix)
    attempt = None
    if prove_run:
        from tfsetup.workflows.attempt import attempting

        here = None if session.replayed else session.host()
        attempt = attempting(here, matrix, session.say, offline=offline)
    found = run(order, matrix, host=machine, told=session.say, attempt=attempt)
    code = found.code(proven=order.prove or prove_run)
    session.answer(found, lambda: session.show("\n".join(lock_lines(found))), findings=findings_of(found), code=code)
