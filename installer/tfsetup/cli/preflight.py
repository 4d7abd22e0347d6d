"""`tfsetup preflight`: will it load?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tfsetup.cli.options import HostFile, Json, PythonVersion
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result


def preflight(
    ctx: typer.Context,
    target: Annotated[
        list[str],
        typer.Argument(
            metavar="TARGET...",
            help="A wheel, a folder of wheels, an environment or site-packages, a lock file, or requirements.",
            show_default=False,
        ),
    ],
    python: PythonVersion = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 9 when it cannot be decided.")] = False,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Predict from the files alone whether TensorFlow and its plugins will load."""

    def work(session: Session) -> Result[Any]:
        return _work(session, target, python, strict=strict)

    execute(ctx, "preflight", json=as_json, host=host, work=work, render=_render)


def _work(session: Session, targets: list[str], python: str | None, *, strict: bool) -> Result[Any]:
    from tfsetup.errors import Code
    from tfsetup.host.file import to_json
    from tfsetup.loader.report import to_data
    from tfsetup.workflows.conda_choice import is_conda_lock
    from tfsetup.workflows.preflight import preflight as judge
    from tfsetup.workflows.preflight import would_load
    from tfsetup.workflows.prove_conda import predict_conda_lock
    from tfsetup.workflows.subjects import subject_of

    host = session.host(downloads=False)
    if any(is_conda_lock(Path(target)) for target in targets):
        report = predict_conda_lock(session, targets, host, python)
    else:
        subject = subject_of(targets, host, python, replayed=session.replayed, told=session.say)
        report = judge(subject, host, python=python, told=session.say)
    data = to_data(report) | {"host": to_json(host), "would_load": would_load(report, host, session.matrix)}
    code = {"fails": Code.ANSWER_IS_NO, "undecided": Code.UNDECIDED if strict else None, "loads": None}[report.verdict]
    return Result(command="preflight", data=data, findings=data.pop("notes"), code=code)


def _render(session: Session, result: Result[Any]) -> None:
    from tfsetup.report.preflight import preflight_view

    session.out.print(preflight_view(result.data, result.findings), soft_wrap=True)
