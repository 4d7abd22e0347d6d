"""Will it load? The whole prediction: tags, instruction sets, `import tensorflow`, plugins, every other module.

The steps have a module each: `admission` (which distributions, and pip's word on them), `importing` (`import
tensorflow`), `packages` (everything else), `together` (what packages do to each other). They add to `findings`.
"""

from __future__ import annotations

from tfsetup.loader.admission import distributions, ends_it, refusals
from tfsetup.loader.courses import Opened
from tfsetup.loader.findings import Findings, Progress
from tfsetup.loader.importing import cpu_will_do, import_tensorflow, look_for_cuda, without_tensorflow
from tfsetup.loader.model import Clash, NotCovered, Process
from tfsetup.loader.opening import Openings
from tfsetup.loader.packages import Packages
from tfsetup.loader.python import distributions as dists
from tfsetup.loader.python.modules import extension_modules
from tfsetup.loader.question import Question
from tfsetup.loader.remedies import remedies_for
from tfsetup.loader.report import Report
from tfsetup.loader.tensorflow import knowledge as tensorflow
from tfsetup.loader.tensorflow.cuda import CudaLibraries
from tfsetup.loader.tensorflow.knowledge import Knowledge
from tfsetup.loader.together import compare, tell_conflicts

_NOTHING = NotCovered(reason="no native file of the set was judged", matters=True)


def preflight(
    question: Question, process: Process, knowledge: Knowledge, progress: Progress = lambda _text: None
) -> Report:
    """Predict the load. `process` is a fresh one of the machine; `progress` hears each file that is opened."""
    findings = Findings(question=question, knowledge=knowledge, progress=progress)
    tell_conflicts(findings)
    found = distributions(question)
    findings.python = question.python or dists.python_of(found)
    findings.version = tensorflow.version_in(knowledge, found, question.files, question.site)
    refused = refusals(question, found, findings.python)
    findings.failures += refused
    if ends_it(refused):
        return _report(findings, process)
    modules = extension_modules(question.files, question.site, findings.target)
    importable = {each.name: each for each in modules if each.status == "taken"}
    bare, opened, cuda = process.fork(), list[Opened](), None
    if findings.version is None:
        without_tensorflow(findings, found)
    elif cpu_will_do(findings):
        opened = import_tensorflow(findings, process, importable)
        cuda = look_for_cuda(findings, process)
    findings.not_covered += process.not_covered
    packages = Packages(findings=findings, bare=bare, after=process, modules=modules, of_tensorflow=opened)
    packages.judge()
    Openings(findings=findings, packages=packages).judge()
    together = packages.joined
    return _report(findings, together, cuda, compare(packages, together))


def _report(
    findings: Findings, process: Process, cuda: CudaLibraries | None = None, clashes: tuple[Clash, ...] = ()
) -> Report:
    """Return what was found, what helps, and that nothing was found where nothing was."""
    _tell_remedies(findings)
    seen = dict.fromkeys(findings.not_covered)
    if not (process.images or findings.failures or any(each.matters for each in seen)):
        seen[_NOTHING] = None
    return Report(
        site=findings.question.site,
        python=findings.python,
        tensorflow=findings.version or None,
        images=process.images,
        checked=tuple(map(findings.relative, findings.checked)),
        failures=tuple(findings.failures),
        not_covered=tuple(seen),
        notes=tuple(findings.notes),
        cuda=cuda,
        clashes=clashes,
    )


def _tell_remedies(findings: Findings) -> None:
    for remedy, images in remedies_for(
        findings.knowledge.remedies, findings.question.machine.system, findings.failures
    ):
        names = ", ".join(map(findings.relative, images))
        findings.note(f"{remedy.library} is to be installed: {remedy.do}", f"{names} needs {remedy.what}.")
