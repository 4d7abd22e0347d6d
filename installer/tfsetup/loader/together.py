"""What the files of the set do to each other, though each by itself is sound."""

from __future__ import annotations

from tfsetup.loader.copies import clashes
from tfsetup.loader.findings import Findings
from tfsetup.loader.model import Clash, Process

_NATIVE = (".so", ".dylib", ".pyd", ".dll")


def tell_conflicts(findings: Findings) -> None:
    """Note each native file that two wheels bring."""
    for each in findings.question.conflicts:
        if each.path.endswith(_NATIVE):
            first, second = each.wheels
            detail = f"The one installed later stays, and removing either distribution deletes it: {first}, {second}."
            findings.note(f"two wheels bring {each.path}", detail)


def compare(findings: Findings, process: Process) -> tuple[Clash, ...]:
    """Compare what the images of the set would share if one process imported all of it; the clashes end no yes."""
    found, unseen = clashes(findings.knowledge.copies, process, findings.question.site)
    findings.not_covered += unseen
    every = (*findings.question.clashes, *found)
    for clash in every:
        if not clash.fatal:
            between = " and ".join(map(findings.relative, clash.between))
            findings.note(f"{between} do not get along", clash.consequence)
    return every
