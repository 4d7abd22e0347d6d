"""`tfsetup preflight`: will it load?"""

from __future__ import annotations

from typing import Annotated

import typer

from tfsetup.cli.options import Digests, HostFile, Json, PythonVersion
from tfsetup.cli.session import begun
from tfsetup.errors import Code


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
    digests: Digests = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 9 when it cannot be decided.")] = False,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Predict from the files alone whether TensorFlow and its plugins will load."""
    from tfsetup.report.preflight import preflight_document, preflight_view
    from tfsetup.workflows.preflight import judge

    session = begun(ctx, "preflight", json=as_json, host=host)
    machine = session.host(downloads=False)
    judged = judge(
        target, machine, python=python, replayed=session.replayed, matrix=session.matrix, digests=digests,
        told=session.say,
    )  # fmt: skip
    report, found = judged.report, preflight_document(judged.report, machine, judged.would_load)
    undecided = Code.UNDECIDED if strict or report.unjudged else None  # nothing seen is never a yes
    code = {"fails": Code.ANSWER_IS_NO, "undecided": undecided, "loads": None}[report.verdict]

    def show() -> None:
        session.out.print(session.typed.part(preflight_view(found, report.notes)), soft_wrap=True)

    session.answer(found, show, findings=report.notes, code=code)
