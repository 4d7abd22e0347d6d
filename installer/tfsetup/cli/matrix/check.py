"""`tfsetup matrix check`: prove the matrix, and with `--prove` what its rows answer."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.upkeep.check import MatrixChecked


def check(
    ctx: typer.Context,
    offline: Annotated[
        bool, typer.Option("--offline", help="Against the recorded snapshot instead of the index.")
    ] = False,
    hosts: Annotated[
        Path | None, typer.Option("--hosts", metavar="DIR", help="Host files that must have exactly one winner each.")
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Preflight the answer of every row too, and write down what was found.")
    ] = False,
    evidence: Annotated[
        Path | None,
        typer.Option("--evidence", metavar="DIR", help="Where --prove writes a file a row; environments/evidence."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove the matrix: every field against the index, exactly one winner for each host, no unreachable row.

    With --prove, also that what each row answers would load on its machine: read from the wheels, nothing is installed.
    """
    if evidence is not None and not prove:
        raise typer.BadParameter("only --prove writes evidence.", param_hint="--evidence")

    def work(session: Session) -> Result[MatrixChecked]:
        from tfsetup.host.file import read_hosts
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.report.matrix import findings_of
        from tfsetup.upkeep.check import check as checked
        from tfsetup.upkeep.check import prove as proved
        from tfsetup.upkeep.evidence import EVIDENCE, Proving
        from tfsetup.upkeep.index.client import asking
        from tfsetup.upkeep.xray.files import kept_evidence, read_plan
        from tfsetup.workflows.prove import Prover

        read = read_matrix(session.matrix, marks=True)
        with nullcontext() if offline else asking(session.say) as index:
            found = checked(read, read_hosts(hosts) if hosts else {}, index, kept_evidence(read_plan().hazard))
            if prove:
                prover = Prover(told=session.say)
                rows = Proving(matrix=read, folder=evidence or EVIDENCE, offline=offline, prover=prover)
                found = proved(found, rows, index)
        return Result(command="matrix check", data=found.data, findings=findings_of(found.problems), code=found.code)

    execute(ctx, "matrix check", json=as_json, host=None, work=work, render=_render)


def _render(session: Session, result: Result[MatrixChecked]) -> None:
    from tfsetup.report.matrix import check_view

    session.out.print(check_view(result.data, result.findings))
