"""`tfsetup verify`: load TensorFlow in a fresh interpreter, time a matmul on each device, and check the answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfsetup.cli.options import HostFile, Json
from tfsetup.cli.session import Session, execute
from tfsetup.errors import Code, UsageError
from tfsetup.report.result import Result

if TYPE_CHECKING:
    from tfsetup.verify import Verification


class Dtype(StrEnum):
    """The types a product can be asked for in."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT64 = "float64"


def verify(
    ctx: typer.Context,
    prefix: Annotated[
        Path, typer.Argument(metavar="[PREFIX]", help="An environment's folder, or its interpreter.")
    ] = Path(".venv"),
    size: Annotated[
        list[int] | None,
        typer.Option("--size", metavar="N", min=1, max=32768, help="Time N-by-N matrices only; may be repeated."),
    ] = None,
    dtype: Annotated[list[Dtype] | None, typer.Option("--dtype", help="This type only; may be repeated.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One short float32 sweep, as after an installation.")] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show how each device changed since earlier runs.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Also write one self-contained page.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="S", min=1, help="Call it a hang after S seconds.")
    ] = None,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Load TensorFlow in a fresh interpreter, time a matmul on each device, and check the answers."""

    def work(session: Session) -> Result[Any]:
        return Examination(
            session=session,
            prefix=prefix,
            sizes=sorted(set(size or ())),
            dtypes=list(dict.fromkeys(dtype or ())),
            quick=quick,
            compare=compare,
            report=report,
            timeout=timeout,
        ).run()

    execute(ctx, "verify", json=as_json, host=host, work=work, render=_render)


@dataclass(frozen=True, kw_only=True)
class Examination:
    """One `tfsetup verify`."""

    session: Session
    prefix: Path
    sizes: list[int]
    dtypes: list[Dtype]
    quick: bool
    compare: bool
    report: Path | None
    timeout: float | None

    def run(self) -> Result[Any]:
        """Verify, compare with earlier runs, keep the result, write the page."""
        from tfsetup.verify import find_python, findings_data, to_data

        python = find_python(self.prefix)
        write_page = self._page_writer()
        found, history = self._with_history(self._verify(python))
        data = to_data(found) | {"history": history, "compare": self.compare}
        if not found.ok:
            data["doctor"] = self._explained(python, found)
        findings = findings_data(found)
        if write_page is not None:
            write_page(data, findings)
        return Result(command="verify", data=data, findings=findings, code=None if found.ok else Code.ANSWER_IS_NO)

    def _verify(self, python: Path) -> Verification:
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.verify import expectation_of, receipt_of, verify

        hazards = read_matrix(self.session.matrix).hazards
        with _progress(self.session) as on_progress:
            return verify(
                python,
                expect=expectation_of(receipt_of(self.prefix)),
                host=self.session.host(pythons=False, downloads=False),
                mode="quick" if self.quick else "full",
                sizes=self.sizes or None,
                dtypes=[dtype.value for dtype in self.dtypes] or None,
                on_progress=on_progress,
                timeout_s=self.timeout,
                hazards=hazards,
            )

    def _explained(self, python: Path, found: Verification) -> dict[str, Any] | None:
        """Ask the doctor why; which packages there are matters where a device computes wrong results."""
        from tfsetup.doctor.present import to_data
        from tfsetup.envs.guard import target_of
        from tfsetup.matrix.file.disk import read_matrix
        from tfsetup.workflows.diagnose import consult, wrong_checks

        packages = None
        if wrong_checks(found):
            from tfsetup.doctor.gather import look_at

            packages = look_at(python, Path.cwd()).packages
        host = self.session.host(pythons=False, downloads=False)
        prefix = target_of(self.prefix)
        matrix = read_matrix(self.session.matrix)
        told = consult(found, host, prefix=prefix, matrix=matrix, packages=packages)
        return None if told is None else to_data(told)

    def _with_history(self, found: Verification) -> tuple[Verification, dict[str, Any]]:
        from tfsetup.verify import keep

        if self.session.replayed:  # judged as another machine: not this one's history
            return found, {"runs": 0, "compared_with": None, "changes": []}
        kept = keep(self.prefix, found)
        if kept.problem:
            self.session.say(f"Note      {kept.problem}")
        return replace(found, findings=(*found.findings, *kept.findings)), kept.data

    def _page_writer(self) -> Callable[[dict[str, Any], list[dict[str, Any]]], None] | None:
        """Return what writes the page; anything that would prevent it is found out before minutes are spent."""
        path = self.report
        if path is None:
            return None
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise UsageError(f"{path} is not a file one could write.", hint="Name a file in a folder that exists.")

        def write(data: dict[str, Any], findings: list[dict[str, Any]]) -> None:
            from tfsetup.report.page import verify_page

            try:
                path.write_text(verify_page(data, findings), encoding="utf-8")
            except OSError as error:
                raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="Choose another file.") from error
            self.session.say(f"Report    {path}")

        return write


@contextmanager
def _progress(session: Session) -> Iterator[Callable[[str], None]]:
    """Show the current step in one line on a terminal; print it only when asked for otherwise."""
    if session.verbosity < 0 or session.verbosity > 0 or not sys.stderr.isatty():
        yield lambda text: session.say(text, level=1)
        return
    from rich.console import Console

    console = Console(stderr=True, no_color=not session.colored(sys.stderr))
    with console.status("starting the interpreter", spinner="line") as status:
        yield status.update


def _render(session: Session, result: Result[Any]) -> None:
    from tfsetup.report.verify import verify_parts

    for part in verify_parts(result.data, result.findings, ascii_only=not _speaks_unicode()):
        session.show(part)
    if result.data.get("doctor"):
        from tfsetup.report.doctor import doctor_text

        session.show(doctor_text(result.data["doctor"]))


def _speaks_unicode() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()
