"""`tfsetup matrix check`: prove the matrix, and with `--prove` what its rows answer."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import begun


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

    from tfsetup.host.file import read_hosts
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.matrix import check_view, findings_of
    from tfsetup.upkeep.check import Kept
    from tfsetup.upkeep.check import check as checked
    from tfsetup.upkeep.check import prove as proved
    from tfsetup.upkeep.evidence import EVIDENCE, Proving
    from tfsetup.upkeep.gpucode.read import shipped_evidence, shipped_plan
    from tfsetup.upkeep.index.client import asking
    from tfsetup.upkeep.xray.files import kept_evidence, read_plan
    from tfsetup.workflows.attempt import attempting
    from tfsetup.workflows.prove import Prover

    session = begun(ctx, "matrix check", json=as_json)
    read = read_matrix(session.matrix, marks=True)
    with nullcontext() if offline else asking(session.say) as index:
        emulated = kept_evidence(read_plan().hazard)
        kept = Kept(emulated=emulated, gpu_code=shipped_evidence(), plan=shipped_plan())
        found = checked(read, read_hosts(hosts) if hosts else {}, index, kept)
        if prove:
            prover = Prover(told=session.say)
            attempt = None if offline else attempting(session.host(), read, session.say)
            rows = Proving(matrix=read, folder=evidence or EVIDENCE, offline=offline, prover=prover, attempt=attempt)
            found = proved(found, rows, index)
    findings = findings_of(found.problems)
    session.answer(
        found.data, lambda: session.show(check_view(found.data, findings)), findings=findings, code=found.code
    )
