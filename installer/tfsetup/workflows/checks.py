"""The checks between building and switching, as the executor wants them: what the receipt keeps, or `Refused`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import assert_never

from tfsetup.envs.model import Tuned
from tfsetup.envs.run import Hooks
from tfsetup.ground.values import value
from tfsetup.host.model import Host
from tfsetup.loader.model import Clash, LoadFailure, Verdict
from tfsetup.loader.report import Note, Report, UnseenDocument, prediction_document
from tfsetup.loader.tensorflow.cuda import CudaLibraries
from tfsetup.locks.run import Screen
from tfsetup.matrix.file.rows import GpuModel
from tfsetup.matrix.model import Selection
from tfsetup.verify.model import Verification
from tfsetup.verify.programs import ProgramsTried, Try, sentence
from tfsetup.workflows.told import Detail, Told
from tfsetup.workflows.tune import Tune, measured

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
        return kept(report)

    def tune(self, python: Path) -> Tuned:
        """Measure which switches make it faster here; nothing of that keeps it from being switched to."""
        self.told("Tuning: trying TensorFlow's switches on this machine, for about two minutes at most, to set those")
        found = self.measure(python, self.host, variables=self.cures, told=lambda text: self.told(Detail(f"  {text}")))
        return Tuned(variables=found.set, found=found)

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


@value
class KeptPrediction:
    """A prediction as a receipt keeps it: how many files were opened, not which. Paths are relative to `site`."""

    verdict: Verdict
    """`fails` when something was refused, `undecided` when something unseen matters, else `loads`."""
    images: int
    """How many native files were followed, the operating system's own not counted."""
    checked: int
    """How many files were opened one after another, as an import opens them."""
    failures: tuple[LoadFailure, ...]
    """What the loader would refuse."""
    not_covered: tuple[UnseenDocument, ...]
    """What reading files cannot decide."""
    tensorflow: str | None
    """The version found; null: there is no TensorFlow among the files."""
    python: str | None
    """The Python it was judged for, `X.Y`."""
    site: str
    """Where site-packages is."""
    clashes: tuple[Clash, ...] = ()  # a receipt of before knows none
    """What does not go together in one process, though each of it loads."""
    cuda: CudaLibraries | None
    """What becomes of the libraries a CUDA build opens by name; null: no such build, or its import already fails."""
    notes: tuple[Note, ...]
    """What is worth knowing and does not decide the verdict."""


def kept(report: Report) -> KeptPrediction:
    """Return what a receipt keeps of a prediction."""
    whole = prediction_document(report)
    parts = {each.name: getattr(whole, each.name) for each in fields(whole)}
    return KeptPrediction(**(parts | {"checked": len(whole.checked), "notes": report.notes}))


def predicted(python: Path, host: Host, minor: str | None, told: Told) -> Report:
    """Predict the native load of the environment of an interpreter, for a Python `minor` such as 3.12."""
    from tfsetup.workflows.preflight import preflight
    from tfsetup.workflows.subjects import of_environment

    return preflight(of_environment(python.parents[1]), host, python=minor, told=told)
