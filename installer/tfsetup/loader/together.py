"""What the files of the set do to each other, though each by itself is sound."""

from __future__ import annotations

from tfsetup.loader.copies import clashes
from tfsetup.loader.findings import Findings
from tfsetup.loader.model import Clash, Process
from tfsetup.loader.packages import Packages
from tfsetup.loader.sonames import same_sonames
from tfsetup.loader.windows.process import WindowsProcess

_NATIVE = (".so", ".dylib", ".pyd", ".dll")


def tell_conflicts(findings: Findings) -> None:
    """Note each native file that two wheels bring."""
    for each in findings.question.conflicts:
        if each.path.endswith(_NATIVE):
            first, second = each.wheels
            detail = f"The one installed later stays, and removing either distribution deletes it: {first}, {second}."
            findings.note(f"two wheels bring {each.path}", detail)


def compare(packages: Packages, process: Process) -> tuple[Clash, ...]:
    """Return what the packages would do to each other if one process imported them all.

    `process` has what all of them have mapped. What is no end of that process becomes a note.
    """
    findings = packages.findings
    found, unseen = clashes(findings.knowledge.copies, process, findings.question.site)
    findings.not_covered += unseen
    if isinstance(process, WindowsProcess):
        findings.not_covered += process.runtime.not_covered
    for clash, failures in same_sonames(packages):
        found.append(clash)
        findings.failures += failures
    every = (*findings.question.clashes, *found)
    for clash in every:
        if not clash.fatal:
            between = " and ".join(map(findings.relative, clash.between))
            findings.note(f"{between} do not get along", clash.consequence)
    return every
