"""Every extension module that `import tensorflow` does not open, each as if its package were imported.

What fails here decides the verdict only where the module's package needs it (see `python.importers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfsetup.loader.defined import defines
from tfsetup.loader.findings import Findings
from tfsetup.loader.model import LoadFailure, Mode, NotCovered, Process
from tfsetup.loader.python.importers import Importers
from tfsetup.loader.python.modules import Module


@dataclass(kw_only=True)
class Packages:
    """The packages beside TensorFlow, in a `process` after it.

    `modules` are all extension modules of the set, `importable` those that this Python takes, by name.
    """

    findings: Findings
    process: Process
    modules: Sequence[Module]
    importable: Mapping[str, Module]
    optional: set[str] = field(default_factory=set)

    def judge(self, done: Iterable[str]) -> None:
        """Open every module but those `done`, which the import of TensorFlow has opened.

        Of a TensorFlow whose import has failed none is reached any more.
        """
        of_tensorflow = frozenset(self.process.not_covered)
        opened = set(done)
        rest = [each for each in self.modules if each.path not in opened and not self._unreachable(each)]
        failures = [(module, self._judge_module(module)) for module in rest]
        self._weigh([(module, failure) for module, failure in failures if failure], rest)
        self.findings.not_covered += [self._weighed(each, of_tensorflow) for each in self.process.not_covered]

    def _unreachable(self, module: Module) -> bool:
        inside = f"{self.findings.question.site}/{self.findings.knowledge.package}/"
        return self.findings.tensorflow_failed and module.path.startswith(inside)

    def _judge_module(self, module: Module) -> LoadFailure | None:
        failure = None
        if module.name not in self.importable:
            failure = self._judge_abi(module)
        elif module.path == self.importable[module.name].path:
            failure = self._open(module)
        return failure and replace(failure, stage="extension")

    def _judge_abi(self, module: Module) -> LoadFailure | None:
        """A module that exists for other Pythons only cannot be imported by name."""
        if any(f.kind == "python-abi" and f.image.endswith(module.name) for f in self.findings.failures):
            return None
        message = f"ModuleNotFoundError: No module named '{module.name}'"
        return LoadFailure(kind="python-abi", image=module.path, message=message)

    def _open(self, module: Module) -> LoadFailure | None:
        entry = self.findings.question.files.lookup(module.path)
        if entry is None or entry.source is None or defines(entry.source, module.initializer) is False:
            return None  # a library under a module's name: whoever opens it does so by other means
        return self.findings.open(self.process, module.path, Mode())

    def _weigh(self, refused: Sequence[tuple[Module, LoadFailure]], modules: Sequence[Module]) -> None:
        """Tell the failures of modules that their packages need from those of modules they do without."""
        natives = [module.path for module in modules]
        importers = Importers(self.findings.question.files, self.findings.question.site)
        unsure = {each.image for each in self.process.not_covered if each.matters} - {None}
        self.optional = {
            each.path for each in modules if each.path in unsure and not importers.needed(each.name, natives)
        }
        for module, failure in refused:
            if importers.needed(module.name, natives):
                self.findings.failures.append(failure)
            else:
                title = f"{self.findings.relative(module.path)} does not load, and its package does without it"
                detail = f"No code imports it where the ImportError would not be caught. {failure.message}"
                self.findings.note(title, detail)

    def _weighed(self, unseen: NotCovered, of_tensorflow: frozenset[NotCovered]) -> NotCovered:
        """Take the weight off what is asked by modules their packages do without, or by modules beside TensorFlow.

        OpenCV's windows need libxcb.so.1 and libGL.so.1, its video needs Windows' Media Foundation: servers have
        neither, and TensorFlow does without. In a set without TensorFlow these modules are what is asked about.
        """
        if unseen in of_tensorflow:
            return unseen
        if unseen.image in self.optional:
            return replace(unseen, matters=False)
        if self.findings.version is None or unseen.library is None:
            return unseen
        return replace(unseen, reason=f"{unseen.reason}; TensorFlow does not need it", matters=False)
