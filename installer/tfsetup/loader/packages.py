"""Every extension module that `import tensorflow` does not open, each top-level package in a process of its own.

Packages that have nothing to do with each other need not share a process, so none may help or harm another: each is
opened in a bare one first. Only where something is missing there are sources read, for what the package imports before:
it is then judged in a process after those packages, or after TensorFlow. (More libraries in a process can mend what is
missing. What they can break, one SONAME with two contents, is judged in `sonames`.)

What fails decides the verdict only where the module's package needs it (see `python.importers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from tfsetup.loader.courses import Course, Opened, Package
from tfsetup.loader.findings import Findings
from tfsetup.loader.model import LoadFailure, NotCovered, Process
from tfsetup.loader.python.company import Company
from tfsetup.loader.python.computed import Computed
from tfsetup.loader.python.modules import Module


@dataclass(kw_only=True)
class Packages:
    """The packages of a set. `bare` is a fresh process of the machine, `after` one that has imported TensorFlow.

    Where there is no TensorFlow `after` is as bare. `modules` are all extension modules of the set; `of_tensorflow` is
    what its import has opened.
    """

    findings: Findings
    bare: Process
    after: Process
    modules: Sequence[Module]
    of_tensorflow: Sequence[Opened]
    courses: dict[str, Course] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    _final: set[str] = field(default_factory=set)

    def judge(self) -> None:
        """Judge every package; `courses` has the processes that it came to, by name."""
        for package in self._packages:
            self.courses[package.name] = self._walked(package, self._start(package).fork())
        for package in self._packages:
            self._settle(package.name)

    @property
    def joined(self) -> Process:
        """A process with all that any of them has mapped, TensorFlow's included."""
        return self.after.joined([course.process for course in self.courses.values()])

    @cached_property
    def company(self) -> Company:
        """Which packages with native files are imported before a module."""
        question, native = self.findings.question, {*self.courses, self._tensorflow}
        return Company(question.files, question.site, native, self.findings.target)

    def process_of(self, name: str) -> Process:
        """Return the process that has imported a package."""
        return self.after if name == self._tensorflow else self.courses[name].process

    def openings_of(self, name: str) -> Sequence[Opened]:
        """Return what importing a package opens."""
        return self.of_tensorflow if name == self._tensorflow else self.courses[name].openings

    def after_others(self, package: Package, before: Sequence[str]) -> Course:
        """Return the course of a package, not yet begun, in a process that has imported the packages `before`."""
        ordered = sorted(before, key=lambda name: name != self._tensorflow)  # its process is the dearest to make again
        start = self.process_of(ordered[0]) if ordered else self._start(package)
        course = Course(package=package, process=start.fork(), before=tuple(before))
        for name in ordered:
            course.open_before(self.openings_of(name), self.findings.preparing)
        course.open_before(package.done, self.findings.preparing)
        return course

    @property
    def names(self) -> tuple[str, ...]:
        """The packages that have a process: TensorFlow where it was imported, and every other."""
        imported = bool(self.of_tensorflow) and not self.findings.tensorflow_failed
        return tuple(dict.fromkeys([*([self._tensorflow] if imported else ()), *self.courses]))

    def imported_before(self, name: str, path: str) -> frozenset[str]:
        """Return the packages that `name` has imported when it opens the module at `path`, and what they import.

        Of a module that it does without: none, for nothing comes of it.
        """
        modules = self.courses[name].package.modules if name in self.courses else ()
        found: dict[str, None] = {}
        for module in modules:
            if module.path == path and self._needed(module):
                found |= dict.fromkeys(self.company.of(self._around(module), until=module.name))
        for other in list(found):
            found |= dict.fromkeys(self._imported_by(other, set(found)))
        return frozenset(found)

    def _imported_by(self, name: str, seen: set[str]) -> Iterator[str]:
        seen.add(name)
        modules = self.courses[name].package.modules if name in self.courses else ()
        for other in self.company.of(dict.fromkeys(root for module in modules for root in self._around(module))):
            if other not in seen:
                yield other
                yield from self._imported_by(other, seen)

    def _around(self, module: Module) -> Iterator[str]:
        """Yield the Python modules that have begun to be imported when a module is opened."""
        package = module.name.rpartition(".")[0]
        yield from ([package] if package else [])
        yield from self.findings.importers.of(module.name)

    @property
    def _tensorflow(self) -> str:
        return self.findings.knowledge.package

    @cached_property
    def _packages(self) -> tuple[Package, ...]:
        """The packages in order of path, without those that a failed import of TensorFlow leaves unreachable."""
        found: dict[str, list[Module]] = {}
        for module in self.modules:
            found.setdefault(module.name.partition(".")[0], []).append(module)
        if self.findings.tensorflow_failed:
            found.pop(self._tensorflow, None)
        return tuple(self._package(name, modules) for name, modules in found.items())

    def _package(self, name: str, modules: Sequence[Module]) -> Package:
        return Package(
            name=name,
            modules=tuple(each for each in modules if each.path not in self._done),
            opened=tuple(each for each in modules if each.path in self._done),
        )

    @cached_property
    def _done(self) -> frozenset[str]:
        return frozenset(each.path for each in self.of_tensorflow)

    def _start(self, package: Package) -> Process:
        return self.after if package.name == self._tensorflow else self.bare

    def _walked(self, package: Package, process: Process) -> Course:
        course = Course(package=package, process=process)
        course.walk(self.findings)
        return course

    def _settle(self, name: str) -> None:
        """Judge a package after those that it imports, where that may make a difference, and weigh what is refused."""
        if name in self._final:
            return
        self._final.add(name)
        course = self.courses[name]
        wanting = course.wanting(self._answering, self._start(course.package).not_covered)
        if wanting and name != self._tensorflow:
            self._judge_again(course, wanting)
        self._weigh(self.courses[name])

    @cached_property
    def _answering(self) -> frozenset[str]:
        """The names to which files answer that somebody has brought, taken when each package was opened once."""
        processes = (self.after, *(course.process for course in self.courses.values()))
        return frozenset(name for process in processes for name in _brought(process))

    def _judge_again(self, course: Course, wanting: Iterable[Module]) -> None:
        name = course.package.name
        before = self.company.of(dict.fromkeys(root for module in wanting for root in self._around(module)))
        for other in before:
            if other in self.courses:
                self._settle(other)
        failed = next((other for other in before if self._fails(other)), None)
        if failed is not None:
            self._tell_unreached(course, failed)
            course.refused.clear()
        elif before or course.package.opened:
            again = self.after_others(course.package, before)
            again.walk(self.findings)
            self.courses[name] = again

    def _fails(self, name: str) -> bool:
        return name in self.broken or (name == self._tensorflow and bool(self.findings.tensorflow_failed))

    def _tell_unreached(self, course: Course, failed: str) -> None:
        """What fails before these modules are opened has been told; whether it is why they fail cannot be known."""
        for module, failure in course.refused:
            reason = f"it is imported after {failed}, which fails, and by itself ends with: {failure.message}"
            self.findings.not_covered.append(NotCovered(reason=reason, image=module.path))

    def _weigh(self, course: Course) -> None:
        """Tell the failures of modules that their packages need from those of modules they do without."""
        for module, failure in course.refused:
            doubt = self.findings.preparing.doubt(course.process, module.path, failure)
            if self._needed(module) and doubt is not None:
                self.findings.not_covered.append(doubt)
            elif self._needed(module):
                self.findings.failures.append(failure)
                self.broken.add(course.package.name)
            elif found := self.findings.importers.unfollowed(module.name):
                self.findings.not_covered.append(self._not_followed(module, failure, *found))
            else:
                title = f"{self.findings.relative(module.path)} does not load, and its package does without it"
                detail = f"No code imports it where the ImportError would not be caught. {failure.message}"
                self.findings.note(title, detail)
        modules = {module.path: module for module in course.package.modules}
        known = {*self.bare.not_covered, *self.after.not_covered}
        for unseen in course.unseen:
            if unseen not in known:
                self.findings.not_covered.append(self._weighed(unseen, modules.get(unseen.image or "")))

    def _not_followed(self, module: Module, failure: LoadFailure, path: str, found: Computed) -> NotCovered:
        """Tell of a module that may be what code imports by a name it makes at run time."""
        where = f"{self.findings.relative(path)}:{found.line}"
        reason = f"{where} imports by a name made at run time, which may be this module, and it ends with: "
        return NotCovered(reason=f"{reason}{failure.message}", image=module.path, matters=True)

    def _weighed(self, unseen: NotCovered, module: Module | None) -> NotCovered:
        """Take the weight off what is asked by modules their packages do without, or by modules beside TensorFlow.

        OpenCV's windows need libxcb.so.1 and libGL.so.1, its video needs Windows' Media Foundation: servers have
        neither, and TensorFlow does without. In a set without TensorFlow these modules are what is asked about.
        """
        if (unseen.matters or unseen.presumed) and module is not None and not self._needed(module):
            return replace(unseen, matters=False, presumed=False)
        if self.findings.version is None or unseen.library is None:
            return unseen
        return replace(unseen, reason=f"{unseen.reason}; TensorFlow does not need it", matters=False, presumed=False)

    def _needed(self, module: Module) -> bool:
        return self.findings.importers.needed(module.name, self._natives)

    @cached_property
    def _natives(self) -> tuple[str, ...]:
        return tuple(module.path for package in self._packages for module in package.modules)


def _brought(process: Process) -> Iterator[str]:
    loaded = set(process.loaded)
    yield from (name for name, path in process.answering.items() if path in loaded)
