"""What an installation came to, for people: the device table, and what to type next.

The document of `--json` is made only where something of the checks is shown: it knows what every check can find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET

from tfsetup.envs.cures import assignments
from tfsetup.errors import Code
from tfsetup.ground.units import seconds, size
from tfsetup.report.resolve import resolve_document, resolve_lines
from tfsetup.report.shells import Terminal, activation

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tfsetup.verify.model import Verification
    from tfsetup.verify.programs import ProgramsTried
    from tfsetup.workflows.install import Installed, Rehearsal


def code_of(found: Installed) -> Code | None:
    """Return what the command ends with; None: the prefix is, or would be, what was asked for."""
    if not found.selection.installable:
        return Code.NO_ROW
    return None if found.refusal is None else Code.ANSWER_IS_NO


def outcome(found: Installed, terminal: Terminal) -> Iterator[RenderableType]:
    """Yield what to print for a finished installation, for those who type at `terminal`."""
    if not found.selection.installable:
        yield from resolve_lines(resolve_document(found.selection))
    elif found.rehearsal is not None and found.rehearsal.plan:
        yield from _dry(found, found.rehearsal)
    elif found.refusal is not None:
        yield from _refused(found)
    elif found.changed:
        yield from _installed(found, terminal)
    else:
        what = f"{found.selection.row} ({', '.join(found.selection.requirements)})"
        yield f"{found.prefix} already is {what}, generation {_generation(found)}: nothing to do."
        if found.receipt and found.receipt.tuned:
            yield f"It sets {assignments(found.receipt.tuned)}: measured to be faster when it was built (--tune)."
        yield from next_steps(found, terminal)


def _generation(found: Installed) -> int | None:
    return found.receipt.generation if found.receipt else None


def _dry(found: Installed, would: Rehearsal) -> Iterator[RenderableType]:
    yield f"{found.prefix} would become {found.selection.row} on Python {found.selection.python}:"
    yield from (f"  {number}. {line}" for number, line in enumerate(would.plan, 1))
    yield f"{len(would.packages)} packages, {size(would.download_bytes)}: {', '.join(would.packages)}"
    yield "Nothing was changed (--dry-run)."


def _installed(found: Installed, terminal: Terminal) -> Iterator[RenderableType]:
    if found.verification is not None or (found.receipt and found.receipt.verify):
        from tfsetup.report.install_document import InstallDocument, install_document

        data = install_document(found)
        yield from _verified(data.verify if isinstance(data, InstallDocument) else None)
        if isinstance(data, InstallDocument) and data.tuning and data.tune is not UNSET:
            from tfsetup.report.tune import tuning_parts

            yield from tuning_parts(data.tuning, data.tune, installed=True)
    spent = ", ".join(f"{phase} {seconds(round(each, 3))}" for phase, each in found.seconds.items() if round(each, 3))
    yield ""
    took = f" ({spent})" if spent else ""
    yield f"{found.prefix} is ready: {found.selection.row}, generation {_generation(found)}{took}"
    yield from next_steps(found, terminal)


def _verified(found: Verification | None) -> Iterator[RenderableType]:
    from tfsetup.report.verify import verify_view

    if found is not None:
        yield verify_view(found)


def _refused(found: Installed) -> Iterator[RenderableType]:
    from tfsetup.report.install_document import InstallDocument, install_document

    data = install_document(found)
    if not isinstance(data, InstallDocument):
        return
    yield from _verified(data.verify)
    for failure in data.preflight.failures if data.preflight else ():
        yield f"{failure.kind}: {failure.image}"
        yield from (f"    {line}" for line in failure.message.splitlines())
    for clash in data.preflight.clashes if data.preflight else ():
        if clash.fatal:
            yield f"{clash.kind}: {' and '.join(clash.between)}"
            yield f"    {clash.consequence}"
    yield from _dead(data.programs)
    if data.doctor:
        from tfsetup.report.doctor import doctor_text

        yield doctor_text(data.doctor)
    yield ""
    yield f"Not installed: {data.refused}"
    yield f"{data.prefix} is as it was before."


def _dead(tried: ProgramsTried | None) -> Iterator[str]:
    from tfsetup.verify.programs import sentence

    for one in tried.dead if tried else ():
        yield sentence(one)
        yield f"    {one.message}"


def next_steps(found: Installed, terminal: Terminal) -> Iterator[str]:
    """Yield what to type next: activate, run, check again, go back."""
    command, name = terminal.command, terminal.names(found.prefix)
    where = "" if name == ".venv" else f" {terminal.word(name)}"
    conda, generation = found.selection.backend == "conda", _generation(found)
    yield f"  activate   {activation(found.prefix, terminal, conda=conda)}"
    yield f"  run        {command} run{where} -- python your_script.py"
    yield f"  check      {command} verify{where}"
    if generation and generation > 1:
        yield f"  go back    {command} rollback{where and f' --prefix{where}'}"
