"""`import tensorflow` in a process: the CPU, what the import opens up to its first failure, the plugins, CUDA."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tfsetup.ground.versions import asked, is_version
from tfsetup.loader.courses import Opened
from tfsetup.loader.defined import own_name
from tfsetup.loader.findings import Findings
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.model import LoadFailure, NotCovered, Process
from tfsetup.loader.python.distributions import Distribution
from tfsetup.loader.python.modules import Module
from tfsetup.loader.tensorflow import knowledge as tensorflow
from tfsetup.loader.tensorflow.cuda import CudaLibraries, cuda_libraries
from tfsetup.loader.tensorflow.knowledge import Step


def without_tensorflow(findings: Findings, found: Sequence[Distribution]) -> None:
    """Judge a set without TensorFlow: one that promises it and does not bring it, or a plugin for it."""
    knowledge, question = findings.knowledge, findings.question
    empty = tensorflow.shims(knowledge, found)
    if empty:
        message = f"ModuleNotFoundError: No module named '{knowledge.package}'"
        image = empty[0].wheel or empty[0].name
        findings.failures.append(
            LoadFailure(kind="library-not-found", image=image, message=message, library=knowledge.package)
        )
    elif tensorflow.plugins(knowledge, question.files, question.site, question.machine.system):
        reason = "there is a plugin and no TensorFlow to load it"
        findings.not_covered.append(NotCovered(reason=reason, matters=True))


def cpu_will_do(findings: Findings) -> bool:
    """Compare the instructions the wheels use with the CPU's; without them the import ends the process."""
    machine = findings.question.machine
    for need in findings.knowledge.cpu_needs:
        if (need.system, need.arch) != (machine.system, machine.arch) or not _applies(findings, need.versions):
            continue
        has = machine.has(need.feature)
        if has is None:
            reason = f"these wheels use {need.feature.upper()} instructions, and whether the CPU has them is not known"
            findings.not_covered.append(NotCovered(reason=reason, matters=True))
        elif not has:
            image = findings.knowledge.package
            findings.failures.append(
                LoadFailure(kind="cpu-feature", image=image, message=need.message, library=need.feature)
            )
            return False
    return True


def _applies(findings: Findings, versions: str) -> bool:
    # of a TensorFlow that does not say its version the need is assumed
    version = findings.version or ""
    return not is_version(version) or asked(versions, version)


def import_tensorflow(findings: Findings, process: Process, importable: Mapping[str, Module]) -> list[Opened]:
    """Open what the import opens, up to its first failure, which is the last that is returned."""
    question, knowledge = findings.question, findings.knowledge
    system = question.machine.system
    done, missing = list[Opened](), list[str]()
    for step in tensorflow.steps(knowledge, findings.version or "", question.files, question.site, system, importable):
        if step.how != "preload" and missing:
            message = tensorflow.preload_message(knowledge, system, missing)
            findings.failures.append(
                LoadFailure(kind="library-not-found", image=step.name, message=message, library=missing[0])
            )
            break
        done.append(Opened(path=step.name, mode=step.mode, caller=step.caller))
        failure = _open(findings, process, step)
        if failure and step.how == "preload":
            missing.append(step.name)
        elif failure:
            findings.failures.append(failure)
            _explain(findings, failure, importable)
            break
    return done


def _open(findings: Findings, process: Process, step: Step) -> LoadFailure | None:
    failure = findings.open(process, step.name, step.mode, caller=step.caller)
    if failure is not None:
        return replace(failure, stage=step.stage)
    if step.how == "plugin":
        _look_for_entry_points(findings, process, step.name)
    return None


def _explain(findings: Findings, failure: LoadFailure, importable: Mapping[str, Module]) -> None:
    """Note that a library said to be missing lies there after all, under a name nobody asks for."""
    leaf = posixpath.basename(failure.library or "")
    if failure.kind != "library-not-found":
        return
    for module in importable.values():
        entry = findings.question.files.lookup(module.path) if posixpath.basename(module.path) == leaf else None
        name = own_name(entry.source) if entry and entry.source else None
        if name and name != failure.library:
            where = findings.relative(module.path)
            detail = f"{where} calls itself {name}, so a loader asked for {failure.library} does not recognise it."
            findings.note(f"a file named {leaf} is there", detail)


def _look_for_entry_points(findings: Findings, process: Process, path: str) -> None:
    groups = findings.knowledge.entry_points
    if not any(all(process.exports(path, name) for name in group) for group in groups):
        names = ", ".join(group[0] for group in groups)
        detail = f"It loads, but has none of the functions of a plugin ({names})."
        findings.note(f"{findings.relative(path)} offers nothing", detail)


def look_for_cuda(findings: Findings, process: Process) -> CudaLibraries | None:
    """Look up what TensorFlow opens by name before it registers a GPU; the import does not depend on it."""
    question, knowledge = findings.question, findings.knowledge
    caller = knowledge.facts["plugins"]["caller"].get(question.machine.system)
    if findings.failures or not isinstance(process, GlibcProcess) or not caller:
        return None
    package, asking = f"{question.site}/{knowledge.package}", f"{question.site}/{caller}"
    cuda = cuda_libraries(process, question.files, package, asking)
    nvidia = any(gpu.vendor == "nvidia" for gpu in question.machine.gpus or ())
    if cuda and cuda.missing and nvidia:
        detail = f"{knowledge.facts['cuda']['message']} Not found where it looks: {', '.join(cuda.missing)}."
        findings.note("TensorFlow will not register the GPU", detail)
    return cuda
