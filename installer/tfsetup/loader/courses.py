"""One package imported in one process: what it opens there, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tfsetup.loader.defined import defines
from tfsetup.loader.model import LoadFailure, Mode, NotCovered
from tfsetup.loader.python.modules import no_module, not_found
from tfsetup.loader.tensorflow.knowledge import BY_CPYTHON

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tfsetup.loader.findings import Findings
    from tfsetup.loader.model import Process
    from tfsetup.loader.preparing import Preparing
    from tfsetup.loader.python.modules import Module

_HELPED = frozenset({"library-not-found", "symbol-not-found", "version-not-found"})
"""What may be otherwise where other libraries are in the process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A file that was opened, and how: what brings another process into the same state."""

    path: str
    mode: Mode = BY_CPYTHON
    caller: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A top-level package: its extension modules that remain to be opened, in order of path.

    `opened` are those of its modules that the import of TensorFlow opens.
    """

    name: str
    modules: tuple[Module, ...]
    opened: tuple[Module, ...] = ()

    @property
    def done(self) -> tuple[Opened, ...]:
        """What TensorFlow has opened of it."""
        return tuple(Opened(path=module.path) for module in self.opened)


@dataclass(kw_only=True)
class Course:
    """A package in a `process`: what was `opened` there, first of the packages `before` it, then its own."""

    package: Package
    process: Process
    opened: list[Opened] = field(default_factory=list)
    refused: list[tuple[Module, LoadFailure]] = field(default_factory=list)
    before: tuple[str, ...] = ()

    @property
    def openings(self) -> tuple[Opened, ...]:
        """What importing the package opens, also where TensorFlow has done it already."""
        return (*self.package.done, *self.opened)

    @property
    def unseen(self) -> Sequence[NotCovered]:
        """What could not be decided in the process."""
        return self.process.not_covered

    def open_before(self, files: Iterable[Opened], preparing: Preparing) -> None:
        """Open what another package opens; its failures are told where it is judged itself."""
        for each in files:
            if preparing.open(self.process, each.path, each.mode, caller=each.caller) is None:
                self.opened.append(each)

    def open(self, findings: Findings, file: Opened) -> LoadFailure | None:
        """Open a file of the package."""
        failure = findings.open(self.process, file.path, file.mode, caller=file.caller)
        if failure is None:
            self.opened.append(file)
        return failure

    def walk(self, findings: Findings) -> None:
        """Open the package's modules one after another."""
        for module in self.package.modules:
            failure = self._judge(module, findings)
            if failure is not None:
                self.refused.append((module, replace(failure, stage="extension")))

    def _judge(self, module: Module, findings: Findings) -> LoadFailure | None:
        if module.status != "taken":
            return _for_others(module, findings) if module.status == "foreign" else None
        entry = findings.question.files.lookup(module.path)
        if entry is None or entry.source is None:
            return None
        is_none = defines(entry.source, module.initializer) is False
        if is_none and not findings.asked.for_module(module):
            return None  # a library under a module's name: whoever opens it does so by other means
        failure = self.open(findings, Opened(path=module.path))
        return no_module(module) if failure is None and is_none else failure

    def wanting(self, answering: Collection[str], already: Sequence[NotCovered]) -> tuple[Module, ...]:
        """Return the modules of which what other packages have in the process may decide.

        `answering` are the names to which files in other processes answer, `already` what was not known before.
        """
        refused = [module for module, failure in self.refused if failure.kind in _HELPED]
        told = set(already)
        unsure = {each.image for each in self.unseen if each.matters and each not in told and each.library in answering}
        return (*refused, *(module for module in self.package.modules if module.path in unsure))


def _for_others(module: Module, findings: Findings) -> LoadFailure | None:
    """A module that exists for other interpreters only cannot be imported by name."""
    if any(each.kind == "python-abi" and each.image.endswith(module.name) for each in findings.failures):
        return None
    return not_found(module, findings.target, findings.importers.package_asking(module.name))
