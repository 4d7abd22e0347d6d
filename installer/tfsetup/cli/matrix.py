"""`tfsetup matrix show · check · update`: read the matrix, prove it, bring it up to date with the index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfsetup.cli.options import Json
from tfsetup.cli.session import Session, execute
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.ground.marked import Problem
    from tfsetup.host.model import Host
    from tfsetup.matrix.facts import Index
    from tfsetup.matrix.file.rows import Matrix
    from tfsetup.upkeep.index.client import IndexClient

matrix = typer.Typer(
    name="matrix",
    help="The distribution matrix: read it, prove it, bring it up to date with the index.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Offline = Annotated[bool, typer.Option("--offline", help="Against the recorded snapshot instead of the index.")]


@matrix.command()
def show(
    ctx: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the support table of the README.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="The JSON schema of matrix files, for editors.")] = False,
    compiled: Annotated[bool, typer.Option("--compiled", help="The quick copy of the shipped YAML.")] = False,
    as_json: Json = False,
) -> None:
    """Print the matrix as a table: what each row is for and the newest answer it gives."""

    def render(session: Session, result: Result[Any]) -> None:
        _render_show(session, result, markdown=markdown, schema=schema, compiled=compiled)

    execute(ctx, "matrix show", json=as_json, host=None, work=_show, render=render)


def _show(session: Session) -> Result[Any]:
    from dataclasses import asdict

    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.report.hazards import hazards_data
    from tfsetup.upkeep.overview import overview

    read = read_matrix(session.matrix)
    data = {"proven": read.proven, "index": read.index.taken, "rows": [asdict(line) for line in overview(read)]}
    data["hazards"] = hazards_data(read.hazards, cured=True)
    return Result(command="matrix show", data=data)


def _render_show(session: Session, result: Result[Any], *, markdown: bool, schema: bool, compiled: bool) -> None:
    import sys

    from tfsetup.report.matrix import defects_view, matrix_table
    from tfsetup.report.matrix import markdown as table
    from tfsetup.upkeep.overview import Line

    lines = [Line(**line) for line in result.data["rows"]]
    if schema:
        from tfsetup.matrix.file.schema import schema_text

        sys.stdout.write(schema_text())
    elif compiled:
        from tfsetup.matrix.file.disk import compiled_text

        sys.stdout.write(compiled_text())
    elif markdown:
        sys.stdout.write(table(lines))
    else:
        session.out.print(matrix_table(lines))
        session.out.print(defects_view(lines, result.data["hazards"]))


@matrix.command()
def check(
    ctx: typer.Context,
    offline: Offline = False,
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

    def work(session: Session) -> Result[Any]:
        found = _check(session, hosts, offline=offline)
        return _prove(session, found, evidence, offline=offline) if prove else found

    execute(ctx, "matrix check", json=as_json, host=None, work=work, render=_render_check)


def _check(session: Session, hosts: Path | None, *, offline: bool) -> Result[Any]:
    from dataclasses import asdict

    from tfsetup.errors import Code
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.upkeep.checks.check import check_matrix
    from tfsetup.upkeep.index.snapshot import differences

    read = read_matrix(session.matrix, marks=True)
    reports, loose = check_matrix(read, _hosts(hosts))
    data: dict[str, Any] = {"index": read.index.taken, "differences": [], "traffic": None}
    data["rows"] = [
        {"row": r.row, "newest": r.newest, "releases": r.releases, "problems": len(r.problems)} for r in reports
    ]
    if not offline:
        with _client(session) as client:
            found = differences(read.index, client.pages(_names(read)))
            data |= {"differences": [asdict(d) for d in found], "traffic": asdict(client.traffic)}
    problems = [*loose, *(problem for report in reports for problem in report.problems)]
    problems = problems or _unfounded(read)  # what is wrong in itself needs no evidence
    findings = [_finding(problem) for problem in problems]
    grave = any(difference["grave"] for difference in data["differences"])
    code = Code.INVALID_FILE if problems else Code.ANSWER_IS_NO if grave else None
    return Result(command="matrix check", data=data, findings=findings, code=code)


def _prove(session: Session, found: Result[Any], folder: Path | None, *, offline: bool) -> Result[Any]:
    """Return the result of the check with that of the preflight of every row; a row that fails makes the answer no."""
    from dataclasses import replace

    from tfsetup.errors import Code
    from tfsetup.matrix.file.disk import read_matrix
    from tfsetup.upkeep.evidence import EVIDENCE, Proving

    if not offline:
        from tfsetup.upkeep.xray.prove import ready

        ready()  # before minutes of work
    where, read = folder or EVIDENCE, read_matrix(session.matrix)
    run = Proving(session=session, matrix=read, folder=where, offline=offline)
    lines = run.run()
    emulated = _emulated(session, read, where, offline=offline)
    failing = any(line["verdict"] == "fails" for line in lines) or emulated["verdict"] == "differs"
    code = Code.ANSWER_IS_NO if failing else Code.UNDECIDED if emulated["verdict"] == "undecided" else None
    data = {**found.data, "evidence": {"folder": str(where), "rows": lines, "emulated": emulated}}
    return replace(found, data=data, code=found.code or code)


def _unfounded(read: Matrix) -> list[Problem]:
    """Return where the hazards of the matrix say otherwise than the evidence that is kept with it."""
    from tfsetup.upkeep.checks.check import problem_at
    from tfsetup.upkeep.xray.files import kept_evidence, read_plan
    from tfsetup.upkeep.xray.judge import judge

    kept = kept_evidence(read_plan().hazard)
    return [problem_at(read, path, words) for path, words in judge(kept, read.hazards)] if kept else []


def _emulated(session: Session, read: Matrix, folder: Path, *, offline: bool) -> dict[str, Any]:
    """Return what plugins do under the emulator, beside what is kept; what is not kept yet is written."""
    from tfsetup.upkeep.xray.files import keep_evidence, kept_evidence, read_plan
    from tfsetup.upkeep.xray.prove import compare, prove
    from tfsetup.upkeep.xray.wheels import fetch

    plan = read_plan()
    hazard = next((one for one in read.hazards if one.id == plan.hazard), None)
    line: dict[str, Any] = {"hazard": plan.hazard, "verdict": "not asked", "because": "", "versions": []}
    if hazard is None or offline:
        return line | {"because": "nothing is read (--offline)" if offline else "the matrix has no such hazard"}
    kept = kept_evidence(plan.hazard, folder)
    with _client(session) as client:
        libraries = fetch(plan, client)
    found = prove(libraries, plan, hazard.cure.environment, session.say)
    line |= compare(kept, found)
    return line | {"written": line["verdict"] == "new" and keep_evidence(folder, found)}


def _finding(problem: Problem) -> dict[str, Any]:
    return {"where": str(problem.where), "message": problem.message, "hint": problem.hint}


def _hosts(folder: Path | None) -> dict[str, Host]:
    """Return the hosts of a folder; files that stand beside them with expected answers are not hosts."""
    if folder is None:
        return {}
    from tfsetup.errors import UsageError
    from tfsetup.host.file import read_host

    paths = [path for path in sorted(folder.glob("*.json")) if not path.name.endswith(".expected.json")]
    if not paths:
        raise UsageError(f"--hosts {folder}: there is no host file.")
    return {path.stem: read_host(path) for path in paths}


def _names(read: Matrix) -> list[str]:
    """Return the distributions that the matrix speaks of, and those that carry the code of empty wheels."""
    mine = {row.distribution for row in read.rows} | {row.plugin.distribution for row in read.rows if row.plugin}
    return [*sorted(mine | set(read.index.distributions))]


def _client(session: Session) -> Any:
    from contextlib import closing

    from tfsetup.upkeep.index.client import client

    found: IndexClient = client()
    session.say(f"Reading {len(found.urls)} package {'index' if len(found.urls) == 1 else 'indexes'} …", level=0)
    return closing(found)


def _render_check(session: Session, result: Result[Any]) -> None:
    from tfsetup.report.matrix import check_view

    session.out.print(check_view(result.data, result.findings))


@matrix.command()
def update(
    ctx: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Write the change, unless `check` refuses it.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="The folder of matrix.yaml and index.json.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Propose what a newer index asks for, as a diff of the YAML that keeps its comments."""

    def work(session: Session) -> Result[Any]:
        return _update(session, folder, apply=apply)

    execute(ctx, "matrix update", json=as_json, host=None, work=work, render=_render_update)


def _update(session: Session, folder: Path | None, *, apply: bool) -> Result[Any]:
    from dataclasses import asdict

    from tfsetup.errors import Code
    from tfsetup.matrix.file.disk import Files
    from tfsetup.matrix.file.load import merge, parse
    from tfsetup.upkeep.checks.check import check_matrix
    from tfsetup.upkeep.index.snapshot import differences, encode
    from tfsetup.upkeep.update import apply_edits, diff, propose

    files = Files.of(folder)
    old_text, old_index = files.matrix_text(), files.index()
    read = merge([parse(old_text, str(files.matrix))], old_index)
    with _client(session) as client:
        pages = client.pages([*_names(read), *read.companions])
        found = differences(old_index, {name: pages[name] for name in _names(read)})
        index = _refreshed(read, pages, client)
        traffic = asdict(client.traffic)
    proposal = propose(read, index)
    text = apply_edits(old_text, proposal.edits)
    reports, loose = check_matrix(merge([parse(text, str(files.matrix))], index))
    problems = [*loose, *(problem for report in reports for problem in report.problems)]
    applied = apply and not problems and (text != old_text or encode(index) != encode(old_index))
    if applied:
        files.write(text, encode(index))
    data = {
        "differences": [asdict(d) for d in found],
        "edits": [{"where": str(e.where), "old": e.old, "new": e.new, "because": e.because} for e in proposal.edits],
        "notes": list(proposal.notes),
        "diff": diff(old_text, text, files.matrix.name),
        "applied": applied,
        "traffic": traffic,
    }
    refused = Code.ANSWER_IS_NO if problems else None
    return Result(command="matrix update", data=data, findings=[_finding(p) for p in problems], code=refused)


def _refreshed(read: Matrix, pages: Any, client: IndexClient) -> Index:
    from datetime import UTC, datetime

    from tfsetup.upkeep.index.snapshot import companions, refreshed

    today = datetime.now(UTC).date().isoformat()
    mine = {name: pages[name] for name in _names(read)}
    known = {name: companions(pages[name]) for name in read.companions}
    return refreshed(read.index, mine, client.requires_of, companions=known, today=today)


def _render_update(session: Session, result: Result[Any]) -> None:
    from tfsetup.report.matrix import update_view

    session.out.print(update_view(result.data, result.findings))
