"""The two checks between building and switching, as the executor wants them: data for the receipt, or `Refused`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfsetup.cli.session import Session
from tfsetup.envs.run import Refused
from tfsetup.host.model import Host
from tfsetup.matrix.model import Selection

if TYPE_CHECKING:
    from tfsetup.loader.report import Report
    from tfsetup.verify import Verification


@dataclass(kw_only=True, slots=True)
class Checks:
    """Preflight and verification of a freshly built environment against the row's expectation.

    `found` is what the verification found, once it has run: the history wants it whole, when the prefix has switched.
    """

    session: Session
    selection: Selection
    host: Host
    found: Verification | None = None
    report: Report | None = None

    def preflight(self, python: Path) -> dict[str, Any]:
        """Predict the native load from the built files, before any of them is run.

        Raises:
            Refused: this machine's loader would refuse one of them.
        """
        from tfsetup.loader.report import to_data
        from tfsetup.workflows.preflight import predict
        from tfsetup.workflows.subjects import of_environment

        self.session.say("Preflight: reading the native libraries as this machine's loader would")
        subject = of_environment(python.parents[1], self.session)
        report = predict(self.session, subject, self.host, self.selection.python)
        self.report = report
        data = to_data(report) | {"checked": len(report.checked)}
        if report.verdict == "fails":
            first = report.failures[0]
            raise Refused("preflight", data, f"This machine would not load it: {first.message}")
        return data

    def verify(self, python: Path) -> dict[str, Any]:
        """Load TensorFlow in a fresh interpreter and time a matmul on each device.

        Raises:
            Refused: it does not run, or gives wrong results.
        """
        from tfsetup.ground.encode import encode
        from tfsetup.verify import verify

        self.session.say("Verifying in a fresh interpreter (a new TensorFlow's first import takes a while)")
        found = verify(
            python,
            expect=self.selection.expect,
            host=self.host,
            on_progress=self._progress,
            hazards=self.selection.hazards,
        )
        self.found = found
        data: dict[str, Any] = encode(found)
        if not found.ok:
            raise Refused("verify", data, "The environment was built, but TensorFlow does not run in it as it should.")
        return data

    def _progress(self, text: str) -> None:
        self.session.say(f"  {text}", level=1)
