"""`tfsetup install`: resolve, lock, preflight, build, verify, switch over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tfsetup.cli.options import (
    Accel,
    BackendName,
    HostFile,
    IndexUrl,
    Json,
    Pre,
    Prefix,
    PythonVersion,
    Tensorflow,
    WithoutCures,
)
from tfsetup.cli.session import Session, execute
from tfsetup.matrix.model import Ask
from tfsetup.report.result import Result


def install(
    ctx: typer.Context,
    tensorflow: Tensorflow = None,
    accelerator: Accel = "auto",
    python: PythonVersion = None,
    backend: BackendName = "auto",
    pre: Pre = False,
    prefix: Prefix = Path(".venv"),
    lock: Annotated[
        Path | None, typer.Option("--lock", metavar="PATH", help="Install exactly what this lock file says.")
    ] = None,
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Resolve, whatever environments/locks and the team file say.")
    ] = False,
    update_lock: Annotated[
        bool, typer.Option("--update-lock", help="Write the lock anew when it is stale or missing.")
    ] = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Do not load and time TensorFlow afterwards.")] = False,
    no_preflight: Annotated[bool, typer.Option("--no-preflight", help="Do not predict the native load.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use only what uv's cache holds.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and change nothing.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of an environment that is not tfsetup's, and keep it.")
    ] = False,
    allow_build: Annotated[
        bool, typer.Option("--allow-build", help="Let a row that needs it compile a plugin, without asking.")
    ] = False,
    without_cures: WithoutCures = False,
    index_url: IndexUrl = None,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Put a TensorFlow that really runs onto this machine, and prove it."""
    from tfsetup.workflows.install import Installation, render

    ask = Ask(tensorflow=tensorflow, accelerator=accelerator, python=python, backend=backend, pre=pre)

    def work(session: Session) -> Result[Any]:
        return Installation(
            session=session,
            ask=ask,
            prefix=prefix,
            lock_file=lock,
            verify=not no_verify,
            preflight=not no_preflight,
            offline=offline,
            dry_run=dry_run,
            replace=replace,
            allow_build=allow_build,
            no_lock=no_lock,
            update_lock=update_lock,
            without_cures=without_cures,
            index_url=index_url,
        ).run()

    execute(ctx, "install", json=as_json, host=host, work=work, render=render)
