"""What the code of packages opens itself, after their extension modules: see `python.openers`.

Only packages are looked at that bring a native file which nothing else has opened or mapped. Each is judged in the
process that has imported it and what it imports, TensorFlow where it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tfsetup.loader.courses import Course, Opened, Package
from tfsetup.loader.files.names import is_native
from tfsetup.loader.findings import Findings
from tfsetup.loader.model import LoadFailure, NotCovered
from tfsetup.loader.packages import Packages
from tfsetup.loader.python.known import Place
from tfsetup.loader.python.modules import walk
from tfsetup.loader.python.openers import Openers, Opening, Unfollowed, top_level


@dataclass(kw_only=True)
class Openings:
    """The openings of a set whose extension modules have been judged."""

    findings: Findings
    packages: Packages

    def judge(self) -> None:
        """Open what code opens; what could not be followed is told."""
        left = self._left()
        for name in [*left, *self._modules(left)]:
            found = self.openers.of(name)
            at_import = [opening for opening in found.openings if opening.way != "later"]
            if at_import:
                self._judge_package(name, at_import)
            self.findings.not_covered += [_when_used(each) for each in found.openings if each.way == "later"]
            for call in found.unfollowed:
                self.findings.not_covered += self._untold(call, left)

    @cached_property
    def openers(self) -> Openers:
        """Who opens what."""
        question = self.findings.question
        place = Place(files=question.files, site=question.site, target=self.findings.target)
        return Openers(place, self.findings.importers, self._natives)

    @cached_property
    def _natives(self) -> tuple[str, ...]:
        question = self.findings.question
        return tuple(path for path in walk(question.files, question.site) if is_native(path))

    def _left(self) -> Mapping[str, Sequence[str]]:
        """Return the native files that are in no process, by top-level package; TensorFlow's are known otherwise."""
        processes = (self.packages.after, *(course.process for course in self.packages.courses.values()))
        known = {*self.findings.checked, *(path for process in processes for path in process.loaded)}
        left: dict[str, list[str]] = {}
        for path in self._natives:
            name = top_level(path, self.findings.question.site)
            if path not in known and name != self.findings.knowledge.package:
                left.setdefault(name, []).append(path)
        return left

    def _modules(self, left: Mapping[str, object]) -> Iterator[str]:
        """Yield the modules outside of packages, where any file is left: theirs lie in a folder of another name."""
        names = self.findings.question.files.listdir(self.findings.question.site) if left else ()
        yield from (name.removesuffix(".py") for name in names if name.endswith(".py"))

    def _judge_package(self, name: str, openings: Sequence[Opening]) -> None:
        modules = (opening.where.rpartition(".py:")[0].replace("/", ".") for opening in openings)
        before = self.packages.company.of([name, *dict.fromkeys(modules)])
        tensorflow = self.findings.knowledge.package
        if self.findings.tensorflow_failed and tensorflow in before:
            reason = f"it is opened after {tensorflow}, whose import fails"
            self.findings.not_covered += [NotCovered(reason=reason, image=each.path) for each in openings]
            return
        absent = [opening for opening in openings if self._nobody_opens(opening)]
        reason = f"it is opened by {tensorflow}, which is not in the set"
        self.findings.not_covered += [NotCovered(reason=reason, image=each.path, matters=True) for each in absent]
        course = self._course(name, before)
        known = set(course.process.not_covered)
        for opening in openings:
            if opening.path in self.findings.checked or opening in absent:
                continue
            failure = course.open(self.findings, self._opened(opening))
            if failure is not None:
                self._tell(opening, replace(failure, stage="extension"))
        unseen = [each for each in course.process.not_covered if each not in known]
        needed = {opening.path for opening in openings if opening.way == "at-import"}
        self.findings.not_covered += [each if each.image in needed else _light(each) for each in unseen]

    def _course(self, name: str, before: Sequence[str]) -> Course:
        """Return the course of a package in a process that has imported what is `before` it."""
        course = self.packages.courses.get(name)
        if course is None or not set(before) <= set(course.before):
            package = course.package if course else Package(name=name, modules=())
            again = self.packages.after_others(package, before)
            again.open_before(course.opened if course else (), self.findings.preparing)
            self.packages.courses[name] = course = again
        return course

    def _opened(self, opening: Opening) -> Opened:
        knowledge, question = self.findings.knowledge, self.findings.question
        caller = knowledge.facts["plugins"]["caller"].get(question.machine.system)
        by_tensorflow = caller and opening.by.startswith(f"{knowledge.package}.")
        return Opened(
            path=opening.path, mode=opening.mode, caller=f"{question.site}/{caller}" if by_tensorflow else None
        )

    def _tell(self, opening: Opening, failure: LoadFailure) -> None:
        """Tell a failure that ends the import of a package from one that its code lives with."""
        if opening.way == "at-import" and opening.certain:
            self.findings.failures.append(failure)
            self.packages.broken.add(opening.package)
        elif opening.way == "at-import":
            reason = f"{opening.where} opens it under a condition that is not known, and that fails: {failure.message}"
            self.findings.not_covered.append(NotCovered(reason=reason, image=opening.path, matters=True))
        else:
            title = f"{self.findings.relative(opening.path)} does not load, and its package goes on without it"
            self.findings.note(title, f"{opening.where} opens it where a failure is caught. {failure.message}")

    def _nobody_opens(self, opening: Opening) -> bool:
        """Say whether TensorFlow would open it, and is not in the set."""
        return self.findings.version is None and opening.by.startswith(f"{self.findings.knowledge.package}.")

    def _untold(self, call: Unfollowed, left: Mapping[str, Sequence[str]]) -> Iterator[NotCovered]:
        """Yield what a call that was not understood may mean: the files it fits, or else no file in particular."""
        meant = [path for path in left.get(call.package, ()) if path.rpartition("/")[2] in call.names]
        if not meant:
            yield NotCovered(reason=call.reason)
        yield from (NotCovered(reason=call.reason, image=path) for path in meant if path not in self.findings.checked)


def _when_used(opening: Opening) -> NotCovered:
    return NotCovered(reason=f"{opening.where} opens it when it is used, not by an import", image=opening.path)


def _light(unseen: NotCovered) -> NotCovered:
    return replace(unseen, matters=False, presumed=False)
