"""What a prediction has found so far: every step of it adds here, none takes away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from tfsetup.loader.model import LoadFailure, Mode, NotCovered, Process
from tfsetup.loader.preparing import Preparing
from tfsetup.loader.python.asked import Asked
from tfsetup.loader.python.importers import Importers
from tfsetup.loader.python.target import Target
from tfsetup.loader.question import Question
from tfsetup.loader.report import Note, relative
from tfsetup.loader.tensorflow.knowledge import Knowledge

Progress = Callable[[str], object]


@dataclass(kw_only=True)
class Findings:
    """One prediction under way.

    `version` is that of the TensorFlow in the set (None: there is none, empty: it does not say), `python` the `X.Y`
    that it is judged for. `progress` hears each file that is opened; `checked` keeps them in order, each once.
    """

    question: Question
    knowledge: Knowledge
    progress: Progress
    version: str | None = None
    python: str | None = None
    checked: dict[str, None] = field(default_factory=dict)
    failures: list[LoadFailure] = field(default_factory=list)
    not_covered: list[NotCovered] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @cached_property
    def preparing(self) -> Preparing:
        """Who prepares a process for a module."""
        return Preparing(self.question, self.target, self.knowledge.package)

    @cached_property
    def target(self) -> Target:
        """The interpreter that it is judged for."""
        return self.question.machine.target(self.python)

    @cached_property
    def importers(self) -> Importers:
        """Who imports what."""
        return Importers(self.question.files, self.question.site, self.target)

    @cached_property
    def asked(self) -> Asked:
        """Which files are meant as modules though they are none."""
        return Asked(self.question.files, self.question.site, self.target)

    @property
    def tensorflow_failed(self) -> bool:
        """Whether `import tensorflow` ends before its end."""
        return any(failure.stage == "import" for failure in self.failures)

    def relative(self, path: str) -> str:
        """Return a path inside site-packages relative to it."""
        return relative(path, self.question.site)

    def note(self, title: str, detail: str) -> None:
        """Keep something worth knowing."""
        self.notes.append(Note(title=title, detail=detail))

    def open(self, process: Process, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        """Open a file in a process, and say so the first time."""
        if path not in self.checked:
            self.progress(self.relative(path))
            self.checked[path] = None
        return self.preparing.open(process, path, mode, caller=caller)
