"""The checks between building and switching, as the executor wants them: what the receipt keeps, or `Refused`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from tfsetup.envs.model import Tuned
from tfsetup.envs.run import Hooks
from tfsetup.host.model import Host
from tfsetup.locks.run import Screen
from tfsetup.matrix.file.rows import GpuModel
from tfsetup.matrix.model import Selection
from tfsetup.workflows.told import Detail, Told
from tfsetup.workflows.tune import measured

if TYPE_CHECKING:  # who leaves a check out does not wait for what it finds: three rooms
    from tfsetup.loader.report import Report
    from tfsetup.verify.model import Verification
    from tfsetup.verify.programs import ProgramsTried, Try
    from tfsetup.workflows.kept import KeptPrediction
    from tfsetup.workflows.tune import Tune

    Verify = Callable[..., Verification]
    """What loads TensorFlow and judges it: `tfsetup.verify.verify`, or what stands in for it."""
    Predict = Callable[[Path, Host, str | None, Told], Report]
    """What predicts the native load of the environment of an interpreter, for a host and a Python `X.Y`."""
    Answer = Report | Verification | ProgramsTried
    """What a check found."""


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """What was built is not switched to; `report` is what preflight, verification or its programs came to."""

    def __init__(self, report: Answer) -> None:
        """Say so in a sentence."""
        super().__init__(_words(report))
        self.report = report


def _words(report: Answer) -> str:
    from tfsetup.loader.report import Report
    from tfsetup.verify.model import Verification
    from tfsetup.verify.programs import ProgramsTried, sentence

    match report:
        case Report():
            refused = report.failures[0].message if report.failures else report.reasons[0]
            return f"This machine would not load it: {refused}"
        case Verification():
            return "The environment was built, but TensorFlow does not run in it as it should."
        case ProgramsTried():
            return f"The environment was built, but {sentence(report.dead[0])}: {report.dead[0].message}."
        case _:
            assert_never(report)


@dataclass(kw_only=True, slots=True)
class Checks:
    """Preflight, verification and programs of a freshly built environment, against the row's expectation.

    `found` is what the verification found, once it has run: the history wants it whole, when the prefix has switched.
    `gpus` are the matrix's models, `cures` the variables that the environment sets against known defects.
    """

    selection: Selection
    host: Host
    told: Told
    predict: Predict
    run: Verify
    attempt: Try
    gpus: Sequence[GpuModel] = ()
    measure: Tune = measured
    cures: Mapping[str, str] = field(default_factory=dict)
    found: Verification | None = None

    def hooks(self, screen: Screen | None) -> Hooks:
        """Return them as the executor wants them; uv's own progress goes to `screen`."""
        return Hooks(preflight=self.preflight, verify=self.verify, programs=self.programs, tune=self.tune,
                     say=self.told, screen=screen)  # fmt: skip

    def preflight(self, python: Path) -> KeptPrediction:
        """Predict the native load from the built files, before any of them is run.

        Raises:
            Refused: this machine's loader would refuse one of them.
        """
        self.told("Preflight: reading the native libraries as this machine's loader would")
        report = self.predict(python, self.host, self.selection.python, self.told)
        if report.verdict == "fails":
            raise Refused(report)
        from tfsetup.workflows.kept import kept

        return kept(report)

    def tune(self, python: Path) -> Tuned:
        """Measure which switches make it faster here; nothing of that keeps it from being switched to."""
        self.told("Tuning: trying TensorFlow's switches on this machine, for about two minutes at most")
        found = self.measure(python, self.host, variables=self.cures, told=lambda text: self.told(Detail(f"  {text}")))
        if not found.tried:  # another --tune measures anew
            self.told(f"Note      Nothing could be measured: {found.problem or 'the time did not suffice'}.")
        return Tuned(variables=found.set, found=found if found.tried else None)

    def verify(self, python: Path) -> Verification:
        """Load TensorFlow in a fresh interpreter and time a matmul on each device.

        Raises:
            Refused: it does not run, or gives wrong results.
        """
        self.told("Verifying in a fresh interpreter (a new TensorFlow's first import takes a while)")
        self.found = self.run(
            python, expect=self.selection.expect, host=self.host,
            on_progress=lambda text: self.told(Detail(f"  {text}")), hazards=self.selection.hazards,
            gpus=self.gpus,
        )  # fmt: skip
        if not self.found.ok:
            raise Refused(self.found)
        return self.found

    def programs(self, python: Path) -> ProgramsTried:
        """Import every package and start every program; what only the user asked for may die, and is told.

        Raises:
            Refused: something dies that the row itself brings.
        """
        wanted = (*self.selection.requirements, *self.selection.source_builds)
        tried = self.attempt(python, wanted, told=self.told)
        if not tried.ok:
            raise Refused(tried)
        return tried


def predicted(python: Path, host: Host, minor: str | None, told: Told) -> Report:
    """Predict the native load of the environment of an interpreter, for a Python `minor` such as 3.12."""
    from tfsetup.workflows.preflight import preflight
    from tfsetup.workflows.subjects import of_environment

    return preflight(of_environment(python.parents[1]), host, python=minor, told=told)
