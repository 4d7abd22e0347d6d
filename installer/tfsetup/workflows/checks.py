"""The two checks between building and switching, as the executor wants them: what the receipt keeps, or `Refused`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from tfsetup.ground.encode import encode
from tfsetup.host.model import Host
from tfsetup.loader.report import Report, report_document
from tfsetup.matrix.model import Selection
from tfsetup.verify import findings_data, to_data
from tfsetup.verify.model import Verification
from tfsetup.workflows.told import Detail, Told

Verify = Callable[..., Verification]
"""What loads TensorFlow and judges it: `tfsetup.verify.verify`, or what stands in for it."""
Predict = Callable[[Path, Host, str | None, Told], Report]
"""What predicts the native load of the environment of an interpreter, for a host and a Python `X.Y`."""


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """What was built is not switched to; `report` is what preflight or verification found."""

    def __init__(self, report: Report | Verification) -> None:
        """Say so in a sentence."""
        super().__init__(_words(report))
        self.report = report


def _words(report: Report | Verification) -> str:
    match report:
        case Report():
            return f"This machine would not load it: {report.failures[0].message}"
        case Verification():
            return "The environment was built, but TensorFlow does not run in it as it should."
        case _:
            assert_never(report)


@dataclass(kw_only=True, slots=True)
class Checks:
    """Preflight and verification of a freshly built environment against the row's expectation.

    `found` is what the verification found, once it has run: the history wants it whole, when the prefix has switched.
    """

    selection: Selection
    host: Host
    told: Told
    predict: Predict
    run: Verify
    found: Verification | None = None

    def preflight(self, python: Path) -> object:
        """Predict the native load from the built files, before any of them is run.

        Raises:
            Refused: this machine's loader would refuse one of them.
        """
        self.told("Preflight: reading the native libraries as this machine's loader would")
        report = self.predict(python, self.host, self.selection.python, self.told)
        if report.verdict == "fails":
            raise Refused(report)
        return kept(report)

    def verify(self, python: Path) -> object:
        """Load TensorFlow in a fresh interpreter and time a matmul on each device.

        Raises:
            Refused: it does not run, or gives wrong results.
        """
        self.told("Verifying in a fresh interpreter (a new TensorFlow's first import takes a while)")
        self.found = self.run(
            python,
            expect=self.selection.expect,
            host=self.host,
            on_progress=lambda text: self.told(Detail(f"  {text}")),
            hazards=self.selection.hazards,
        )
        if not self.found.ok:
            raise Refused(self.found)
        return kept(self.found)


def kept(report: Report | Verification) -> Mapping[str, object]:
    """Return what a receipt keeps of a check, and what JSON says of it: of a prediction how many files were read."""
    match report:
        case Report():
            return {**encode(report_document(report)), "checked": len(report.checked)}
        case Verification():
            return to_data(report) | {"findings": findings_data(report)}
        case _:
            assert_never(report)


def predicted(python: Path, host: Host, minor: str | None, told: Told) -> Report:
    """Predict the native load of the environment of an interpreter, for a Python `minor` such as 3.12."""
    from tfsetup.workflows.preflight import preflight
    from tfsetup.workflows.subjects import of_environment

    return preflight(of_environment(python.parents[1]), host, python=minor, told=told)
