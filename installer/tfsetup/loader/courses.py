"""One package imported in one process: what it opens there, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tfsetup.loader.defined import defines
from tfsetup.loader.model import LoadFailure, Mode, NotCovered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tfsetup.loader.findings import Findings
    from tfsetup.loader.model import Process
    from tfsetup.loader.python.modules import Module

_HELPED = frozenset({"library-not-found", "symbol-not-found", "version-not-found"})
"""What may be otherwise where other libraries are in the process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A top-level package: its extension modules that remain to be opened, in order of path.

    `opened` are those of its modules that the import of TensorFlow opens.
    """

    name: str
    modules: tuple[Module, ...]
    opened: tuple[Module, ...] = ()


@dataclass(kw_only=True)
class Course:
    """A package in a `process`: what was `opened` there, first of the packages `before` it, then its own."""

    package: Package
    process: Process
    opened: list[str] = field(default_factory=list)
    refused: list[tuple[Module, LoadFailure]] = field(default_factory=list)
    before: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """What importing the package opens, also when TensorFlow has done it already."""
        return (*(module.path for module in self.package.opened), *self.opened)

    @property
    def unseen(self) -> Sequence[NotCovered]:
        """What could not be decided in the process."""
        return self.process.not_covered

    def open_before(self, paths: Sequence[str]) -> None:
        """Open what another package opens; its failures are told where it is judged itself."""
        for path in paths:
            if self.process.dlopen(path, Mode()) is None:
                self.opened.append(path)

    def walk(self, findings: Findings, importable: Mapping[str, Module]) -> None:
        """Open the package's modules one after another."""
        for module in self.package.modules:
            failure = self._judge(module, findings, importable)
            if failure is not None:
                self.refused.append((module, replace(failure, stage="extension")))

    def _judge(self, module: Module, findings: Findings, importable: Mapping[str, Module]) -> LoadFailure | None:
        if module.name not in importable:
            return _for_other_pythons(module, findings)
        if module.path != importable[module.name].path:
            return None
        entry = findings.question.files.lookup(module.path)
        if entry is None or entry.source is None or defines(entry.source, module.initializer) is False:
            return None  # a library under a module's name: whoever opens it does so by other means
        failure = findings.open(self.process, module.path, Mode())
        if failure is None:
            self.opened.append(module.path)
        return failure

    def wanting(self, answering: Mapping[str, str], already: Sequence[NotCovered]) -> tuple[Module, ...]:
        """Return the modules of which what other packages have in the process may decide.

        `answering` are the names to which something in another process answers, `already` what was not known before.
        """
        refused = [module for module, failure in self.refused if failure.kind in _HELPED]
        told = set(already)
        unsure = {each.image for each in self.unseen if each.matters and each not in told and each.library in answering}
        return (*refused, *(module for module in self.package.modules if module.path in unsure))


def _for_other_pythons(module: Module, findings: Findings) -> LoadFailure | None:
    """A module that exists for other Pythons only cannot be imported by name."""
    if any(each.kind == "python-abi" and each.image.endswith(module.name) for each in findings.failures):
        return None
    message = f"ModuleNotFoundError: No module named '{module.name}'"
    return LoadFailure(kind="python-abi", image=module.path, message=message)
