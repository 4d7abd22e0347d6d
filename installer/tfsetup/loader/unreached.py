"""Which native files of the set nothing that was followed has reached: they were not judged, and that is said. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from tfsetup.ground.platforms import OS_NAMES
from tfsetup.loader.files.names import is_native
from tfsetup.loader.model import NotCovered
from tfsetup.loader.python.modules import walk

if TYPE_CHECKING:
    from tfsetup.ground.platforms import Os
    from tfsetup.loader.findings import Findings
    from tfsetup.loader.python.modules import Module

_FOREIGN: Final[dict[Os, dict[str, str]]] = {
    "linux": {".dylib": "macOS", ".dll": "Windows", ".pyd": "Windows"},
    "macos": {".dll": "Windows", ".pyd": "Windows"},
    "windows": {".dylib": "macOS"},
}
"""The endings of native files that a system's own do not have, and whose they are."""

_PASSED: Final = {
    "behind": "another file is imported under its name",
    "foreign": "named for other Pythons or platforms than this one",
}


def unreached(findings: Findings, loaded: Collection[str], modules: Iterable[Module] = ()) -> Iterator[NotCovered]:
    """Yield the native files of the set that were neither opened nor mapped, each with the reason.

    `loaded` are the real paths of what a process has mapped in the end, `modules` what was found of extension modules.
    What was opened and did not load has been told.
    """
    passed = {each.path: _PASSED[each.status] for each in modules if each.status != "taken"}
    question = findings.question
    told = {*findings.checked, *(failure.image for failure in findings.failures)}
    told |= {each.image for each in findings.not_covered if each.image}
    known = {*loaded, *told}
    for path in walk(question.files, question.site):
        if is_native(path) and path not in known and not _same(findings, path, known):
            yield NotCovered(reason=passed.get(path) or _why(findings, path), image=path)


def _same(findings: Findings, path: str, known: Collection[str]) -> bool:
    """Say whether a path is another name of a known file: a link, or another spelling on a disk that takes both."""
    entry = findings.question.files.lookup(path)
    return entry is None or entry.path in known


def _why(findings: Findings, path: str) -> str:
    system, inside = findings.question.machine.system, f"{findings.question.site}/{findings.knowledge.package}/"
    whose = next((owner for ending, owner in _FOREIGN[system].items() if path.endswith(ending)), None)
    if whose is not None:
        return f"made for {whose}, and {OS_NAMES[system]} opens no such file"
    if findings.tensorflow_failed and path.startswith(inside):
        return "the import of TensorFlow ends before"
    return "no import, dependency or opening that was followed leads there"
