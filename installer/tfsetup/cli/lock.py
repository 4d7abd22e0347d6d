"""`tfsetup lock`: lock files for the whole team, from one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tfsetup.cli.options import Accel, BackendName, HostFile, IndexUrl, Json, Pre, Tensorflow, WithoutCures
from tfsetup.cli.session import Session, execute
from tfsetup.matrix.model import Ask
from tfsetup.report.result import Result

_Platform = Annotated[
    list[str] | None,
    typer.Option("--platform", metavar="ROW-OR-TARGET", help="Lock for this row or platform; may be repeated."),
]
_Pythons = Annotated[
    list[str] | None,
    typer.Option(
        "--python", metavar="X.Y", help="The Python to lock for; repeated, or `all`: one lock for each that fits."
    ),
]
_Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the lock files are; environments/locks.")
]
_Format = Annotated[
    Literal["pylock", "portable"] | None,
    typer.Option("--format", help="With addresses (PEP 751), or names and hashes only, for any index or mirror."),
]
_Upgrade = Annotated[
    list[str] | None,
    typer.Option("--upgrade-package", metavar="NAME", help="Let this one move on; may be repeated."),
]
_Prove = Annotated[
    bool | None,
    typer.Option(
        "--prove/--no-prove", help="Predict from the wheels whether each lock loads; --check does not, unless told."
    ),
]


def lock(
    ctx: typer.Context,
    tensorflow: Tensorflow = None,
    accelerator: Accel = "auto",
    python: _Pythons = None,
    backend: BackendName = "auto",
    pre: Pre = False,
    platform: _Platform = None,
    output: _Output = None,
    form: _Format = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 8 when a lock is stale or missing.")
    ] = False,
    prove: _Prove = None,
    force: Annotated[bool, typer.Option("--force", help="Write also what would not load.")] = False,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Let every version move on.")] = False,
    upgrade_package: _Upgrade = None,
    index_url: IndexUrl = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Take over an environment.yml (with --backend conda).")
    ] = None,
    without_cures: WithoutCures = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use only what uv's cache holds.")] = False,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Write lock files for every machine of the team, or say which ones are stale."""
    from tfsetup.workflows.lock import Locking, render

    if source is not None:
        backend = "conda"

    def work(session: Session) -> Result[Any]:
        return Locking(
            session=session,
            ask=Ask(tensorflow=tensorflow, accelerator=accelerator, backend=backend, pre=pre),
            pythons=tuple(python or ()),
            platforms=tuple(platform or ()),
            folder=output,
            form=form,
            prove=not check if prove is None else prove,
            force=force,
            upgrade=None if upgrade else frozenset(upgrade_package or ()),
            index_url=index_url,
            offline=offline,
            source=source,
            without_cures=without_cures,
        ).run(check=check)

    execute(ctx, "lock", json=as_json, host=host, work=work, render=render)
