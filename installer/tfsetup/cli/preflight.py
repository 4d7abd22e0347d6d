"""`tfsetup preflight`: will it load?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import HostFile, Json, PythonVersion
from tfsetup.cli.session import Session, execute
from tfsetup.errors import Code
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.report.preflight import PreflightDocument


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

    def work(session: Session) -> Result[PreflightDocument]:
        return _work(session, target, python, strict=strict)

    execute(ctx, "preflight", json=as_json, host=host, work=work, render=_render)


def _work(session: Session, targets: list[str], python: str | None, *, strict: bool) -> Result[PreflightDocument]:
    from tfsetup.report.preflight import preflight_document
    from tfsetup.workflows.preflight import judge

    host = session.host(downloads=False)
    found = judge(targets, host, python=python, replayed=session.replayed, matrix=session.matrix, told=session.say)
    report = found.report
    code = {"fails": Code.ANSWER_IS_NO, "undecided": Code.UNDECIDED if strict else None, "loads": None}[report.verdict]
    data = preflight_document(report, host, found.would_load)
    return Result(command="preflight", data=data, findings=report.notes, code=code)


def _render(session: Session, result: Result[PreflightDocument]) -> None:
    from tfsetup.report.preflight import preflight_view

    session.out.print(preflight_view(result.data, result.findings), soft_wrap=True)
