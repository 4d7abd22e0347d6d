"""Will it load? The whole prediction: tags, instruction sets, `import tensorflow`, plugins, every other module."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tfsetup.ground.versions import asked, is_version
from tfsetup.loader.clashes import of_environment, of_wheels
from tfsetup.loader.copies import clashes
from tfsetup.loader.defined import defines, own_name
from tfsetup.loader.files.names import is_native
from tfsetup.loader.files.view import Conflict
from tfsetup.loader.glibc.process import GlibcProcess
from tfsetup.loader.machine import Machine
from tfsetup.loader.model import Clash, Filesystem, LoadFailure, Mode, NotCovered, Process
from tfsetup.loader.python import distributions as dists
from tfsetup.loader.python.distributions import Distribution
from tfsetup.loader.python.importers import Importers
from tfsetup.loader.python.modules import Module, extension_modules
from tfsetup.loader.report import Note, Report, relative
from tfsetup.loader.tensorflow import knowledge as tensorflow
from tfsetup.loader.tensorflow.cuda import CudaLibraries, cuda_libraries
from tfsetup.loader.tensorflow.knowledge import Knowledge, Step

Progress = Callable[[str], object]


_NOTHING = NotCovered(reason="no native file of the set was judged", matters=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is to be judged: the files under `site` (an absolute path in `files`), for a Python `X.Y` on a machine.

    `wheels` are the file names of wheels that are not installed yet and `conflicts` the files that two of them bring;
    `python` is None when it is not known.
    """

    files: Filesystem
    site: str
    machine: Machine
    python: str | None = None
    wheels: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """What two of the set do to each other: wheels that are to be installed, or distributions that are."""
        return of_wheels(self.conflicts) if self.wheels else of_environment(self.files, self.site)


def preflight(
    question: Question, process: Process, knowledge: Knowledge, progress: Progress = lambda _text: None
) -> Report:
    """Predict the load. `process` is a fresh one of the machine; `progress` hears each file that is opened."""
    run = _Run(question, process, knowledge, progress)
    run.judge()
    return run.report()


@dataclass
class _Run:
    """One prediction under way."""

    question: Question
    process: Process
    knowledge: Knowledge
    progress: Progress
    checked: list[str] = field(default_factory=list)
    failures: list[LoadFailure] = field(default_factory=list)
    not_covered: list[NotCovered] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    version: str | None = None
    python: str | None = None
    cuda: CudaLibraries | None = None
    of_tensorflow: frozenset[NotCovered] = frozenset()
    optional: set[str] = field(default_factory=set)
    clashes: tuple[Clash, ...] = ()

    def judge(self) -> None:
        """Go through everything in the order in which it would happen."""
        self._tell_conflicts()
        found = self._distributions()
        self.python = self.question.python or dists.python_of(found)
        self.version = tensorflow.version_in(self.knowledge, found, self.question.files, self.question.site)
        if self._refused(found):
            return
        modules = extension_modules(self.question.files, self.question.site, self.question.machine.system)
        importable = {each.name: each for each in modules if each.importable(self.python)}
        done: set[str] = set()
        if self.version is None:
            self._without_tensorflow(found)
        elif self._cpu_will_do():
            done = self._import_tensorflow(importable)
            self._look_for_cuda()
        self.of_tensorflow = frozenset(self.process.not_covered)
        self._others([each for each in modules if each.path not in done], importable)
        self._compare_copies()

    def report(self) -> Report:
        """Return what was found."""
        seen = dict.fromkeys([*self.not_covered, *map(self._weighed, self.process.not_covered)])
        if not (self.process.images or self.failures or any(each.matters for each in seen)):
            seen[_NOTHING] = None
        return Report(
            site=self.question.site,
            python=self.python,
            tensorflow=self.version or None,
            images=self.process.images,
            checked=tuple(relative(path, self.question.site) for path in self.checked),
            failures=tuple(self.failures),
            not_covered=tuple(seen),
            notes=tuple(self.notes),
            cuda=self.cuda,
            clashes=self.clashes,
        )

    def _weighed(self, unseen: NotCovered) -> NotCovered:
        """Take the weight off what is asked by modules their packages do without, or by modules beside TensorFlow.

        OpenCV's windows need libxcb.so.1 and libGL.so.1, its video needs Windows' Media Foundation: servers have
        neither, and TensorFlow does without. In a set without TensorFlow these modules are what is asked about.
        """
        if unseen.image in self.optional and unseen not in self.of_tensorflow:
            return replace(unseen, matters=False)
        if self.version is None or unseen.library is None or unseen in self.of_tensorflow:
            return unseen
        return replace(unseen, reason=f"{unseen.reason}; TensorFlow does not need it", matters=False)

    def _tell_conflicts(self) -> None:
        for each in self.question.conflicts:
            if not is_native(each.path):
                continue
            first, second = each.wheels
            detail = f"The one installed later stays, and removing either distribution deletes it: {first}, {second}."
            self.notes.append(Note(title=f"two wheels bring {each.path}", detail=detail))

    def _compare_copies(self) -> None:
        """Compare what the images of the set would share if one process imported all of it."""
        found, unseen = clashes(self.knowledge.copies, self.process, self.question.site)
        self.clashes = (*self.question.clashes, *found)
        self.not_covered += unseen
        for clash in self.clashes:
            if not clash.fatal:
                between = " and ".join(relative(path, self.question.site) for path in clash.between)
                self.notes.append(Note(title=f"{between} do not get along", detail=clash.consequence))

    def _distributions(self) -> tuple[Distribution, ...]:
        wheels = [found for name in self.question.wheels if (found := dists.of_wheel(name))]
        named = {each.name for each in wheels}
        installed = dists.installed(self.question.files, self.question.site)
        return (*wheels, *(each for each in installed if each.name not in named))

    def _refused(self, found: Iterable[Distribution]) -> bool:
        """Judge the tags, as pip does before it installs anything. A wheel for another system ends the matter."""
        foreign = False
        for each in found:
            failure = self._refusal(each)
            if failure:
                self.failures.append(failure)
                foreign |= failure.kind == "wrong-architecture"
        return foreign

    def _refusal(self, each: Distribution) -> LoadFailure | None:
        machine = self.question.machine
        image, message = each.wheel or each.name, dists.refused_by_pip(each)
        systems = dists.oses(each)
        if systems and not (machine.system in systems and dists.fits_libc(each, machine.libc and machine.libc.name)):
            return LoadFailure(kind="wrong-architecture", image=image, message=message)
        if self.python and not dists.runs_on_python(each, self.python):
            return LoadFailure(kind="python-abi", image=image, message=message)
        needed = dists.minimum_macos(each)
        if needed and each.wheel and machine.version and machine.system == "macos" and machine.version < needed:
            return LoadFailure(kind="os-too-old", image=image, message=message)
        return None

    def _without_tensorflow(self, found: Sequence[Distribution]) -> None:
        empty = tensorflow.shims(self.knowledge, found)
        package, question = self.knowledge.package, self.question
        if empty:
            message = f"ModuleNotFoundError: No module named '{package}'"
            image = empty[0].wheel or empty[0].name
            self.failures.append(LoadFailure(kind="library-not-found", image=image, message=message, library=package))
        elif tensorflow.plugins(self.knowledge, question.files, question.site, question.machine.system):
            reason = "there is a plugin and no TensorFlow to load it"
            self.not_covered.append(NotCovered(reason=reason, matters=True))

    def _cpu_will_do(self) -> bool:
        """Compare the instructions the wheels use with the CPU's; without them the import ends the process."""
        for need in self.knowledge.cpu_needs:
            machine = self.question.machine
            if (need.system, need.arch) != (machine.system, machine.arch) or not self._version_in(need.versions):
                continue
            has = machine.has(need.feature)
            if has is None:
                reason = (
                    f"these wheels use {need.feature.upper()} instructions, and whether the CPU has them is not known"
                )
                self.not_covered.append(NotCovered(reason=reason, matters=True))
            elif not has:
                self.failures.append(
                    LoadFailure(
                        kind="cpu-feature", image=self.knowledge.package, message=need.message, library=need.feature
                    )
                )
                return False
        return True

    def _version_in(self, versions: str) -> bool:
        # of a TensorFlow that does not say its version the need is assumed
        return not is_version(self.version or "") or asked(versions, self.version or "")

    def _import_tensorflow(self, importable: dict[str, Module]) -> set[str]:
        """Open what the import opens, up to its first failure; return the files that need not be looked at again."""
        question, done = self.question, set[str]()
        steps = tensorflow.steps(
            self.knowledge, self.version or "", question.files, question.site, question.machine.system, importable
        )
        missing: list[str] = []
        for step in steps:
            if step.how != "preload" and missing:
                message = tensorflow.preload_message(self.knowledge, question.machine.system, missing)
                self.failures.append(
                    LoadFailure(kind="library-not-found", image=step.name, message=message, library=missing[0])
                )
                break
            done.add(step.name)
            failure = self._open(step)
            if failure and step.how == "preload":
                missing.append(step.name)
            elif failure:
                self.failures.append(failure)
                self._explain(failure, importable)
                break
        return done

    def _explain(self, failure: LoadFailure, importable: dict[str, Module]) -> None:
        """Note that a library said to be missing lies there after all, under a name nobody asks for."""
        leaf = posixpath.basename(failure.library or "")
        if failure.kind != "library-not-found":
            return
        for module in importable.values():
            entry = self.question.files.lookup(module.path) if posixpath.basename(module.path) == leaf else None
            name = own_name(entry.source) if entry and entry.source else None
            if name and name != failure.library:
                where = relative(module.path, self.question.site)
                detail = f"{where} calls itself {name}, so a loader asked for {failure.library} does not recognise it."
                self.notes.append(Note(title=f"a file named {leaf} is there", detail=detail))

    def _open(self, step: Step) -> LoadFailure | None:
        self.progress(relative(step.name, self.question.site))
        self.checked.append(step.name)
        failure = self.process.dlopen(step.name, step.mode, caller=step.caller)
        if failure is not None:
            return replace(failure, stage=step.stage)
        if step.how == "plugin":
            self._look_for_entry_points(step.name)
        return None

    def _look_for_entry_points(self, path: str) -> None:
        groups = self.knowledge.entry_points
        if not any(all(self.process.exports(path, name) for name in group) for group in groups):
            title = f"{relative(path, self.question.site)} offers nothing"
            names = ", ".join(group[0] for group in groups)
            self.notes.append(
                Note(title=title, detail=f"It loads, but has none of the functions of a plugin ({names}).")
            )

    def _look_for_cuda(self) -> None:
        """Look up what TensorFlow opens by name before it registers a GPU; the import does not depend on it."""
        question = self.question
        caller = self.knowledge.facts["plugins"]["caller"].get(question.machine.system)
        if self.failures or not isinstance(self.process, GlibcProcess) or not caller:
            return
        package, asking = f"{question.site}/{self.knowledge.package}", f"{question.site}/{caller}"
        self.cuda = cuda_libraries(self.process, question.files, package, asking)
        nvidia = any(gpu.vendor == "nvidia" for gpu in question.machine.gpus or ())
        if self.cuda and self.cuda.missing and nvidia:
            title = "TensorFlow will not register the GPU"
            names = ", ".join(self.cuda.missing)
            detail = f"{self.knowledge.facts['cuda']['message']} Not found where it looks: {names}."
            self.notes.append(Note(title=title, detail=detail))

    def _others(self, modules: Sequence[Module], importable: dict[str, Module]) -> None:
        """Open every other extension module, each as if its package were imported next.

        Of a TensorFlow whose import has failed none is reached any more. What fails here decides the verdict only
        where the module's package needs it (see `importers`).
        """
        refused: list[tuple[Module, LoadFailure]] = []
        over = any(failure.stage == "import" for failure in self.failures)
        unreachable = f"{self.question.site}/{self.knowledge.package}/"
        for module in modules:
            if over and module.path.startswith(unreachable):
                continue
            failure = None
            if module.name not in importable:
                failure = self._judge_abi(module)
            elif module.path == importable[module.name].path:
                failure = self._open_other(module)
            if failure is not None:
                refused.append((module, replace(failure, stage="extension")))
        self._weigh(refused, modules)

    def _weigh(self, refused: Sequence[tuple[Module, LoadFailure]], modules: Sequence[Module]) -> None:
        """Tell the failures of modules that their packages need from those of modules they do without."""
        natives = [module.path for module in modules]
        importers = Importers(self.question.files, self.question.site)
        unsure = {each.image for each in self.process.not_covered if each.matters} - {None}
        self.optional = {
            each.path for each in modules if each.path in unsure and not importers.needed(each.name, natives)
        }
        for module, failure in refused:
            if importers.needed(module.name, natives):
                self.failures.append(failure)
            else:
                title = f"{relative(module.path, self.question.site)} does not load, and its package does without it"
                detail = f"No code imports it where the ImportError would not be caught. {failure.message}"
                self.notes.append(Note(title=title, detail=detail))

    def _open_other(self, module: Module) -> LoadFailure | None:
        entry = self.question.files.lookup(module.path)
        if entry is None or entry.source is None or defines(entry.source, module.initializer) is False:
            return None  # a library under a module's name: whoever opens it does so by other means
        self.progress(relative(module.path, self.question.site))
        self.checked.append(module.path)
        return self.process.dlopen(module.path, Mode())

    def _judge_abi(self, module: Module) -> LoadFailure | None:
        """A module that exists for other Pythons only cannot be imported by name."""
        if any(f.kind == "python-abi" and f.image.endswith(module.name) for f in self.failures):
            return None
        message = f"ModuleNotFoundError: No module named '{module.name}'"
        return LoadFailure(kind="python-abi", image=module.path, message=message)
